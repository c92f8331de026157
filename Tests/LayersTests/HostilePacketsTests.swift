import Bytes
import Layers
import Packets
import TestSupport
import Testing

/// Any bytes under any link type give an answer within the packet.
@Suite struct HostilePacketsTests {
  private let links: [UInt16] = [
    0, 1, 6, 9, 10, 12, 50, 51, 100, 101, 104, 105, 108, 109, 113, 117, 119, 127, 138, 163, 192, 204,
    228, 229, 239, 240, 258, 274, 276, 999,
  ]

  private func samples() -> [[UInt8]] {
    let inner = Frames.packet("some payload of a few bytes")
    let frame = Frames.ethernet(0x0800, inner)
    let udp = Frames.udp([8, 0, 0, 0, 0, 0, 1, 0] + frame, ports: (9, 4789))
    return [
      frame, Frames.ethernet(0x0800, Frames.ipv4(17, udp)),
      Frames.ethernet(0x86dd, Frames.ipv6(44, [17, 0, 0, 1, 0, 0, 0, 1] + udp)),
      Frames.ethernet(0x86dd, Frames.ipv6(0, [60, 0, 0, 0, 0, 0, 0, 0] + [6, 0] + udp)),
      Frames.ethernet(0x0800, Frames.ipv4(47, [0xb0, 0, 0x65, 0x58] + [UInt8](frame))),
      Frames.ethernet(0x8864, [0x11, 0, 0, 1, 0, 80, 0, 0x21] + inner),
      Frames.ethernet(0x8847, [0, 1, 1, 9] + inner),
      Frames.ethernet(0x0800, Frames.ipv4(17, udp, fragment: 0x2000)),
      Frames.ethernet(0x0800, Frames.ipv4(1, [3, 1, 0, 0, 0, 0, 0, 0] + inner)),
      Frames.ethernet(0x0800, Frames.ipv4(132, Frames.sctp([Frames.chunk(0, [1, 2, 3])]))),
    ]
  }

  /// What a dissector of SCTP or ICMP would read.
  private func readMessage(_ packet: Decoded, _ memory: [UInt8]) {
    let message = Array(memory[packet.payload])
    switch packet.transport {
    case .sctp:
      var chunks = SCTPChunks(declared: packet.declaredPayload)
      while let chunk = try? chunks.next(in: message.rawSpan) {
        #expect(chunk.value.upperBound <= message.count)
      }
    case .icmp, .icmpv6: _ = QuotedPacket(in: message.rawSpan)
    default: break
    }
  }

  @Test func mutatedPacketsStayInsideTheirBytes() {
    var random = SeededGenerator(seed: 11)
    var limits = FragmentLimits()
    limits.bytes = 20_000
    var layers = Decapsulator(limits: limits, checksums: .all)
    var decoded = Decoded.none
    for round in 0..<6_000 {
      var bytes = samples().randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        bytes[.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
      }
      let original = bytes.count
      if Bool.random(using: &random) { bytes.removeLast(.random(in: 0..<original, using: &random)) }
      let packet = Packet(
        number: UInt64(round), timestamp: Timestamp(microseconds: Int64(round)),
        range: 7..<7 + bytes.count, originalLength: original,
        linkType: LinkType(
          rawValue: Bool.random(using: &random)
            ? 1 : links.randomElement(using: &random) ?? 1), interface: 0)
      guard layers.decode(packet, in: bytes.rawSpan, into: &decoded) == .decoded else { continue }
      #expect(decoded.isReassembled == (layers.datagram != nil))
      let room = layers.datagram.map { 0..<$0.count } ?? packet.range
      #expect(decoded.payload.clamped(to: room) == decoded.payload)
      #expect(decoded.declaredPayload >= decoded.payload.count)
      readMessage(
        decoded, layers.datagram?.bytes.array() ?? [UInt8](repeating: 0, count: 7) + bytes)
    }
    let counters = layers.counters
    #expect(counters.packets == 6_000)
    #expect(counters.decoded + counters.held + counters.skipped == 6_000)
  }
}
