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
    let fields = TCPFields(bytes.slice(start..<end), header: header)
    finish(
      packet, .tcp, ports: (bytes.big16(start), bytes.big16(start + 2)), from: start + header,
      checksum: bytes.big16(start + 16), tcp: fields, &out)
  }
}

extension TCPFields {
  /// The fields of the header that `segment` begins with, at least 20 bytes of which are there.
  ///
  /// - Parameter header: the length that it says it has.
  @inline(__always)
  init(_ segment: RawSpan, header: Int) {
    self.init(
      sequence: segment.big32(4), acknowledgment: segment.big32(8),
      flags: TCPFlags(rawValue: segment.big16(12) & 0x01ff), window: segment.big16(14))
    areOptionsCut = header > segment.byteCount
    if header > 20, segment.byteCount >= 24 {
      // Two no-operations and a time stamp: what most segments carry, and nothing we need.
      if header != 32 || segment.big32(20) != 0x0101_080a {
        readOptions(segment, 20..<min(header, segment.byteCount))
      }
    }
  }

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
      case (5, 10...):
        sackCount = UInt8(min((length - 2) / 8, 4))
        sackEdge = bytes.big32(at + 6)
      default: break
      }
      at += length
    }
  }
}
