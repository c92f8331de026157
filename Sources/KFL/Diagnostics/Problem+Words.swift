import Bytes

// What the lexer finds: signs of other languages, text and numbers that are not finished.

extension Problem {
  /// A sign no token begins with: `=`, `&`, `|`, `;`, `~`, smart quotes, mathematical signs.
  static func foreignSymbol(at offset: Int, in lexer: Lexer) -> Problem {
    let bytes = lexer.bytes
    if let smart = smartQuotes(at: offset, bytes) { return smart }
    if let pattern = slashPattern(at: offset, lexer) { return pattern }
    if bytes[offset...].starts(with: "=>".utf8), let arrow = arrowFunction(at: offset, lexer) {
      return arrow
    }
    if bytes[offset...].starts(with: "~*".utf8) { return caselessMatch(at: offset, bytes) }
    if bytes[offset] == UInt8(ascii: ";"),
      bytes[(offset + 1)...].contains(where: { $0 > 0x20 && $0 != UInt8(ascii: ";") })
    {
      return Problem(
        .syntax, "conditions are joined by `&&` or `||`, not by `;`", at: offset..<offset + 1,
        expected: "&&", found: ";", fix: [Edit(offset..<offset + 1, " && ")])
    }
    if bytes[offset] == UInt8(ascii: "="), let star = lexer.tokens.last, star.kind == .star,
      Int(star.end) == offset
    {
      return Problem(
        .syntax, "`*=` is not an operator; use `contains`", at: Int(star.start)..<offset + 1,
        expected: "contains", found: "*=",
        fix: [Edit(Int(star.start)..<offset + 1, "contains")])
    }
    for (sign, meant, doc) in foreignSigns where bytes[offset...].starts(with: sign.utf8) {
      let range = offset..<offset + sign.utf8.count
      if sign.utf8.count == 1, let last = lexer.tokens.last, last.end == offset,
        sign == "&" && last.kind == .and || sign == "|" && last.kind == .or
      {
        return Problem(.syntax, doc, at: range, found: sign, fix: [.delete(range)])
      }
      // `> =` is one operator with a gap.
      if sign == "=", let last = lexer.tokens.last, last.end < offset,
        [.greater, .less, .bang].contains(last.kind)
      {
        return Problem(
          .syntax, "a blank stands inside an operator", at: range,
          fix: [.delete(Int(last.end)..<offset)])
      }
      return Problem(
        .syntax, doc, at: range, expected: meant.isEmpty ? nil : meant, found: sign,
        fix: [Edit(range, meant)])
    }
    let scalar = Unicode.Scalar(decoding: bytes, at: offset)
    let range = offset..<offset + UTF8.width(scalar)
    return Problem(
      .syntax, "`\(scalar)` has no meaning here", at: range, found: String(scalar),
      fix: [.delete(range)])
  }

  /// `/^\/api/`: a regular expression between slashes, of which the lexer took the first for a
  /// division.
  private static func slashPattern(at offset: Int, _ lexer: Lexer) -> Problem? {
    guard let slash = lexer.tokens.last, slash.kind == .slash, Int(slash.end) == offset,
      lexer.tokens.count >= 2, lexer.dialect == .kfl
    else { return nil }
    let before = lexer.tokens[lexer.tokens.count - 2]
    let isExpected =
      before.kind == .leftParenthesis || before.kind == .equal
      || before.kind == .name
        && String(decoding: lexer.bytes[before.range], as: UTF8.self) == "matches"
    guard isExpected else { return nil }
    var end = offset
    while end < lexer.bytes.count, lexer.bytes[end] != UInt8(ascii: "/") {
      end += lexer.bytes[end] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard end < lexer.bytes.count else { return nil }
    let pattern = String(decoding: lexer.bytes[offset..<end], as: UTF8.self)
      .replacing("\\/", with: "/")
    let range = Int(slash.start)..<end + 1
    return Problem(
      .syntax, "regular expressions are written in quotes", at: range, expected: "\"",
      fix: [Edit(range, Value.quoted(pattern))])
  }

  /// `q => q == "a"` as an argument.
  private static func arrowFunction(at offset: Int, _ lexer: Lexer) -> Problem? {
    guard let name = lexer.tokens.last, name.kind == .name, lexer.tokens.count >= 2,
      lexer.tokens[lexer.tokens.count - 2].kind == .leftParenthesis
    else { return nil }
    return Problem(
      .syntax, "a name is given to elements by a comma: exists(x, x == 1)", at: offset..<offset + 2,
      expected: ",", found: "=>", fix: [Edit(Int(name.end)..<offset + 2, ",")])
  }

  /// `~*`: a search that ignores case.
  private static func caselessMatch(at offset: Int, _ bytes: [UInt8]) -> Problem {
    var fix = [Edit(offset..<offset + 2, "matches")]
    if let quote = bytes[offset...].firstIndex(where: { $0 == 0x22 || $0 == 0x27 }) {
      fix.append(.insert("(?i)", at: quote + 1))
    }
    return Problem(
      .syntax, "`~*` is not an operator; (?i) ignores case in `matches`", at: offset..<offset + 2,
      expected: "matches", found: "~*", fix: fix)
  }

  /// Signs of other languages: what stands there, what is meant, how it is said.
  private static let foreignSigns: [(String, String, String)] = [
    ("&amp;&amp;", "&&", "`&amp;` is the web's spelling of `&`"),
    ("&amp;", "&", "`&amp;` is the web's spelling of `&`"),
    ("&lt;", "<", "`&lt;` is the web's spelling of `<`"),
    ("&gt;", ">", "`&gt;` is the web's spelling of `>`"),
    ("&quot;", "\"", "`&quot;` is the web's spelling of a quote"),
    ("^=", " startsWith ", "`^=` is not an operator; use `startsWith`"),
    ("=^", " startsWith ", "`=^` is not an operator; use `startsWith`"),
    ("$=", " endsWith ", "`$=` is not an operator; use `endsWith`"),
    ("~=", " matches ", "`~=` is not an operator; regular expressions go with `matches`"),
    ("=>", ">=", "`=>` is not an operator; at least is `>=`"),
    ("=<", "<=", "`=<` is not an operator; at most is `<=`"),
    ("=~", " matches ", "`=~` is not an operator; regular expressions go with `matches`"),
    ("=", "==", "`=` is not an operator; equality is `==`"),
    ("<>", "!=", "`<>` is not an operator; inequality is `!=`"),
    ("&", "&&", "`&` is not an operator; both conditions is `&&`"),
    ("|", "||", "`|` is not an operator; either condition is `||`"),
    ("~", " matches ", "`~` is not an operator; regular expressions go with `matches`"),
    ("^", "", "`^` is not an operator"),
    (";", "", "a filter needs no `;`"),
    ("≠", "!=", "inequality is written `!=`"),
    ("≤", "<=", "at most is written `<=`"),
    ("≥", ">=", "at least is written `>=`"),
    ("∧", "&&", "both conditions is written `&&`"),
    ("∨", "||", "either condition is written `||`"),
    ("¬", "!", "negation is written `!`"),
    ("–", "-", "a dash is not a minus sign"),
    ("−", "-", "a minus sign is written `-`"),
    ("…", "", "`…` has no meaning here"),
    ("$", "", "variables have no `$`"),
    ("@", "", "variables have no `@`"),
    ("\\", "", "a backslash stands inside text only"),
  ]

  /// Typographic quotes, all of which are mended at once.
  private static func smartQuotes(at offset: Int, _ bytes: [UInt8]) -> Problem? {
    let text = String(decoding: bytes[offset...].prefix(4), as: UTF8.self)
    guard let first = text.first, "“”„‟‘’‚‛«»".contains(first) else { return nil }
    var fix: [Edit] = []
    var at = 0
    while at < bytes.count, fix.count < 200 {
      let scalar = Unicode.Scalar(decoding: bytes, at: at)
      let width = UTF8.width(scalar)
      if "“”„‟«»".unicodeScalars.contains(scalar) || "‘’‚‛".unicodeScalars.contains(scalar) {
        fix.append(Edit(at..<at + width, "\""))
      }
      at += width
    }
    return Problem(
      .syntax, "typographic quotes do not delimit text; use \" or '",
      at: offset..<offset + first.utf8.count, expected: "\"", found: String(first), fix: fix)
  }

  /// `===`, `!==`, `!~`.
  static func foreignOperator(at range: Range<Int>, in lexer: Lexer) -> Problem {
    let sign = String(decoding: lexer.bytes[range], as: UTF8.self)
    guard sign == "!~" else {
      let meant = sign == "===" ? "==" : "!="
      return Problem(
        .syntax, "`\(sign)` is not an operator; use `\(meant)`", at: range, expected: meant,
        found: sign, fix: [Edit(range, meant)])
    }
    return Problem(
      .syntax, "`!~` is not an operator; use `not … matches`", at: range,
      expected: "not matches", found: sign, fix: [Edit(range, " not matches ")])
  }

  /// A letter beyond ASCII in a name.
  static func foreignLetter(at offset: Int, in lexer: Lexer) -> Problem {
    if let smart = smartQuotes(at: offset, lexer.bytes) { return smart }
    let scalar = Unicode.Scalar(decoding: lexer.bytes, at: offset)
    let range = offset..<offset + UTF8.width(scalar)
    if let sign = foreignSigns.first(where: { $0.0 == String(scalar) }) {
      return Problem(.syntax, sign.2, at: range, found: sign.0, fix: [Edit(range, sign.1)])
    }
    return Problem(
      .syntax, "names consist of ASCII letters, digits and _; put text into quotes", at: range,
      found: String(scalar))
  }

  /// Backticks around text; they quote member names after a dot only.
  static func backticks(at start: Int, end: Int, in lexer: Lexer) -> Problem {
    let bytes = lexer.bytes
    let isClosed = end < bytes.count && bytes[end] == UInt8(ascii: "`")
    return Problem(
      .syntax, "backticks do not delimit text; use \" or '", at: start..<start + 1,
      expected: "\"", found: "`",
      fix: isClosed ? [Edit(start..<start + 1, "\""), Edit(end..<end + 1, "\"")] : [])
  }

  /// Text whose closing quote is missing.
  static func unterminatedText(
    from start: Int, quoteAt: Int, isTriple: Bool, in lexer: Lexer
  ) -> Problem {
    let bytes = lexer.bytes
    let quote = String(UnicodeScalar(bytes[quoteAt]))
    var end = bytes[quoteAt...].firstIndex(of: 0x0a) ?? bytes.count
    var fix = [Edit.insert(String(repeating: quote, count: isTriple ? 3 : 1), at: end)]
    if !isTriple {
      let line = bytes[quoteAt + 1..<max(end, quoteAt + 1)]
      let other: UInt8 = quote == "\"" ? 0x27 : 0x22
      if let earlier = swallowed(in: lexer) {
        // The text before swallowed a part of the filter.
        fix = [.insert(quote, at: earlier)]
      } else if line.allSatisfy({ $0 == 0x20 || $0 == 0x29 }), let word = lexer.tokens.last,
        Int(word.end) == start, word.kind == .name || word.kind == .int
      {
        // Only the closing quote was written.
        var first = start
        while first > 0, bytes[first - 1].isNamePart || "./:-".utf8.contains(bytes[first - 1]) {
          first -= 1
        }
        fix = [.insert(quote, at: first)]
      } else if let wrong = line.firstIndex(of: other) {
        // Closed by the other kind of quote.
        fix = [Edit(wrong..<wrong + 1, quote)]
        end = wrong
      } else if let next = connective(in: line) {
        fix = [.insert(quote, at: next)]
      } else {
        // A bracket at the end belongs to the filter when it closes one that is open.
        var stop = end
        var open = lexer.tokens.reduce(0) {
          $0
            + ($1.kind == .leftParenthesis || $1.kind == .leftBracket
              ? 1
              : $1.kind == .rightParenthesis || $1.kind == .rightBracket ? -1 : 0)
        }
        while open > 0, stop > quoteAt + 1, ")]".utf8.contains(bytes[stop - 1]) {
          stop -= 1
          open -= 1
        }
        fix = [.insert(quote, at: stop)]
      }
    }
    return Problem(
      .syntax, "the text that begins here has no closing \(quote)", at: start..<bytes.count,
      expected: quote, fix: fix)
  }

  /// Where a text before should have ended: it contains ` && ` or its like.
  private static func swallowed(in lexer: Lexer) -> Int? {
    for token in lexer.tokens where token.kind == .text {
      if let place = connective(in: lexer.bytes[token.range]) { return place }
    }
    return nil
  }

  /// Where ` && ` or its like stands in a run of bytes.
  private static func connective(in bytes: ArraySlice<UInt8>) -> Int? {
    let words: [StaticString] = [" && ", " || ", " and ", " or ", " AND ", " OR "]
    return words.lazy.compactMap { bytes.span.bytes.firstOffset(of: $0) }.first
      .map { bytes.startIndex + $0 }
  }

  /// An escape that text literals do not have.
  static func badEscape(_ range: Range<Int>) -> Problem {
    Problem(
      .syntax, "unknown escape in text; write \\\\ for a backslash, or R\"…\" for raw text",
      at: range, fix: [.insert("\\", at: range.lowerBound)])
  }

  /// Digits that run into letters: `500ms`, `5xx`, `10.0.0.1`, `2026-03-14T22:00:00Z`, `7d9f4`.
  static func malformedNumber(from start: Int, in lexer: Lexer) -> Problem {
    let word = NumberWord(at: start, in: lexer)
    return Problem(
      .syntax, "`\(word.text)` is not a number; \(word.hint)", at: word.range, found: word.text,
      fix: word.fix)
  }

  static func numberOutOfRange(_ range: Range<Int>, _ digits: String) -> Problem {
    Problem(
      .literal, "\(digits.prefix(40)) does not fit 64 bits", at: range,
      expected: "-9223372036854775808 to 9223372036854775807")
  }
}

extension Unicode.Scalar {
  /// The code point at an offset of valid UTF-8; U+FFFD inside one.
  init(decoding bytes: [UInt8], at offset: Int) {
    let text = String(decoding: bytes[offset..<Swift.min(offset + 4, bytes.count)], as: UTF8.self)
    self = text.unicodeScalars.first ?? "\u{fffd}"
  }
}
