// Operators between types that do not have them, each with the expression that was meant.

extension Problem {
  static func noOperator(_ sign: String, _ types: [KFLType], at range: Range<Int>) -> Problem {
    Problem(
      .type, "`\(sign)` is not defined for \(types.map(\.phrase).joined(separator: " and "))",
      at: range, expected: operands(of: sign, types.count),
      found: types.map(\.description).joined(separator: ", "))
  }

  /// What an operator takes.
  private static func operands(of sign: String, _ count: Int) -> String {
    switch (sign, count) {
    case (_, 1): "a number"
    case ("+", _): "two numbers of one kind, texts, lists, or times"
    case ("-", _): "two numbers of one kind, or times"
    case ("%", _): "two integers"
    case ("*", _), ("/", _): "two numbers of one kind"
    default: "two values of one type"
    }
  }

  static func noFunction(_ name: String, _ types: [KFLType], at range: Range<Int>) -> Problem {
    Problem(
      .type, "\(name) is not defined for \(types.map(\.phrase).joined(separator: " and "))",
      at: range, expected: "values it is defined for",
      found: types.map(\.description).joined(separator: ", "))
  }

  // MARK: Conditions

  /// The whole filter is a value.
  static func notCondition(
    _ result: Checked, _ node: Syntax, text: String, schema: Schema
  ) -> Problem {
    var fix: [Edit] = []
    if case .string(let word)? = result.literal {
      let isFlag = schema.variable(word)?.isFlag ?? false
      fix = [Edit(node.range, isFlag ? word : "path.contains(\(text))")]
    } else if case .list(let elements) = result.kind, result.type == .list(.bool) {
      // `[http, dns]`
      let words = elements.compactMap { $0.slot.map { schema.variables[$0].name } }
      if words.count == elements.count { fix = [Edit(node.range, words.joined(separator: " || "))] }
    } else if let test = truth(of: result.type, text) {
      fix = [Edit(node.range, test)]
    }
    return Problem(
      .notBool, "a filter is a condition; this is \(result.type.phrase)", at: node.range,
      expected: "bool", found: result.type.description, fix: fix)
  }

  /// The comparison that says what other languages mean by a value as a condition.
  static func truth(of type: KFLType, _ text: String, isNegated: Bool = false) -> String? {
    let (different, more) = isNegated ? ("==", "==") : ("!=", ">")
    switch type {
    case .string: return "\(text) \(different) \"\""
    case .int: return "\(text) \(different) 0"
    case .uint: return "\(text) \(different) 0u"
    case .double: return "\(text) \(different) 0.0"
    case .list, .map: return "size(\(text)) \(more) 0"
    default: return nil
    }
  }

  /// An operand of `&&`, `||`, `?:` or a predicate that is a value.
  static func operandNotCondition(
    _ result: Checked, _ node: Syntax, after previous: Syntax?, in checker: Checker
  ) -> Problem {
    var fix: [Edit] = []
    let text = checker.text(node)
    if case .string(let word)? = result.literal, checker.schema.variable(word)?.isFlag ?? false {
      // `"http" && "dns"`
      fix = [Edit(node.range, word)]
    } else if result.literal != nil, case .binary(let sign, let left, _, _)? = previous?.kind {
      // `method == "GET" or "POST"`
      fix = [Edit(node.range, "\(checker.text(left)) \(sign.rawValue) \(text)")]
    } else if result.literal != nil, case .method(let left, let name, _, _)? = previous?.kind {
      fix = [Edit(node.range, "\(checker.text(left)).\(name)(\(text))")]
    } else if let test = truth(of: result.type, text) {
      fix = [Edit(node.range, test)]
    }
    return Problem(
      .type, "a condition is expected; this is \(result.type.phrase)", at: node.range,
      expected: "bool", found: result.type.description, fix: fix)
  }

  /// `!path`
  static func negatedNonCondition(
    _ result: Checked, _ node: Syntax, _ operand: Syntax, in checker: Checker
  ) -> Problem {
    var text = truth(of: result.type, checker.text(operand), isNegated: true)
    // What a map may lack is not compared: that would fail.
    switch operand.kind {
    case .index(let map, let key) where key.literalText != nil:
      text = "!(\(checker.text(key)) in \(checker.text(map)))"
    case .member(let map, let key):
      if case .map? = checker.typeAhead(map) {
        text = "!(\(Value.quoted(key)) in \(checker.text(map)))"
      }
    default: break
    }
    let fix = text.map { [Edit(node.range, $0)] }
    return Problem(
      .type, "`!` needs a condition; this is \(result.type.phrase)", at: node.range,
      expected: "bool", found: result.type.description, fix: fix ?? [])
  }

  static func branchesDiffer(_ a: KFLType, _ b: KFLType, at range: Range<Int>) -> Problem {
    Problem(
      .type, "both branches of `?:` must have one type; this is \(b.phrase)", at: range,
      expected: a.description, found: b.description)
  }

  static func mixedList(
    _ element: Checked, _ type: KFLType, _ node: Syntax, text: String
  ) -> Problem {
    Problem(
      .type, "the elements of a list have one type; this is \(element.type.phrase)",
      at: node.range, expected: type.description, found: element.type.description,
      fix: converted(element, to: type).map { [Edit(node.range, $0)] } ?? [])
  }

  /// A literal of one type as the literal of another; nil when it makes no sense there.
  static func converted(_ literal: Checked, to type: KFLType) -> String? {
    switch (literal.literal, type) {
    case (.string(let text)?, .int): Int64(text).map(String.init)
    case (.string(let text)?, .double): Double(text)?.description
    case (.string(let text)?, .bool):
      ["true": "true", "1": "true", "yes": "true", "false": "false", "0": "false", "no": "false"][
        text.lowercased()]
    case (.int(let number)?, .string): "\"\(number)\""
    case (.uint(let number)?, .string): "\"\(number)\""
    case (.double(let number)?, .string): "\"\(number.shortText)\""
    case (.int(let number)?, .bool): number == 1 ? "true" : number == 0 ? "false" : nil
    case (.int(let number)?, .double): Double(number).description
    case (.string(let text)?, .timestamp): DateText.completed(text).map { "timestamp(\"\($0)\")" }
    case (.string(let text)?, .duration): DateText.duration(text).map { "duration(\"\($0)\")" }
    default: nil
    }
  }

  // MARK: Comparisons

  /// Slips in a comparison that are seen before its operands are looked at: chains, names of
  /// either side, `!` bound too tightly, bare words.
  static func foreignRelation(
    _ node: Syntax, _ comparison: Comparison, _ left: Syntax, _ right: Syntax,
    in checker: Checker
  ) -> Problem? {
    if let problem = eitherSide(node, left, in: checker) { return problem }
    if let problem = bareSide(left, right, in: checker) { return problem }
    if case .binary(let sign, _, let middle, _) = left.kind, sign.comparison != nil,
      left.parentheses == 0
    {
      // `x >= 400 < 500` is about x, `400 <= x < 500` too.
      let subject =
        if middle.literal != nil, case .binary(_, let first, _, _) = left.kind { first } else {
          middle
        }
      let text =
        "\(checker.text(left)) && \(checker.text(subject)) \(comparison.rawValue) \(checker.text(right))"
      return Problem(
        .type, "comparisons do not chain; join two with `&&`", at: node.range, expected: "&&",
        fix: [Edit(node.range, text)])
    }
    if case .not(let operand) = left.kind, left.parentheses == 0,
      checker.text(left).hasPrefix("!")
    {
      guard let type = checker.typeAhead(operand), type != .bool, type != .dyn else { return nil }
      let text =
        "\(checker.text(operand)) \(comparison.opposite.rawValue) \(checker.text(right))"
      return Problem(
        .type, "`!` belongs to \(checker.text(operand)) alone; negate the comparison instead",
        at: node.range, expected: "bool", found: type.description, fix: [Edit(node.range, text)])
    }
    if case .or(let operands) = right.kind, right.parentheses > 0,
      operands.allSatisfy({ $0.literal != nil }), comparison == .equal || comparison == .notEqual
    {
      let list = operands.map { checker.text($0) }.joined(separator: ", ")
      let text = "\(checker.text(left)) in [\(list)]"
      return Problem(
        .type, "several values are a list: x in [a, b]", at: right.range,
        fix: [Edit(node.range, comparison == .equal ? text : "!(\(text))")])
    }
    return bareWord(left, right, in: checker)
  }

  /// A condition on `port`, `ip.addr` or another name that means either side.
  static func eitherSide(
    _ node: Syntax, _ left: Syntax, in checker: Checker
  ) -> Problem? {
    guard let path = NamePath(left), checker.schema.slot(path.dotted) == nil,
      Alias.byPath[path.dotted] == nil, !checker.locals.contains(where: { $0.name == path.root }),
      let (a, b) = ForeignName.either[path.dotted.lowercased()],
      checker.schema.slot(a) != nil, checker.schema.slot(b) != nil
    else { return nil }
    let start = checker.text(node.range.lowerBound..<left.range.lowerBound)
    let rest = checker.text(left.range.upperBound..<node.range.upperBound)
    let isNegated = rest.contains("!=")
    let text = "(\(start)\(a)\(rest) \(isNegated ? "&&" : "||") \(start)\(b)\(rest))"
    return Problem(
      .undeclared, "there is no variable \(path.dotted); either side is \(a) and \(b)",
      at: left.range, expected: "\(a), \(b)", found: path.dotted, fix: [Edit(node.range, text)])
  }

  /// `src == "10.0.0.1"`: one side, as a whole.
  private static func bareSide(
    _ left: Syntax, _ right: Syntax, in checker: Checker
  ) -> Problem? {
    guard case .name(let name, false) = left.kind, let text = right.literalText,
      checker.schema.slot(name) == nil
    else { return nil }
    let side: String
    switch name.lowercased() {
    case "src", "source", "from", "client", "sender": side = "src"
    case "dst", "dest", "destination", "to", "server", "receiver", "target": side = "dst"
    default: return nil
    }
    let isAddress =
      text.utf8.allSatisfy { $0.isHexDigit || $0 == 0x2e || $0 == 0x3a }
      && (text.contains(".") || text.contains(":"))
    let meant = side + (isAddress ? ".ip" : ".name")
    guard checker.schema.slot(meant) != nil else { return nil }
    return Problem(
      .undeclared, "there is no variable \(name); did you mean \(meant)?", at: left.range,
      expected: meant, found: name, fix: [Edit(left.range, meant)])
  }

  /// The same for the receiver of a method.
  static func foreignMethodOperand(
    _ node: Syntax, _ receiver: Syntax, in checker: Checker
  ) -> Problem? {
    eitherSide(node, receiver, in: checker)
  }

  /// A word without quotes beside text: `method == GET`, `dst.namespace == kube-system`.
  static func bareWord(
    _ left: Syntax, _ right: Syntax, in checker: Checker
  ) -> Problem? {
    // Beside a literal it is the name of a field, misspelled.
    guard right.parentheses == 0, left.literal == nil, let root = right.leftmostName,
      !["none", "undefined", "nullptr"].contains(root.lowercased()),
      checker.schema.macros[root] == nil,
      !checker.locals.contains(where: { $0.name == root }), !TypeName.all.contains(root),
      !checker.isName(right, root)
    else { return nil }
    let text = checker.text(right)
    guard text.utf8.allSatisfy({ $0.isNamePart || ".-/:*".utf8.contains($0) }) else { return nil }
    switch checker.typeAhead(left) {
    case .int where checker.text(left) == "grpc_status" && ComparisonFix.grpcCode(text) != nil:
      return .bareText(text, at: right.range)
    case .string: return .bareText(text, at: right.range)
    case .list(.string): return .bareText(text, at: right.range)
    default: return nil
    }
  }

  /// Two values that have no such comparison.
  static func cannotCompare(
    _ a: Checked, _ b: Checked, _ comparison: Comparison, _ node: Syntax, _ left: Syntax,
    _ right: Syntax, _ sign: Range<Int>, in checker: Checker
  ) -> Problem {
    Problem(
      .type,
      "`\(comparison.rawValue)` does not compare \(a.type.phrase) with \(b.type.phrase)",
      at: node.range, expected: a.type.description, found: b.type.description,
      fix: ComparisonFix(a, b, comparison, node, left, right, checker).edits)
  }

  // MARK: Arithmetic

  /// `request.headers.content-type`: a name with a hyphen, read as a difference.
  static func hyphenatedMember(_ node: Syntax, in checker: Checker) -> Problem? {
    var left = node
    while case .binary(.minus, let inner, let right, _) = left.kind, left.parentheses == 0 {
      guard case .name(let name, false) = right.kind, checker.schema.slot(name) == nil else {
        return nil
      }
      left = inner
    }
    guard case .member(let map, _) = left.kind else { return nil }
    let name = checker.text(map.range.upperBound..<node.range.upperBound).dropFirst()
    guard name.utf8.allSatisfy({ $0.isNamePart || $0 == UInt8(ascii: "-") }) else { return nil }
    guard case .map(.string, _)? = checker.typeAhead(map) else { return nil }
    return Problem(
      .type, "names with hyphens stand in brackets: \(checker.text(map))[\"\(name)\"]",
      at: node.range, found: String(name),
      fix: [Edit(map.range.upperBound..<node.range.upperBound, "[\"\(name)\"]")])
  }

  static func cannotCompute(
    _ a: Checked, _ b: Checked, _ sign: Syntax.Operator, _ node: Syntax, _ left: Syntax,
    _ right: Syntax, in checker: Checker
  ) -> Problem {
    var fix: [Edit] = []
    switch (a.type, b.type) {
    case (.timestamp, .int), (.duration, .int):
      fix = [Edit(right.range, "duration(\"\(checker.text(right))s\")")]
    case (.timestamp, .string):
      if case .string(let text)? = b.literal, let length = DateText.duration(text) {
        fix = [Edit(right.range, "duration(\"\(length)\")")]
      }
    case (.double, .int):
      fix = [Edit(right.range, converted(b, to: .double) ?? "double(\(checker.text(right)))")]
    case (.int, .double):
      fix = [Edit(left.range, converted(a, to: .double) ?? "double(\(checker.text(left)))")]
    case (.string, .int), (.string, .double), (.string, .uint):
      if sign == .plus { fix = [Edit(right.range, "string(\(checker.text(right)))")] }
    case (.int, .string), (.double, .string), (.uint, .string):
      if sign == .plus { fix = [Edit(left.range, "string(\(checker.text(left)))")] }
    default: break
    }
    return noOperator(sign.rawValue, [a.type, b.type], at: node.range).with(fix: fix)
  }
}

extension Checker {
  /// Whether a node that begins with `root` names something, rather than being a bare word.
  fileprivate func isName(_ node: Syntax, _ root: String) -> Bool {
    guard let path = NamePath(node) else {
      // A run of names with minus signs or slashes: arithmetic when it begins with a number.
      return schema.variable(root).map { $0.type.isNumber || $0.type == .timestamp } ?? false
    }
    guard let (resolution, parts) = resolve(path) else { return false }
    guard case .variable(let slot) = resolution, parts <= path.steps.count else { return true }
    switch schema.variables[slot].type {
    case .map, .list, .dyn: return true
    default: return false
    }
  }
}

extension Syntax {
  /// The name a run of names, dots, minus signs and slashes begins with.
  fileprivate var leftmostName: String? {
    var node = self
    while true {
      switch node.kind {
      case .name(let name, false): return name
      case .member(let target, _): node = target
      case .binary(.minus, let left, _, _), .binary(.divided, let left, _, _): node = left
      default: return nil
      }
      if node.parentheses > 0 { return nil }
    }
  }
}
