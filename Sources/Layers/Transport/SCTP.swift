package import Bytes
import Packets

/// SCTP common header (RFC 9260 §3.1); chunks follow.
///
///      0                             15 16                            31
///     +--------------------------------+-------------------------------+
///     |          source port           |       destination port        |
///     +--------------------------------+-------------------------------+
///     |                        verification tag                        |
///     +----------------------------------------------------------------+
///     |                            checksum                            |
///     +----------------------------------------------------------------+
package struct SCTPHeader: Hashable, Sendable {
  package static let length = 12

  package var sourcePort: UInt16
  package var destinationPort: UInt16
  package var verificationTag: UInt32
  /// As on the wire.
  package var checksum: UInt32

  /// Reads the header at the beginning of an SCTP packet: the payload of a `Decoded`.
  /// - Throws: `truncated` below twelve bytes.
  package init(_ packet: RawSpan) throws(WireError) {
    guard packet.byteCount >= Self.length else { throw WireError(.truncated, at: 0) }
    (sourcePort, destinationPort) = (packet.big16(0), packet.big16(2))
    (verificationTag, checksum) = (packet.big32(4), packet.big32(8))
  }

  /// Whether the CRC-32C of a whole packet, computed with zeros in its place, is not the one in it.
  static func isChecksumWrong(_ packet: RawSpan) -> Bool {
    let zeros: [UInt8] = [0, 0, 0, 0]
    let start = crc32c(packet.prefix(8))
    let middle = crc32c(zeros.rawSpan, continuing: start)
    // The remainder's lowest byte goes first.
    return crc32c(packet.suffix(from: length), continuing: middle) != packet.little32(8)
  }
}

/// One chunk of an SCTP packet (RFC 9260 §3.2): type, flags, length, value, padding.
package struct SCTPChunk: Hashable, Sendable {
  /// 0 DATA, 1 INIT, 2 INIT ACK, 3 SACK, … (RFC 9260 §3.2).
  package var type: UInt8
  package var flags: UInt8
  /// Where the captured part of its value lies in the packet.
  package var value: Range<Int>
  /// Bytes of the value as declared; more than `value.count` when the capture cut it.
  package var length: Int

  package init(type: UInt8, flags: UInt8, value: Range<Int>, length: Int) {
    (self.type, self.flags, self.value, self.length) = (type, flags, value, length)
  }
}

/// The chunks of an SCTP packet, one after the other.
///
/// Each takes at least four bytes, so that a packet bounds the walk by its length.
package struct SCTPChunks: Sendable {
  private var at = SCTPHeader.length
  /// Bytes of the packet as sent.
  private let declared: Int

  /// - Parameter declared: length of the packet as sent; more than its bytes when it was cut.
  package init(declared: Int) { self.declared = declared }

  /// The next chunk of `packet`, which is the same in every call; nil behind the last.
  /// - Throws: `truncated` when the capture ends inside a chunk's header, `invalid` for a length
  ///   that cannot be; nothing can be read behind that.
  package mutating func next(in packet: RawSpan) throws(WireError) -> SCTPChunk? {
    guard at < declared else { return nil }
    guard packet.byteCount - at >= 4 else {
      throw WireError(declared - at >= 4 ? .truncated : .invalid, at: at)
    }
    let length = Int(packet.big16(at + 2))
    guard length >= 4, length <= declared - at else { throw WireError(.invalid, at: at + 2) }
    let chunk = SCTPChunk(
      type: packet.byte(at), flags: packet.byte(at + 1),
      value: at + 4..<max(at + 4, min(at + length, packet.byteCount)), length: length - 4)
    // The last chunk may come without its padding.
    at += (length + 3) & ~3
    return chunk
  }
}

extension Walk {
  /// The payload begins with the common header: its tag and checksum belong to the messages.
  func sctp(_ bytes: RawSpan, _ packet: Packet, _ out: inout Decoded) throws(WireError) {
    try require(SCTPHeader.length)
    finish(packet, .sctp, ports: (bytes.big16(at), bytes.big16(at + 2)), from: at, &out)
  }
}
