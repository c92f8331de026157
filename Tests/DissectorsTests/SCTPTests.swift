import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Layers
import TestSupport
import Testing

@Suite struct SCTPTests {
  // MARK: Packets

  @Test func packetsShowTheirChunks() throws {
    var talk = Talk(transport: .sctp, serverPort: 3868)
    talk.says(.client, SCTP.packet(tag: 0, [SCTP.initiation]))
    talk.says(
      .server,
      SCTP.packet(
        tag: 9, [SCTP.chunk(11, []), SCTP.data(5, stream: 2, sequence: 1, Array("x".utf8))]))
    let packets = talk.calls().filter { $0.kind == .sctp }
    #expect(packets.map { $0.text(.sctpChunkType) } == ["INIT", "COOKIE ACK"])
    #expect(packets.map { $0.texts(.sctpChunkTypes) } == [["INIT"], ["COOKIE ACK", "DATA"]])
    #expect(packets.map { $0.int(.sctpStream) } == [nil, 2])
    #expect(packets.map { $0.text(.sctpPayloadProtocol) } == [nil, "Diameter"])
    #expect(packets.map { $0.int(.sctpLength) } == [32, 36])
    #expect(packets.map(\.source.port) == [40_000, 3868])
    #expect(packets.allSatisfy { !$0.failed && $0.fault == nil })
    let details = try packets.map { try JSONReader.value(of: $0.text(.details) ?? "")["request"] }
    #expect(
      details[0]?["chunks"] == [
        [
          "type": 1, "name": "INIT", "length": 16, "initTag": 7, "window": 65_535,
          "outboundStreams": 10, "inboundStreams": 5, "initialTSN": 100,
        ]
      ])
    #expect(details[1]?["tag"] == "0x00000009")
    #expect(
      details[1]?["chunks"]?[1] == [
        "type": 0, "name": "DATA", "length": 13, "tsn": 5, "stream": 2, "streamSequence": 1,
        "payloadProtocol": 46, "isFirst": true, "isLast": true,
      ])
  }

  @Test func anAbortIsAFailureAndEndsTheAssociation() {
    var talk = Talk(transport: .sctp, serverPort: 3868)
    talk.says(.server, SCTP.packet(tag: 9, [SCTP.chunk(6, [0, 12, 0, 4])]))
    let entries = talk.entries()
    let packet = entries.first { $0.kind == .sctp }
    #expect(packet?.failed == true)
    #expect(packet?.text(.statusText) == "user initiated abort")
    let record = entries.first { $0.kind == .sctpConn }
    #expect(record?.text(.connState) == "closed")
    #expect(record?.text(.connCloseReason) == "reset")
    #expect(record?.fault?.message == "Reset: user initiated abort")
  }

  @Test func aPacketThatIsCutIsMarked() {
    let packet = SCTP.packet(tag: 1, [SCTP.data(5, Array("hello".utf8))])
    for length in 1..<packet.count - 3 {
      var talk = Talk(transport: .sctp, serverPort: 9)
      talk.says(.client, Array(packet.prefix(length)))
      let entries = talk.calls().filter { $0.kind == .sctp }
      // Behind the header a packet may end where a chunk begins.
      #expect(
        entries.map { $0.fault?.kind } == [length == 12 ? nil : .dissection], "\(length)")
    }
  }

  // MARK: Messages

  @Test(arguments: [4, 20])
  func fragmentsBecomeOneMessageInWhateverOrderTheyCome(count: Int) {
    let message = Array("the quick brown fox\n".utf8)
    let parts = SCTP.fragments(of: message, from: 0xffff_fffe, count: count)
    var random = SeededGenerator(seed: 5)
    for round in 0..<30 {
      let order = [0: parts, 1: parts.reversed()][round] ?? parts.shuffled(using: &random)
      var talk = Talk(transport: .sctp, serverPort: 7)
      for part in order {
        talk.says(.client, SCTP.packet(tag: 3, [part]))
        if round % 2 == 1 { talk.says(.client, SCTP.packet(tag: 3, [part])) }
      }
      let bodies = talk.calls(SCTP.lines).filter { $0.kind == .tcp }.map { $0.request?.text }
      #expect(bodies == ["the quick brown fox\n"], "round \(round)")
    }
  }

  @Test func messagesOfManyStreamsMayLieBetweenEachOther() {
    let first = SCTP.fragments(of: Array("abcdef\n".utf8), from: 10, count: 2)
    let second = SCTP.data(12, stream: 1, Array("x\n".utf8))
    var talk = Talk(transport: .sctp, serverPort: 7)
    talk.says(.client, SCTP.packet(tag: 3, [first[0], second, first[1]]))
    #expect(SCTP.texts(talk) == ["x\n", "abcdef\n"])
  }

  @Test func interleavedFragmentsAreToldApart() {
    let one = SCTP.interleaved(of: Array("abcd\n".utf8), from: 10, message: 1)
    let two = SCTP.interleaved(of: Array("efgh\n".utf8), from: 11, message: 2)
    var talk = Talk(transport: .sctp, serverPort: 7)
    for chunk in [one[0], two[0], one[1], two[1]] {
      talk.says(.client, SCTP.packet(tag: 3, [chunk]))
    }
    #expect(SCTP.texts(talk) == ["abcd\n", "efgh\n"])
  }

  @Test func aMessageBeginsWhereItsFirstFragmentCame() {
    let parts = SCTP.fragments(of: Array("abcdef\n".utf8), from: 10, count: 3)
    var talk = Talk(transport: .sctp, serverPort: 7)
    for part in parts { talk.says(.client, SCTP.packet(tag: 3, [part])) }
    let call = talk.calls(SCTP.lines).first { $0.kind == .tcp }
    #expect(call?.timestamp == Timestamp(milliseconds: 1))
    #expect(call?.packets == 2...4)
  }

  @Test func whatIsSentAgainIsOneMessage() {
    let data = SCTP.data(10, Array("x\n".utf8))
    var talk = Talk(transport: .sctp, serverPort: 7)
    for _ in 0..<3 { talk.says(.client, SCTP.packet(tag: 3, [data])) }
    #expect(SCTP.texts(talk) == ["x\n"])
    // Another tag is another association, with numbers of its own.
    talk.says(.client, SCTP.packet(tag: 4, [data]))
    #expect(SCTP.texts(talk) == ["x\n", "x\n"])
  }

  @Test func lostChunksDoNotHoldUpOthers() {
    var talk = Talk(transport: .sctp, serverPort: 7)
    talk.says(.client, SCTP.packet(tag: 3, [SCTP.data(10, Array("a\n".utf8))]))
    talk.says(.client, SCTP.packet(tag: 3, [SCTP.data(5000, Array("b\n".utf8))]))
    talk.says(.client, SCTP.packet(tag: 3, [SCTP.data(4999, Array("c\n".utf8))]))
    #expect(SCTP.texts(talk) == ["a\n", "b\n", "c\n"])
  }

  @Test func fragmentsBeyondTheLimitAreDroppedAndCounted() {
    var talk = Talk(transport: .sctp, serverPort: 7)
    for number in UInt32(0)..<40 {
      talk.says(
        .client,
        SCTP.packet(tag: 3, [SCTP.data(number * 3, flags: 2, [UInt8](repeating: 1, count: 100))]))
    }
    var limits = DissectionLimits()
    limits.waitingPerSide = 1000
    let dissection = Dissection(limits: limits, switches: .everything, rows: SCTP.lines)
    talk.play(to: dissection)
    #expect(dissection.counters.waitingDropped >= 4000)
    #expect(dissection.isIdle)
  }

  @Test func theRecordCountsMessagesByStream() throws {
    var talk = Talk(transport: .sctp, serverPort: 7)
    talk.says(.client, SCTP.packet(tag: 3, [SCTP.data(10, stream: 1, Array("a\n".utf8))]))
    talk.says(.client, SCTP.packet(tag: 3, [SCTP.data(11, stream: 1, Array("a\n".utf8))]))
    let record = talk.entries().first { $0.kind == .sctpConn }
    let details = try JSONReader.value(of: record?.text(.details) ?? "")
    #expect(details["request"]?["messagesByStream"] == ["1": 2])
  }

  @Test func nothingBreaksIt() {
    let message = Array("the quick brown fox\n".utf8)
    var talk = Talk(transport: .sctp, serverPort: 7)
    talk.says(.client, SCTP.packet(tag: 0, [SCTP.initiation]))
    for part in SCTP.fragments(of: message, from: 1, count: 4) {
      talk.says(.client, SCTP.packet(tag: 3, [part]))
    }
    talk.says(.server, SCTP.packet(tag: 4, [SCTP.data(1, message)]))
    talk.says(.server, SCTP.packet(tag: 4, [SCTP.chunk(9, [0, 1, 0, 8, 0, 1, 0, 0])]))
    Laws.mutation(talk)
    Laws.mutation(talk, rows: SCTP.lines)
  }
}

/// SCTP packets as tests make them.
enum SCTP {
  static let initiation = chunk(1, [0, 0, 0, 7, 0, 0, 0xff, 0xff, 0, 10, 0, 5, 0, 0, 0, 100])

  /// A reader of lines that travel in SCTP.
  static let lines: [DissectorRow] = {
    var row = Echo.row
    row.transports = [.sctp]
    row.recognise = { _, _, _ in .yes(.certain) }
    return [row]
  }()

  /// The lines in a talk, in the order of their entries.
  static func texts(_ talk: Talk) -> [String?] {
    talk.calls(lines).filter { $0.kind == .tcp }.sorted { $0.index < $1.index }
      .map { $0.request?.text }
  }

  static func packet(
    tag: UInt32, ports: (UInt16, UInt16) = (40_000, 3868), _ chunks: [[UInt8]]
  ) -> [UInt8] {
    var packet = big32(UInt32(ports.0) << 16 | UInt32(ports.1))
    packet += big32(tag)
    packet += [1, 2, 3, 4]
    for chunk in chunks { packet += chunk }
    return packet
  }

  static func chunk(_ type: UInt8, flags: UInt8 = 0, _ value: [UInt8]) -> [UInt8] {
    let length = value.count + 4
    var chunk: [UInt8] = [type, flags, UInt8(length >> 8), UInt8(length & 255)]
    chunk += value
    return chunk + [UInt8](repeating: 0, count: -length & 3)
  }

  static func data(
    _ number: UInt32, stream: UInt8 = 0, sequence: UInt8 = 0, flags: UInt8 = 3, _ bytes: [UInt8]
  ) -> [UInt8] {
    chunk(0, flags: flags, join(big32(number), [0, stream, 0, sequence, 0, 0, 0, 46], bytes))
  }

  /// A message in `count` DATA chunks.
  static func fragments(of message: [UInt8], from number: UInt32, count: Int) -> [[UInt8]] {
    let size = (message.count + count - 1) / count
    return (0..<count).map { place in
      let flags: UInt8 = (place == 0 ? 2 : 0) | (place == count - 1 ? 1 : 0)
      return data(
        number &+ UInt32(place), flags: flags,
        Array(message.dropFirst(place * size).prefix(size)))
    }
  }

  /// A message in two I-DATA chunks, whose transmission numbers are two apart.
  static func interleaved(of message: [UInt8], from number: UInt32, message name: UInt8)
    -> [[UInt8]]
  {
    let half = message.count / 2
    let head: [UInt8] = [0, 1, 0, 0, 0, 0, 0, name]
    return [
      chunk(64, flags: 2, join(big32(number), head, [0, 0, 0, 46], Array(message.prefix(half)))),
      chunk(
        64, flags: 1, join(big32(number + 2), head, [0, 0, 0, 1], Array(message.dropFirst(half)))),
    ]
  }

  static func big32(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
  }
}

/// All of these bytes, one after the other.
func join(_ parts: [UInt8]...) -> [UInt8] { Array(parts.joined()) }
