import Bytes

// Clauses of other query languages: SELECT, ORDER BY, ranges, comments in stars, missing commas.

extension ForeignSyntax {
  /// A filter wrapped in a query of SQL, or with one of its clauses behind.
  mutating func clause(_ word: String, at place: Int) -> Bool {
    let token = parser.tokens[place]
    if lower(0) == "select",
      let place = parser.tokens.indices.first(where: { lower($0) == "where" })
    {
      message = "a filter is the bare condition, without SELECT"
      fix = [.delete(0..<min(Int(parser.tokens[place].end) + 1, parser.bytes.count))]
      return true
    }
    guard ["order", "sort", "group"].contains(word), lower(place + 1) == "by" else { return false }
    message = "a filter selects and does not sort or group"
    var start = token.range.lowerBound
    while start > 0, parser.bytes[start - 1] == 0x20 { start -= 1 }
    fix = [.delete(start..<parser.bytes.count)]
    return true
  }

  /// Operators of several words: `NOT IN`, `starts with`, `does not contain`.
  mutating func phrase(_ word: String, at place: Int) -> Bool {
    var words: [String] = []
    for next in place..<min(place + 4, parser.tokens.count) { words.append(lower(next)) }
    guard let (count, meant) = Self.phrase(words), count > 1 else { return false }
    let last = parser.tokens[place + count - 1]
    message = "`\(meant)` is written as one operator"
    expected = meant
    fix = [Edit(parser.tokens[place].range.lowerBound..<last.range.upperBound, meant)]
    return true
  }

  /// How many of the words are one operator, and which.
  private static func phrase(_ words: [String]) -> (count: Int, meant: String)? {
    var rest = words[...]
    var isNegated = false
    if rest.first == "does" || rest.first == "do" || rest.first == "is" {
      guard rest.dropFirst().first == "not" else { return nil }
      rest = rest.dropFirst()
    }
    if ["not", "doesnt", "dont", "isnt"].contains(rest.first ?? "") {
      isNegated = true
      rest = rest.dropFirst()
    }
    guard let verb = rest.first else { return nil }
    rest = rest.dropFirst()
    let meant: String
    switch verb {
    case "start", "starts", "begin", "begins", "starting", "beginning":
      guard rest.first == "with" else { return nil }
      rest = rest.dropFirst()
      meant = "startsWith"
    case "end", "ends", "ending":
      guard rest.first == "with" else { return nil }
      rest = rest.dropFirst()
      meant = "endsWith"
    default:
      guard isNegated, let sign = signs[verb], sign.first?.isLetter ?? false else { return nil }
      meant = sign
    }
    return (words.count - rest.count, (isNegated ? "not " : "") + meant)
  }

  /// `path icontains "x"`
  mutating func caseless(at place: Int) {
    message = "`icontains` is not an operator; (?i) ignores case in `matches`"
    expected = "matches"
    guard place + 1 < parser.tokens.count, parser.tokens[place + 1].kind == .text,
      let bytes = try? TextLiteral(bytes: parser.bytes, token: parser.tokens[place + 1]).value()
    else { return }
    let text = String(decoding: bytes, as: UTF8.self)
    let pattern = "(?i)" + text.map(LikePattern.escaped).joined()
    fix = [
      Edit(
        parser.tokens[place].range.lowerBound..<parser.tokens[place + 1].range.upperBound,
        "matches \(Value.quoted(pattern))")
    ]
  }

  /// Words before a filter that only say that it is one.
  static let commands: Set<String> = [
    "where", "filter", "kfl", "display", "find", "show", "search", "list", "get",
  ]

  /// `status_code:[400 TO 499]`
  mutating func range(at place: Int) -> Bool {
    let tokens = parser.tokens
    guard place >= 4, place + 2 < tokens.count, tokens[place - 1].kind == .int,
      tokens[place + 1].kind == .int, tokens[place - 2].kind == .leftBracket,
      tokens[place + 2].kind == .rightBracket,
      let operand = Operand(endingBefore: place - 3, tokens, parser.bytes)
    else { return false }
    let (low, high) = (parser.text(tokens[place - 1]), parser.text(tokens[place + 1]))
    message = "a range is written `x >= low && x <= high`"
    fix = [
      Edit(
        operand.range.lowerBound..<tokens[place + 2].range.upperBound,
        "(\(operand.text) >= \(low) && \(operand.text) <= \(high))")
    ]
    return true
  }
}

extension Parser {
  /// `/* … */` around the token at `place`, which is one of its first two signs.
  func starComment(at place: Int) -> Edit? {
    let first = tokens[place].kind == .slash ? place : place - 1
    guard first >= 0, first + 1 < tokens.count, tokens[first].kind == .slash,
      tokens[first + 1].kind == .star, tokens[first].end == tokens[first + 1].start
    else { return nil }
    let start = Int(tokens[first].start)
    guard let close = bytes.span.bytes.firstOffset(of: "*/", from: start) else { return nil }
    var end = close + 2
    if end < bytes.count, bytes[end] == 0x20 { end += 1 }
    return .delete(start..<end)
  }

  /// Where a comma is missing: between two values in brackets.
  func missingComma(at place: Int, after opener: Token) -> Edit? {
    let token = tokens[place]
    guard token.isLiteral, place > 0, tokens[place - 1].endsOperand, dialect == .kfl else {
      return nil
    }
    let isCall =
      opener.kind == .leftParenthesis
      && tokens.contains { $0.kind == .name && $0.end == opener.start }
    guard isCall || tokens[place - 1].isLiteral && opener.kind != .leftParenthesis else {
      return nil
    }
    return .insert(",", at: Int(tokens[place - 1].end))
  }

  /// `status_code 500`, `method GET`: where the comparison is missing.
  func missingComparison(at place: Int) -> Edit? {
    let token = tokens[place]
    guard place > 0, dialect == .kfl,
      tokens[place - 1].kind == .name || tokens[place - 1].kind == .rightBracket
    else { return nil }
    if token.isLiteral { return .insert("== ", at: Int(token.start)) }
    guard token.kind == .name, Parser.methods.contains(text(token)) else { return nil }
    return Edit(token.range, "== \"\(text(token))\"")
  }

  private static let methods: Set<String> = [
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS",
  ]
}
