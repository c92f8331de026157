import Bytes

/// Elements of ASN.1 in the Basic Encoding Rules, as far as LDAP uses them (RFC 4511 §5.1): tags of
/// one byte, and lengths that are told.
struct BER {
  static let boolean: UInt8 = 0x01
  static let integer: UInt8 = 0x02
  static let octets: UInt8 = 0x04
  static let enumerated: UInt8 = 0x0a
  static let sequence: UInt8 = 0x30
  static let set: UInt8 = 0x31

  var tag: UInt8
  /// Where the content lies.
  var content: Range<Int>

  /// The head of an element at `at`: its tag, where its content begins, and how long that is. Nil
  /// when more bytes are needed.
  /// - Throws: for a length that is not told, or too long.
  static func head(
    _ bytes: RawSpan, _ at: Int
  ) throws(WireError) -> (tag: UInt8, start: Int, length: Int)? {
    guard at + 2 <= bytes.byteCount else { return nil }
    let first = bytes.byte(at + 1)
    if first < 0x80 { return (bytes.byte(at), at + 2, Int(first)) }
    let count = Int(first & 0x7f)
    guard count > 0, count <= 4 else { throw WireError(.unsupported, at: at + 1) }
    guard at + 2 + count <= bytes.byteCount else { return nil }
    var length = 0
    for place in 0..<count { length = length << 8 | Int(bytes.byte(at + 2 + place)) }
    return (bytes.byte(at), at + 2 + count, length)
  }

  /// The whole element at `at`, which moves behind it and stays within `end`.
  init(_ bytes: RawSpan, _ at: inout Int, end: Int) throws(WireError) {
    guard let head = try Self.head(bytes.prefix(end), at), head.length <= end - head.start else {
      throw WireError(.truncated, at: at)
    }
    tag = head.tag
    content = head.start..<head.start + head.length
    at = content.upperBound
  }

  /// The number, of at most eight bytes.
  func number(_ bytes: RawSpan) throws(WireError) -> Int64 {
    guard content.count > 0, content.count <= 8 else { throw WireError(.invalid) }
    var value = Int64(Int8(bitPattern: bytes.byte(content.lowerBound)))
    for at in content.dropFirst() { value = value << 8 | Int64(bytes.byte(at)) }
    return value
  }
}
