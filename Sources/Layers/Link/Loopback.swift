import Bytes

extension Walk {
  /// BSD loopback: an address family in four bytes, of either byte order.
  mutating func loopback(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(4)
    let little = bytes.little32(at)
    let family = little <= 0xffff ? little : bytes.big32(at)
    at += 4
    switch family {
    case 2: return .ipv4
    // Linux, NetBSD and Windows, FreeBSD, macOS.
    case 10, 23, 24, 28, 30: return .ipv6
    // Some drivers put something else there; the version of IP then tells.
    default:
      try require(1)
      let version = bytes.byte(at) >> 4
      return version == 4 ? .ipv4 : version == 6 ? .ipv6 : .notIP
    }
  }

  /// Raw IP: the version stands in the first four bits.
  mutating func ip(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(1)
    switch bytes.byte(at) >> 4 {
    case 4: return .ipv4
    case 6: return .ipv6
    default: throw WireError(.invalid, at: at)
    }
  }
}
