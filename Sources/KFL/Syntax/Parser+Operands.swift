// Operands: literals, names, calls, and what stands in brackets.

extension Parser {
  mutating func primary() throws(Problem) -> Syntax {
    let token = peek
    switch token.kind {
    case .int, .uint, .double: return try number(take(), sign: nil)
    case .text, .rawText, .regexText, .bytes, .rawBytes:
      if token.kind == .regexText { hasLegacySigns = true }
      return try textLiteral(take())
    case .name: return try name()
    case .dot where tokens[at + 1].kind == .name:
      _ = take()
      return try name(isAbsolute: true)
    case .leftParenthesis: return try parenthesised()
    case .leftBracket:
      let opener = take()
      let elements = peek.kind == .rightBracket ? [] : try elements(until: .rightBracket)
      try expect(.rightBracket, closing: opener)
      return try node(.list(elements), Int(opener.start)..<Int(tokens[at - 1].end), elements)
    case .leftBrace: return try braces()
    default: throw .missingOperand(at: at, in: self)
    }
  }

  private mutating func parenthesised() throws(Problem) -> Syntax {
    let opener = take()
    let inner = try expression()
    if peek.kind == .comma { throw .parenthesisedList(opener, at: at, in: self) }
    try expect(.rightParenthesis, closing: opener)
    return inner.parenthesised(Int(opener.start)..<Int(tokens[at - 1].end))
  }

  /// A map, or the legacy list in braces.
  private mutating func braces() throws(Problem) -> Syntax {
    let opener = take()
    if take(.rightBrace) {
      return leaf(.map([]), opener.range.lowerBound..<Int(tokens[at - 1].end))
    }
    let first = try expression()
    if dialect == .kfl, peek.kind != .colon {
      var elements = [first]
      if take(.comma) { elements += try self.elements(until: .rightBrace) }
      try expect(.rightBrace, closing: opener)
      hasLegacySigns = true
      return try node(.braces(elements), Int(opener.start)..<Int(tokens[at - 1].end), elements)
    }
    var pairs: [(key: Syntax, value: Syntax)] = []
    var key = first
    while true {
      guard take(.colon) else { throw .mapWithoutColon(peek.range) }
      pairs.append((key, try expression()))
      guard pairs.count < Limits.literalElements else { throw .tooManyElements(peek.range) }
      guard take(.comma), peek.kind != .rightBrace else { break }
      key = try expression()
    }
    try expect(.rightBrace, closing: opener)
    return try node(
      .map(pairs), Int(opener.start)..<Int(tokens[at - 1].end), pairs.flatMap { [$0, $1] })
  }

  private mutating func name(isAbsolute: Bool = false) throws(Problem) -> Syntax {
    let place = at
    let token = take()
    let name = text(token)
    switch name {
    case "true": return leaf(.literal(.bool(true)), token.range)
    case "false": return leaf(.literal(.bool(false)), token.range)
    case "null": return leaf(.literal(.null), token.range)
    case "nil" where dialect == .kfl:
      hasLegacySigns = true
      return leaf(.literal(.null), token.range)
    case "in": throw .missingOperand(at: place, in: self)
    case "and", "or", "AND", "OR", "not", "NOT":
      if dialect == .kfl { throw .missingOperand(at: place, in: self) }
    case "contains", "startsWith", "endsWith", "matches":
      if dialect == .kfl, peek.kind != .leftParenthesis {
        throw .missingOperand(at: place, in: self)
      }
    default:
      if Parser.reserved.contains(name) { throw .reservedName(name, at: place, in: self) }
    }
    if peek.kind == .leftParenthesis {
      let arguments = try arguments()
      return try node(
        .call(name, arguments), Int(token.start)..<Int(tokens[at - 1].end), arguments)
    }
    return leaf(.name(name, isAbsolute: isAbsolute), token.range)
  }

  /// Names CEL keeps for languages around it; allowed after a dot.
  static let reserved: Set<String> = [
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
    "package", "namespace", "return", "var", "void", "while",
  ]

  private func textLiteral(_ token: Token) throws(Problem) -> Syntax {
    let value = try TextLiteral(bytes: bytes, token: token).value()
    switch token.kind {
    case .bytes, .rawBytes: return leaf(.literal(.bytes(value)), token.range)
    case .regexText: return leaf(.regex(String(decoding: value, as: UTF8.self)), token.range)
    default: return leaf(.literal(.string(String(decoding: value, as: UTF8.self))), token.range)
    }
  }

  func number(_ token: Token, sign: Token?) throws(Problem) -> Syntax {
    let range = Int((sign ?? token).start)..<Int(token.end)
    let digits = (sign == nil ? "" : "-") + text(token)
    let value: Value? =
      switch token.kind {
      case .int: Parser.int(digits).map(Value.int)
      case .uint: Parser.uint(digits.dropLast()).map(Value.uint)
      default:
        Double(text(token).hasPrefix(".") ? digits.replacing(".", with: "0.") : digits)
          .flatMap { $0.isFinite ? .double($0) : nil }
      }
    guard let value else { throw .numberOutOfRange(range, digits) }
    return leaf(.literal(value), range)
  }

  private static func int(_ text: String) -> Int64? {
    guard let x = text.firstIndex(where: { $0 == "x" || $0 == "X" }) else { return Int64(text) }
    let digits = text[text.index(after: x)...]
    return Int64((text.hasPrefix("-") ? "-" : "") + digits, radix: 16)
  }

  private static func uint(_ text: Substring) -> UInt64? {
    guard text.hasPrefix("0x") || text.hasPrefix("0X") else { return UInt64(text) }
    return UInt64(text.dropFirst(2), radix: 16)
  }
}
