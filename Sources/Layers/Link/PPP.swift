import Bytes

extension Walk {
  /// PPP (RFC 1661 §2, RFC 1662 §3.1): address and control if present, then the protocol in one
  /// or two bytes.
  mutating func ppp(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(2)
    if bytes.big16(at) == 0xff03 { at += 2 }
    try require(1)
    var number = UInt16(bytes.byte(at))
    if number & 1 == 1 {
      at += 1
    } else {
      try require(2)
      number = bytes.big16(at)
      at += 2
    }
    switch number {
    case 0x0021: return .ipv4
    case 0x0057: return .ipv6
    case 0x0281, 0x0283: return .mpls
    default: return .notIP
    }
  }

  /// PPP in HDLC framing, or Cisco's HDLC, as the first byte tells.
  mutating func pppHDLC(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(2)
    let address = bytes.byte(at)
    return address == 0x0f || address == 0x8f ? .cHDLC : .ppp
  }

  /// Cisco HDLC: address, control, EtherType.
  mutating func cHDLC(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(4)
    at += 4
    return .etherType(bytes.big16(at - 2))
  }

  /// PPPoE session (RFC 2516 §4): version and type, code, session, length, then PPP.
  mutating func pppoe(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(6)
    guard bytes.byte(at) == 0x11 else { throw WireError(.unsupported, at: at) }
    guard bytes.byte(at + 1) == 0 else { return .notIP }
    let length = Int(bytes.big16(at + 4))
    at += 6
    limit(length)
    return .ppp
  }
}
