import Bytes

// Comparisons, membership and arithmetic, with what the legacy spelling adds to them.

extension Checker {
  // MARK: Comparisons

  mutating func relation(
    _ node: Syntax, _ comparison: Comparison, _ left: Syntax, _ right: Syntax, at sign: Range<Int>
  ) -> Checked {
    if dialect == .kfl {
      if let special = legacyRelation(node, comparison, left, right) { return special }
      if checks, let problem = Problem.foreignRelation(node, comparison, left, right, in: self) {
        report(problem)
        return broken(node)
      }
    }
    var a = operand(left, against: right)
    var b = operand(right, against: left)
    adapt(&a, beside: b)
    adapt(&b, beside: a)
    if checks, !isComparable(a.type, b.type, comparison) {
      report(.cannotCompare(a, b, comparison, node, left, right, sign, in: self))
      return broken(node)
    }
    warnAboutComparison(comparison, a, b, node)
    let result = Checked(.operation(comparison.sign, a, b), .bool, node.range)
    return withPresence(result, of: a.legacy == nil ? b : a)
  }

  private mutating func operand(_ node: Syntax, against other: Syntax) -> Checked {
    negation = nil
    return check(node, against: other)
  }

  /// Whether the types have that comparison.
  private func isComparable(_ a: KFLType, _ b: KFLType, _ comparison: Comparison) -> Bool {
    if a == .dyn || b == .dyn { return true }
    let isEquality = comparison == .equal || comparison == .notEqual
    if a.isNumber, b.isNumber { return a == b || !isEquality || dialect == .kfl }
    if isEquality { return a.fits(b) || a.isNumericContainer(like: b) }
    guard a == b else { return false }
    switch a {
    case .string, .bytes, .bool, .timestamp, .duration: return true
    default: return false
    }
  }

  /// Turns a literal into what the legacy name beside it needs.
  private mutating func adapt(_ literal: inout Checked, beside other: Checked) {
    guard let value = literal.literal else { return }
    switch (value, other.type) {
    case (.string(let text), _) where other.legacy?.rewrite != nil:
      let rewritten = other.legacy?.rewrite?(text) ?? text
      literal = Checked(.literal(.string(rewritten)), .string, literal.range)
    case (.string(let text), .int) where other.legacy?.coerces ?? false:
      guard let number = Int64(text) else { return }
      warn(.coerced(text, at: literal.range))
      literal = Checked(.literal(.int(number)), .int, literal.range)
    case (.string(let text), .double) where other.legacy?.coerces ?? false:
      guard let number = Double(text) else { return }
      warn(.coerced(text, at: literal.range))
      literal = Checked(.literal(.double(number)), .double, literal.range)
    case (.int(let milliseconds), .timestamp) where dialect == .kfl && other.slot != nil:
      let (seconds, rest) = milliseconds.floored(dividingBy: 1_000)
      guard Instant.validSeconds.contains(seconds) else { return }
      let instant = Instant(seconds: seconds, nanoseconds: Int32(rest) * 1_000_000)
      warn(.milliseconds(milliseconds, at: literal.range))
      literal = Checked(.literal(.timestamp(instant)), .timestamp, literal.range)
    case (.int(let number), .double) where dialect == .kfl && abs(Double(number)) < 0x1p53:
      literal = Checked(.literal(.double(Double(number))), .double, literal.range)
    default: break
    }
  }

  // MARK: Presence of legacy names

  /// A condition on a legacy name: false, also under `!`, where the entry lacks the name.
  ///
  /// Where the condition counts positively that is `present && condition`; where it counts
  /// negatively `!present || condition`.
  func withPresence(_ condition: Checked, of operand: Checked) -> Checked {
    guard operand.legacy != nil, let presence = presence(of: operand) else { return condition }
    return isPositive
      ? Checked(.and([presence, condition], isWord: false), .bool, condition.range)
      : Checked(
        .or([Checked(.not(presence), .bool, condition.range), condition]), .bool, condition.range)
  }

  /// What must hold for the operand to exist; nil when it always does.
  private func presence(of operand: Checked) -> Checked? {
    if let presence = operand.legacy?.presence { return presence }
    switch operand.kind {
    case .member(let map, let key, isQuiet: false) where map.type != .dyn:
      let key = Checked(.literal(.string(key)), .string, operand.range)
      return Checked(.operation(.isIn, key, map), .bool, operand.range)
    case .index(let map, let key, isQuiet: false):
      guard case .map = map.type else { return nil }
      return Checked(.operation(.isIn, key, map), .bool, operand.range)
    default: return nil
    }
  }

  // MARK: Legacy forms

  /// `x == r"…"`, `x == nil`, `a.* == x`; nil for ordinary comparisons.
  private mutating func legacyRelation(
    _ node: Syntax, _ comparison: Comparison, _ left: Syntax, _ right: Syntax
  ) -> Checked? {
    guard comparison == .equal || comparison == .notEqual else {
      if case .anyMember(let target) = left.kind {
        return anyMember(node, target) { Checker.compared($0, comparison, $1, right) }
      }
      return nil
    }
    switch (left.kind, right.kind) {
    case (_, .regex(let pattern)): return regex(node, left, pattern, right, comparison)
    case (.regex(let pattern), _): return regex(node, right, pattern, left, comparison)
    case (.anyMember(let target), _):
      // `a.* != x` means that none equals x.
      let found = anyMember(node, target) { Checker.compared($0, .equal, $1, right) }
      return comparison == .equal ? found : Checked(.not(found), .bool, node.range)
    case (_, .literal(.null)): return absence(node, left, comparison)
    case (.literal(.null), _): return absence(node, right, comparison)
    default: return nil
    }
  }

  /// `left comparison right` in place of `node`.
  private static func compared(
    _ node: Syntax, _ comparison: Comparison, _ left: Syntax, _ right: Syntax
  ) -> Syntax {
    Syntax(
      .binary(comparison.sign, left, right, sign: node.range), node.range, depth: node.depth)
  }

  /// `x == r"…"`: found anywhere, numbers taken as text.
  private mutating func regex(
    _ node: Syntax, _ operand: Syntax, _ pattern: String, _ literal: Syntax,
    _ comparison: Comparison
  ) -> Checked {
    let checked = check(operand, against: literal)
    var subject = checked.with(legacy: nil)
    if checked.type.isNumber {
      warnAboutRegex(pattern, checked, node)
      subject = Checked(
        .call(.string, [subject], Function.string.body, isMethod: false), .string, operand.range)
    } else if checks, checked.type != .string, checked.type != .dyn {
      report(.noFunction("matches", [checked.type, .string], at: node.range))
      return broken(node)
    }
    let text = Checked(.literal(.string(pattern)), .string, literal.range)
    guard let body = prepared(.matches, [subject, text], [operand, literal], node) else {
      return broken(node)
    }
    var result = Checked(.call(.matches, [subject, text], body, isMethod: true), .bool, node.range)
    if comparison == .notEqual { result = Checked(.not(result), .bool, node.range) }
    return withPresence(result, of: checked.with(legacy: checked.legacy ?? Checked.Legacy()))
  }

  /// `x == nil`: whether the entry lacks it.
  private mutating func absence(
    _ node: Syntax, _ operand: Syntax, _ comparison: Comparison
  ) -> Checked? {
    if case .literal(.null) = operand.kind { return nil }
    let checked = check(operand)
    var result: Checked
    switch checked.kind {
    case .variable(let slot) where checked.type != .dyn:
      let missing = Checked(.literal(schema.variables[slot].missing), checked.type, node.range)
      result = Checked(.operation(.equal, checked.with(legacy: nil), missing), .bool, node.range)
    case .member, .index:
      guard let presence = presentPath(checked) else { return nil }
      result = Checked(.not(presence), .bool, node.range)
    default:
      let null = Checked(.literal(.null), .null, node.range)
      result = Checked(.operation(.equal, checked, null), .bool, node.range)
    }
    if comparison == .notEqual {
      if case .not(let presence) = result.kind { return presence }
      if case .operation(.equal, let a, let b) = result.kind {
        result = Checked(.operation(.notEqual, a, b), .bool, node.range)
      }
    }
    return result
  }

  /// Whether a path leads somewhere: every step of it is there.
  private func presentPath(_ node: Checked) -> Checked? {
    switch node.kind {
    case .member(let target, let name, _):
      let here: Checked
      if case .map = target.type, target.slot != nil {
        let key = Checked(.literal(.string(name)), .string, node.range)
        here = Checked(.operation(.isIn, key, target), .bool, node.range)
      } else {
        here = Checked(.has(target, name), .bool, node.range)
      }
      guard let before = presentPath(target) else { return here }
      return Checked(.and([before, here], isWord: false), .bool, node.range)
    case .index(let target, let key, _):
      if case .list = target.type {
        let count = Checked(
          .call(.size, [target], Function.size.body, isMethod: false), .int, node.range)
        return Checked(.operation(.greater, count, key), .bool, node.range)
      }
      guard case .map = target.type else { return presentPath(target) }
      return Checked(.operation(.isIn, key, target), .bool, node.range)
    default: return nil
    }
  }

  /// `a.* == x` as `a.exists(k, a[k] == x)` on maps and `a.exists(v, v == x)` on lists.
  ///
  /// - Parameter condition: makes the condition on one value, given the node and that value.
  mutating func anyMember(
    _ node: Syntax, _ target: Syntax, _ condition: (Syntax, Syntax) -> Syntax
  ) -> Checked {
    let type = check(target).type
    let name = "any_\(locals.count)"
    let variable = Syntax(.name(name, isAbsolute: false), target.range, depth: 1)
    let value: Syntax
    switch type {
    case .map:
      value = Syntax(.index(target, variable), target.range, depth: target.depth + 1)
    case .list, .dyn: value = variable
    default:
      report(.misplacedStar(node.range))
      return broken(node)
    }
    let exists = Syntax.Kind.method(
      target, "exists", [variable, condition(node, value)], name: node.range)
    return method(Syntax(exists, node.range, depth: node.depth + 1))
  }

  // MARK: Membership

  mutating func membership(_ node: Syntax, _ left: Syntax, _ right: Syntax) -> Checked {
    if checks, dialect == .kfl, let problem = Problem.foreignMembership(node, left, right, in: self)
    {
      report(problem)
      return broken(node)
    }
    let element = operand(left, against: right)
    let container =
      switch right.kind {
      case .braces(let elements): literalList(right, elements, beside: element)
      case .list(let elements): literalList(right, elements, beside: element)
      case .map(let pairs) where pairs.isEmpty && dialect == .kfl:
        Checked(.list([]), .list(.dyn), right.range)
      default: operand(right, against: left)
      }
    switch container.type {
    case .list(let type):
      if checks, !element.type.fits(type), !(element.type.isNumber && type.isNumber) {
        report(.cannotContain(container, element, node, left, right, in: self))
        return broken(node)
      }
      if element.legacy != nil {
        let result = Checked(
          .operation(.isIn, element.with(legacy: nil), container), .bool, node.range)
        return withPresence(result, of: element)
      }
      return Checked(.operation(.isIn, element, container), .bool, node.range)
    case .map(let key, _):
      if checks, !element.type.fits(key), !(element.type.isNumber && key.isNumber) {
        report(.cannotContain(container, element, node, left, right, in: self))
        return broken(node)
      }
      let folded = headerKey(element, of: container)
      return Checked(
        .operation(.isIn, folded, container.with(legacy: nil)), .bool, node.range)
    case .dyn: return Checked(.operation(.isIn, element, container), .bool, node.range)
    default:
      guard checks else { return Checked(.operation(.isIn, element, container), .bool, node.range) }
      report(.cannotContain(container, element, node, left, right, in: self))
      return broken(node)
    }
  }

  /// A list of literals, each adapted to the name it is compared with.
  private mutating func literalList(
    _ node: Syntax, _ elements: [Syntax], beside element: Checked
  ) -> Checked {
    var checked = elements.map { check($0) }
    if element.legacy != nil || element.type == .double {
      for place in checked.indices { adapt(&checked[place], beside: element) }
    }
    return Checked(.list(checked), .list(elementType(checked, elements)), node.range)
  }

  // MARK: Arithmetic

  mutating func arithmetic(
    _ node: Syntax, _ sign: Syntax.Operator, _ left: Syntax, _ right: Syntax
  ) -> Checked {
    if checks, dialect == .kfl, sign == .minus,
      let problem = Problem.hyphenatedMember(node, in: self)
    {
      report(problem)
      return broken(node)
    }
    let (a, b) = (check(left), check(right))
    guard checks else { return Checked(.operation(sign, a, b), .dyn, node.range) }
    guard let type = Checker.result(sign, a.type, b.type) else {
      report(.cannotCompute(a, b, sign, node, left, right, in: self))
      return broken(node)
    }
    return Checked(.operation(sign, a, b), type, node.range)
  }

  /// What an arithmetic operator gives for these types; nil when it is not defined.
  private static func result(
    _ sign: Syntax.Operator, _ a: KFLType, _ b: KFLType
  ) -> KFLType? {
    switch (sign, a, b) {
    case (_, .dyn, _), (_, _, .dyn): return .dyn
    case (.modulo, .int, .int), (.modulo, .uint, .uint): return a
    case (.plus, .int, .int), (.plus, .uint, .uint), (.plus, .double, .double),
      (.minus, .int, .int), (.minus, .uint, .uint), (.minus, .double, .double),
      (.times, .int, .int), (.times, .uint, .uint), (.times, .double, .double),
      (.divided, .int, .int), (.divided, .uint, .uint), (.divided, .double, .double):
      return a
    case (.plus, .string, .string), (.plus, .bytes, .bytes): return a
    case (.plus, .list(let x), .list(let y)):
      return x == .dyn ? b : y == .dyn ? a : x.fits(y) ? .list(x.joined(with: y)) : nil
    case (.plus, .timestamp, .duration), (.plus, .duration, .timestamp),
      (.minus, .timestamp, .duration):
      return .timestamp
    case (.plus, .duration, .duration), (.minus, .duration, .duration),
      (.minus, .timestamp, .timestamp):
      return .duration
    default: return nil
    }
  }
}

extension KFLType {
  /// Whether both are lists, or maps, that differ in kinds of numbers only.
  fileprivate func isNumericContainer(like other: KFLType) -> Bool {
    func matches(_ a: KFLType, _ b: KFLType) -> Bool {
      a.fits(b) || a.isNumber && b.isNumber || a.isNumericContainer(like: b)
    }
    return switch (self, other) {
    case (.list(let a), .list(let b)): matches(a, b)
    case (.map(let a, let b), .map(let c, let d)): matches(a, c) && matches(b, d)
    default: false
    }
  }
}
