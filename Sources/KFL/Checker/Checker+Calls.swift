// Functions, methods, `has` and comprehensions.

extension Checker {
  // MARK: Global calls

  mutating func call(_ node: Syntax) -> Checked {
    guard case .call(let name, let arguments) = node.kind else { return broken(node) }
    if name == "has" { return has(node, arguments) }
    if dialect == .kfl, let legacy = legacyCall(node, name, arguments) { return legacy }
    guard let function = Function.named(name, dialect), function.style != .method else {
      if let problem = Problem.methodCalledGlobally(node, name, arguments, in: self), checks {
        report(problem)
        return broken(node)
      }
      arguments.forEach { _ = check($0) }
      return refused(
        node, .unknownFunction(name, node, arguments, in: self), .unknownFunction(name))
    }
    if checks, dialect == .kfl, name == "in_cidr", let first = arguments.first,
      let problem = Problem.eitherSide(node, first, in: self)
    {
      report(problem)
      return broken(node)
    }
    var checked = arguments.map { check($0) }
    adaptArguments(&checked, of: function)
    return apply(function, checked, arguments, node, isMethod: false)
  }

  /// Literals that only nearly fit: header names in capitals, an integer as the default of a map
  /// of doubles.
  private func adaptArguments(_ arguments: inout [Checked], of function: Function) {
    guard function.name == "map_get", arguments.count == 3 else { return }
    arguments[1] = headerKey(arguments[1], of: arguments[0])
    arguments[0] = arguments[0].with(legacy: nil)
    if case .map(_, .double) = arguments[0].type, case .int(let number)? = arguments[2].literal {
      arguments[2] = Checked(.literal(.double(Double(number))), .double, arguments[2].range)
    }
  }

  /// Calls of the old engine: instants relative to now, and what is refused on purpose.
  private mutating func legacyCall(
    _ node: Syntax, _ name: String, _ arguments: [Syntax]
  ) -> Checked? {
    switch name {
    case "now" where arguments.isEmpty: return nowCall(node)
    case "datetime":
      note(legacyName: true)
      guard arguments.count == 1, let text = arguments[0].literalText,
        let instant = TimeText.legacyInstant(text)
      else {
        report(.badDatetime(node.range))
        return broken(node)
      }
      return Checked(.literal(.timestamp(instant)), .timestamp, node.range)
    case "seconds", "minutes", "hours", "days", "weeks", "months", "years":
      return relativeInstant(node, name, arguments)
    case "limit": report(.misplacedLimit(node.range))
    case "redact": report(.redactUnsupported(node.range))
    case "rlimit", "leftOff": report(.cursorUnsupported(name, at: node.range))
    default: return nil
    }
    note(legacyName: true)
    return broken(node)
  }

  private func nowCall(_ node: Syntax) -> Checked {
    Checked(
      .call(.now, [], .constant(.timestamp(Instant(now))), isMethod: false), .timestamp, node.range)
  }

  /// Seconds of the legacy units; a month has 30 days, a year 365.
  private static let units: [String: Int64] = [
    "seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800,
    "months": 2_592_000, "years": 31_536_000,
  ]

  /// `minutes(-5)` as `now() - duration("5m")`.
  private mutating func relativeInstant(
    _ node: Syntax, _ name: String, _ arguments: [Syntax]
  ) -> Checked? {
    note(legacyName: true)
    guard arguments.count == 1, case .int(let count)? = arguments[0].literal,
      let unit = Checker.units[name]
    else {
      report(.badRelativeInstant(name, at: node.range))
      return broken(node)
    }
    let (seconds, overflow) = count.multipliedReportingOverflow(by: unit)
    let (nanoseconds, overflow2) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow, !overflow2, nanoseconds != .min else {
      report(.badRelativeInstant(name, at: node.range))
      return broken(node)
    }
    let duration = Checked(
      .literal(.duration(nanoseconds: abs(nanoseconds))), .duration, node.range)
    return Checked(
      .operation(count < 0 ? .minus : .plus, nowCall(node), duration), .timestamp, node.range)
  }

  // MARK: Methods

  mutating func method(_ node: Syntax) -> Checked {
    guard case .method(let receiver, let name, let arguments, name: let range) = node.kind else {
      return broken(node)
    }
    if let kind = Comprehension.Kind(method: name), !arguments.isEmpty,
      let variables = variables(kind, arguments)
    {
      return comprehension(node, kind, name, receiver, variables, arguments)
    }
    if dialect == .kfl, case .anyMember(let target) = receiver.kind {
      return anyMember(node, target) { node, value in
        Syntax(.method(value, name, arguments, name: range), node.range, depth: node.depth)
      }
    }
    if checks, dialect == .kfl,
      let problem = Problem.foreignMethodOperand(node, receiver, in: self)
    {
      report(problem)
      return broken(node)
    }
    if checks, dialect == .kfl, let problem = slip(node, receiver, name, arguments) {
      report(problem)
      return broken(node)
    }
    let outerNegation = negation
    negation = nil
    let target = check(receiver, against: arguments.first)
    negation = outerNegation
    guard let function = Function.named(name, dialect), function.style != .global else {
      if checks {
        report(.unknownMethod(name, on: target, node, receiver, arguments, at: range, in: self))
        return broken(node)
      }
      return Checked(.failing(.unknownFunction(name)), .dyn, node.range)
    }
    negation = nil
    var checked = [target.with(legacy: nil)] + arguments.map { check($0) }
    if let rewrite = target.legacy?.rewrite, checked.count == 2,
      case .string(let text)? = checked[1].literal, name != "matches"
    {
      checked[1] = Checked(.literal(.string(rewrite(text))), .string, checked[1].range)
    }
    let result = apply(function, checked, [receiver] + arguments, node, isMethod: true)
    guard result.type == .bool, target.legacy != nil else { return result }
    return withPresence(result, of: target)
  }

  /// Slips in the argument of a test of text, seen before it is looked at.
  private func slip(
    _ node: Syntax, _ receiver: Syntax, _ name: String, _ arguments: [Syntax]
  ) -> Problem? {
    guard ["contains", "startsWith", "endsWith", "matches"].contains(name), arguments.count == 1
    else { return nil }
    return .lateParenthesis(name, node, arguments, in: self)
      ?? .bareWord(receiver, arguments[0], in: self)
  }

  /// A call of a function with arguments that are checked.
  private mutating func apply(
    _ function: Function, _ arguments: [Checked], _ syntax: [Syntax], _ node: Syntax,
    isMethod: Bool
  ) -> Checked {
    let type: KFLType
    if checks {
      guard let result = function.result(for: arguments.map(\.type)) else {
        report(.badArguments(function, arguments, syntax, node, isMethod: isMethod, in: self))
        return broken(node)
      }
      type = result
    } else {
      guard function.signatures.contains(where: { $0.arguments.count == arguments.count }) else {
        return Checked(
          .failing(.noOverload(function.name, arguments.map(\.type.description))), .dyn, node.range)
      }
      type = .dyn
    }
    guard let body = prepared(function, arguments, syntax, node) else { return broken(node) }
    return Checked(.call(function, arguments, body, isMethod: isMethod), type, node.range)
  }

  /// What the call does, with literal arguments digested; nil when one of them is bad.
  ///
  /// CEL leaves bad literals to evaluation, so that `&&` and `||` may absorb them.
  mutating func prepared(
    _ function: Function, _ arguments: [Checked], _ syntax: [Syntax], _ node: Syntax
  ) -> Function.Body? {
    guard let prepare = function.prepare else { return function.body }
    let isPattern = function.name == "matches"
    if isPattern, patternBudget <= 0 {
      report(.tooManyPatterns(node.range))
      return nil
    }
    do throws(Function.BadLiteral) {
      let body = try prepare(arguments.map(\.literal)) ?? function.body
      if case .pattern(let pattern) = body {
        patternBudget -= pattern.programLength + Limits.patternCost
      }
      return body
    } catch {
      // A pattern that is refused for its size has cost what the budget has.
      if error.code == .limit { patternBudget = 0 }
      guard dialect == .kfl, checks else { return function.body }
      report(.badLiteral(error, function, syntax, node, in: self))
      return nil
    }
  }

  // MARK: has

  private mutating func has(_ node: Syntax, _ arguments: [Syntax]) -> Checked {
    guard arguments.count == 1, case .member(let target, let name) = arguments[0].kind else {
      report(.badHas(node, arguments, in: self))
      return broken(node)
    }
    if let path = NamePath(arguments[0]), let (resolution, parts) = resolve(path),
      parts == path.steps.count + 1, dialect == .kfl
    {
      // A variable is always there; a legacy name is there when it is not the default.
      if case .record = resolution {
      } else {
        report(.badHas(node, arguments, in: self))
        return broken(node)
      }
    }
    let checked = check(target)
    switch checked.type {
    case .map, .dyn:
      let key = isHeaderMap(checked) ? name.lowercased() : name
      return Checked(.has(checked.with(legacy: nil), key), .bool, node.range)
    default:
      guard checks else { return Checked(.has(checked, name), .bool, node.range) }
      report(.badHas(node, arguments, in: self))
      return broken(node)
    }
  }

  // MARK: Comprehensions

  /// The names of a comprehension's variables; nil when these arguments are not its form.
  private func variables(_ kind: Comprehension.Kind, _ arguments: [Syntax]) -> [String]? {
    func name(_ place: Int) -> String? {
      guard place < arguments.count, case .name(let name, false) = arguments[place].kind,
        arguments[place].parentheses == 0
      else { return nil }
      return name
    }
    let counts: [Int: Int] =
      switch kind {
      case .all, .exists: [2: 1, 3: 2]
      case .existsOne: [2: 1, 3: 2]
      case .filter: [2: 1]
      case .map: [2: 1, 3: 1]
      case .transformList, .transformMap, .transformMapEntry: [3: 2, 4: 2]
      }
    guard let count = counts[arguments.count], let first = name(0) else { return nil }
    if count == 1 { return [first] }
    guard let second = name(1), second != first else { return nil }
    return [first, second]
  }

  private mutating func comprehension(
    _ node: Syntax, _ kind: Comprehension.Kind, _ name: String, _ receiver: Syntax,
    _ variables: [String], _ arguments: [Syntax]
  ) -> Checked {
    let range = check(receiver).with(legacy: nil)
    guard let types = variableTypes(range.type, count: variables.count) else {
      report(.notIterable(name, range.type, node, receiver, in: self))
      return broken(node)
    }
    guard comprehensionDepth < Limits.nestedComprehensions else {
      report(.nestedComprehensions(node.range))
      return broken(node)
    }
    warnAboutEmptyAll(kind, range, node)
    let (outerPositive, outerCount) = (isPositive, locals.count)
    // `exists` and `all` grow truer with their conditions; the others do not.
    if kind != .exists, kind != .all { isPositive = true }
    comprehensionDepth += 1
    defer {
      isPositive = outerPositive
      comprehensionDepth -= 1
      locals.removeLast(locals.count - outerCount)
    }
    var places: [(name: String, place: Int)] = []
    for (name, type) in zip(variables, types) {
      places.append((name, locals.count))
      locals.append((name, type))
    }
    let rest = Array(arguments.dropFirst(variables.count))
    let predicate = kind.hasResult ? (rest.count == 2 ? rest[0] : nil) : rest[0]
    let checkedPredicate = predicate.map { self.predicate($0) }
    let result = kind.hasResult ? rest.last.map { check($0) } : nil
    return Checked(
      .comprehension(
        Comprehension(
          kind: kind, name: name, range: range, variables: places, predicate: checkedPredicate,
          result: result)),
      type(kind, range.type, result?.type), node.range)
  }

  private mutating func predicate(_ node: Syntax) -> Checked {
    let result = check(node)
    if checks, result.type != .bool, result.type != .dyn {
      report(.operandNotCondition(result, node, after: nil, in: self))
    }
    return result
  }

  /// The types of the variables over a list or map; nil for what cannot be walked.
  private func variableTypes(_ range: KFLType, count: Int) -> [KFLType]? {
    switch range {
    case .list(let element): count == 1 ? [element] : [.int, element]
    case .map(let key, let value): count == 1 ? [key] : [key, value]
    case .dyn: Array(repeating: .dyn, count: count)
    default: checks ? nil : Array(repeating: .dyn, count: count)
    }
  }

  private func type(
    _ kind: Comprehension.Kind, _ range: KFLType, _ result: KFLType?
  ) -> KFLType {
    switch kind {
    case .all, .exists, .existsOne: .bool
    case .filter:
      switch range {
      case .map(let key, _): .list(key)
      default: range
      }
    case .map, .transformList: .list(result ?? .dyn)
    case .transformMap:
      switch range {
      case .map(let key, _): .map(key, result ?? .dyn)
      default: .map(.int, result ?? .dyn)
      }
    case .transformMapEntry: result ?? .dyn
    }
  }
}

extension Comprehension.Kind {
  init?(method name: String) {
    switch name {
    case "all": self = .all
    case "exists": self = .exists
    case "exists_one", "existsOne": self = .existsOne
    case "filter": self = .filter
    case "map": self = .map
    case "transformList": self = .transformList
    case "transformMap": self = .transformMap
    case "transformMapEntry": self = .transformMapEntry
    default: return nil
    }
  }

  /// Whether its last argument makes the elements of the result.
  var hasResult: Bool {
    switch self {
    case .all, .exists, .existsOne, .filter: false
    case .map, .transformList, .transformMap, .transformMapEntry: true
    }
  }
}
