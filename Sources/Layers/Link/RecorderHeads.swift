import Bytes
import Packets

/// Heads that a recorder puts in front of packets of any kind.
extension Walk {
  /// Per-Packet Information: version, flags, length (2), link type (4), all little-endian.
  mutating func ppi(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(8)
    return try follow(UInt32(bytes.little16(at + 2)), atLeast: 8, bytes.little32(at + 4))
  }

  /// What macOS puts in front when it records several interfaces: length, type of the record and link
  /// type, four bytes each, little-endian.
  mutating func pktap(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(12)
    return try follow(bytes.little32(at), atLeast: 12, bytes.little32(at + 8))
  }

  private mutating func follow(
    _ length: UInt32, atLeast least: UInt32, _ linkType: UInt32
  ) throws(WireError) -> Step {
    guard length >= least else { throw WireError(.invalid, at: at) }
    try require(Int(length))
    guard let number = UInt16(exactly: linkType), let step = Step(LinkType(rawValue: number)) else {
      throw WireError(.unsupported, at: at)
    }
    at += Int(length)
    return step
  }

  /// The log of the packet filter of the BSDs: length without padding to four bytes, address family.
  mutating func pflog(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(2)
    let length = (Int(bytes.byte(at)) + 3) & ~3
    guard length >= 4 else { throw WireError(.invalid, at: at) }
    let family = UInt32(bytes.byte(at + 1))
    try require(length)
    at += length
    return Self.network(family)
  }

  /// What OpenBSD shows of IPsec: address family, security parameters, flags, four bytes each.
  mutating func enc(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(12)
    let little = bytes.little32(at)
    at += 12
    return Self.network(little <= 0xffff ? little : bytes.big32(at - 12))
  }

  private static func network(_ family: UInt32) -> Step {
    switch family {
    case 2: .ipv4
    case 10, 23, 24, 28, 30: .ipv6
    default: .notIP
    }
  }
}
