package import Bytes
package import Packets

/// Whether a packet is from or to one of some addresses, where the kernel's filter cannot hold them
/// all and lets more pass.
///
/// It looks where `ip host` and `ip6 host` of libpcap's language look: at the first IP header.
package struct HostCheck: Hashable, Sendable {
  package let hosts: Set<IPAddress>

  package init(_ hosts: Set<IPAddress>) { self.hosts = hosts }

  /// - Parameter memory: the bytes of its chunk.
  package func passes(_ packet: Packet, in memory: RawSpan) -> Bool {
    let bytes = memory.slice(packet.range)
    guard let (at, isV4) = Self.header(bytes, packet.linkType) else { return false }
    guard let at else { return true }
    // RFC 791 §3.1 and RFC 8200 §3: where the addresses lie.
    if isV4 {
      guard bytes.byteCount >= at + 20 else { return false }
      return hosts.contains(IPAddress(v4: bytes.big32(at + 12)))
        || hosts.contains(IPAddress(v4: bytes.big32(at + 16)))
    }
    guard bytes.byteCount >= at + 40 else { return false }
    return hosts.contains(IPAddress(v6: bytes, at: at + 8))
      || hosts.contains(IPAddress(v6: bytes, at: at + 24))
  }

  /// Where the IP header begins, and whether it is one of IPv4; the place is nil where packets of a
  /// link are not known here, and nothing is given for a packet without such a header.
  private static func header(_ bytes: RawSpan, _ link: LinkType) -> (at: Int?, isV4: Bool)? {
    var (type, at): (Int, Int)
    switch link {
    case .ethernet: (type, at) = (12, 14)
    case .linuxSLL2: (type, at) = (0, 20)
    case .raw, .ipv4, .ipv6:
      guard bytes.byteCount > 0 else { return nil }
      return (0, bytes.byte(0) >> 4 == 4)
    default: return (nil, true)
    }
    // Tags stand before the type of what follows (IEEE 802.1Q §9.3).
    while bytes.byteCount >= at {
      switch bytes.big16(type) {
      case 0x0800: return (at, true)
      case 0x86dd: return (at, false)
      case 0x8100, 0x88a8, 0x9100: (type, at) = (at + 2, at + 4)
      default: return nil
      }
    }
    return nil
  }

  /// The packets of a chunk that pass; nil when none do.
  package func kept(_ chunk: PacketChunk) -> PacketChunk? {
    let memory = chunk.store.bytes
    var packets: [Packet] = []
    packets.reserveCapacity(chunk.packets.count)
    for packet in chunk.packets where passes(packet, in: memory) { packets.append(packet) }
    return packets.isEmpty ? nil : PacketChunk(store: chunk.store, packets: packets)
  }
}
