import Bytes

extension Walk {
  /// IPv6 header (RFC 8200 §3).
  ///
  ///      0     3 4            11 12                                 31
  ///     +-------+---------------+--------------------------------------+
  ///     |version| traffic class |              flow label              |
  ///     +-------+---------------+-------+---------------+--------------+
  ///     |        payload length         |  next header  |  hop limit   |
  ///     +-------------------------------+---------------+--------------+
  ///     |                      source address (16)                     |
  ///     +--------------------------------------------------------------+
  ///     |                    destination address (16)                  |
  ///     +--------------------------------------------------------------+
  mutating func ipv6(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(40)
    guard bytes.byte(at) >> 4 == 6 else { throw WireError(.invalid, at: at) }
    let length = Int(bytes.big16(at + 4))
    let next = bytes.byte(at + 6)
    source = IPAddress(v6: bytes, at: at + 8)
    destination = IPAddress(v6: bytes, at: at + 24)
    isV6 = true
    identification = 0
    at += 40
    // 0 stands for a jumbogram (RFC 2675) or for segmentation offload; both end with the frame.
    if length != 0 { limit(length) }
    return .transport(next)
  }

  /// Hop-by-hop options, destination options, mobility, HIP, shim6 (RFC 8200 §4): next
  /// header, length in units of eight bytes without the first, content.
  mutating func extensionHeader(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(8)
    let length = (Int(bytes.byte(at + 1)) + 1) * 8
    try require(length)
    let next = bytes.byte(at)
    at += length
    return .transport(next)
  }

  /// Routing header (RFC 8200 §4.4): as the others, with its type and how many stops are left.
  ///
  /// While any is, the packet's destination is the next stop. The one it is meant for, which the
  /// conversation and the pseudo-header have, is the last address of types 0 and 2 (RFC 2460 §4.4,
  /// RFC 6275 §6.4) and the first of type 4 (RFC 8754 §2).
  mutating func routingHeader(_ bytes: RawSpan) throws(WireError) -> Step {
    let start = at
    let step = try extensionHeader(bytes)
    guard bytes.byte(start + 3) > 0 else { return step }
    switch bytes.byte(start + 2) {
    case 0 where at - start >= 24, 2 where at - start >= 24:
      destination = IPAddress(v6: bytes, at: start + 8 + ((at - start - 8) / 16 - 1) * 16)
    case 4 where at - start >= 24: destination = IPAddress(v6: bytes, at: start + 8)
    // Nobody knows what the transport's checksum covers.
    default: verifiesChecksums = false
    }
    return step
  }

  /// Fragment header (RFC 8200 §4.5): next header, reserved, offset and more-flag,
  /// identification.
  mutating func fragmentHeader(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(8)
    let next = bytes.byte(at)
    let place = bytes.big16(at + 2)
    let identification = bytes.big32(at + 4)
    at += 8
    // Alone, it is a whole packet (RFC 6946).
    guard place & 0xfff9 != 0 else { return .transport(next) }
    return .fragment(
      Fragment(
        key: FragmentKey(
          source: source, destination: destination, identification: identification, number: 44),
        number: next, offset: Int(place & 0xfff8), hasMore: place & 1 != 0))
  }
}
