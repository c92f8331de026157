import Bytes

/// A packet with a long header, as far as it is in clear (RFC 9000 §17.2, RFC 8999 §5.1).
///
///     +-+-+---+----+---------+--------+-------------+--------+--------+---------------
///     |1|1| T |    | version | length | destination | length | source | by type
///     +-+-+---+----+---------+--------+-------------+--------+--------+---------------
///       1 byte       4         1        0 to 20       1        0 to 20
///
///     Initial            token length (varint), token, length (varint), number, payload
///     0-RTT, Handshake   length (varint), number, payload
///     Retry              token, tag (16)
///     version 0          versions (4 each)
struct QUICPacket: Sendable {
  enum Kind: Sendable {
    case initial, zeroRTT, handshake, retry
    /// Version Negotiation.
    case negotiation
  }

  /// Longest connection ID, in bytes (RFC 9000 §17.2).
  static let maxConnectionID = 20
  /// Bytes of the tag that Retry packets end with.
  static let retryTag = 16

  let kind: Kind
  /// Of Version Negotiation it says nothing.
  let version: QUICVersion
  let destination: [UInt8]
  let source: [UInt8]
  /// Bytes of an Initial packet's token.
  let tokenLength: Int
  /// Where what follows on the header begins: the protected packet number, the token of a Retry, the
  /// versions of a Version Negotiation.
  let payload: Int
  /// Where the packet ends; another may follow in the same datagram.
  let end: Int

  /// - Throws: `unsupported` for a version that is not read, `truncated` for a packet that is longer
  ///   than what is left of its datagram.
  init(_ bytes: RawSpan) throws(WireError) {
    var cursor = Cursor(bytes)
    let first = try cursor.uint8()
    let number = try cursor.big32()
    guard first & 0x80 != 0 else { throw WireError(.invalid) }
    destination = try Self.connectionID(&cursor)
    source = try Self.connectionID(&cursor)
    if number == 0 {
      (kind, version, tokenLength) = (.negotiation, .v1, 0)
      (payload, end) = (cursor.offset, bytes.byteCount)
      return
    }
    guard let version = QUICVersion(rawValue: number) else { throw WireError(.unsupported, at: 1) }
    self.version = version
    kind = version.kind(first >> 4)
    if kind == .retry {
      guard cursor.remaining >= Self.retryTag else {
        throw WireError(.truncated, at: cursor.offset)
      }
      (payload, end, tokenLength) = (cursor.offset, bytes.byteCount, 0)
      return
    }
    tokenLength = try kind == .initial ? cursor.quicVarint() : 0
    try cursor.skip(tokenLength)
    let length = try cursor.quicVarint()
    guard length <= cursor.remaining else { throw WireError(.truncated, at: cursor.offset) }
    (payload, end) = (cursor.offset, cursor.offset + length)
  }

  private static func connectionID(_ cursor: inout Cursor) throws(WireError) -> [UInt8] {
    let length = Int(try cursor.uint8())
    guard length <= maxConnectionID else { throw WireError(.invalid, at: cursor.offset) }
    return try cursor.take(length).array()
  }
}

extension Cursor {
  /// A number of variable length: the first two bits tell of how many bytes (RFC 9000 §16).
  mutating func quicVarint() throws(WireError) -> Int {
    let first = try uint8()
    var value = Int(first & 0x3f)
    for _ in 1..<(1 << (first >> 6)) { value = value << 8 | Int(try uint8()) }
    return value
  }
}
