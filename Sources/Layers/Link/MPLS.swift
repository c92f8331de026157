import Bytes

extension Walk {
  /// MPLS label stack (RFC 3032 §2.1): four bytes a label, the last one marked.
  ///
  /// Nothing says what follows: IP shows by its version (RFC 4928) and a header that may be, an
  /// Ethernet pseudowire by a control word that begins with zeros (RFC 4385 §3) or by being neither.
  /// Addresses begin with any digit, most with a zero: without a control word the EtherType behind
  /// them tells.
  mutating func mpls(_ bytes: RawSpan) throws(WireError) -> Step {
    while true {
      try require(4)
      let isLast = bytes.byte(at + 2) & 1 == 1
      at += 4
      if isLast { break }
    }
    try require(1)
    switch bytes.byte(at) >> 4 {
    case 4 where mayBeIPv4(bytes) || !mayBeEthernet(bytes, at): return .ipv4
    case 6 where mayBeIPv6(bytes) || !mayBeEthernet(bytes, at): return .ipv6
    case 0 where hasControlWord(bytes):
      try require(4)
      at += 4
      return .ethernet
    default: return .ethernet
    }
  }

  /// Whether the header that begins here agrees with its own lengths; yes where it was cut.
  private func mayBeIPv4(_ bytes: RawSpan) -> Bool {
    guard end - at >= 4 else { return true }
    let (header, total) = (Int(bytes.byte(at) & 15) * 4, Int(bytes.big16(at + 2)))
    return header >= 20 && (total == 0 || total >= header && total <= declaredEnd - at)
  }

  private func mayBeIPv6(_ bytes: RawSpan) -> Bool {
    guard end - at >= 6 else { return true }
    return Int(bytes.big16(at + 4)) + 40 <= declaredEnd - at
  }

  /// Whether the four bytes that begin with a zero digit are a control word, not an address.
  private func hasControlWord(_ bytes: RawSpan) -> Bool {
    guard mayBeEthernet(bytes, at) else { return true }
    return bytes.big32(at) == 0 && mayBeEthernet(bytes, at + 4)
  }

  /// Whether a frame begins at `start` whose type is one that is followed, or ARP.
  private func mayBeEthernet(_ bytes: RawSpan, _ start: Int) -> Bool {
    guard end - start >= 14 else { return false }
    return switch bytes.big16(start + 12) {
    case 0x0800, 0x0806, 0x86dd, 0x8100, 0x88a8, 0x9100, 0x8847, 0x8848, 0x8864: true
    default: false
    }
  }

  /// Network service header (RFC 8300 §2): length in the low six bits of byte 1, what follows in
  /// byte 3.
  mutating func nsh(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(8)
    let length = Int(bytes.byte(at + 1) & 0x3f) * 4
    guard length >= 8 else { throw WireError(.invalid, at: at) }
    try require(length)
    let next = bytes.byte(at + 3)
    at += length
    switch next {
    case 1: return .ipv4
    case 2: return .ipv6
    case 3: return .ethernet
    case 5: return .mpls
    default: return .notIP
    }
  }
}
