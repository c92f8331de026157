import Bytes

/// UDP ports that mean a tunnel, if the payload agrees.
enum TunnelPort {
  /// RFC 7348; 8472 is what Linux and flannel use, 6784 what Weave Net does.
  case vxlan
  case vxlanGPE
  /// RFC 8926.
  case geneve
  /// 3GPP TS 29.281.
  case gtpU
  /// RFC 4380.
  case teredo
  /// RFC 2661.
  case l2tp
  /// RFC 6951.
  case sctp
  /// RFC 7510.
  case mpls

  @inline(__always)
  init?(_ source: UInt16, _ destination: UInt16) {
    if let found = Self(destination) ?? Self(source) {
      self = found
    } else {
      return nil
    }
  }

  @inline(__always)
  private init?(_ port: UInt16) {
    switch port {
    case 4789, 8472, 6784: self = .vxlan
    case 4790: self = .vxlanGPE
    case 6081: self = .geneve
    case 2152: self = .gtpU
    case 3544: self = .teredo
    case 1701: self = .l2tp
    case 9899: self = .sctp
    case 6635: self = .mpls
    default: return nil
    }
  }
}

extension Walk {
  /// Moves behind the tunnel's header when the payload, which begins here, is one; else nil.
  mutating func tunnel(_ port: TunnelPort, _ bytes: RawSpan) -> Step? {
    let step =
      switch port {
      case .vxlan: vxlan(bytes)
      case .vxlanGPE: vxlanGPE(bytes)
      case .geneve: geneve(bytes)
      case .gtpU: gtpU(bytes)
      case .teredo: teredo(bytes)
      case .l2tp: l2tp(bytes)
      case .sctp: sctpInUDP(bytes)
      case .mpls: mplsInUDP()
      }
    if step != nil { enterTunnel() }
    return step
  }

  /// VXLAN: flags with the I bit, three bytes (a policy in Linux's variant), network, zero.
  private mutating func vxlan(_ bytes: RawSpan) -> Step? {
    guard end - at >= 8, bytes.byte(at) & 0x08 != 0, bytes.byte(at + 7) == 0 else { return nil }
    at += 8
    return .ethernet
  }

  /// VXLAN-GPE: as VXLAN, with the protocol in byte 3. It counts even without its P bit: some
  /// senders forget that one.
  private mutating func vxlanGPE(_ bytes: RawSpan) -> Step? {
    guard end - at >= 8, bytes.byte(at) & 0x08 != 0 else { return nil }
    let next = bytes.byte(at + 3)
    let hasNext = bytes.byte(at) & 0x04 != 0 || next != 0
    at += 8
    switch hasNext ? next : 3 {
    case 1: return .ipv4
    case 2: return .ipv6
    case 3: return .ethernet
    case 4: return .nsh
    case 5: return .mpls
    default: return nil
    }
  }

  /// Geneve: version and length of options in words, flags, protocol, network, zero.
  private mutating func geneve(_ bytes: RawSpan) -> Step? {
    guard end - at >= 8, bytes.byte(at) >> 6 == 0 else { return nil }
    let length = 8 + Int(bytes.byte(at) & 0x3f) * 4
    guard end - at >= length else { return nil }
    let type = bytes.big16(at + 2)
    at += length
    return type < 0x0600 ? nil : .etherType(type)
  }

  /// GTP-U: flags, message type 255, length, tunnel; then four optional bytes and extension
  /// headers that chain through their last byte.
  private mutating func gtpU(_ bytes: RawSpan) -> Step? {
    guard end - at >= 8 else { return nil }
    let flags = bytes.byte(at)
    guard flags & 0xf0 == 0x30, bytes.byte(at + 1) == 255 else { return nil }
    var place = at + 8
    if flags & 0x07 != 0 {
      guard end - place >= 4 else { return nil }
      var next = flags & 0x04 != 0 ? bytes.byte(place + 3) : 0
      place += 4
      while next != 0 {
        guard end - place >= 4 else { return nil }
        let length = Int(bytes.byte(place)) * 4
        guard length > 0, end - place >= length else { return nil }
        next = bytes.byte(place + length - 1)
        place += length
      }
    }
    at = place
    return .ip
  }

  /// L2TP data message: flags and version 2, then length, tunnel and session, sequence numbers,
  /// and padding, as the flags tell; then PPP.
  private mutating func l2tp(_ bytes: RawSpan) -> Step? {
    guard end - at >= 6 else { return nil }
    let flags = bytes.big16(at)
    // Control messages have the first bit.
    guard flags & 0x800f == 2 else { return nil }
    var place = at + 6
    if flags & 0x4000 != 0 { place += 2 }
    if flags & 0x0800 != 0 { place += 4 }
    if flags & 0x0200 != 0 {
      guard end - place >= 2 else { return nil }
      place += 2 + Int(bytes.big16(place))
    }
    guard end - place >= 2 else { return nil }
    at = place
    return .ppp
  }

  /// SCTP: its header as it is, and behind it a chunk with a length that may be.
  private func sctpInUDP(_ bytes: RawSpan) -> Step? {
    let chunk = at + SCTPHeader.length
    guard end - chunk >= 4, bytes.big16(chunk + 2) >= 4,
      chunk + Int(bytes.big16(chunk + 2)) <= declaredEnd
    else { return nil }
    return .transport(132)
  }

  /// MPLS: a label and something behind it. What is no stack of them cannot be followed.
  private func mplsInUDP() -> Step? { end - at > 4 ? .mpls : nil }

  /// Teredo: authentication and origin indication if present, then IPv6.
  private mutating func teredo(_ bytes: RawSpan) -> Step? {
    var place = at
    if end - place >= 4, bytes.big16(place) == 1 {
      // Lengths of client identifier and authentication value, both, nonce, confirmation.
      place += 4 + Int(bytes.byte(place + 2)) + Int(bytes.byte(place + 3)) + 9
    }
    if end - place >= 8, bytes.big16(place) == 0 { place += 8 }
    guard end - place >= 40, bytes.byte(place) >> 4 == 6,
      Int(bytes.big16(place + 4)) <= declaredEnd - place - 40
    else { return nil }
    at = place
    return .ipv6
  }
}
