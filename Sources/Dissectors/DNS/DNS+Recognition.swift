import Bytes
import Flows
import Layers

extension DNS {
  /// On its own ports a sensible header is enough; elsewhere the whole message must hold together.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    let isHome =
      row.ports.contains(opening.server.port) || row.ports.contains(opening.client.port)
    if opening.transport != .tcp {
      let bytes = client.isEmpty ? server : client
      guard bytes.byteCount >= DNSHeader.length else { return .no }
      if DNSHeader.isNetBIOS(bytes) { return .no }
      let header = DNSHeader(bytes)
      if isHome { return header.isPlausible || header.isNearlyPlausible ? .yes(.likely) : .no }
      return header.isPlausible && DNSMessage.isWellFormed(bytes) ? .yes(.likely) : .no
    }
    let first = recogniseStream(client, isHome, opening)
    let second = recogniseStream(server, isHome, opening)
    if first == .no, !client.isEmpty { return .no }
    if second == .no, !server.isEmpty { return .no }
    if case .yes = first { return first }
    return server.isEmpty ? first : second
  }

  /// One side of a TCP connection: a length, then a header that fits it.
  private static func recogniseStream(
    _ bytes: RawSpan, _ isHome: Bool, _ opening: Opening
  ) -> Recognition {
    if bytes.byteCount < 2 { return bytes.isEmpty || opening.isFinal ? .no : .needs(2) }
    let length = Int(bytes.big16(0))
    let message = bytes.suffix(from: 2)
    if isHome {
      guard length >= DNSHeader.length else { return .no }
      if message.byteCount >= DNSHeader.length, !DNSHeader(message).isPlausible { return .no }
    } else if !DNSMessage.isPlausible(message, length: length) {
      return .no
    }
    let wanted = isHome ? min(length, DNSHeader.length) : length
    if message.byteCount >= wanted { return .yes(.likely) }
    // A header that fits, of a message longer than may be waited for.
    if opening.isFinal {
      return message.byteCount >= DNSHeader.length && isHome ? .yes(.possible) : .no
    }
    return .needs(wanted + 2)
  }
}

extension DNSHeader {
  /// Bits that must be zero are not, and yet the counts are those of a message: on a DNS port.
  fileprivate var isNearlyPlausible: Bool { questions <= 32 && answers <= 4096 && records <= 8192 }
}
