import Bytes

extension Walk {
  /// MPLS label stack (RFC 3032 §2.1): four bytes a label, the last one marked.
  ///
  /// Nothing says what follows: IP shows by its version (RFC 4928), an Ethernet pseudowire by its
  /// control word of zeros (RFC 4385) or by being neither.
  mutating func mpls(_ bytes: RawSpan) throws(WireError) -> Step {
    while true {
      try require(4)
      let isLast = bytes.byte(at + 2) & 1 == 1
      at += 4
      if isLast { break }
    }
    try require(1)
    switch bytes.byte(at) >> 4 {
    case 4: return .ipv4
    case 6: return .ipv6
    case 0:
      try require(4)
      at += 4
      return .ethernet
    default: return .ethernet
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
