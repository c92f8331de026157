/// Cuts a filter into tokens. Linear; stops at the first mistake.
struct Lexer {
  let bytes: [UInt8]
  let dialect: KFL.Dialect
  private(set) var tokens: [Token] = []
  private var at = 0

  init(_ bytes: [UInt8], dialect: KFL.Dialect) {
    self.bytes = bytes
    self.dialect = dialect
    tokens.reserveCapacity(bytes.count / 4 + 2)
  }

  /// All tokens, the last one being `end`.
  mutating func run() throws(Problem) -> [Token] {
    while true {
      skipBlanks()
      guard at < bytes.count else { break }
      try token()
    }
    tokens.append(Token(.end, bytes.count, bytes.count))
    return tokens
  }

  private func byte(_ ahead: Int = 0) -> UInt8 {
    at + ahead < bytes.count ? bytes[at + ahead] : 0
  }

  private mutating func add(_ kind: Token.Kind, length: Int) {
    tokens.append(Token(kind, at, at + length))
    at += length
  }

  /// White space and comments. A no-break space counts as a blank: it comes with pasted text.
  private mutating func skipBlanks() {
    while at < bytes.count {
      switch byte() {
      case UInt8(ascii: " "), 0x09, 0x0a, 0x0c, 0x0d: at += 1
      case 0xc2 where byte(1) == 0xa0 && dialect == .kfl: at += 2
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"): skipLine()
      case UInt8(ascii: "#") where dialect == .kfl: skipLine()
      default: return
      }
    }
  }

  private mutating func skipLine() {
    while at < bytes.count, bytes[at] != 0x0a { at += 1 }
  }

  private mutating func token() throws(Problem) {
    let first = byte()
    if first.isNameStart {
      try name()
    } else if first.isDigit
      || first == UInt8(ascii: ".") && byte(1).isDigit && !(tokens.last?.endsOperand ?? false)
    {
      try number()
    } else if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
      try text(.text, from: at, quoteAt: at)
    } else if first == UInt8(ascii: "`") {
      try quotedName()
    } else {
      try symbol(first)
    }
  }

  private mutating func symbol(_ first: UInt8) throws(Problem) {
    let second = byte(1)
    switch Character(UnicodeScalar(first)) {
    case "(": add(.leftParenthesis, length: 1)
    case ")": add(.rightParenthesis, length: 1)
    case "[": add(.leftBracket, length: 1)
    case "]": add(.rightBracket, length: 1)
    case "{": add(.leftBrace, length: 1)
    case "}": add(.rightBrace, length: 1)
    case ",": add(.comma, length: 1)
    case ".": second == first ? add(.dotDot, length: 2) : add(.dot, length: 1)
    case ":": add(.colon, length: 1)
    case "?": add(.question, length: 1)
    case "+": add(.plus, length: 1)
    case "-": add(.minus, length: 1)
    case "*": add(.star, length: 1)
    case "/": add(.slash, length: 1)
    case "%": add(.percent, length: 1)
    case "!" where second == UInt8(ascii: "="): try relation(.notEqual)
    case "!" where second == UInt8(ascii: "~"): throw .foreignOperator(at: at..<at + 2, in: self)
    case "!": add(.bang, length: 1)
    case "=" where second == UInt8(ascii: "="): try relation(.equal)
    case "<" where second == UInt8(ascii: "="): try relation(.lessOrEqual)
    case ">" where second == UInt8(ascii: "="): try relation(.greaterOrEqual)
    case "<" where second != UInt8(ascii: ">"): add(.less, length: 1)
    case ">": add(.greater, length: 1)
    case "&" where second == first: add(.and, length: 2)
    case "|" where second == first: add(.or, length: 2)
    default: throw .foreignSymbol(at: at, in: self)
    }
  }

  /// A relation of two characters; `===` and `!==` are another language's.
  private mutating func relation(_ kind: Token.Kind) throws(Problem) {
    if byte(2) == UInt8(ascii: "="), kind == .equal || kind == .notEqual {
      throw .foreignOperator(at: at..<at + 3, in: self)
    }
    add(kind, length: 2)
  }

  /// A name, or the prefix of a text literal (`r`, `b`, `br`).
  private mutating func name() throws(Problem) {
    var end = at
    while end < bytes.count, bytes[end].isNamePart { end += 1 }
    let length = end - at
    let quote = end < bytes.count ? bytes[end] : 0
    if length <= 2, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
      let kind = textKind(prefix: bytes[at..<end])
    {
      return try text(kind, from: at, quoteAt: end)
    }
    if quote >= 0x80 { throw .foreignLetter(at: end, in: self) }
    add(.name, length: length)
  }

  private func textKind(prefix: ArraySlice<UInt8>) -> Token.Kind? {
    switch String(decoding: prefix, as: UTF8.self) {
    case "r": dialect == .kfl ? .regexText : .rawText
    case "R": .rawText
    case "b", "B": .bytes
    case "br", "bR", "Br", "BR": .rawBytes
    default: nil
    }
  }

  /// A member name in backticks: letters, digits and `_ . - / ` with blanks, as CEL has it.
  private mutating func quotedName() throws(Problem) {
    var end = at + 1
    while end < bytes.count, bytes[end] != UInt8(ascii: "`"), bytes[end] != 0x0a { end += 1 }
    guard end < bytes.count, bytes[end] == UInt8(ascii: "`"), tokens.last?.kind == .dot else {
      throw .backticks(at: at, end: end, in: self)
    }
    add(.quotedName, length: end + 1 - at)
  }

  /// A text literal whose quote stands at `quoteAt`. Ends are found here, escapes are read later.
  private mutating func text(_ kind: Token.Kind, from start: Int, quoteAt: Int) throws(Problem) {
    let quote = bytes[quoteAt]
    let isRaw = kind == .rawText || kind == .regexText || kind == .rawBytes
    let isTriple =
      quoteAt + 2 < bytes.count && bytes[quoteAt + 1] == quote && bytes[quoteAt + 2] == quote
    var end = quoteAt + (isTriple ? 3 : 1)
    while end < bytes.count {
      let byte = bytes[end]
      if byte == UInt8(ascii: "\\"), !isRaw {
        end += 2
      } else if byte == quote, !isTriple {
        return finish(kind, start, end + 1)
      } else if byte == quote, end + 2 < bytes.count, bytes[end + 1] == quote,
        bytes[end + 2] == quote
      {
        return finish(kind, start, end + 3)
      } else if !isTriple, byte == 0x0a || byte == 0x0d {
        break
      } else {
        end += 1
      }
    }
    throw .unterminatedText(from: start, quoteAt: quoteAt, isTriple: isTriple, in: self)
  }

  private mutating func finish(_ kind: Token.Kind, _ start: Int, _ end: Int) {
    tokens.append(Token(kind, start, end))
    at = end
  }

  private mutating func number() throws(Problem) {
    let start = at
    var end = at
    var kind = Token.Kind.int
    func digits() { while end < bytes.count, bytes[end].isDigit { end += 1 } }
    if byte() == UInt8(ascii: "0"), byte(1) | 0x20 == UInt8(ascii: "x"), byte(2).isHexDigit {
      end += 2
      while end < bytes.count, bytes[end].isHexDigit { end += 1 }
    } else {
      digits()
      if end + 1 < bytes.count, bytes[end] == UInt8(ascii: "."), bytes[end + 1].isDigit {
        kind = .double
        end += 1
        digits()
      }
      if end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") {
        var exponent = end + 1
        if exponent < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[exponent])
        {
          exponent += 1
        }
        if exponent < bytes.count, bytes[exponent].isDigit {
          kind = .double
          end = exponent
          digits()
        }
      }
    }
    if kind == .int, end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "u") {
      kind = .uint
      end += 1
    }
    if end < bytes.count,
      bytes[end].isNamePart || kind == .double && bytes[end] == UInt8(ascii: ".")
    {
      throw .malformedNumber(from: start, in: self)
    }
    finish(kind, start, end)
  }
}

extension UInt8 {
  var isDigit: Bool { self >= 0x30 && self <= 0x39 }
  var isHexDigit: Bool { isDigit || (self | 0x20) >= 0x61 && (self | 0x20) <= 0x66 }
  var isNameStart: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7a || self == 0x5f }
  var isNamePart: Bool { isNameStart || isDigit }
}
