import Bytes
import Layers
import Packets
import Testing

/// TCP, UDP, SCTP, ICMP.
@Suite struct TransportTests {
  @Test func tcpFieldsAndOptions() throws {
    var bench = Bench()
    let options: [UInt8] =
      [2, 4, 0x05, 0xb4] + [4, 2] + [8, 10] + [UInt8](repeating: 9, count: 8) + [1, 3, 3, 7]
    _ = bench.seen(Frames.ipv4(6, Frames.tcp([], flags: 0x02, options: options)), .ipv4)
    let tcp = try #require(bench.last.tcp)
    #expect(tcp.flags == .syn)
    #expect([tcp.sequence, tcp.acknowledgment] == [1_000, 2_000])
    #expect(tcp.window == 512)
    #expect(tcp.maximumSegmentSize == 1_460)
    #expect(tcp.windowScale == 7)
    #expect(tcp.sackPermitted)
    #expect(bench.last.payload.isEmpty)
  }

  @Test func selectiveAcknowledgmentsAndTimeStamps() throws {
    var bench = Bench()
    let blocks = [UInt32(10), 20, 30, 40].flatMap(Frames.big32)
    let sack: [UInt8] = [1, 1, 5, 18] + blocks
    _ = bench.seen(Frames.ipv4(6, Frames.tcp([], flags: 0x10, options: sack)), .ipv4)
    var tcp = try #require(bench.last.tcp)
    #expect(tcp.sackCount == 2)
    #expect(tcp.sack.edges.0 == (10, 20))
    #expect(tcp.sack.edges.1 == (30, 40))
    #expect(tcp.sack.edges.2 == (0, 0))
    let stamp: [UInt8] = [1, 1, 8, 10] + [UInt8](repeating: 9, count: 8)
    #expect(bench.seen(Frames.ipv4(6, Frames.tcp([7], options: stamp)), .ipv4)?.payload == [7])
    tcp = try #require(bench.last.tcp)
    #expect(tcp.sackCount == 0)
    #expect(tcp.windowScale == nil)
  }

  @Test(arguments: [
    [0, 0, 0, 0], [3, 0, 3, 7], [5, 200, 0, 0], [3, 3, 99, 0], [2, 4, 1, 5], [5],
  ])
  func anyOptionsAreHarmless(options: [UInt8]) throws {
    var bench = Bench()
    let padded = options + [UInt8](repeating: 0, count: (4 - options.count % 4) % 4)
    let seen = bench.seen(
      Frames.ipv4(6, Frames.tcp([7], flags: 0x02, options: padded)), .ipv4)
    #expect(seen?.payload == [7])
    if options.first == 3, options[1] == 3 { #expect(bench.last.tcp?.windowScale == 14) }
  }

  @Test func headersThatContradictThemselves() {
    var bench = Bench()
    var segment = Frames.tcp([1, 2, 3])
    segment[12] = 0x40
    #expect(bench.outcome(Frames.ipv4(6, segment), .ipv4).0 == .skipped(.malformed))
    segment[12] = 0xf0
    #expect(bench.outcome(Frames.ipv4(6, segment), .ipv4).0 == .skipped(.malformed))
    for length in [0, 7] {
      let datagram = Frames.udp([1], length: length)
      #expect(bench.outcome(Frames.ipv4(17, datagram), .ipv4).0 == .skipped(.malformed))
    }
    #expect(bench.seen(Frames.ipv4(17, Frames.udp([1, 2], length: 9)), .ipv4)?.payload == [1])
    #expect(bench.seen(Frames.ipv4(17, Frames.udp([1], length: 99)), .ipv4)?.payload == [1])
  }

  @Test func sctpAndControlMessages() throws {
    var bench = Bench()
    let sctp = Frames.big16(36_412) + Frames.big16(36_412) + [UInt8](repeating: 0, count: 8) + [3]
    let seen = bench.seen(Frames.ipv4(132, sctp), .ipv4)
    #expect(seen?.ends == "10.0.0.1:36412 > 10.0.0.2:36412")
    #expect(seen?.payload == [3])
    let echo: [UInt8] = [8, 0, 0, 0, 0, 1, 0, 1]
    #expect(bench.seen(Frames.ipv4(1, echo), .ipv4)?.payload == echo)
    #expect(bench.last.transport == .icmp)
    #expect(bench.last.sourcePort == 0)
    #expect(bench.last.tcp == nil)
    #expect(bench.seen(Frames.ipv6(58, echo), .ipv6)?.transport == .icmpv6)
    #expect(bench.seen(Frames.ipv4(89, echo), .ipv4)?.transport == .other)
  }

  @Test func checksumsAreMarkedOnlyWhenAsked() throws {
    var segment = Frames.tcp(Array("hello".utf8))
    let pseudo = Frames.big32(Frames.client) + Frames.big32(Frames.server) + [0, 6]
    let sum = internetChecksum((pseudo + Frames.big16(segment.count) + segment).rawSpan)
    segment.replaceSubrange(16..<18, with: Frames.big16(Int(sum)))
    let good = Frames.ipv4(6, segment)
    var bad = good
    bad[bad.count - 1] ^= 1
    var wrongHeader = good
    wrongHeader[8] = 9
    var bench = Bench()
    #expect(bench.seen(bad, .ipv4)?.marks == [])
    bench.layers.verifiesChecksums = true
    #expect(bench.seen(good, .ipv4)?.marks == [])
    #expect(bench.seen(bad, .ipv4)?.marks == .badChecksum)
    #expect(bench.seen(wrongHeader, .ipv4)?.marks == .badChecksum)
    // A cut segment is not judged, nor is UDP without a checksum.
    #expect(bench.seen(Array(bad.dropLast(2)), .ipv4, original: bad.count)?.marks == .cut)
    #expect(bench.seen(Frames.ipv4(17, Frames.udp([1])), .ipv4)?.marks == [])
    #expect(bench.layers.counters.badChecksums == 2)
  }
}
