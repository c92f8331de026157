import Bytes

/// Settles names, overloads and types: `Syntax` in, `Checked` out.
///
/// Goes on after a mistake, so that all mistakes of a filter are told at once; what is broken
/// counts as `dyn` and causes no further complaint.
struct Checker {
  let schema: Schema
  let dialect: KFL.Dialect
  /// Without checks mistakes become expressions that fail.
  let checks: Bool
  let now: Timestamp
  /// The filter's own text.
  let source: [UInt8]
  /// Whether word operators stand in the text.
  let hasWords: Bool

  private(set) var problems: [Problem] = []
  private(set) var warnings: [Problem] = []
  /// Rows asked for by `limit(n)`.
  private(set) var rowLimit: Int?

  /// Variables of the comprehensions around the current node, innermost last.
  var locals: [(name: String, type: KFLType)] = []
  /// Flags asserted by conjuncts beside or around the current node.
  var assertedFlags: Set<Int> = []
  /// Whether making the current node true can only make the filter more true.
  var isPositive = true
  /// Where `!` stands when the current node is its operand.
  var negation: Range<Int>?
  /// Instructions that further literal patterns may have.
  var patternBudget = Limits.patternInstructions
  /// Errors to look for.
  var errorLimit = Limits.errors
  /// Whether names of the legacy spelling, and names only KFL2 has, were met.
  private(set) var hasLegacyNames = false
  var hasModernNames = false
  /// Comprehensions around the current node.
  var comprehensionDepth = 0

  private var isAhead = false
  private var depth = 0
  private var nodes = 0
  private var macros: [String] = []
  /// Where the outermost macro being expanded stands: what is wrong inside is told there.
  private var macroRange: Range<Int>?
  private var macroCache: [String: Syntax] = [:]

  init(
    schema: Schema, dialect: KFL.Dialect, checks: Bool, now: Timestamp, source: [UInt8],
    hasWords: Bool
  ) {
    self.schema = schema
    self.dialect = dialect
    self.checks = checks
    self.now = now
    self.source = source
    self.hasWords = hasWords
  }

  /// The whole filter: takes `limit(n)` out, and insists on a condition in KFL.
  mutating func filter(_ node: Syntax) -> Checked {
    let rest = dialect == .kfl ? takeLimits(node) : node
    guard let rest else { return Checked(.literal(.bool(true)), .bool, node.range) }
    let result = check(rest)
    if checks, dialect == .kfl, result.type != .bool, result.type != .dyn {
      report(.notCondition(result, rest, text: text(rest), schema: schema))
    }
    return result
  }

  /// An expression of any type, without its `limit(n)`.
  mutating func value(_ node: Syntax) -> Checked {
    let rest = dialect == .kfl ? takeLimits(node) : node
    return rest.map { check($0) } ?? Checked(.literal(.bool(true)), .bool, node.range)
  }

  /// `node` without top-level `limit(n)`; nil when nothing else is there.
  private mutating func takeLimits(_ node: Syntax) -> Syntax? {
    switch node.kind {
    case .call("limit", let arguments):
      guard arguments.count == 1, case .int(let count)? = arguments[0].literal, count > 0 else {
        report(.badLimit(node.range))
        return nil
      }
      note(legacyName: true)
      rowLimit = min(rowLimit ?? Int.max, Int(count))
      return nil
    case .and(let operands, let isWord):
      let rest = operands.compactMap { takeLimits($0) }
      if rest.count == operands.count { return node }
      guard let first = rest.first else { return nil }
      if rest.count == 1 { return first }
      return Syntax(
        .and(rest, isWord: isWord), node.range, parentheses: node.parentheses, depth: node.depth)
    default: return node
    }
  }

  // MARK: Reporting

  mutating func report(_ problem: Problem) {
    guard problems.count < errorLimit else { return }
    problems.append(macroRange.map { problem.inMacro(macros.first ?? "", at: $0) } ?? problem)
  }

  mutating func warn(_ problem: Problem) {
    guard checks, macroRange == nil, warnings.count < Limits.warnings else { return }
    warnings.append(problem)
  }

  /// The expression in place of one that is wrong.
  func broken(_ node: Syntax) -> Checked { Checked(.literal(.null), .dyn, node.range) }

  /// Tells the problem, or without checks lets evaluation fail.
  mutating func refused(_ node: Syntax, _ problem: Problem, _ failure: Failure) -> Checked {
    guard !checks else {
      report(problem)
      return broken(node)
    }
    return Checked(.failing(failure), .dyn, node.range)
  }

  /// The text of a node as it was written.
  func text(_ node: Syntax) -> String { text(node.range) }
  func text(_ range: Range<Int>) -> String {
    guard range.upperBound <= source.count else { return "" }
    return String(decoding: source[range], as: UTF8.self)
  }

  /// Notes a name for telling the spelling of the filter.
  mutating func note(legacyName: Bool) {
    guard macroRange == nil else { return }
    if legacyName { hasLegacyNames = true } else { hasModernNames = true }
  }

  // MARK: Nodes

  /// - Parameter hint: what the node is compared with, for legacy names with several meanings.
  mutating func check(_ node: Syntax, against hint: Syntax? = nil) -> Checked {
    nodes += 1
    depth += 1
    defer { depth -= 1 }
    guard nodes <= Limits.nodes else { return tooLarge(node) }
    // With the last error told there is nothing to look for.
    guard problems.count < errorLimit else { return broken(node) }
    guard depth <= Limits.nesting * 2 else {
      report(.tooDeep(node.range))
      return broken(node)
    }
    let result = dispatch(node, against: hint)
    return node.parentheses > result.parentheses
      ? result.with(parentheses: node.parentheses) : result
  }

  /// The type of a node, for diagnostics that look ahead; nil when finding out would cost.
  ///
  /// Looking ahead happens on a copy, on shallow nodes, and never inside itself: otherwise nests
  /// would double the work per level.
  func typeAhead(_ node: Syntax) -> KFLType? {
    guard !isAhead, node.depth <= 8 else { return nil }
    var copy = self
    copy.isAhead = true
    return copy.check(node).type
  }

  private mutating func tooLarge(_ node: Syntax) -> Checked {
    if problems.last?.code != .limit { report(.tooLarge(node.range)) }
    return broken(node)
  }

  /// Every case leaves for a function of its own: this frame is on the stack once per level, and
  /// bindings here would widen it for all cases.
  private mutating func dispatch(_ node: Syntax, against hint: Syntax?) -> Checked {
    switch node.kind {
    case .literal, .regex: literal(node)
    case .name, .member, .index: reference(node, against: hint)
    case .anyMember: misplacedStar(node)
    case .call: call(node)
    case .method: method(node)
    case .not: not(node)
    case .negate: negate(node)
    case .binary: binary(node)
    case .and, .or: chain(node)
    case .conditional: conditional(node)
    case .list: list(node)
    case .braces: misplacedBraces(node)
    case .map: map(node)
    }
  }

  private func literal(_ node: Syntax) -> Checked {
    let value = node.literal ?? .null
    return Checked(.literal(value), value.type, node.range)
  }

  private mutating func binary(_ node: Syntax) -> Checked {
    guard case .binary(let sign, let left, let right, let range) = node.kind else {
      return broken(node)
    }
    if sign == .isIn { return membership(node, left, right) }
    guard let comparison = sign.comparison else { return arithmetic(node, sign, left, right) }
    return relation(node, comparison, left, right, at: range)
  }

  private mutating func misplacedStar(_ node: Syntax) -> Checked {
    refused(node, .misplacedStar(node.range), .unknownFunction("*"))
  }

  private mutating func misplacedBraces(_ node: Syntax) -> Checked {
    report(.misplacedBraces(node.range, text: text(node)))
    return broken(node)
  }

  // MARK: Logic

  /// `a && b && …` and `a || b || …`
  private mutating func chain(_ node: Syntax) -> Checked {
    switch node.kind {
    case .and(let operands, let isWord):
      let outer = assertedFlags
      defer { assertedFlags = outer }
      for operand in operands { assertFlags(operand, levels: 2) }
      return Checked(.and(conditions(operands), isWord: isWord), .bool, node.range)
    case .or(let operands): return Checked(.or(conditions(operands)), .bool, node.range)
    default: return broken(node)
    }
  }

  /// Notes the flags a conjunct asserts: a bare flag, or a choice of flags. Macros count as what
  /// they stand for.
  ///
  /// - Parameter levels: of nested operands to look into; deeper ones would cost more than they say.
  private mutating func assertFlags(_ node: Syntax, levels: Int) {
    guard levels > 0 else { return }
    switch node.kind {
    case .name(let name, _):
      if let slot = schema.slot(name), schema.variables[slot].isFlag {
        assertedFlags.insert(slot)
      } else if let macro = schema.macros[name], schema.slot(name) == nil {
        for flag in macro.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") }) {
          if let slot = schema.slot(String(flag)) { assertedFlags.insert(slot) }
        }
      }
    case .or(let operands), .and(let operands, _):
      operands.forEach { assertFlags($0, levels: levels - 1) }
    default: break
    }
  }

  private mutating func conditions(_ operands: [Syntax]) -> [Checked] {
    var result: [Checked] = []
    result.reserveCapacity(operands.count)
    var previous: Syntax?
    for operand in operands {
      result.append(condition(operand, after: previous))
      previous = operand
    }
    return result
  }

  /// An operand that must be a condition.
  private mutating func condition(_ node: Syntax, after previous: Syntax? = nil) -> Checked {
    negation = nil
    let result = check(node)
    guard checks, result.type != .bool, result.type != .dyn else { return result }
    report(.operandNotCondition(result, node, after: previous, in: self))
    return broken(node)
  }

  private mutating func not(_ node: Syntax) -> Checked {
    guard case .not(let operand) = node.kind else { return broken(node) }
    isPositive.toggle()
    defer { isPositive.toggle() }
    negation = Int(node.range.lowerBound)..<node.range.upperBound
    let result = check(operand)
    negation = nil
    if checks, result.type != .bool, result.type != .dyn {
      report(.negatedNonCondition(result, node, operand, in: self))
      return broken(node)
    }
    warnAboutDefault(negating: result, node)
    return Checked(.not(result), .bool, node.range)
  }

  private mutating func negate(_ node: Syntax) -> Checked {
    guard case .negate(let operand) = node.kind else { return broken(node) }
    let result = check(operand)
    if checks, ![.int, .double, .dyn].contains(result.type) {
      report(.noOperator("-", [result.type], at: node.range))
      return broken(node)
    }
    return Checked(.negate(result), result.type, node.range)
  }

  private mutating func conditional(_ node: Syntax) -> Checked {
    guard case .conditional(let condition, let then, let otherwise) = node.kind else {
      return broken(node)
    }
    let outer = isPositive
    isPositive = true
    let chosen = self.condition(condition)
    isPositive = outer
    let (a, b) = (check(then), check(otherwise))
    var type = a.type.joined(with: b.type)
    if a.type != .dyn, b.type != .dyn, !a.type.fits(b.type), checks {
      report(.branchesDiffer(a.type, b.type, at: otherwise.range))
      type = .dyn
    }
    return Checked(.conditional(chosen, a, b), type, node.range)
  }

  // MARK: Literals of several values

  private mutating func list(_ node: Syntax) -> Checked {
    guard case .list(let elements) = node.kind else { return broken(node) }
    let checked = elements.map { check($0) }
    return Checked(.list(checked), .list(elementType(checked, elements)), node.range)
  }

  /// The common type; a mix is refused in KFL and dynamic in CEL.
  mutating func elementType(_ checked: [Checked], _ elements: [Syntax]) -> KFLType {
    guard var type = checked.first?.type else { return .dyn }
    for (element, syntax) in zip(checked, elements).dropFirst() where element.type != type {
      if checks, dialect == .kfl, type != .dyn, !element.type.fits(type) {
        report(.mixedList(element, type, syntax, text: text(syntax)))
        return .dyn
      }
      type = type.joined(with: element.type)
    }
    return type
  }

  private mutating func map(_ node: Syntax) -> Checked {
    guard case .map(let pairs) = node.kind else { return broken(node) }
    var checked: [(key: Checked, value: Checked)] = []
    var (key, value): (KFLType?, KFLType?)
    for pair in pairs {
      let (newKey, newValue) = (check(pair.key), check(pair.value))
      key = key?.joined(with: newKey.type) ?? newKey.type
      value = value?.joined(with: newValue.type) ?? newValue.type
      checked.append((newKey, newValue))
    }
    return Checked(.map(checked), .map(key ?? .dyn, value ?? .dyn), node.range)
  }

  // MARK: Macros

  /// The expression a macro stands for, as if it were written in parentheses.
  mutating func expanded(_ name: String, _ node: Syntax) -> Checked {
    guard !macros.contains(name), macros.count < Limits.nestedMacros else {
      return refused(
        node, .macroInItself(name, at: macroRange ?? node.range), .unknownName(name))
    }
    macros.append(name)
    let outer = macroRange
    macroRange = outer ?? node.range
    defer {
      macros.removeLast()
      macroRange = outer
    }
    if let parsed = macroCache[name] { return check(parsed.placed(at: node.range)) }
    do throws(Problem) {
      var parser = try Parser(Array((schema.macros[name] ?? "").utf8), dialect: dialect)
      guard let parsed = try parser.run() else {
        return Checked(.literal(.bool(true)), .bool, node.range)
      }
      macroCache[name] = parsed
      return check(parsed.placed(at: node.range))
    } catch {
      report(error)
      return broken(node)
    }
  }
}
