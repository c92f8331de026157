extension Diagnostic {
  /// The diagnostic of a problem in `text`.
  init(_ problem: Problem, in text: [UInt8], suggestion: String? = nil) {
    let offset = min(problem.range.lowerBound, text.count)
    let end = min(max(problem.range.upperBound, offset), text.count)
    let before = text[..<offset]
    let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
    self.init(
      problem.code, Diagnostic.visible(Diagnostic.cut(problem.message)), offset: offset,
      length: end - offset,
      line: before.reduce(1) { $1 == 0x0a ? $0 + 1 : $0 },
      column: text[lineStart..<offset].reduce(1) { $1 & 0xc0 == 0x80 ? $0 : $0 + 1 },
      expected: (problem.expected ?? Diagnostic.expected(by: problem.code)).map(Diagnostic.cut),
      found: problem.found.map(Diagnostic.cut), suggestion: suggestion)
  }

  /// Names and texts in messages may be as long as the filter.
  private static func cut(_ text: String) -> String {
    text.utf8.count <= 300 ? text : String(text.unicodeScalars.prefix(90)) + "…"
  }

  /// What is expected where a mistake of that kind says nothing more exact.
  private static func expected(by code: Code) -> String? {
    switch code {
    case .syntax: "an expression"
    case .undeclared: "a field"
    case .type: "values it is defined for"
    case .notBool, .unsupported: "a condition"
    case .regex: "a regular expression in the syntax of RE2"
    case .literal: "a literal of that type"
    case .limit: "a shorter or simpler filter"
    default: nil
    }
  }

  /// Columns of the line shown; longer lines are cut around the mistake.
  private static let width = 100

  /// The line of `text` it is about, with carets below and the message beside them:
  ///
  ///     status_cod >= 500
  ///     ^^^^^^^^^^ there is no variable status_cod; did you mean status_code?
  ///     try: status_code >= 500
  ///
  /// Where there is nothing to try, what was expected stands last.
  package func caret(in text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let whole = line <= lines.count ? lines[line - 1] : ""
    var scalars = Array(whole.unicodeScalars)
    var start = min(column - 1, scalars.count)
    if start > Self.width / 2 {
      let cut = start - Self.width / 2
      scalars = Array("…".unicodeScalars) + scalars.dropFirst(cut + 1)
      start -= cut
    }
    if scalars.count > Self.width {
      scalars = scalars.prefix(Self.width - 1) + Array("…".unicodeScalars)
    }
    let shown = Diagnostic.visible(String(String.UnicodeScalarView(scalars)), as: { _ in " " })
    let carets = max(1, min(codePoints(in: text), scalars.count - start))
    var result = shown + "\n" + String(repeating: " ", count: start)
    result += String(repeating: "^", count: carets) + " " + message
    if suggestion == nil, let expected, !message.contains(expected) {
      result += "\nexpected: " + Diagnostic.visible(expected, as: { _ in " " })
    }
    if let suggestion { result += "\ntry: " + Diagnostic.visible(suggestion, as: { _ in " " }) }
    return result
  }

  /// The text without what would move a terminal's cursor or turn the direction of writing.
  private static func visible(
    _ text: String,
    as replacement: (Unicode.Scalar) -> String = { "\\u{\(String($0.value, radix: 16))}" }
  ) -> String {
    func isHidden(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar.value {
      case 0..<0x20, 0x7f..<0xa0, 0x202a...0x202e, 0x2066...0x2069: true
      default: false
      }
    }
    guard text.unicodeScalars.contains(where: isHidden) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isHidden(scalar) {
        result += replacement(scalar)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Code points the diagnostic is about, on its first line.
  private func codePoints(in text: String) -> Int {
    text.utf8.dropFirst(offset).prefix(length).prefix { $0 != 0x0a }.reduce(0) {
      $1 & 0xc0 == 0x80 ? $0 : $0 + 1
    }
  }
}
