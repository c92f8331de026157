package import Bytes

/// One captured packet: where its bytes lie in its chunk, and what the capture says of it.
package struct Packet: Hashable, Sendable {
  /// Position in the capture, from 1, over all its files and interfaces.
  package var number: UInt64
  package var timestamp: Timestamp
  /// Where the captured bytes lie in the chunk's store.
  package var range: Range<Int>
  /// Bytes the packet had on the wire; more than `range.count` when the capture cut it.
  package var originalLength: Int
  package var linkType: LinkType
  /// Index of the capture's interface, from 0.
  package var interface: Int

  package init(
    number: UInt64, timestamp: Timestamp, range: Range<Int>, originalLength: Int,
    linkType: LinkType, interface: Int
  ) {
    (self.number, self.timestamp, self.range) = (number, timestamp, range)
    (self.originalLength, self.linkType) = (originalLength, linkType)
    self.interface = interface
  }
}

/// A run of packets with the memory they lie in: the unit that changes threads.
package struct PacketChunk: Sendable {
  package var store: ByteStore
  package var packets: [Packet]

  package init(store: ByteStore, packets: [Packet]) {
    (self.store, self.packets) = (store, packets)
  }
}

/// How the first header of a packet is to be read: the numbers of the tcpdump.org registry.
package struct LinkType: RawRepresentable, Hashable, Sendable {
  package var rawValue: UInt16

  package init(rawValue: UInt16) { self.rawValue = rawValue }

  /// BSD loopback: four bytes of address family in the capturing host's byte order.
  package static let null = LinkType(rawValue: 0)
  package static let ethernet = LinkType(rawValue: 1)
  package static let ppp = LinkType(rawValue: 9)
  /// Raw IP, the version from the first four bits; 12 and 14 are older numbers for it.
  package static let raw = LinkType(rawValue: 101)
  package static let pppHDLC = LinkType(rawValue: 50)
  /// OpenBSD loopback: as `null`, in network byte order.
  package static let loop = LinkType(rawValue: 108)
  /// Linux cooked capture.
  package static let linuxSLL = LinkType(rawValue: 113)
  package static let ipv4 = LinkType(rawValue: 228)
  package static let ipv6 = LinkType(rawValue: 229)
  /// Linux cooked capture v2, which names the interface.
  package static let linuxSLL2 = LinkType(rawValue: 276)
}
