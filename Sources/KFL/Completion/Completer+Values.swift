// Texts that a field may hold, where one is compared with text.

extension Completer {
  /// Literals for the field that the cursor stands beside: `method == "P` → `"POST"`.
  func values(quoted quote: UInt8) -> [Completion] {
    guard let variable = comparedVariable else { return [] }
    let mark = String(UnicodeScalar(quote))
    let folded = word.lowercased()
    return variable.values.filter { $0.lowercased().hasPrefix(folded) }.map { value in
      Completion(
        text: mark + value + mark, kind: .value, type: "string",
        doc: "A value of \(variable.name).",
        replaces: start..<end)
    }
  }

  /// The variable before `==` or `!=`, or before the list behind `in` that the cursor stands in.
  private var comparedVariable: Variable? {
    var place = tokens.count - 1
    guard place >= 1 else { return nil }
    switch tokens[place].kind {
    case .equal, .notEqual: return variable(endingAt: place - 1)
    case .comma, .leftBracket, .leftBrace:
      // Back over the elements before.
      while place >= 0, tokens[place].kind == .comma || tokens[place].isLiteral { place -= 1 }
      guard place >= 2, tokens[place].kind == .leftBracket || tokens[place].kind == .leftBrace,
        text(tokens[place - 1]) == "in"
      else { return nil }
      return variable(endingAt: text(tokens[place - 2]) == "not" ? place - 3 : place - 2)
    default: return nil
    }
  }

  private func variable(endingAt place: Int) -> Variable? {
    guard let (name, _) = name(endingAt: place) else { return nil }
    if let variable = schema.variable(name) { return variable }
    // An older name has the values of what it means.
    return LegacyName.all.first { $0.name == name }.flatMap { schema.variable($0.meaning) }
  }
}
