package import Bytes

/// ICMP and ICMPv6 header (RFC 792, RFC 4443 §2.1): type, code, checksum, and four bytes whose
/// meaning the type decides.
package struct ICMPHeader: Hashable, Sendable {
  package static let length = 8

  package var isV6: Bool
  package var type: UInt8
  package var code: UInt8
  /// As on the wire.
  package var checksum: UInt16
  /// Identifier and sequence number of echo and the other queries, the gateway of a redirect, the
  /// next hop's MTU: the second four bytes.
  package var rest: UInt32

  /// Reads the header at the beginning of a message: the payload of a `Decoded`.
  /// - Throws: `truncated` below eight bytes.
  package init(_ message: RawSpan, isV6: Bool) throws(WireError) {
    guard message.byteCount >= Self.length else { throw WireError(.truncated, at: 0) }
    self.isV6 = isV6
    (type, code) = (message.byte(0), message.byte(1))
    (checksum, rest) = (message.big16(2), message.big32(4))
  }

  /// Identifier of an echo request or reply.
  package var identifier: UInt16 { UInt16(rest >> 16) }
  /// Sequence number of an echo request or reply.
  package var sequence: UInt16 { UInt16(truncatingIfNeeded: rest) }

  package var isEchoRequest: Bool { type == (isV6 ? 128 : 8) }
  package var isEchoReply: Bool { type == (isV6 ? 129 : 0) }

  /// Whether it reports on a packet, which it then quotes.
  package var isError: Bool {
    if isV6 { return (1...4).contains(type) }
    return switch type {
    case 3, 4, 5, 11, 12: true
    default: false
    }
  }
}

/// The packet that an ICMP error reports on, as far as it is quoted.
package struct QuotedPacket: Hashable, Sendable {
  package var source: IPAddress
  package var destination: IPAddress
  /// IP protocol number of what it carried.
  package var number: UInt8
  /// 0 where the protocol has none, or the quote ends before them.
  package var sourcePort: UInt16 = 0
  package var destinationPort: UInt16 = 0

  /// Headers of a quote that are followed.
  private static let maximumHeaders = 16

  /// The quote in an ICMP error message, innermost packet; nil when it is none that can be read.
  package init?(in message: RawSpan) {
    guard message.byteCount > ICMPHeader.length else { return nil }
    var walk = Walk(quoted: message, from: ICMPHeader.length)
    var found: UInt8?
    var hasPorts = false
    var step = Step.ip
    headers: for _ in 0..<Self.maximumHeaders {
      do throws(WireError) {
        switch step {
        case .ip: step = try walk.ip(message)
        case .ipv4: step = try walk.ipv4(message)
        case .ipv6: step = try walk.ipv6(message)
        case .fragment(let piece):
          found = piece.number
          // Only the first fragment has the transport's header.
          guard piece.offset == 0 else { break headers }
          step = .transport(piece.number)
        case .transport(let number):
          found = number
          hasPorts = number == 6 || number == 17 || number == 132
          if hasPorts { break headers }
          step = try walk.transport(number, message)
        default: break headers
        }
      } catch {
        break
      }
    }
    guard let found else { return nil }
    (source, destination, number) = (walk.source, walk.destination, found)
    if hasPorts, walk.end - walk.at >= 4 {
      sourcePort = message.big16(walk.at)
      destinationPort = message.big16(walk.at + 2)
    }
  }
}
