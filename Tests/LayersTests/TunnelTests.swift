import Layers
import Packets
import Testing

/// Packets inside packets: the innermost is kept.
@Suite struct TunnelTests {
  private let inner = Frames.packet()
  private var frame: [UInt8] { Frames.ethernet(0x0800, inner) }
  private let inside = plain(marks: .tunnelled)

  private func gre(_ flags: Int, _ type: Int, _ rest: [UInt8]) -> [UInt8] {
    Frames.ipv4(47, Frames.big16(flags) + Frames.big16(type) + rest, from: 1, to: 2)
  }

  private func udp(_ port: Int, _ payload: [UInt8]) -> [UInt8] {
    Frames.ipv4(17, Frames.udp(payload, ports: (50_000, port)), from: 1, to: 2)
  }

  @Test func ipInIP() {
    var bench = Bench()
    #expect(bench.seen(Frames.ipv4(4, inner), .ipv4) == inside)
    #expect(bench.seen(Frames.ipv6(4, inner), .ipv6) == inside)
    let six = bench.seen(Frames.ipv4(41, Frames.ipv6(17, Frames.udp([1]))), .ipv4)
    #expect(six?.ends == "fd00::1:5353 > fd00::2:53")
    #expect(bench.seen(Frames.ipv4(97, [0x30, 0] + frame), .ipv4) == inside)
    #expect(bench.seen(Frames.ipv4(137, [0, 1, 1, 9] + inner), .ipv4) == inside)
    #expect(bench.layers.counters.tunnelled == 5)
  }

  @Test func greInItsVariants() {
    var bench = Bench()
    #expect(bench.seen(gre(0, 0x0800, inner), .ipv4) == inside)
    #expect(
      bench.seen(gre(0xb000, 0x0800, [UInt8](repeating: 1, count: 12) + inner), .ipv4) == inside)
    #expect(bench.seen(gre(0x2000, 0x6558, [0, 0, 0, 1] + frame), .ipv4) == inside)
    // PPTP: version 1 with key, sequence and acknowledgment.
    let pptp = gre(0x3081, 0x880b, [UInt8](repeating: 1, count: 12) + [0x21] + inner)
    #expect(bench.seen(pptp, .ipv4) == inside)
    // ERSPAN I, II and III.
    #expect(bench.seen(gre(0, 0x88be, frame), .ipv4) == inside)
    let second = gre(0x1000, 0x88be, [UInt8](repeating: 0, count: 12) + frame)
    #expect(bench.seen(second, .ipv4) == inside)
    let third = gre(0x1000, 0x22eb, [UInt8](repeating: 0, count: 16) + frame)
    #expect(bench.seen(third, .ipv4) == inside)
    // WCCP, version 1 and 2.
    #expect(bench.seen(gre(0, 0x883e, inner), .ipv4) == inside)
    #expect(bench.seen(gre(0, 0x883e, [0x80, 0, 0, 0] + inner), .ipv4) == inside)
    #expect(bench.outcome(gre(0, 0x883e, []), .ipv4).0 == .skipped(.malformed))
    #expect(bench.outcome(gre(0x4000, 0x0800, inner), .ipv4).0 == .skipped(.unsupported))
    #expect(bench.outcome(gre(0, 0, []), .ipv4).0 == .skipped(.notIP))
  }

  @Test func tunnelsOverUDP() {
    var bench = Bench()
    let vxlan: [UInt8] = [8, 0, 0, 0, 0, 0, 1, 0]
    #expect(bench.seen(udp(4789, vxlan + frame), .ipv4) == inside)
    #expect(bench.seen(udp(8472, vxlan + frame), .ipv4) == inside)
    #expect(bench.seen(udp(6784, vxlan + frame), .ipv4) == inside)
    #expect(bench.seen(udp(6635, [0, 2, 0x01, 64] + inner), .ipv4) == inside)
    #expect(bench.seen(udp(4790, [0x0c, 0, 0, 1, 0, 0, 1, 0] + inner), .ipv4) == inside)
    let nsh: [UInt8] = [0, 2, 1, 3, 0, 0, 0, 1]
    #expect(bench.seen(udp(4790, [0x0c, 0, 0, 4, 0, 0, 1, 0] + nsh + frame), .ipv4) == inside)
    let geneve: [UInt8] = [0x01, 0, 0x65, 0x58, 0, 0, 1, 0] + [9, 9, 9, 9]
    #expect(bench.seen(udp(6081, geneve + frame), .ipv4) == inside)
    let gtp: [UInt8] = [0x34, 255, 0, 0, 0, 0, 0, 1] + [0, 0, 0, 0x85] + [1, 0, 0, 0]
    #expect(bench.seen(udp(2152, gtp + inner), .ipv4) == inside)
    // A length, sequence numbers and two bytes of padding, then PPP.
    let l2tp: [UInt8] = [0x4a, 2] + [0, 99, 0, 1, 0, 2, 0, 7, 0, 8] + [0, 2, 0, 0]
    #expect(bench.seen(udp(1701, l2tp + [0xff, 3, 0, 0x21] + inner), .ipv4) == inside)
    #expect(bench.seen(udp(1701, [0, 2, 0, 1, 0, 2, 0x21] + inner), .ipv4) == inside)
    let origin: [UInt8] = [0, 0, 1, 2, 3, 4, 5, 6]
    let teredo = bench.seen(udp(3544, origin + Frames.ipv6(17, Frames.udp([1]))), .ipv4)
    #expect(teredo?.ends == "fd00::1:5353 > fd00::2:53")
    let packet = Frames.sctp([Frames.chunk(0, [1, 2, 3])])
    let sctp = bench.seen(udp(9899, packet), .ipv4)
    #expect(sctp?.transport == .sctp)
    #expect(sctp?.payload == packet)
  }

  @Test func whatIsNoTunnelStaysADatagram() {
    var bench = Bench()
    for port in [4789, 8472, 6784, 4790, 6081, 2152, 3544, 1701, 9899, 6635] {
      for payload in [[], [1, 2, 3], [UInt8](repeating: 0x0c, count: 80)] as [[UInt8]] {
        let seen = bench.seen(udp(port, payload), .ipv4)
        #expect(seen?.payload == payload)
        #expect(seen?.transport == .udp)
        #expect(seen?.marks == [])
      }
    }
    // ARP inside VXLAN: the outer datagram is all there is to follow.
    let arp = [8, 0, 0, 0, 0, 0, 1, 0] + Frames.ethernet(0x0806, [0, 1])
    #expect(bench.seen(udp(4789, arp), .ipv4)?.payload == arp)
  }

  @Test func tunnelsInTunnelsEndSomewhere() {
    var bench = Bench()
    var packet = inner
    for depth in 1...20 {
      packet = Frames.ipv4(4, packet)
      let outcome = bench.outcome(packet, .ipv4).0
      #expect(outcome == (depth <= 8 ? .decoded : .skipped(.tooDeep)))
    }
  }

  @Test func fragmentsOfATunnelAndFragmentsInside() {
    var bench = Bench()
    let whole = Frames.ipv4(4, inner, from: 1, to: 2)
    let body = Array(whole[20...])
    let first = Frames.ipv4(4, Array(body[..<24]), from: 1, to: 2, fragment: 0x2000)
    let second = Frames.ipv4(4, Array(body[24...]), from: 1, to: 2, fragment: 3)
    #expect(bench.outcome(first, .ipv4).0 == .held)
    #expect(bench.seen(second, .ipv4) == plain(marks: [.tunnelled, .reassembled]))
    let segment = Array(inner[20...])
    let a = Frames.ipv4(6, Array(segment[..<16]), fragment: 0x2000)
    let b = Frames.ipv4(6, Array(segment[16...]), fragment: 2)
    #expect(bench.outcome(Frames.ipv4(4, a), .ipv4).0 == .held)
    #expect(bench.seen(Frames.ipv4(4, b), .ipv4) == plain(marks: [.tunnelled, .reassembled]))
  }
}
