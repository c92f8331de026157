// What the parser finds: operators without operands, brackets that do not close, and words of
// other query languages.

extension Problem {
  static func conditionalWithoutColon(_ range: Range<Int>) -> Problem {
    Problem(.syntax, "`condition ? a : b` needs its `:`", at: range, expected: ":")
  }

  static func mapWithoutColon(_ range: Range<Int>) -> Problem {
    Problem(.syntax, "a map is written {key: value}", at: range, expected: ":")
  }

  /// `a..b`, or a range of numbers.
  static func recursiveDescent(at place: Int, in parser: Parser) -> Problem {
    var fix: [Edit] = []
    let tokens = parser.tokens
    if place >= 2, tokens[place - 1].kind == .int, place + 1 < tokens.count,
      tokens[place + 1].kind == .int,
      let (operand, end) = rangeOperand(at: place, in: parser)
    {
      let (low, high) = (parser.text(tokens[place - 1]), parser.text(tokens[place + 1]))
      fix = [
        Edit(
          operand.range.lowerBound..<end,
          "(\(operand.text) >= \(low) && \(operand.text) <= \(high))")
      ]
    }
    return Problem(
      .unsupported,
      "`..` is not supported: name the whole path; a range is `x >= low && x <= high`",
      at: tokens[place].range, expected: ".", found: "..", fix: fix)
  }

  /// What is compared with the range around `..` at `place`, and where the range ends: it may
  /// stand in brackets.
  private static func rangeOperand(at place: Int, in parser: Parser) -> (Operand, Int)? {
    let tokens = parser.tokens
    let isBracketed =
      place >= 3 && [.leftBrace, .leftBracket].contains(tokens[place - 2].kind)
      && place + 2 < tokens.count
      && [.rightBrace, .rightBracket].contains(tokens[place + 2].kind)
    let last = tokens[place + (isBracketed ? 2 : 1)]
    return Operand(endingBefore: place - (isBracketed ? 3 : 2), tokens, parser.bytes)
      .map { ($0, Int(last.end)) }
  }

  static func missingMember(_ range: Range<Int>, in parser: Parser) -> Problem {
    Problem(
      .syntax, "after the dot a name is missing", at: range, expected: "a name",
      found: parser.found(range),
      fix: range.lowerBound > 0 ? [.delete(range.lowerBound - 1..<range.lowerBound)] : [])
  }

  /// `{…}` anywhere but right of `in`.
  static func misplacedBraces(_ range: Range<Int>, text: String) -> Problem {
    Problem(
      .syntax, "a list is written in brackets: [a, b]; braces list values only after `in`",
      at: range, expected: "[", found: "{",
      fix: [
        Edit(range.lowerBound..<range.lowerBound + 1, "["),
        Edit(range.upperBound - 1..<range.upperBound, "]"),
      ])
  }

  /// An operand is expected where something else stands.
  static func missingOperand(at place: Int, in parser: Parser) -> Problem {
    let token = parser.tokens[place]
    let before = place > 0 ? parser.tokens[place - 1] : nil
    let found = parser.found(token.range)
    if token.kind == .end {
      let sign = before.map { parser.text($0) } ?? ""
      return Problem(
        .syntax, "the filter ends after `\(sign)`; a condition or value is missing",
        at: token.range, expected: "an operand", found: "the end",
        fix: parser.isConnective(before) || before?.kind == .question
          ? [.delete(parser.withBlanks(before))] : [])
    }
    if let left = parser.repeatedOperand(at: place) {
      return Problem(
        .syntax, "the left side of `\(found)` is missing; each comparison names its own",
        at: token.range, expected: left, found: found,
        fix: [.insert(left + " ", at: Int(token.start))])
    }
    if let comment = parser.starComment(at: place) {
      return Problem(
        .syntax, "comments run from // or # to the end of the line", at: comment.range,
        found: found, fix: [comment])
    }
    if token.kind == .star, before?.kind == .leftBracket, place + 1 < parser.tokens.count,
      parser.tokens[place + 1].kind == .rightBracket
    {
      // `names[*]`
      let range = Int(parser.tokens[place - 1].start)..<Int(parser.tokens[place + 1].end)
      return Problem(
        .syntax, "any element is written `.*`", at: range, expected: ".*", found: found,
        fix: [Edit(range, ".*")])
    }
    if token.kind == .slash, let literal = parser.slashLiteral(at: place) {
      return Problem(
        .syntax, "text and regular expressions are written in quotes", at: literal.range,
        expected: "\"", found: found, fix: [literal])
    }
    var fix: [Edit] = []
    if parser.isConnective(token), token.kind != .name || parser.tokens.count > 2 {
      fix = [.delete(parser.withBlanks(token))]
    } else if parser.isConnective(before), token.kind == .rightParenthesis {
      fix = [.delete(parser.withBlanks(before))]
    } else if token.kind == .equal, before?.kind == .equal {
      fix = [.delete(token.range)]
    }
    return Problem(
      .syntax, "`\(found)` stands where a condition or value is expected", at: token.range,
      expected: "an operand", found: found, fix: fix)
  }

  /// A complete expression is followed by something that does not continue it.
  static func unexpected(at place: Int, in parser: Parser) -> Problem {
    let token = parser.tokens[place]
    let found = parser.found(token.range)
    if let slip = ForeignSyntax(at: place, in: parser) {
      return Problem(
        .syntax, slip.message, at: token.range, expected: slip.expected, found: found,
        fix: slip.fix)
    }
    switch token.kind {
    case .bang where parser.tokens[place + 1].kind == .end:
      return Problem(
        .syntax, "`!` stands before a condition", at: token.range, found: found,
        fix: [.delete(token.range)])
    case .bang where place + 1 < parser.tokens.count:
      // `path !contains "x"`
      let next = parser.tokens[place + 1]
      guard next.kind == .name, let sign = ForeignSyntax.signs[parser.text(next).lowercased()],
        sign.first?.isLetter ?? false
      else { return missingConnective(token, found) }
      return Problem(
        .syntax, "`!` does not stand before an operator; use `not \(sign)`", at: token.range,
        expected: "not \(sign)", found: found,
        fix: [Edit(Int(token.start)..<Int(next.end), "not \(sign)")])
    case .rightParenthesis, .rightBracket, .rightBrace:
      return Problem(
        .syntax, "`\(found)` closes nothing", at: token.range, found: found,
        fix: [.delete(token.range)])
    case .text, .int, .double:
      // `path.contains "x"`
      if place >= 2, parser.tokens[place - 2].kind == .dot, parser.tokens[place - 1].kind == .name {
        return Problem(
          .syntax, "arguments stand in parentheses", at: token.range, expected: "(", found: found,
          fix: [
            Edit(Int(parser.tokens[place - 1].end)..<Int(token.start), "("),
            .insert(")", at: Int(token.end)),
          ])
      }
      fallthrough
    case .comma where token.kind == .comma:
      if let list = parser.bareList(at: place) {
        return Problem(
          .syntax, "several values are a list: x in [a, b]", at: token.range, expected: "[",
          found: found, fix: list)
      }
      guard token.kind == .comma else {
        return missingComparison(at: place, found, in: parser) ?? missingConnective(token, found)
      }
      return Problem(
        .syntax, "conditions are joined by `&&` or `||`, not by a comma", at: token.range,
        expected: "&&", found: found, fix: [Edit(token.range, " &&")])
    case .colon:
      let next = parser.tokens[min(place + 1, parser.tokens.count - 1)]
      let isDoubled = parser.isRelation(next)
      return Problem(
        .syntax, "`:` does not compare; equality is `==`", at: token.range, expected: "==",
        found: found, fix: [Edit(token.range, isDoubled ? " " : " == ")])
    default:
      return missingComparison(at: place, found, in: parser) ?? missingConnective(token, found)
    }
  }

  /// A value behind a name, without what compares the two.
  private static func missingComparison(
    at place: Int, _ found: String, in parser: Parser
  ) -> Problem? {
    parser.missingComparison(at: place).map { edit in
      Problem(
        .syntax, "`\(found)` follows a name; a comparison is missing between them",
        at: parser.tokens[place].range, expected: "==", found: found, fix: [edit])
    }
  }

  /// Two conditions beside each other.
  private static func missingConnective(_ token: Token, _ found: String) -> Problem {
    Problem(
      .syntax, "`\(found)` follows a complete condition; join the two with `&&` or `||`",
      at: token.range, expected: "&& or ||", found: found,
      fix: [.insert("&& ", at: Int(token.start))])
  }

  /// A bracket that is not closed where it should be.
  static func unclosed(_ opener: Token, at place: Int, in parser: Parser) -> Problem {
    let token = parser.tokens[place]
    let close = parser.closing(opener)
    if token.kind != .end, token.kind != .rightParenthesis, token.kind != .rightBracket,
      token.kind != .rightBrace
    {
      if let comma = parser.missingComma(at: place, after: opener) {
        return Problem(
          .syntax, "values are separated by commas", at: token.range, expected: ",",
          found: parser.found(token.range), fix: [comma])
      }
      return unexpected(at: place, in: parser)
    }
    let fix: Edit =
      token.kind == .end
      ? .insert(close, at: parser.lastOffset) : Edit(token.range, close)
    return Problem(
      .syntax, "the `\(parser.text(opener))` is not closed", at: opener.range, expected: close,
      found: token.kind == .end ? "the end" : parser.text(token), fix: [fix])
  }

  /// `(200, 404)`: lists are written in brackets.
  static func parenthesisedList(_ opener: Token, at place: Int, in parser: Parser) -> Problem {
    var fix = [Edit(opener.range, "[")]
    var open = 1
    for token in parser.tokens[place...] {
      if token.kind == .leftParenthesis { open += 1 }
      if token.kind == .rightParenthesis { open -= 1 }
      if open == 0 {
        fix.append(Edit(token.range, "]"))
        break
      }
    }
    return Problem(
      .syntax, "a list is written in brackets: [a, b]", at: opener.range, expected: "[",
      found: "(", fix: fix.count == 2 ? fix : [])
  }

  /// A word CEL keeps for itself, as a name.
  static func reservedName(_ name: String, at place: Int, in parser: Parser) -> Problem {
    var fix: [Edit] = []
    let range = parser.tokens[place].range
    if let hyphenated = parser.hyphenatedMember(at: place) {
      return Problem(
        .syntax, "names with hyphens stand in brackets: headers[\"x-id\"]", at: range, found: name,
        fix: [hyphenated])
    }
    if place == 0, name == "if" || name == "return" {
      fix = [.delete(parser.withBlanks(parser.tokens[0]))]
    } else if name == "namespace", place + 2 < parser.tokens.count,
      parser.tokens[place + 2].kind == .text,
      parser.tokens[place + 1].kind == .equal || parser.tokens[place + 1].kind == .notEqual
    {
      let isEqual = parser.tokens[place + 1].kind == .equal
      let element = parser.text(parser.tokens[place + 2]) + " in namespaces"
      let whole = range.lowerBound..<parser.tokens[place + 2].range.upperBound
      fix = [Edit(whole, isEqual ? element : "!(" + element + ")")]
    } else if name == "namespace" {
      fix = [Edit(range, "src.namespace")]
    }
    return Problem(
      .syntax,
      "`\(name)` is a reserved word"
        + (name == "namespace" ? "; use src.namespace, dst.namespace or namespaces" : ""),
      at: range, expected: "another name", found: name, fix: fix)
  }
}

extension Parser {
  /// The text of a range, cut for messages.
  func found(_ range: Range<Int>) -> String {
    range.isEmpty ? "the end" : String(decoding: bytes[range].prefix(40), as: UTF8.self)
  }

  /// Whether the token joins conditions.
  func isConnective(_ token: Token?) -> Bool {
    guard let token else { return false }
    switch token.kind {
    case .and, .or: return true
    case .name: return dialect == .kfl && ["and", "or", "AND", "OR"].contains(text(token))
    default: return false
    }
  }

  /// The token with one blank beside it, so that deleting it leaves tidy text.
  func withBlanks(_ token: Token?) -> Range<Int> {
    guard let range = token?.range else { return 0..<0 }
    let end = range.upperBound
    if end < bytes.count, bytes[end] == 0x20 { return range.lowerBound..<end + 1 }
    let start = range.lowerBound
    return start > 0 && bytes[start - 1] == 0x20 ? start - 1..<end : range
  }

  /// Where the last token ends.
  var lastOffset: Int { tokens.count > 1 ? Int(tokens[tokens.count - 2].end) : 0 }

  /// Whether the token compares.
  func isRelation(_ token: Token) -> Bool {
    switch token.kind {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
    default: false
    }
  }

  /// The operand left out in `x >= 400 and < 500`, from the comparison before.
  func repeatedOperand(at place: Int) -> String? {
    guard isRelation(tokens[place]), place > 0, isConnective(tokens[place - 1]) else { return nil }
    guard let before = tokens[..<(place - 1)].lastIndex(where: isRelation) else { return nil }
    return Operand(endingBefore: before, tokens, bytes)?.text
  }

  /// Literals beside each other with commas, after `in` or `==`: brackets around them.
  func bareList(at place: Int) -> [Edit]? {
    func isPart(_ token: Token) -> Bool {
      switch token.kind {
      case .text, .int, .double, .comma: true
      default: false
      }
    }
    var (first, end) = (place, place)
    while first > 0, isPart(tokens[first - 1]) { first -= 1 }
    while end < tokens.count, isPart(tokens[end]) { end += 1 }
    guard first > 0, end - first >= 3, tokens[end - 1].kind != .comma else { return nil }
    let sign = tokens[first - 1]
    let isIn = sign.kind == .name && text(sign).lowercased() == "in"
    guard isIn || sign.kind == .equal else { return nil }
    var fix = [
      Edit.insert("[", at: Int(tokens[first].start)), .insert("]", at: Int(tokens[end - 1].end)),
    ]
    if !isIn { fix.append(Edit(sign.range, "in")) }
    return fix
  }

  /// `headers.x-forwarded-for` as `headers["x-forwarded-for"]`, around the token at `place`.
  func hyphenatedMember(at place: Int) -> Edit? {
    var first = place
    while first >= 2, tokens[first - 1].kind == .minus, tokens[first - 2].kind == .name,
      tokens[first - 2].end == tokens[first - 1].start, tokens[first - 1].end == tokens[first].start
    {
      first -= 2
    }
    var last = place
    while last + 2 < tokens.count, tokens[last + 1].kind == .minus, tokens[last + 2].kind == .name,
      tokens[last].end == tokens[last + 1].start, tokens[last + 1].end == tokens[last + 2].start
    {
      last += 2
    }
    guard first < last, first > 0, tokens[first - 1].kind == .dot else { return nil }
    let name = String(
      decoding: bytes[Int(tokens[first].start)..<Int(tokens[last].end)], as: UTF8.self)
    return Edit(Int(tokens[first - 1].start)..<Int(tokens[last].end), "[\"\(name)\"]")
  }

  /// The bracket that closes one.
  func closing(_ opener: Token) -> String {
    switch opener.kind {
    case .leftBracket: "]"
    case .leftBrace: "}"
    default: ")"
    }
  }

  /// `/api/users` or `/re/` as a text literal.
  func slashLiteral(at place: Int) -> Edit? {
    let start = tokens[place].range.lowerBound
    var end = start
    while end < bytes.count, bytes[end] > 0x20, bytes[end] != UInt8(ascii: ")"),
      bytes[end] != UInt8(ascii: ",")
    {
      end += 1
    }
    var word = String(decoding: bytes[start..<end], as: UTF8.self)
    guard word.utf8.count > 1, !word.contains("\"") else { return nil }
    let isPattern =
      place > 0
      && (text(tokens[place - 1]) == "matches" || tokens[place - 1].kind == .leftParenthesis)
    if isPattern, word.hasSuffix("/") { word = String(word.dropFirst().dropLast()) }
    if place > 0, tokens[place - 1].kind == .equal, word.contains("*"),
      let operand = Operand(endingBefore: place - 1, tokens, bytes)
    {
      return Edit(
        operand.range.lowerBound..<end,
        operand.text + LikePattern(word, wildcard: "*").test(ignoringCase: false))
    }
    return Edit(start..<end, Value.quoted(word))
  }
}
