import Bytes
import Packets

extension Walk {
  /// TCP header (RFC 9293 §3.1).
  ///
  ///      0                             15 16                            31
  ///     +--------------------------------+-------------------------------+
  ///     |          source port           |       destination port        |
  ///     +--------------------------------+-------------------------------+
  ///     |                        sequence number                         |
  ///     +----------------------------------------------------------------+
  ///     |                     acknowledgment number                      |
  ///     +------+--------+----------------+-------------------------------+
  ///     |offset|reserved|     flags      |            window             |
  ///     +------+--------+----------------+-------------------------------+
  ///     |            checksum            |        urgent pointer         |
  ///     +--------------------------------+-------------------------------+
  ///     |                           options …                            |
  @inline(__always)
  func tcp(_ bytes: RawSpan, _ packet: Packet, _ out: inout Decoded) throws(WireError) {
    try require(20)
    let start = at
    let bits = bytes.big16(start + 12)
    let header = Int(bits >> 12) * 4
    guard header >= 20, header <= declaredEnd - start else {
      throw WireError(.invalid, at: start)
    }
    var fields = TCPFields(
      sequence: bytes.big32(start + 4), acknowledgment: bytes.big32(start + 8),
      flags: TCPFlags(rawValue: bits & 0x01ff), window: bytes.big16(start + 14))
    fields.areOptionsCut = header > end - start
    if header > 20, end - start >= 24 {
      // Two no-operations and a time stamp: what most segments carry, and nothing we need.
      if header != 32 || bytes.big32(start + 20) != 0x0101_080a {
        fields.readOptions(bytes, start + 20..<min(start + header, end))
      }
    }
    finish(
      packet, .tcp, ports: (bytes.big16(start), bytes.big16(start + 2)), from: start + header,
      checksum: bytes.big16(start + 16), tcp: fields, &out)
  }
}

extension TCPFields {
  /// Options (RFC 9293 §3.2, RFC 7323, RFC 2018): kind, length, value; the first malformed one
  /// ends the reading.
  mutating func readOptions(_ bytes: RawSpan, _ range: Range<Int>) {
    var at = range.lowerBound
    let end = range.upperBound
    let isSYN = flags.contains(.syn)
    while at < end {
      let kind = bytes.byte(at)
      if kind == 0 { return }
      if kind == 1 {
        at += 1
        continue
      }
      guard end - at >= 2 else { return }
      let length = Int(bytes.byte(at + 1))
      guard length >= 2, length <= end - at else { return }
      switch (kind, length) {
      case (2, 4) where isSYN: maximumSegmentSize = bytes.big16(at + 2)
      // Larger shifts count as 14 (RFC 7323 §2.3).
      case (3, 3) where isSYN: windowScale = min(bytes.byte(at + 2), 14)
      case (4, 2) where isSYN: sackPermitted = true
      case (5, 10...): readSACK(bytes, at + 2, count: (length - 2) / 8)
      default: break
      }
      at += length
    }
  }

  private mutating func readSACK(_ bytes: RawSpan, _ at: Int, count: Int) {
    let count = min(count, 4)
    func edge(_ index: Int) -> (UInt32, UInt32) {
      index < count
        ? (bytes.big32(at + index * 8), bytes.big32(at + index * 8 + 4)) : (0, 0)
    }
    sack.edges = (edge(0), edge(1), edge(2), edge(3))
    sackCount = UInt8(count)
  }
}
