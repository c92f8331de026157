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
    #expect(tcp.sackEdge == 20)
    let stamp: [UInt8] = [1, 1, 8, 10] + [UInt8](repeating: 9, count: 8)
    #expect(bench.seen(Frames.ipv4(6, Frames.tcp([7], options: stamp)), .ipv4)?.payload == [7])
    tcp = try #require(bench.last.tcp)
    #expect(tcp.sackCount == 0)
    #expect(tcp.windowScale == nil)
  }

  @Test func optionsThatTheCaptureCutAreToldFromNone() throws {
    var bench = Bench()
    let options: [UInt8] = [2, 4, 0x05, 0xb4] + [1, 3, 3, 7]
    let packet = Frames.ipv4(6, Frames.tcp([], flags: 0x02, options: options))
    for (cut, scale) in [(0, UInt8?(7)), (4, nil), (8, nil)] {
      _ = bench.seen(Array(packet.dropLast(cut)), .ipv4, original: packet.count)
      let tcp = try #require(bench.last.tcp)
      #expect(tcp.areOptionsCut == (cut > 0))
      #expect(tcp.windowScale == scale)
      #expect(tcp.maximumSegmentSize == (cut == 8 ? nil : 1_460))
    }
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
    let sctp = Frames.sctp([Frames.chunk(3, [1])])
    let seen = bench.seen(Frames.ipv4(132, sctp), .ipv4)
    #expect(seen?.ends == "10.0.0.1:36412 > 10.0.0.2:36413")
    #expect(seen?.payload == sctp, "with its common header")
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
    bench.layers.checksums = .all
    #expect(bench.seen(good, .ipv4)?.marks == [])
    #expect(bench.seen(bad, .ipv4)?.marks == .badChecksum)
    #expect(bench.seen(wrongHeader, .ipv4)?.marks == .badChecksum)
    // A cut segment is not judged, nor is UDP without a checksum.
    #expect(bench.seen(Array(bad.dropLast(2)), .ipv4, original: bad.count)?.marks == .cut)
    #expect(bench.seen(Frames.ipv4(17, Frames.udp([1])), .ipv4)?.marks == [])
    #expect(bench.layers.counters.badChecksums == 2)
    let checksums = bench.layers.counters.checksums
    #expect(checksums.verified(.ipv4) == 5)
    #expect(checksums.wrong(.ipv4) == 1)
    #expect(checksums.verified(.tcp) == 3)
    #expect(checksums.wrong(.tcp) == 1)
    #expect(checksums.verified(.udp) == 0)
  }

  @Test func checksumsOfControlMessagesAndSCTP() throws {
    var bench = Bench()
    bench.layers.checksums = .all
    var echo: [UInt8] = [8, 0, 0, 0, 0, 1, 0, 1, 9]
    echo.replaceSubrange(2..<4, with: Frames.big16(Int(internetChecksum(echo.rawSpan))))
    let sctp = Frames.sctp([Frames.chunk(0, [1, 2, 3])])
    for (number, good) in [(1, echo), (132, sctp)] as [(UInt8, [UInt8])] {
      #expect(bench.seen(Frames.ipv4(number, good), .ipv4)?.marks == [])
      var bad = good
      bad[bad.count - 2] ^= 1
      #expect(bench.seen(Frames.ipv4(number, bad), .ipv4)?.marks == .badChecksum)
    }
    // ICMPv6 counts its pseudo-header, ICMP does not.
    #expect(bench.seen(Frames.ipv6(58, echo), .ipv6)?.marks == .badChecksum)
    let checksums = bench.layers.counters.checksums
    #expect(checksums.verified(.icmp) == 3)
    #expect(checksums.wrong(.icmp) == 2)
    #expect(checksums.verified(.sctp) == 2)
    #expect(checksums.wrong(.sctp) == 1)
  }

  @Test func aSampleVerifiesTheBeginningAndThenOneOfMany() {
    var bench = Bench()
    bench.layers.checksums = .sample
    let frame = Frames.packet()
    for _ in 0..<1_024 + 640 { _ = bench.seen(frame, .ipv4) }
    #expect(bench.layers.counters.checksums.verified(.tcp) == 1_024 + 10)
  }

  // MARK: What dissectors of SCTP and ICMP read

  /// Every chunk of a packet, and what ended the walk.
  private func chunks(_ packet: [UInt8], declared: Int? = nil) -> ([SCTPChunk], WireError?) {
    var walk = SCTPChunks(declared: declared ?? packet.count)
    var found: [SCTPChunk] = []
    do throws(WireError) {
      while let chunk = try walk.next(in: packet.rawSpan) { found.append(chunk) }
    } catch {
      return (found, error)
    }
    return (found, nil)
  }

  @Test func chunksAreWalkedToTheEndAndNotBeyond() throws {
    let packet = Frames.sctp([Frames.chunk(0, [1, 2, 3], flags: 3), Frames.chunk(3, [])])
    let header = try SCTPHeader(packet.rawSpan)
    #expect(header.verificationTag == 0x0102_0304)
    #expect((header.sourcePort, header.destinationPort) == (36_412, 36_413))
    let whole = chunks(packet)
    #expect(
      whole.0 == [
        SCTPChunk(type: 0, flags: 3, value: 16..<19, length: 3),
        SCTPChunk(type: 3, flags: 0, value: 24..<24, length: 0),
      ])
    #expect(whole.1 == nil)
    // The capture cut the first chunk: it is there in part, and nothing behind it.
    let cut = chunks(Array(packet.prefix(18)), declared: packet.count)
    #expect(cut.0 == [SCTPChunk(type: 0, flags: 3, value: 16..<18, length: 3)])
    #expect(cut.1 == WireError(.truncated, at: 20))
    for length in [0, 3, 200] {
      var wrong = packet
      wrong.replaceSubrange(14..<16, with: Frames.big16(length))
      #expect(chunks(wrong).1 == WireError(.invalid, at: 14))
    }
    let short = Array(packet.prefix(11))
    #expect(throws: WireError(.truncated, at: 0)) { try SCTPHeader(short.rawSpan) }
  }

  private func quote(_ message: [UInt8]) -> QuotedPacket? { QuotedPacket(in: message.rawSpan) }

  @Test func anErrorMessageNamesThePacketItQuotes() throws {
    let head: [UInt8] = [3, 1, 0, 0, 0, 0, 0, 0]
    let header = try ICMPHeader(head.rawSpan, isV6: false)
    #expect(header.isError)
    #expect(!header.isEchoRequest)
    // Eight bytes behind the IP header are what RFC 792 asks for; its length tells of more.
    let short = try #require(quote(head + Frames.packet("longer than the quote").prefix(28)))
    #expect(short.source == IPAddress(v4: Frames.client))
    #expect(short.destination == IPAddress(v4: Frames.server))
    #expect((short.number, short.sourcePort, short.destinationPort) == (6, 40_000, 80))

    let later = try #require(quote(head + Frames.ipv4(17, Frames.udp([1]), fragment: 3)))
    #expect((later.number, later.sourcePort) == (17, 0), "only a first fragment has ports")

    let six = quote(head + Frames.ipv6(0, [17, 0, 0, 0, 0, 0, 0, 0] + Frames.udp([1])))
    #expect(six?.destinationPort == 53)
    #expect(quote(head) == nil)
    #expect(quote(head + [0x45, 0]) == nil)
  }

  @Test func echoesHaveIdentifiersAndNumbers() throws {
    let bytes: [UInt8] = [129, 0, 1, 2, 3, 4, 5, 6]
    let reply = try ICMPHeader(bytes.rawSpan, isV6: true)
    #expect(reply.isEchoReply)
    #expect((reply.identifier, reply.sequence, reply.checksum) == (0x0304, 0x0506, 0x0102))
    #expect(throws: WireError(.truncated, at: 0)) {
      try ICMPHeader(Array(bytes.dropLast()).rawSpan, isV6: true)
    }
  }
}
