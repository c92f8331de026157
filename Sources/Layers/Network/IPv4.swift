import Bytes

extension Walk {
  /// IPv4 header (RFC 791 §3.1).
  ///
  ///      0     3 4     7 8            15 16           23 24           31
  ///     +-------+-------+---------------+-------------------------------+
  ///     |version| length|    service    |         total length          |
  ///     +-------+-------+---------------+-----+-------------------------+
  ///     |         identification        |flags|    fragment offset      |
  ///     +---------------+---------------+-----+-------------------------+
  ///     |      TTL      |   protocol    |        header checksum        |
  ///     +---------------+---------------+-------------------------------+
  ///     |                        source address                         |
  ///     +---------------------------------------------------------------+
  ///     |                      destination address                      |
  ///     +---------------------------------------------------------------+
  ///     |                          options …                            |
  @inline(__always)
  mutating func ipv4(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(20)
    let start = at
    let first = bytes.byte(start)
    let header = Int(first & 15) * 4
    guard first >> 4 == 4, header >= 20 else { throw WireError(.invalid, at: start) }
    try require(header)
    let total = Int(bytes.big16(start + 2))
    // Segmentation offload leaves 0 in packets longer than the field can say.
    if total != 0 {
      guard total >= header else { throw WireError(.invalid, at: start) }
      limit(total)
    }
    if verifiesChecksums {
      note(.ipv4, isWrong: internetChecksum(bytes.slice(start..<start + header)) != 0)
    }
    source = IPAddress(v4: bytes.big32(start + 12))
    destination = IPAddress(v4: bytes.big32(start + 16))
    isV6 = false
    identification = bytes.big16(start + 4)
    let number = bytes.byte(start + 9)
    let fragment = bytes.big16(start + 6)
    at = start + header
    // More fragments follow, or this is not the first.
    if fragment & 0x3fff != 0 {
      return .fragment(
        Fragment(
          key: FragmentKey(
            source: source, destination: destination,
            identification: UInt32(identification), number: number),
          number: number, offset: Int(fragment & 0x1fff) * 8, hasMore: fragment & 0x2000 != 0))
    }
    return .transport(number)
  }

  /// Authentication header (RFC 4302 §2): next header, length in words without two.
  mutating func authentication(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(12)
    let length = (Int(bytes.byte(at + 1)) + 2) * 4
    guard length >= 12 else { throw WireError(.invalid, at: at) }
    try require(length)
    let next = bytes.byte(at)
    at += length
    return .transport(next)
  }
}
