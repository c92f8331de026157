extension Diagnostic {
  /// The diagnostic of a problem in `text`.
  init(_ problem: Problem, in text: [UInt8], suggestion: String? = nil) {
    let offset = min(problem.range.lowerBound, text.count)
    let end = min(max(problem.range.upperBound, offset), text.count)
    let before = text[..<offset]
    let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
    self.init(
      problem.code, problem.message, offset: offset, length: end - offset,
      line: before.reduce(1) { $1 == 0x0a ? $0 + 1 : $0 },
      column: text[lineStart..<offset].reduce(1) { $1 & 0xc0 == 0x80 ? $0 : $0 + 1 },
      expected: problem.expected, found: problem.found, suggestion: suggestion)
  }

  /// Columns of the line shown; longer lines are cut around the mistake.
  private static let width = 100

  /// The line of `text` it is about, with carets below and the message beside them:
  ///
  ///     status_cod >= 500
  ///     ^^^^^^^^^^ there is no variable status_cod; did you mean status_code?
  ///     try: status_code >= 500
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
    // Control characters would move the caret, or the terminal's cursor.
    var shown = String.UnicodeScalarView()
    for scalar in scalars {
      shown.append(scalar.value < 0x20 || scalar.value == 0x7f ? " " : scalar)
    }
    let carets = max(1, min(codePoints(in: text), scalars.count - start))
    var result = String(shown) + "\n" + String(repeating: " ", count: start)
    result += String(repeating: "^", count: carets) + " " + message
    if let suggestion { result += "\ntry: " + suggestion }
    return result
  }

  /// Code points the diagnostic is about, on its first line.
  private func codePoints(in text: String) -> Int {
    text.utf8.dropFirst(offset).prefix(length).prefix { $0 != 0x0a }.reduce(0) {
      $1 & 0xc0 == 0x80 ? $0 : $0 + 1
    }
  }
}
