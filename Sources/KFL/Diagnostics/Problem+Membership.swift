// Slips around `in`, each with the expression that was meant.

extension Problem {
  /// Slips around `in` that are seen before its operands are looked at.
  static func foreignMembership(
    _ node: Syntax, _ left: Syntax, _ right: Syntax, in checker: Checker
  ) -> Problem? {
    if let problem = eitherSide(node, left, in: checker) { return problem }
    if let problem = bareWords(left, right, in: checker) { return problem }
    // `status_code in 500-599`
    if case .binary(.minus, let low, let high, _) = right.kind, case .int? = low.literal,
      case .int? = high.literal
    {
      let operand = checker.text(left)
      return Problem(
        .type, "a range is written `x >= low && x <= high`", at: right.range,
        fix: [
          Edit(
            node.range,
            "(\(operand) >= \(checker.text(low)) && \(operand) <= \(checker.text(high)))")
        ])
    }
    if case .not(let operand) = left.kind, left.parentheses == 0 {
      guard let type = checker.typeAhead(operand), type != .bool, type != .dyn else { return nil }
      return Problem(
        .type, "`!` belongs to \(checker.text(operand)) alone; negate the whole condition",
        at: node.range, expected: "bool", found: type.description,
        fix: [Edit(node.range, "!(\(checker.text(operand)) in \(checker.text(right)))")])
    }
    return nil
  }

  /// `method in [GET, POST]`: words without quotes, all of which are mended at once.
  private static func bareWords(
    _ left: Syntax, _ right: Syntax, in checker: Checker
  ) -> Problem? {
    let elements: [Syntax]
    switch right.kind {
    case .list(let list), .braces(let list): elements = list
    default: return nil
    }
    guard checker.typeAhead(left) == .string else { return nil }
    let isFamily = checker.text(left) == "protocol"
    var fix: [Edit] = []
    for element in elements {
      guard case .name(let name, false) = element.kind else { continue }
      let isFlag = checker.schema.variable(name)?.isFlag ?? false
      if isFamily, isFlag {
        fix.append(Edit(element.range, Value.quoted(name.uppercased())))
      } else if bareWord(left, element, in: checker) != nil {
        fix.append(Edit(element.range, Value.quoted(name)))
      }
    }
    guard let first = fix.first else { return nil }
    return Problem(
      .undeclared, "text stands in quotes", at: first.range, expected: first.text,
      found: checker.text(first.range), fix: fix)
  }

  /// Something that cannot hold the element.
  static func cannotContain(
    _ container: Checked, _ element: Checked, _ node: Syntax, _ left: Syntax, _ right: Syntax,
    in checker: Checker
  ) -> Problem {
    let (a, b) = (checker.text(left), checker.text(right))
    var text: String?
    switch (container.type, element.type) {
    case (.string, .string)
    where container.literal?.string?.contains("/") ?? false
      && element.slot != nil && a.hasSuffix("ip"):
      text = "in_cidr(\(a), \(b))"
    case (_, _) where right.parentheses > 0 && container.literal != nil:
      // `method in ("GET")`
      let bare = checker.text(right.range.lowerBound + 1..<right.range.upperBound - 1)
      return Problem(
        .type, "a list is written in brackets: [a, b]", at: right.range, expected: "[",
        found: "(", fix: [Edit(right.range, "[\(bare)]")])
    case (.string, _) where container.literal?.string?.contains(",") ?? false:
      text = list(in: container.literal?.string ?? "", of: element.type).map { "\(a) in \($0)" }
    case (.string, .string) where container.literal != nil && element.slot != nil:
      text = "\(a) == \(b)"
    case (.string, .string): text = "\(b).contains(\(a))"
    case (.string, _):
      if let literal = converted(element, to: .string) { text = "\(b).contains(\(literal))" }
    case (.list(let type), _):
      if let literal = converted(element, to: type) {
        text = "\(literal) in \(b)"
      } else if case .list(let elements) = container.kind {
        let literals = elements.compactMap { converted($0, to: element.type) }
        if literals.count == elements.count {
          text = "\(a) in [\(literals.joined(separator: ", "))]"
        }
      }
    case (let type, .list): if type != .dyn, container.slot != nil { text = "\(b) in \(a)" }
    case _ where container.type.fits(element.type): text = "\(a) == \(b)"
    default: break
    }
    let isContainer =
      switch container.type {
      case .list, .map: true
      default: false
      }
    return Problem(
      .type,
      isContainer
        ? "\(element.type.phrase) is never in a \(container.type)"
        : "`in` needs a list or map on its right; this is \(container.type.phrase)",
      at: node.range, expected: isContainer ? container.type.description : "a list or map",
      found: isContainer ? element.type.description : container.type.description,
      fix: text.map { [Edit(node.range, $0)] } ?? [])
  }

  /// `"404,500"` as a list.
  private static func list(in text: String, of type: KFLType) -> String? {
    let parts = text.split(separator: ",").map { String($0).trimmingBlanks }
    switch type {
    case .string: return "[" + parts.map(Value.quoted).joined(separator: ", ") + "]"
    case .int where parts.allSatisfy { Int64($0) != nil }:
      return "[" + parts.joined(separator: ", ") + "]"
    default: return nil
    }
  }
}
