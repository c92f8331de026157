package import Bytes
import Entries
package import Flows
import Layers

/// The header that a proxy or a balancer sends before what it passes on, to say whose it is: the PROXY
/// protocol, versions 1 and 2 (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt).
///
///     version 1   PROXY TCP4 192.0.2.1 10.0.0.2 50000 80\r\n
///     version 2   signature (12 bytes), version and command, family, length (2 bytes), addresses
///
/// What follows it is recognised as if it were not there. It makes no entries.
package struct ProxyHeader: Dissector {
  package static let row = DissectorRow(
    ProxyHeader.self, name: "proxy", kinds: [], transports: [.tcp], priority: 20)

  /// Longest line of version 1, in bytes (§2.1).
  private static let maxLine = 107
  /// Bytes of version 2 before the addresses (§2.2).
  private static let headLength = 16
  private static let signature: StaticString = "\r\n\r\n\0\r\nQUIT\n"
  private static let beginnings: [StaticString] = [
    signature, "PROXY TCP4 ", "PROXY TCP6 ", "PROXY UNKNOWN",
  ]

  package init(_ opening: Opening) {}

  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    if opening.isMidway || client.isEmpty { return .no }
    var mayBecomeOne = false
    for beginning in beginnings {
      if client.starts(with: beginning) { return .yes(.certain) }
      if client.isBeginning(of: beginning) { mayBecomeOne = true }
    }
    return mayBecomeOne && !opening.isFinal ? .needs(client.byteCount + 1) : .no
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    // What the server says is of the next protocol.
    guard side == .client else { return .needs(bytes.byteCount + 1) }
    if bytes.isBeginning(of: Self.signature) { return .needs(Self.headLength) }
    if bytes.starts(with: Self.signature) {
      guard bytes.byteCount >= Self.headLength else { return .needs(Self.headLength) }
      guard bytes.byte(12) >> 4 == 2 else { throw WireError(.foreign, at: 12) }
      let length = Self.headLength + Int(bytes.big16(14))
      return bytes.byteCount >= length ? .become(Successor(), length: length) : .needs(length)
    }
    guard let end = bytes.firstOffset(of: 0x0a) else {
      if bytes.byteCount > Self.maxLine { throw WireError(.foreign) }
      return .needs(bytes.byteCount + 1)
    }
    guard end < Self.maxLine, bytes.starts(with: "PROXY ") else { throw WireError(.foreign) }
    return .become(Successor(), length: end + 1)
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery { .stop }
}
