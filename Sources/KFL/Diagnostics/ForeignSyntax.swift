/// Words of SQL, Wireshark and others where an operator of ours is expected, and their translation.
struct ForeignSyntax {
  var message = ""
  var expected = ""
  var fix: [Edit] = []

  let parser: Parser
  private let place: Int

  /// Nil when the token at `place` is no such word.
  init?(at place: Int, in parser: Parser) {
    self.parser = parser
    self.place = place
    let token = parser.tokens[place]
    guard token.kind == .name, parser.dialect == .kfl else { return nil }
    let word = parser.text(token).lowercased()
    if place == 1, Self.commands.contains(lower(0)) {
      message = "a filter is the bare condition, without `\(parser.text(parser.tokens[0]))`"
      fix = [.delete(0..<Int(token.start))]
      return
    }
    if word == "where" || word == "with" || word == "having" || word == "but" {
      message = "conditions are joined by `&&` or `||`"
      expected = "&&"
      fix = [Edit(token.range, "&&")]
      return
    }
    if clause(word, at: place) || phrase(word, at: place) { return }
    if word == "to", range(at: place) { return }
    if let sign = ForeignSyntax.signs[word] {
      message = "`\(parser.text(token))` is not an operator; use `\(sign)`"
      expected = sign
      fix = [Edit(token.range, sign)]
      return
    }
    switch word {
    case "icontains": caseless(at: place)
    case "not" where lower(place + 1) == "between": between(at: place + 1)
    case "like", "ilike", "rlike", "regexp", "glob": like(word, at: place, isNegated: false)
    case "not" where lower(place + 1) == "like" || lower(place + 1) == "ilike":
      like(lower(place + 1), at: place + 1, isNegated: true)
    case "is": isWord()
    case "between": between(at: place)
    case "exists":
      message = "whether something is there is asked by `!= null`, or by has() and `in` on maps"
      fix = [Edit(token.range, "!= null")]
    case "limit" where place + 1 < parser.tokens.count && parser.tokens[place + 1].kind == .int:
      message = "a row limit is written `&& limit(n)`"
      fix = [
        Edit(
          token.range.lowerBound..<parser.tokens[place + 1].range.upperBound,
          "&& limit(\(parser.text(parser.tokens[place + 1])))")
      ]
    case "not" where place + 1 < parser.tokens.count && parser.tokens[place + 1].isLiteral:
      message = "inequality is written `!=`"
      expected = "!="
      fix = [Edit(token.range, "!=")]
    case "xor" where place == 1 || place > 1 && parser.isConnective(parser.tokens[place - 2]):
      message = "either condition but not both is written `!=`"
      expected = "!="
      fix = [Edit(token.range, "!=")]
    case _ where place > 0 && parser.tokens[place - 1].kind == .int && isSize(word, at: place):
      break
    case _ where place > 0 && parser.tokens[place - 1].kind == .int:
      // `5 minutes`
      let number = parser.text(parser.tokens[place - 1])
      guard let length = DateText.duration(number + " " + word) else { return nil }
      message = "lengths of time are written duration(\"\(length)\")"
      fix = [
        Edit(parser.tokens[place - 1].range.lowerBound..<token.range.upperBound, length)
      ]
    default: return nil
    }
  }

  /// `10 KB`
  private mutating func isSize(_ word: String, at place: Int) -> Bool {
    let number = parser.tokens[place - 1]
    guard let bytes = NumberWord.bytes(of: parser.text(number) + word) else { return false }
    message = "sizes are plain numbers of bytes"
    fix = [Edit(Int(number.start)..<Int(parser.tokens[place].end), String(bytes))]
    return true
  }

  func lower(_ place: Int) -> String {
    place < parser.tokens.count ? parser.text(parser.tokens[place]).lowercased() : ""
  }

  /// Operators by words of other languages.
  static let signs: [String: String] = [
    "eq": "==", "ne": "!=", "neq": "!=", "gt": ">", "ge": ">=", "gte": ">=", "lt": "<",
    "le": "<=", "lte": "<=", "equals": "==", "equal": "==", "in": "in", "contain": "contains",
    "contains": "contains", "startswith": "startsWith", "starts_with": "startsWith",
    "beginswith": "startsWith", "endswith": "endsWith", "ends_with": "endsWith",
    "matches": "matches", "match": "matches", "includes": "contains", "has": "contains",
    "plus": "+", "minus": "-",
  ]

  /// `x LIKE '%y%'` with the test that means the same.
  private mutating func like(_ word: String, at place: Int, isNegated: Bool) {
    message =
      "`\(word.uppercased())` is not an operator; use contains, startsWith, endsWith or matches"
    expected = "matches"
    guard place + 1 < parser.tokens.count, parser.tokens[place + 1].kind == .text,
      let bytes = try? TextLiteral(bytes: parser.bytes, token: parser.tokens[place + 1]).value(),
      let operand = Operand(endingBefore: self.place, parser.tokens, parser.bytes)
    else { return }
    let pattern = String(decoding: bytes, as: UTF8.self)
    let test: String
    if word == "rlike" || word == "regexp" {
      test = ".matches(\(Value.quoted(pattern)))"
    } else {
      test = LikePattern(pattern, wildcard: word == "glob" ? "*" : "%").test(
        ignoringCase: word == "ilike")
    }
    let text = (isNegated ? "!" : "") + operand.text + test
    fix = [
      Edit(operand.range.lowerBound..<parser.tokens[place + 1].range.upperBound, text)
    ]
  }

  /// `x IS NULL`, `x IS NOT NULL`, `x is "y"`.
  private mutating func isWord() {
    let isNegated = lower(place + 1) == "not"
    let sign = isNegated ? "!=" : "=="
    message = "`is` is not an operator; use `\(sign)`"
    expected = sign
    let last = place + (isNegated ? 1 : 0)
    let end = parser.tokens[last].range.upperBound
    var edit = Edit(parser.tokens[place].range.lowerBound..<end, sign)
    if last + 1 < parser.tokens.count,
      ["null", "empty", "none", "nil", "missing"].contains(lower(last + 1))
    {
      edit = Edit(
        edit.range.lowerBound..<parser.tokens[last + 1].range.upperBound, sign + " null")
    }
    fix = [edit]
  }

  /// `x BETWEEN a AND b`
  private mutating func between(at place: Int) {
    let isNegated = place > self.place
    message = "`BETWEEN` is not an operator; use `x >= low && x <= high`"
    expected = ">= … && … <="
    guard place + 3 < parser.tokens.count, lower(place + 2) == "and",
      let operand = Operand(endingBefore: self.place, parser.tokens, parser.bytes)
    else { return }
    let (low, high) = (parser.tokens[place + 1], parser.tokens[place + 3])
    fix = [
      Edit(
        operand.range.lowerBound..<high.range.upperBound,
        (isNegated ? "!" : "")
          + "(\(operand.text) >= \(parser.text(low)) && \(operand.text) <= \(parser.text(high)))")
    ]
  }
}

/// A pattern with wildcards for any run of characters.
struct LikePattern {
  private let text: String
  private let wildcard: Character

  init(_ text: String, wildcard: Character) {
    self.text = text
    self.wildcard = wildcard
  }

  /// The method call that tests for it: the cheapest that means the same.
  func test(ignoringCase: Bool) -> String {
    var inner = text[...]
    let isOpenStart = inner.first == wildcard
    if isOpenStart { inner = inner.dropFirst() }
    let isOpenEnd = inner.last == wildcard
    if isOpenEnd { inner = inner.dropLast() }
    let isPlain = !inner.contains(wildcard) && (wildcard != "%" || !inner.contains("_"))
    if isPlain, !ignoringCase {
      let literal = Value.quoted(String(inner))
      switch (isOpenStart, isOpenEnd) {
      case (true, true): return ".contains(\(literal))"
      case (true, false): return ".endsWith(\(literal))"
      case (false, true): return ".startsWith(\(literal))"
      case (false, false): return " == \(literal)"
      }
    }
    var pattern = (ignoringCase ? "(?i)" : "") + (isOpenStart ? "" : "^")
    for character in inner {
      if character == wildcard {
        pattern += ".*"
      } else if character == "_", wildcard == "%" {
        pattern += "."
      } else {
        pattern += LikePattern.escaped(character)
      }
    }
    return ".matches(\(Value.quoted(pattern + (isOpenEnd ? "" : "$"))))"
  }

  /// A character that means itself in a regular expression.
  static func escaped(_ character: Character) -> String {
    #"\.+*?()|[]{}^$"#.contains(character) ? "\\" + String(character) : String(character)
  }
}
