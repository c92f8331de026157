import Bytes

extension Walk {
  /// Linux cooked capture: kind (2), hardware (2), address length (2), address (8), protocol (2).
  mutating func linuxSLL(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(16)
    device = 1 &+ UInt32(bytes.big16(at))
    let hardware = bytes.big16(at + 2)
    let type = bytes.big16(at + 14)
    at += 16
    return cooked(type, hardware)
  }

  /// Linux cooked capture v2: protocol (2), zero (2), interface (4), hardware (2), kind (1),
  /// address length (1), address (8).
  mutating func linuxSLL2(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(20)
    let type = bytes.big16(at)
    let hardware = bytes.big16(at + 8)
    device = 1 &+ bytes.big32(at + 4) << 3 &+ UInt32(bytes.byte(at + 10) & 7)
    at += 20
    return cooked(type, hardware)
  }

  private func cooked(_ type: UInt16, _ hardware: UInt16) -> Step {
    // Netlink messages (824) put their family where the protocol stands.
    if hardware == 824 { return .notIP }
    switch type {
    case 4: return .llc
    case 0..<0x0600: return .notIP
    default: return .etherType(type)
    }
  }

  /// Messages of the Linux netfilter log: family, version, resource, then attributes of length,
  /// type and value in the host's byte order, which is read as little-endian.
  mutating func nflog(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(4)
    let family = bytes.byte(at)
    at += 4
    while end - at >= 4 {
      let length = Int(bytes.little16(at))
      let type = bytes.little16(at + 2) & 0x7fff
      guard length >= 4 else { throw WireError(.invalid, at: at) }
      // The packet itself is the attribute 9; family 2 is IPv4, 10 is IPv6.
      if type == 9 {
        limit(length)
        at += 4
        return family == 2 ? .ipv4 : family == 10 ? .ipv6 : .notIP
      }
      at += (length + 3) & ~3
    }
    try require(4)
    return .notIP
  }
}
