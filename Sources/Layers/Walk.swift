import Bytes
import Packets

/// What the next header of a packet is.
enum Step {
  case ethernet
  case etherType(UInt16)
  case llc, fddi
  case linuxSLL, linuxSLL2
  case loopback
  case ppp, pppHDLC, pppWithDirection, pppInPlace, cHDLC, pppoe
  case nflog
  /// IEEE 802.11; with padding behind its head to a multiple of four bytes.
  case wireless(isPadded: Bool)
  case radiotap, prism
  case tokenRing, firewire
  case ppi, pktap, pflog, enc
  /// Ethernet behind so many bytes that the recorder put in front.
  case ethernetBehind(Int)
  case mpls, nsh
  /// IP of the version that its first four bits tell.
  case ip
  case ipv4, ipv6
  /// What the IP protocol of this number carries.
  case transport(UInt8)
  case fragment(Fragment)
  /// The payload of this transport begins here.
  case end(Transport)
  case notIP

  /// The first header under a link type; nil when the type is not known.
  @inline(__always)
  init?(_ linkType: LinkType) {
    switch linkType.rawValue {
    case 1: self = .ethernet
    case 6: self = .tokenRing
    case 0, 108: self = .loopback
    case 9: self = .ppp
    case 10: self = .fddi
    case 50: self = .pppHDLC
    case 51: self = .pppoe
    // Classical IP over ATM (RFC 2684): logical link control.
    case 100: self = .llc
    case 104: self = .cHDLC
    case 12, 14, 101: self = .ip
    case 105: self = .wireless(isPadded: false)
    case 109: self = .enc
    case 113: self = .linuxSLL
    case 117: self = .pflog
    case 119, 163: self = .prism
    case 127: self = .radiotap
    case 138: self = .firewire
    // What pppd gives: the direction stands in the place of the address.
    case 166: self = .pppInPlace
    case 192: self = .ppi
    case 204: self = .pppWithDirection
    case 219: self = .mpls
    case 228: self = .ipv4
    case 229: self = .ipv6
    case 239: self = .nflog
    // An analyser's own head, and the preamble of Ethernet.
    case 240: self = .ethernetBehind(4)
    case 274: self = .ethernetBehind(8)
    case 258: self = .pktap
    case 276: self = .linuxSLL2
    default: return nil
    }
  }
}

/// A place between two headers of a packet, and what those before it said.
///
/// Each header is one method in a file of its own: it checks that its bytes are there, reads them
/// at constant offsets, moves `at` behind itself and gives the next step.
struct Walk {
  /// What to add to places in the bytes at hand, for places in the chunk or in the reassembled
  /// datagram.
  var base: Int
  /// The next header's first byte, from the start of the bytes at hand.
  var at = 0
  /// Where the captured bytes end that belong to the next header.
  var end: Int
  /// Where the headers so far say that they end; later than `end` when the capture cut the packet.
  var declaredEnd: Int
  var source = IPAddress(v4: 0)
  var destination = IPAddress(v4: 0)
  var isV6 = false
  /// Those outside of all tunnels.
  var tags = VLANTags()
  var identification: UInt16 = 0
  var device: UInt32 = 0
  var marks: Decoded.Marks = []
  var headers = 0
  var tunnels = 0
  /// A length reached beyond what encloses it.
  var isOverlong = false
  var verifiesChecksums: Bool
  /// What was verified.
  var checks = ChecksumCheck()

  @inline(__always)
  init(_ packet: Packet, captured: Int, verifiesChecksums: Bool) {
    base = packet.range.lowerBound
    end = captured
    declaredEnd = max(captured, packet.originalLength)
    self.verifiesChecksums = verifiesChecksums
  }

  /// A walk through a packet that an error message quotes, from its IP header.
  init(quoted message: RawSpan, from start: Int) {
    base = 0
    at = start
    end = message.byteCount
    declaredEnd = message.byteCount
    verifiesChecksums = false
  }

  /// Throws unless `count` bytes follow.
  @inline(__always)
  func require(_ count: Int) throws(WireError) {
    if end - at < count {
      throw WireError(declaredEnd - at >= count ? .truncated : .invalid, at: at)
    }
  }

  /// What follows ends after `count` more bytes, if not earlier.
  @inline(__always)
  mutating func limit(_ count: Int) {
    if at + count > declaredEnd {
      isOverlong = true
      return
    }
    declaredEnd = at + count
    end = min(end, declaredEnd)
  }

  /// Steps into a packet that is the payload of another.
  mutating func enterTunnel() {
    tunnels += 1
    marks.insert(.tunnelled)
  }

  /// The headers that are rare enough to stay out of the main loop.
  mutating func other(_ step: Step, _ bytes: RawSpan) throws(WireError) -> Step {
    switch step {
    case .llc: return try llc(bytes)
    case .linuxSLL: return try linuxSLL(bytes)
    case .linuxSLL2: return try linuxSLL2(bytes)
    case .loopback: return try loopback(bytes)
    case .ppp: return try ppp(bytes)
    case .pppHDLC: return try pppHDLC(bytes)
    case .pppWithDirection:
      try require(1)
      at += 1
      return .ppp
    case .pppInPlace:
      try require(2)
      at += 2
      return .ppp
    case .cHDLC: return try cHDLC(bytes)
    case .fddi:
      // Frame control, destination, source, then logical link control.
      try require(13)
      at += 13
      return .llc
    case .pppoe: return try pppoe(bytes)
    case .nflog: return try nflog(bytes)
    case .wireless(let isPadded): return try wireless(bytes, isPadded: isPadded)
    case .radiotap: return try radiotap(bytes)
    case .prism: return try prism(bytes)
    case .tokenRing: return try tokenRing(bytes)
    case .firewire: return try firewire(bytes)
    case .ppi: return try ppi(bytes)
    case .pktap: return try pktap(bytes)
    case .pflog: return try pflog(bytes)
    case .enc: return try enc(bytes)
    case .ethernetBehind(let count):
      try require(count)
      at += count
      return .ethernet
    case .mpls: return try mpls(bytes)
    case .nsh: return try nsh(bytes)
    case .ip: return try ip(bytes)
    default: throw WireError(.unsupported, at: at)
    }
  }

  /// What IP protocol `number` carries; TCP, UDP and SCTP are read by the caller.
  mutating func transport(_ number: UInt8, _ bytes: RawSpan) throws(WireError) -> Step {
    switch number {
    case 1 where !isV6, 58 where isV6:
      try require(4)
      if verifiesChecksums { verifyTransport(number, bytes) }
      return .end(isV6 ? .icmpv6 : .icmp)
    case 4:
      enterTunnel()
      return .ipv4
    case 41:
      enterTunnel()
      return .ipv6
    case 47: return try gre(bytes)
    case 51: return try authentication(bytes)
    case 97:
      // EtherIP (RFC 3378): two bytes of version.
      try require(2)
      at += 2
      enterTunnel()
      return .ethernet
    case 137:
      enterTunnel()
      return .mpls
    case 143:
      enterTunnel()
      return .ethernet
    case 0 where isV6, 60 where isV6, 135 where isV6, 139 where isV6, 140 where isV6:
      return try extensionHeader(bytes)
    case 43 where isV6: return try routingHeader(bytes)
    case 44 where isV6: return try fragmentHeader(bytes)
    default: return .end(.other)
    }
  }

  /// Writes the packet with a payload from `start` to the end.
  @inline(__always)
  func finish(
    _ packet: Packet, _ transport: Transport, ports: (UInt16, UInt16), from start: Int,
    checksum: UInt16 = 0, tcp: TCPFields? = nil, _ out: inout Decoded
  ) {
    let first = min(start, end)
    let declared = max(0, declaredEnd - start)
    out.number = packet.number
    out.timestamp = packet.timestamp
    out.source = source
    out.destination = destination
    out.sourcePort = ports.0
    out.destinationPort = ports.1
    out.transport = transport
    out.payload = first &+ base..<end &+ base
    out.declaredPayload = declared
    out.frameLength = packet.originalLength
    out.tcp = tcp
    out.marks = declared > end - first ? marks.union(.cut) : marks
    out.tags = tags
    out.interface = packet.interface
    out.identification = identification
    out.checksum = checksum
    out.device = device
  }
}

extension Decoded {
  /// Nothing yet: what `decode(_:in:into:)` may be given first.
  package static var none: Decoded {
    Decoded(
      number: 0, timestamp: Timestamp(nanoseconds: 0), source: IPAddress(v4: 0),
      destination: IPAddress(v4: 0), sourcePort: 0, destinationPort: 0, transport: .other,
      payload: 0..<0, declaredPayload: 0, frameLength: 0)
  }
}
