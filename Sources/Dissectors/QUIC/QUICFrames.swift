import Bytes

/// The frames of an Initial packet (RFC 9000 §12.4, table 3): PADDING, PING, ACK, CRYPTO and
/// CONNECTION_CLOSE of the transport; others are forbidden there.
struct QUICFrames: Sendable {
  /// Frames of one packet that are read, padding apart.
  static let maxFrames = 1024

  private enum Kind {
    static let padding: UInt8 = 0x00
    static let ping: UInt8 = 0x01
    static let ack: UInt8 = 0x02
    static let ackWithCounts: UInt8 = 0x03
    static let crypto: UInt8 = 0x06
    static let close: UInt8 = 0x1c
  }

  /// The sender ends the connection.
  private(set) var close: QUICClose?
  /// Why the rest was not read.
  private(set) var failure: WireError?

  /// Reads them all; the content of CRYPTO frames goes to `stream`.
  init(_ payload: RawSpan, into stream: inout TLSPieces) {
    do throws(WireError) {
      try read(payload, into: &stream)
    } catch {
      failure = error
    }
  }

  private mutating func read(
    _ payload: RawSpan, into stream: inout TLSPieces
  ) throws(WireError) {
    var cursor = Cursor(payload)
    var count = 0
    while !cursor.isAtEnd {
      let kind = try cursor.uint8()
      if kind == Kind.padding { continue }
      count += 1
      guard count <= Self.maxFrames else { throw WireError(.tooLarge, at: cursor.offset) }
      switch kind {
      case Kind.ping: break
      case Kind.ack, Kind.ackWithCounts:
        try Self.skipACK(&cursor, hasCounts: kind == Kind.ackWithCounts)
      case Kind.crypto:
        let offset = try cursor.quicVarint()
        let length = try cursor.quicVarint()
        try stream.add(try cursor.take(length), at: offset)
      case Kind.close: close = try QUICClose(&cursor)
      default: throw WireError(.invalid, at: cursor.offset)
      }
    }
  }

  /// ACK (RFC 9000 §19.3): largest number, delay, count of ranges, first range; gap and length of
  /// each other; three counts of ECN.
  private static func skipACK(_ cursor: inout Cursor, hasCounts: Bool) throws(WireError) {
    _ = try cursor.quicVarint()
    _ = try cursor.quicVarint()
    let ranges = try cursor.quicVarint()
    _ = try cursor.quicVarint()
    // A range has two bytes at the least.
    guard ranges <= cursor.remaining / 2 else { throw WireError(.truncated, at: cursor.offset) }
    for _ in 0..<2 * ranges + (hasCounts ? 3 : 0) { _ = try cursor.quicVarint() }
  }
}

/// CONNECTION_CLOSE of the transport (RFC 9000 §19.19).
struct QUICClose: Sendable {
  /// Bytes of the reason that are shown.
  private static let maxReason = 256

  let code: Int
  let reason: String

  /// - Parameter cursor: stands behind the frame's type.
  init(_ cursor: inout Cursor) throws(WireError) {
    code = try cursor.quicVarint()
    // Type of the frame that was the cause.
    _ = try cursor.quicVarint()
    reason = try cursor.take(try cursor.quicVarint()).prefix(Self.maxReason).text()
  }

  /// The error in words; alerts of TLS have the name they have there.
  var name: String { QUICNames.error(code) }
}
