import Bytes

extension Walk {
  /// Ethernet II header, or IEEE 802.3 with a length.
  ///
  ///     destination (6) │ source (6) │ type or length (2)
  @inline(__always)
  mutating func ethernet(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(14)
    let type = bytes.big16(at + 12)
    at += 14
    if type == 0x0800 { return .ipv4 }
    return .etherType(type)
  }

  /// What an EtherType (IEEE 802 numbers) announces, tags included.
  mutating func etherType(_ type: UInt16, _ bytes: RawSpan) throws(WireError) -> Step {
    switch type {
    case 0x0800: return .ipv4
    case 0x86dd: return .ipv6
    case 0x8100, 0x88a8, 0x9100, 0x9200: return try tag(type, bytes)
    case 0x8847, 0x8848: return .mpls
    case 0x8864: return .pppoe
    case 0x880b: return .ppp
    case 0x6558: return .ethernet
    case 0x894f: return .nsh
    case 0x8870: return .llc
    case 0x88e7:
      // IEEE 802.1ah: the tag of a service instance, then the customer's frame.
      try require(4)
      at += 4
      return .ethernet
    case 0x8926, 0x892f:
      // VN-Tag, or the tag of HSR (IEC 62439-3): four bytes, then the type.
      try require(6)
      at += 6
      return .etherType(bytes.big16(at - 2))
    case 0x8909:
      // Cisco metadata: version, length and one option, then the type.
      try require(8)
      at += 8
      return .etherType(bytes.big16(at - 2))
    case 0..<0x0600:
      limit(Int(type))
      return .llc
    default: return .notIP
    }
  }

  /// IEEE 802.1Q tag: priority and VLAN identifier, then the type of what follows.
  private mutating func tag(_ type: UInt16, _ bytes: RawSpan) throws(WireError) -> Step {
    try require(4)
    if tunnels == 0 { tags.add(bytes.big16(at), type: type) }
    at += 4
    return .etherType(bytes.big16(at - 2))
  }

  /// IEEE 802.2 logical link control, with SNAP where it says so.
  mutating func llc(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(3)
    switch bytes.big24(at) {
    case 0xaaaa03:
      try require(8)
      let organisation = bytes.big24(at + 3)
      guard organisation == 0 || organisation == 0x0000f8 else { return .notIP }
      at += 8
      let type = bytes.big16(at - 2)
      return type < 0x0600 ? .notIP : .etherType(type)
    case 0x060603:
      at += 3
      return .ipv4
    default: return .notIP
    }
  }
}
