import Bytes
import Layers
import Packets
import Testing

/// IPv4, IPv6 and their fragments.
@Suite struct NetworkTests {
  @Test func ipv4OptionsAndLengths() throws {
    var bench = Bench()
    let segment = Frames.tcp(Array("hello".utf8))
    #expect(bench.seen(Frames.ipv4(6, segment, options: [1, 1, 1, 0]), .ipv4) == plain())
    // Offloaded: the length is 0 and the packet ends with the frame.
    #expect(bench.seen(Frames.ipv4(6, segment, length: 0), .ipv4) == plain())
    // Longer than the frame: what is there counts.
    #expect(bench.seen(Frames.ipv4(6, segment, length: 900), .ipv4) == plain())
    #expect(bench.outcome(Frames.ipv4(6, segment, length: 12), .ipv4).0 == .skipped(.malformed))
    var short = Frames.packet()
    short[0] = 0x44
    #expect(bench.outcome(short, .ipv4).0 == .skipped(.malformed))
  }

  @Test func theSnapLengthShowsInWhatIsDeclared() throws {
    var bench = Bench()
    let frame = Frames.ethernet(0x0800, Frames.packet("hello"))
    let cut = Array(frame.dropLast(3))
    let expected = Seen(
      ends: plain().ends, transport: .tcp, payload: Array("he".utf8), declared: 5, marks: [.cut])
    #expect(bench.seen(cut, original: frame.count) == expected)
    #expect(bench.last.frameLength == frame.count)
    #expect(bench.layers.counters.cut == 1)
    let header = Array(frame.dropLast(6))
    #expect(bench.outcome(header, original: frame.count).0 == .skipped(.truncated))
  }

  @Test func ipv6ExtensionHeaders() throws {
    var bench = Bench()
    let datagram = Frames.udp(Array("hi".utf8))
    // Hop-by-hop, routing, destination options, authentication (24 bytes), then UDP.
    let chain: [UInt8] =
      [43, 0, 1, 4, 0, 0, 0, 0] + [60, 0, 0, 0, 0, 0, 0, 0] + [51, 0, 1, 4, 0, 0, 0, 0]
      + [17, 4] + [UInt8](repeating: 0, count: 22)
    let seen = bench.seen(Frames.ipv6(0, chain + datagram), .ipv6)
    #expect(seen?.text == "hi")
    #expect(seen?.transport == .udp)
    // A lone fragment header, a jumbogram's length of 0.
    let alone: [UInt8] = [17, 0, 0, 0, 0, 0, 0, 9]
    #expect(bench.seen(Frames.ipv6(44, alone + datagram), .ipv6)?.text == "hi")
    #expect(bench.seen(Frames.ipv6(17, datagram, length: 0), .ipv6)?.text == "hi")
    #expect(bench.seen(Frames.ipv6(59, []), .ipv6)?.transport == .other)
  }

  /// Types 0 and 2 have the last address last, type 4 first. With no stop left it is in the header.
  @Test func routedPacketsBelongToTheirLastStop() throws {
    let stops: [[UInt8]] = [7, 9].map { [0xfd] + [UInt8](repeating: 0, count: 14) + [$0] }
    let datagram = Frames.udp(Array("hi".utf8))
    func ends(_ type: UInt8, left: UInt8) -> String? {
      var bench = Bench()
      let header: [UInt8] = [17, 4, type, left, 0, 0, 0, 0] + stops[0] + stops[1]
      let seen = bench.seen(Frames.ipv6(43, header + datagram), .ipv6)
      #expect(seen?.text == "hi")
      return seen?.ends
    }
    #expect(ends(0, left: 1) == "fd00::1:5353 > fd00::9:53")
    #expect(ends(2, left: 1) == "fd00::1:5353 > fd00::9:53")
    #expect(ends(4, left: 1) == "fd00::1:5353 > fd00::7:53")
    for type in [0, 2, 4] as [UInt8] {
      #expect(ends(type, left: 0) == "fd00::1:5353 > fd00::2:53")
    }
    #expect(ends(99, left: 1) == "fd00::1:5353 > fd00::2:53")
    // Too short for an address.
    var bench = Bench()
    let short = Frames.ipv6(43, [17, 0, 4, 1, 0, 0, 0, 0] + datagram)
    #expect(bench.seen(short, .ipv6)?.text == "hi")
  }

  /// The checksum covers the last stop. Of a kind of routing that is not known it is not judged.
  @Test func checksumsOfRoutedPacketsCoverTheLastStop() throws {
    let last: [UInt8] = [0xfd] + [UInt8](repeating: 0, count: 14) + [9]
    var datagram = Frames.udp(Array("hi".utf8))
    let source: [UInt8] = [0xfd] + [UInt8](repeating: 0, count: 14) + [1]
    let pseudo: [UInt8] = source + last + [0, 0, 0, UInt8(datagram.count), 0, 0, 0, 17]
    let sum = internetChecksum((pseudo + datagram).rawSpan)
    datagram.replaceSubrange(6..<8, with: Frames.big16(Int(sum)))
    var bench = Bench()
    bench.layers.checksums = .all
    for type in [4, 99] as [UInt8] {
      let header: [UInt8] = [17, 2, type, 1, 0, 0, 0, 0] + last
      #expect(bench.seen(Frames.ipv6(43, header + datagram), .ipv6)?.marks == [])
    }
    #expect(bench.layers.counters.checksums.verified(.udp) == 1)
  }

  /// Fragments of "aaaaaaaabbbbbbbbcc" behind a UDP header: offset, length, more.
  ///
  ///     arrives    last  middle  first
  ///     delivers   -     -       all
  @Test func fragmentsInAnyOrder() throws {
    let datagram = Frames.udp(Array("aaaaaaaabbbbbbbbcc".utf8))
    let parts = [(0, 8, true), (8, 8, true), (16, 10, false)]
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [0, 0, 1, 1, 2]] {
      var four = Bench()
      var six = Bench()
      for (step, index) in order.enumerated() {
        let (offset, count, more) = parts[index]
        let piece = Array(datagram[offset..<offset + count])
        let packet = Frames.ipv4(
          17, piece, identification: 7, fragment: offset / 8 | (more ? 0x2000 : 0))
        let header: [UInt8] =
          [17, 0] + Frames.big16(offset | (more ? 1 : 0)) + Frames.big32(0xdead_beef)
        let (outcome, seen) = four.outcome(packet, .ipv4)
        let (outcome6, seen6) = six.outcome(Frames.ipv6(44, header + piece), .ipv6)
        if step == order.count - 1 {
          #expect(seen?.text == "aaaaaaaabbbbbbbbcc")
          #expect(seen?.marks == .reassembled)
          #expect(seen6?.text == "aaaaaaaabbbbbbbbcc")
          #expect(four.layers.datagram != nil)
        } else {
          #expect(outcome == .held)
          #expect(outcome6 == .held)
        }
      }
      #expect(four.layers.counters.reassembled == 1)
      #expect(four.layers.counters.fragmentOverlaps == (order.count == 5 ? 2 : 0))
      // The value is used again: what was reassembled does not stay in it.
      #expect(four.seen(Frames.packet(), .ipv4) == plain())
      #expect(four.layers.datagram == nil)
    }
  }

  /// Two interfaces saw each fragment. The copy of the last one must not wait for the next datagram
  /// of its identification, which may follow at once.
  ///
  ///     arrives    first  first  last  last  FIRST  LAST
  ///     delivers   -      -      all   -     -      ALL
  @Test func copiesOfFragmentsAreCountedAndDoNotMix() throws {
    var bench = Bench()
    func send(_ text: String, _ part: Int, at nanoseconds: Int64) -> (Outcome, String?) {
      let datagram = Frames.udp(Array(text.utf8))
      let piece = Array(part == 0 ? datagram[..<16] : datagram[16...])
      let packet = Frames.ipv4(17, piece, fragment: part == 0 ? 0x2000 : 2)
      let (outcome, seen) = bench.outcome(packet, .ipv4, at: nanoseconds)
      return (outcome, seen?.text)
    }
    var delivered: [String?] = []
    for part in [0, 0, 1, 1] { delivered.append(send("aaaaaaaabbbb", part, at: 0).1) }
    #expect(delivered == [nil, nil, "aaaaaaaabbbb", nil])
    #expect(bench.layers.counters.fragmentCopies == 1)
    #expect(send("AAAAAAAABBBB", 0, at: 10).0 == .held)
    #expect(send("AAAAAAAABBBB", 1, at: 20).1 == "AAAAAAAABBBB")
    // Much later the same bytes are another datagram.
    #expect(send("aaaaaaaabbbb", 0, at: 5_000_000).0 == .held)
    #expect(send("aaaaaaaabbbb", 1, at: 5_000_000).1 == "aaaaaaaabbbb")
    bench.layers.finish()
    #expect(bench.layers.counters.reassembled == 3)
    #expect(bench.layers.counters.datagramsExpired == 0)
  }

  @Test func datagramsThatWaitAtTheEndAreCounted() throws {
    var bench = Bench()
    let piece = Frames.ipv4(17, [UInt8](repeating: 1, count: 800), fragment: 0x2000)
    #expect(bench.outcome(piece, .ipv4).0 == .held)
    bench.layers.finish()
    bench.layers.finish()
    #expect(bench.layers.counters.datagramsExpired == 1)
    #expect(bench.outcome(piece, .ipv4).0 == .held, "it can go on")
  }

  @Test func overlappingFragmentsKeepWhatCameFirst() throws {
    var bench = Bench()
    let datagram = Frames.udp(Array("aaaaaaaabbbbbbbbcccccccc".utf8))
    func send(_ offset: Int, _ bytes: [UInt8], more: Bool) -> Seen? {
      bench.outcome(
        Frames.ipv4(17, bytes, fragment: offset / 8 | (more ? 0x2000 : 0)), .ipv4
      ).1
    }
    #expect(send(8, Array(datagram[8..<16]), more: true) == nil)
    #expect(send(24, Array(datagram[24..<32]), more: false) == nil)
    let rest = Array(datagram[0..<8]) + [UInt8](repeating: 0x58, count: 24)
    #expect(send(0, rest, more: true)?.text == "aaaaaaaaXXXXXXXXcccccccc")
    #expect(bench.layers.counters.fragmentOverlaps == 1)
  }

  @Test func contradictingFragmentsAreRefused() throws {
    var bench = Bench()
    func send(_ offset: Int, _ count: Int, more: Bool) -> Outcome {
      bench.outcome(
        Frames.ipv4(
          17, [UInt8](repeating: 1, count: count), fragment: offset / 8 | (more ? 0x2000 : 0)),
        .ipv4
      ).0
    }
    #expect(send(0, 32, more: true) == .held)
    #expect(send(8, 8, more: false) == .skipped(.malformed))
    #expect(send(40, 8, more: false) == .held)
    #expect(send(48, 8, more: true) == .skipped(.malformed))
    #expect(send(65_528, 100, more: false) == .skipped(.malformed))
    #expect(send(16, 4, more: true) == .skipped(.malformed))
    #expect(bench.layers.counters.fragmentsRefused == 4)
  }

  @Test func aFirstFragmentThatWasCutStillShowsItsEnds() throws {
    var bench = Bench()
    let segment = Frames.tcp([UInt8](repeating: 0x61, count: 1_000))
    let packet = Frames.ipv4(6, segment, fragment: 0x2000)
    let (_, seen) = bench.outcome(Array(packet.prefix(60)), .ipv4, original: packet.count)
    #expect(seen?.ends == plain().ends)
    #expect(seen?.declared == 1_000)
    #expect(seen?.marks == .cut)
  }

  @Test func waitingFragmentsAreBoundedInNumberBytesAndAge() throws {
    func first(_ identification: Int) -> [UInt8] {
      Frames.ipv4(
        17, [UInt8](repeating: 1, count: 800), identification: identification, fragment: 0x2000)
    }
    var limits = FragmentLimits()
    limits.datagrams = 10
    var bench = Bench(limits: limits)
    for index in 0..<25 { #expect(bench.outcome(first(index), .ipv4).0 == .held) }
    #expect(bench.layers.counters.datagramsEvicted == 15)

    limits.datagrams = 1_000
    limits.bytes = 10 * 864
    bench = Bench(limits: limits)
    for index in 0..<25 { #expect(bench.outcome(first(index), .ipv4).0 == .held) }
    #expect(bench.layers.counters.datagramsEvicted == 15)

    bench = Bench()
    for index in 0..<3_000 {
      _ = bench.outcome(first(index), .ipv4, at: Int64(index) * 1_000_000_000)
    }
    #expect(bench.layers.counters.datagramsExpired == 3_000 - 61)
  }

  @Test func aFloodOfTinyFragmentsReachesTheLimitOfMemory() throws {
    var limits = FragmentLimits()
    limits.bytes = 8_000
    var bench = Bench(limits: limits)
    for index in 0..<200 {
      let piece = Frames.ipv4(17, [UInt8](repeating: 1, count: 8), fragment: 0x2000 | index * 2)
      #expect(bench.outcome(piece, .ipv4).0 == .held)
    }
    #expect(bench.layers.counters.datagramsEvicted == 1)
  }
}
