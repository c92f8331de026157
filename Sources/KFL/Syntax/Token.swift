/// A word of a filter: what it is and where it stands. Its text is cut out when it is needed.
struct Token: Sendable {
  enum Kind: UInt8, Sendable {
    case name, quotedName
    case int, uint, double
    case text, rawText, regexText, bytes, rawBytes
    case leftParenthesis, rightParenthesis, leftBracket, rightBracket, leftBrace, rightBrace
    case comma, dot, dotDot, colon, question
    case bang, minus, plus, star, slash, percent
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    case and, or
    case end
  }

  var kind: Kind
  var start: Int32
  var end: Int32

  /// Bytes of the filter it covers.
  var range: Range<Int> { Int(start)..<Int(end) }

  init(_ kind: Kind, _ start: Int, _ end: Int) {
    self.kind = kind
    self.start = Int32(truncatingIfNeeded: start)
    self.end = Int32(truncatingIfNeeded: end)
  }

  /// Whether it is text or a number.
  var isLiteral: Bool {
    switch kind {
    case .text, .rawText, .int, .uint, .double: true
    default: false
    }
  }

  /// Whether an operand may end with it.
  var endsOperand: Bool {
    switch kind {
    case .name, .quotedName, .int, .uint, .double, .text, .rawText, .regexText, .bytes, .rawBytes,
      .rightParenthesis, .rightBracket, .rightBrace:
      true
    default: false
    }
  }
}
