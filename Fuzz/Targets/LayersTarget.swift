import Bytes
import Layers
import Packets

/// Decapsulation: packets of any link type, one after the other, so that fragments can meet.
///
///     flags       bit 0: verify checksums; bit 1: half a minute passes between packets
///     link type   index in `links`
///     packets     length (2 bytes, little-endian), bytes cut from it (1), bytes
enum LayersTarget {
  static let target = FuzzTarget(
    "layers", "a link type and packets to take out of their wrappings", maxLength: 4 << 10,
    run: check)

  static let links: [UInt16] = [
    1, 113, 276, 0, 101, 108, 228, 229, 9, 50, 51, 12, 14, 10, 104, 204, 239, 999,
  ]

  private static let limits: FragmentLimits = {
    var limits = FragmentLimits()
    limits.datagrams = 3
    limits.bytes = 2_048
    limits.pieces = 6
    return limits
  }()

  private static func check(_ bytes: [UInt8]) throws(BrokenLaw) {
    var input = FuzzInput(bytes)
    let flags = input.uint8()
    let wait: Int64 = flags & 2 == 0 ? 0 : 30_000
    let link = LinkType(rawValue: input.pick(links))
    var layers = Decapsulator(limits: limits, checksums: flags & 1 == 1 ? .all : .none)
    var other = Decapsulator(limits: limits, checksums: flags & 1 == 0 ? .all : .none)
    var decoded = Decoded.blank
    var number: UInt64 = 0
    while !input.isAtEnd {
      let length = Int(input.uint16())
      let cut = Int(input.uint8())
      let bytes = input.take(length)
      number += 1
      let packet = Packet(
        number: number, timestamp: Timestamp(milliseconds: Int64(number) * wait),
        range: 3..<3 + bytes.count, originalLength: bytes.count + cut, linkType: link,
        interface: 0)
      let outcome = layers.decode(packet, in: bytes.rawSpan, into: &decoded)
      if outcome == .decoded { try verify(decoded, of: packet, layers.datagram) }
      // Whether checksums are looked at changes marks only.
      switch other.decode(packet, in: bytes.rawSpan) {
      case .decoded(let same):
        let isSame = outcome == .decoded && same.payload == decoded.payload
        try hold(isSame, "checksums change what packet \(number) is")
      case .held: try hold(outcome == .held, "checksums change whether \(number) waits")
      case .skipped(let reason):
        try hold(outcome == .skipped(reason), "checksums change whether \(number) is followed")
      }
    }
    let counters = layers.counters
    try hold(counters.packets == number, "\(counters.packets) packets counted of \(number)")
    let told = counters.decoded + counters.held + counters.skipped
    try hold(told == number, "\(told) packets accounted for of \(number)")
  }

  private static func verify(
    _ decoded: Decoded, of packet: Packet, _ datagram: ByteStore?
  ) throws(BrokenLaw) {
    try hold(decoded.isReassembled == (datagram != nil), "where the payload lies is not marked")
    let room = datagram.map { 0..<$0.count } ?? packet.range
    try hold(decoded.payload.clamped(to: room) == decoded.payload, "payload outside \(room)")
    try hold(decoded.declaredPayload >= decoded.payload.count, "payload longer than declared")
    try hold((decoded.transport == .tcp) || decoded.tcp == nil, "TCP fields without TCP")
    if let tcp = decoded.tcp { try hold(tcp.sackCount <= 4, "\(tcp.sackCount) SACK blocks") }
  }
}

extension LayersTarget {
  /// Inputs made from the packets of a capture.
  struct Seed {
    private(set) var inputs: [[UInt8]] = []
    private static let packets = 8
    private static let length = 1_600
    private var count = 0

    mutating func add(_ packet: Packet, _ bytes: [UInt8]) {
      guard let link = links.firstIndex(of: packet.linkType.rawValue) else { return }
      if count % Self.packets == 0 { inputs.append([UInt8(count & 1), UInt8(link)]) }
      count += 1
      let bytes = bytes.prefix(Self.length)
      let cut = min(255, packet.originalLength - bytes.count)
      inputs[inputs.count - 1] +=
        [UInt8(bytes.count & 255), UInt8(bytes.count >> 8), UInt8(cut)] + bytes
    }
  }
}

extension Decoded {
  /// To be overwritten.
  fileprivate static let blank = Decoded(
    number: 0, timestamp: Timestamp(nanoseconds: 0), source: IPAddress(v4: 0),
    destination: IPAddress(v4: 0), sourcePort: 0, destinationPort: 0, transport: .other,
    payload: 0..<0, declaredPayload: 0, frameLength: 0)
}
