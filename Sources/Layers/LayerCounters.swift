import Packets

/// What a decapsulator saw, and what it did not follow.
package struct LayerCounters: Hashable, Sendable {
  package var packets: UInt64 = 0
  package var decoded: UInt64 = 0
  /// Fragments that wait, or waited in vain.
  package var held: UInt64 = 0

  // Not followed, by reason.
  package var unknownLinkType: UInt64 = 0
  package var notIP: UInt64 = 0
  package var truncated: UInt64 = 0
  package var malformed: UInt64 = 0
  package var unsupported: UInt64 = 0
  package var tooDeep: UInt64 = 0
  /// Packets of unknown link types, by the type's number.
  package var linkTypes: [UInt16: UInt64] = [:]

  /// Decoded packets that travelled inside another.
  package var tunnelled: UInt64 = 0
  /// Decoded packets of which the capture holds only a part.
  package var cut: UInt64 = 0
  /// Decoded packets with a wrong checksum, among those verified.
  package var badChecksums: UInt64 = 0
  package var checksums = ChecksumCounters()
  /// Datagrams put together from fragments.
  package var reassembled: UInt64 = 0
  /// Fragments of which a part had come before.
  package var fragmentOverlaps: UInt64 = 0
  /// Fragments that contradict others of their datagram, or reach beyond 65,535 bytes.
  package var fragmentsRefused: UInt64 = 0
  /// Fragments that repeat those of a datagram put together just before: captured twice.
  package var fragmentCopies: UInt64 = 0
  /// Incomplete datagrams given up: too old or at the capture's end, and to make room.
  package var datagramsExpired: UInt64 = 0
  package var datagramsEvicted: UInt64 = 0

  package init() {}

  package subscript(reason: SkipReason) -> UInt64 {
    switch reason {
    case .unknownLinkType: unknownLinkType
    case .notIP: notIP
    case .truncated: truncated
    case .malformed: malformed
    case .unsupported: unsupported
    case .tooDeep: tooDeep
    }
  }

  /// Packets not followed, for whatever reason.
  package var skipped: UInt64 { SkipReason.allCases.reduce(0) { $0 &+ self[$1] } }

  mutating func count(_ reason: SkipReason) {
    switch reason {
    case .unknownLinkType: unknownLinkType &+= 1
    case .notIP: notIP &+= 1
    case .truncated: truncated &+= 1
    case .malformed: malformed &+= 1
    case .unsupported: unsupported &+= 1
    case .tooDeep: tooDeep &+= 1
    }
  }

  mutating func count(unknown linkType: LinkType) {
    count(.unknownLinkType)
    linkTypes[linkType.rawValue, default: 0] &+= 1
  }

  @inline(__always)
  mutating func count(_ packet: borrowing Decoded) {
    decoded &+= 1
    guard !packet.marks.isEmpty else { return }
    if packet.marks.contains(.tunnelled) { tunnelled &+= 1 }
    if packet.marks.contains(.cut) { cut &+= 1 }
    if packet.marks.contains(.badChecksum) { badChecksums &+= 1 }
  }
}
