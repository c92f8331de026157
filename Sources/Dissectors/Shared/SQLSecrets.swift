import Bytes

/// Finds passwords written into SQL statements: `ALTER USER a PASSWORD 'x'`,
/// `IDENTIFIED BY 'x'`, `WHERE password = 'x'`, `CONNECTION 'host=a password=x'`.
///
/// A literal is a secret when a telling word stands before it, back to the literal or comma before,
/// or inside it. Where values are told apart by their place (INSERT), a telling column hides all of
/// them: better too much than too little.
enum SQLSecrets {
  /// How a language quotes.
  enum Dialect { case postgresql, mysql }

  /// The statement with `[redacted]` in place of its secret literals.
  static func hidden(in bytes: RawSpan, _ dialect: Dialect) -> [UInt8] {
    guard tells(bytes) else { return bytes.array() }
    let verb = SQLText.verb(bytes)
    return replaced(in: bytes, dialect, hidesAll: verb == "INSERT" || verb == "REPLACE")
  }

  /// The same with `[redacted]` in place of all its literals.
  static func withoutLiterals(_ bytes: RawSpan, _ dialect: Dialect) -> [UInt8] {
    replaced(in: bytes, dialect, hidesAll: true)
  }

  private static func replaced(
    in bytes: RawSpan, _ dialect: Dialect, hidesAll: Bool
  ) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.byteCount)
    var at = 0
    /// Where the code before the next literal begins.
    var before = 0
    /// Only blanks and comments stand behind a secret: a literal that comes now goes on with it.
    var goesOn = false
    while at < bytes.byteCount {
      let byte = bytes.byte(at)
      // An apostrophe in a comment or a quoted name begins no literal.
      if let end = asideEnd(bytes, at, dialect) {
        text.append(bytes.slice(at..<end))
        at = end
        continue
      }
      guard let end = literalEnd(bytes, at, dialect) else {
        if byte == 0x2c || byte == 0x3b { before = at }
        if byte > 0x20 { goesOn = false }
        text.append(byte)
        at += 1
        continue
      }
      let literal = bytes.slice(at..<end)
      if hidesAll || goesOn || tells(bytes.slice(before..<at)) || tells(literal) {
        goesOn = true
        text.append(byte)
        text += Array(SQLText.redacted.utf8)
        text.append(byte)
      } else {
        text.append(literal)
      }
      at = end
      before = end
    }
    return text
  }

  /// Whether one of the words is in there, in either case.
  static func tells(_ bytes: RawSpan) -> Bool {
    if bytes.byteCount >= RawSpan.leastToProbe, !bytes.mayHold(mayTell) { return false }
    return tellsForSure(bytes)
  }

  /// Letters that stand next to each other, or with one between them, in the telling words and in few
  /// others: each word has some of these.
  @inline(__always)
  private static func mayTell(
    _ first: SIMD16<UInt8>, _ second: SIMD16<UInt8>, _ third: SIMD16<UInt8>
  ) -> SIMD16<UInt8> {
    let (first, second, third) = (first | 0x20, second | 0x20, third | 0x20)
    /// With more of the word behind them.
    @inline(__always)
    func pair(_ a: Unicode.Scalar, _ b: Unicode.Scalar) -> SIMD16<UInt8> {
      first.places(of: UInt8(ascii: a)) & second.places(of: UInt8(ascii: b))
    }
    /// With some of the word before them: they may be its last ones, and those of the text.
    @inline(__always)
    func last(_ a: Unicode.Scalar, _ b: Unicode.Scalar) -> SIMD16<UInt8> {
      second.places(of: UInt8(ascii: a)) & third.places(of: UInt8(ascii: b))
    }
    // api_key, apikey, access_key and private_key; token; credential, crypt( and secret; password and
    // passwd; passwd and pwd; passphrase; pgp_sym; identified
    return last("e", "y") | pair("o", "k") | pair("c", "r") | pair("s", "w") | last("w", "d")
      | pair("p", "h") | pair("g", "p")
      | first.places(of: UInt8(ascii: "t")) & third.places(of: UInt8(ascii: "f"))
  }

  private static func tellsForSure(_ bytes: RawSpan) -> Bool {
    /// The last three bytes in lower case.
    var letters: UInt32 = 0
    for at in 0..<bytes.byteCount {
      letters = letters << 8 & 0xff_ffff | UInt32(bytes.byte(at) | 0x20)
      // Few letters begin one of the words, which all differ in the first three.
      let initial = letters >> 16 &- 0x61
      guard initial < 26, initials >> initial & 1 == 1 else { continue }
      let words: [StaticString]
      switch letters {
      case 0x61_6363, 0x61_7069: words = withA
      case 0x63_7265, 0x63_7279: words = withC
      case 0x69_6465: words = withI
      case 0x70_6173, 0x70_6770, 0x70_7269, 0x70_7764: words = withP
      case 0x73_6563: words = withS
      case 0x74_6f6b: words = withT
      default: continue
      }
      let rest = bytes.suffix(from: at - 2)
      for word in words where rest.prefix(word.utf8CodeUnitCount).equalsIgnoringCase(word) {
        return true
      }
    }
    return false
  }

  /// Letters that begin a telling word: a, c, i, p, s, t.
  private static let initials: UInt32 = 1 << 0 | 1 << 2 | 1 << 8 | 1 << 15 | 1 << 18 | 1 << 19

  // The telling words by their first letter.
  private static let withA: [StaticString] = ["api_key", "apikey", "access_key"]
  private static let withC: [StaticString] = ["credential", "crypt("]
  private static let withI: [StaticString] = ["identified"]
  private static let withP: [StaticString] = [
    "password", "passwd", "passphrase", "pwd", "private_key", "pgp_sym",
  ]
  private static let withS: [StaticString] = ["secret"]
  private static let withT: [StaticString] = ["token"]

  /// Where a comment or quoted name that begins at `start` ends; nil when none begins there.
  private static func asideEnd(
    _ bytes: RawSpan, _ start: Int, _ dialect: Dialect
  ) -> Int? {
    let next = start + 1 < bytes.byteCount ? bytes.byte(start + 1) : 0
    switch (bytes.byte(start), dialect) {
    case (0x22, .postgresql), (0x60, .mysql):
      return bytes.firstOffset(of: bytes.byte(start), from: start + 1).map { $0 + 1 }
    case (0x23, .mysql): return lineEnd(bytes, start)
    case (0x2d, .postgresql) where next == 0x2d: return lineEnd(bytes, start)
    case (0x2d, .mysql) where next == 0x2d:
      // Without a blank it is two minus signs.
      let third = start + 2 < bytes.byteCount ? bytes.byte(start + 2) : 0x20
      return third <= 0x20 ? lineEnd(bytes, start) : nil
    case (0x2f, _) where next == 0x2a:
      // What stands in /*! … */ is code to MySQL.
      if dialect == .mysql, start + 2 < bytes.byteCount, bytes.byte(start + 2) == 0x21 {
        return nil
      }
      var at = start + 2
      while let star = bytes.firstOffset(of: 0x2a, from: at) {
        if star + 1 < bytes.byteCount, bytes.byte(star + 1) == 0x2f { return star + 2 }
        at = star + 1
      }
      return bytes.byteCount
    default: return nil
    }
  }

  private static func lineEnd(_ bytes: RawSpan, _ start: Int) -> Int {
    bytes.firstOffset(of: 0x0a, from: start) ?? bytes.byteCount
  }

  /// Where the literal that begins at `start` ends; nil when none begins there. One without end
  /// reaches to the end of the text.
  private static func literalEnd(
    _ bytes: RawSpan, _ start: Int, _ dialect: Dialect
  ) -> Int? {
    let quote = bytes.byte(start)
    // Between double quotes stands a name in PostgreSQL, and a text in MySQL.
    switch (quote, dialect) {
    case (0x27, _), (0x22, .mysql): break
    case (0x24, .postgresql): return dollarEnd(bytes, start)
    default: return nil
    }
    // In PostgreSQL a backslash is a character, unless an E stands before the literal.
    let escapes =
      dialect == .mysql
      || start > 0 && bytes.byte(start - 1) | 0x20 == 0x65
        && (start == 1 || !isTag(bytes.byte(start - 2)))
    var at = start + 1
    while at < bytes.byteCount {
      switch bytes.byte(at) {
      case 0x5c where escapes: at += 2
      case quote:
        guard at + 1 < bytes.byteCount, bytes.byte(at + 1) == quote else { return at + 1 }
        at += 2
      default: at += 1
      }
    }
    return bytes.byteCount
  }

  /// `$$text$$` or `$tag$text$tag$` of PostgreSQL.
  private static func dollarEnd(_ bytes: RawSpan, _ start: Int) -> Int? {
    var tagEnd = start + 1
    while tagEnd < bytes.byteCount, tagEnd - start < 32, isTag(bytes.byte(tagEnd)) { tagEnd += 1 }
    guard tagEnd < bytes.byteCount, bytes.byte(tagEnd) == 0x24,
      tagEnd == start + 1
        || bytes.byte(start + 1) > 0x39
    else { return nil }
    let tag = bytes.slice(start..<tagEnd + 1)
    var at = tagEnd + 1
    while let next = bytes.firstOffset(of: 0x24, from: at) {
      let end = next + tag.byteCount
      if end > bytes.byteCount { break }
      if equal(bytes.slice(next..<end), tag) { return end }
      at = next + 1
    }
    return bytes.byteCount
  }

  private static func isTag(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x5f
  }

  private static func equal(_ a: RawSpan, _ b: RawSpan) -> Bool {
    for at in 0..<a.byteCount where a.byte(at) != b.byte(at) { return false }
    return true
  }
}
