import Bytes
import Packets

extension Walk {
  /// UDP header (RFC 768). Eight bytes, then the payload, where the walk stands afterwards.
  ///
  ///      0      7 8     15 16    23 24    31
  ///     +--------+--------+--------+--------+
  ///     |   source port   | destination port|
  ///     +--------+--------+--------+--------+
  ///     |     length      |    checksum     |
  ///     +--------+--------+--------+--------+
  @inline(__always)
  mutating func udp(_ bytes: RawSpan, _ packet: Packet, _ out: inout Decoded) throws(WireError) {
    try require(8)
    let start = at
    let length = Int(bytes.big16(start + 4))
    // 0 stands for "to the end of the IP packet" in a jumbogram (RFC 2675 §4), nowhere else.
    if length != 0 || !isV6 {
      guard length >= 8 else { throw WireError(.invalid, at: start) }
      limit(length)
    }
    if verifiesChecksums { verifyTransport(17, bytes) }
    at = start + 8
    finish(
      packet, .udp, ports: (bytes.big16(start), bytes.big16(start + 2)), from: at,
      checksum: bytes.big16(start + 6), &out)
  }
}
