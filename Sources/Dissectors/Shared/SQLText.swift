import Bytes

/// The text of an SQL statement as an entry shows it: cut, and without the passwords in it.
enum SQLText {
  /// Bytes of a statement that are shown.
  static let limit = 8 << 10
  /// Word in place of a secret.
  static let redacted = "[redacted]"

  /// - Parameter bytes: the statement, or as much of it as there is.
  /// - Parameter isCut: there was more of it.
  static func shown(
    _ bytes: RawSpan, isCut: Bool = false, _ dialect: SQLSecrets.Dialect
  ) -> [UInt8] {
    let isCut = isCut || bytes.byteCount > limit
    var text = SQLSecrets.hidden(in: bytes.prefix(limit), dialect)
    if !text.rawSpan.isASCII { text = Array(text.rawSpan.text().utf8) }
    if isCut { text += Array("…".utf8) }
    return text
  }

  /// Whether a whole statement is shown as it is.
  static func isShownAsItIs(_ bytes: RawSpan) -> Bool {
    bytes.byteCount <= limit && bytes.isASCII && !SQLSecrets.tells(bytes)
  }

  /// Whether the text of a statement, as it is shown, had a secret.
  static func hasSecrets(_ shown: RawSpan) -> Bool {
    guard let bracket = shown.firstOffset(of: 0x5b) else { return false }
    return shown.firstOffset(of: "[redacted]", from: bracket) != nil
  }

  /// First word of a statement in upper case, comments before it passed over; empty for none.
  static func verb(_ bytes: RawSpan) -> String {
    let verb = verb(in: bytes)
    var word: [UInt8] = []
    word.append(addingCapacity: verb.count) { append(verb: verb, of: bytes, to: &$0) }
    return String(decoding: word, as: UTF8.self)
  }

  /// Where the first word of a statement is.
  static func verb(in bytes: RawSpan) -> Range<Int> {
    let start = skipBlanks(bytes, 0)
    var at = start
    while at < bytes.byteCount, at - start < 24, isLetter(bytes.byte(at)) { at += 1 }
    return start..<at
  }

  /// Appends that word in upper case, for which there must be room.
  static func append(verb: Range<Int>, of bytes: RawSpan, to text: inout OutputSpan<UInt8>) {
    for at in verb { text.append(bytes.byte(at) & 0xdf) }
  }

  /// Where blanks, parentheses and comments that begin at `start` end.
  static func skipBlanks(_ bytes: RawSpan, _ start: Int) -> Int {
    var at = start
    while at < bytes.byteCount {
      switch bytes.byte(at) {
      case 0x20, 0x09...0x0d, 0x28, 0x3b: at += 1
      case 0x2d where at + 1 < bytes.byteCount && bytes.byte(at + 1) == 0x2d:
        at = bytes.firstOffset(of: 0x0a, from: at) ?? bytes.byteCount
      case 0x2f where at + 1 < bytes.byteCount && bytes.byte(at + 1) == 0x2a:
        at = bytes.firstOffset(of: "*/", from: at + 2).map { $0 + 2 } ?? bytes.byteCount
      default: return at
      }
    }
    return at
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
}
