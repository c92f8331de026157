import Bytes

extension Walk {
  /// GRE (RFC 2784, key and sequence number of RFC 2890, version 1 of RFC 2637).
  ///
  ///     C R K S s │ recursion │ A │ flags │ version (3) │ protocol (16)
  ///     checksum and offset, if C │ key, if K │ sequence, if S │ acknowledgment, if A
  mutating func gre(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(4)
    let flags = bytes.big16(at)
    let type = bytes.big16(at + 2)
    let version = flags & 7
    guard version <= 1, flags & 0x4000 == 0 else { throw WireError(.unsupported, at: at) }
    let hasSequence = flags & 0x1000 != 0
    var length = 4
    if flags & 0x8000 != 0 { length += 4 }
    if flags & 0x2000 != 0 { length += 4 }
    if hasSequence { length += 4 }
    if version == 1, flags & 0x0080 != 0 { length += 4 }
    try require(length)
    at += length
    enterTunnel()
    switch type {
    case 0x88be:
      // ERSPAN: without a sequence number it is type I and has no header of its own.
      if hasSequence { try skip(8) }
      return .ethernet
    case 0x22eb:
      try require(12)
      // The last bit tells of eight more bytes.
      try skip(bytes.byte(at + 11) & 1 == 1 ? 20 : 12)
      return .ethernet
    case 0x883e:
      // WCCP: its version 2 has four bytes of a redirect header before the packet.
      try require(1)
      if bytes.byte(at) >> 4 != 4 { try skip(4) }
      return .ip
    case 0x880b where end == at, 0:
      // An acknowledgment or keep-alive without a packet.
      return .notIP
    case 0..<0x0600:
      return .notIP
    default:
      return .etherType(type)
    }
  }

  private mutating func skip(_ count: Int) throws(WireError) {
    try require(count)
    at += count
  }
}
