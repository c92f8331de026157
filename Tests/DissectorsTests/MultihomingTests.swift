import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Layers
import TestSupport
import Testing

/// Associations of SCTP whose ends have several addresses: each pair of them is a conversation, and calls go
/// across.
@Suite struct MultihomingTests {
  // MARK: Calls

  @Test(arguments: [UInt16(40_000), 3868]) func theAnswerMayTakeAnotherPath(port: UInt16) throws {
    var road = Road(port: port)
    road.meet()
    for hop in UInt32(1)...4 {
      road.asks(Int(hop) % 2, hop)
      road.answers(Int(hop + 1) % 2, hop)
      // And questions of the other end.
      road.send(.server, Int(hop) % 2, [road.data(.server, Self.question(hop + 100))])
      road.send(.client, Int(hop + 1) % 2, [road.data(.client, Self.answer(hop + 100))])
    }
    let entries = road.entries()
    let calls = entries.filter { $0.kind == .diameter }.sorted { $0.timestamp < $1.timestamp }
    #expect(calls.count == 8)
    #expect(calls.allSatisfy { $0.hasRequest && $0.hasResponse && $0.fault == nil })
    // The ends of the packet of the question, the numbers of both packets, and the time between them.
    #expect(
      calls.map { "\(host($0.source))>\(host($0.destination))" } == [
        "2>12", "12>2", "1>11", "11>1", "2>12", "12>2", "1>11", "11>1",
      ])
    #expect(calls.allSatisfy { $0.packets.count == 2 && $0.elapsed == 1000 })
    // Each is filed with the conversation of its question, under an index of its own.
    let streams = calls.map { host($0.source) % 10 == 2 ? 3 : 1 }
    #expect(calls.map(\.stream) == streams.map { UInt64($0) })
    #expect(Set(entries.map { "\($0.stream) \($0.index)" }).count == entries.count)
    #expect(road.dissection.isIdle)
  }

  @Test func eachPathHasItsRecordAsBefore() throws {
    var road = Road()
    road.meet()
    for hop in UInt32(1)...3 {
      road.asks(0, hop)
      road.answers(1, hop)
    }
    let records = road.entries().filter { $0.kind == .sctpConn }.sorted { $0.stream < $1.stream }
    // On the second path the server was heard of first.
    #expect(records.map { host($0.source) } == [1, 12])
    #expect(records.map { $0.int(.connLocalPkts) } == [4, 4])
    #expect(records.map { $0.int(.connRemotePkts) } == [1, 1])
    #expect(records.allSatisfy { $0.texts(.connL7Detected) == [ProtocolKind.diameter.family] })
    for record in records {
      let details = try JSONReader.value(of: record.text(.details) ?? "")
      #expect(details["request"]?["messagesByStream"] == ["0": 3])
    }
  }

  /// The first path falls silent: what got no answer there is sent again on the second one.
  @Test func whatIsSentAgainOnAnotherPathCountsOnce() {
    var road = Road()
    road.meet()
    road.asks(0, 1)
    road.answers(0, 1)
    let question = road.data(.client, Self.question(2))
    for path in [0, 0, 1, 1] { road.send(.client, path, [question]) }
    road.answers(1, 2)
    road.asks(1, 3)
    road.answers(1, 3)
    let calls = road.calls()
    #expect(calls.map { host($0.source) } == [1, 1, 2])
    #expect(calls.allSatisfy { $0.hasRequest && $0.hasResponse && $0.fault == nil })
    #expect(road.dissection.counters.protocols["diameter"]?.messages == 6)
  }

  /// Two halves that waited apart find each other when it turns out that their paths are of one
  /// association, whichever of them came first.
  @Test(arguments: [UInt16(40_000), 3868], [true, false])
  func halvesThatWaitedApartAreOneCall(port: UInt16, onFirst: Bool) {
    var road = Road(port: port)
    for hop in UInt32(1)...3 {
      road.asks(0, hop)
      road.answers(1, hop)
    }
    road.asks(0, 4)
    // The other tag comes on a path that had one.
    if onFirst {
      road.send(.server, 0, [SCTP.chunk(5, [])])
    } else {
      road.send(.client, 1, [SCTP.chunk(5, [])])
    }
    road.answers(1, 4)
    let calls = road.calls()
    #expect(calls.map { host($0.source) } == [1, 1, 1, 1])
    #expect(calls.map { host($0.destination) } == [11, 11, 11, 11])
    #expect(calls.allSatisfy { $0.hasRequest && $0.hasResponse && $0.fault == nil })
    #expect(Set(calls.map(\.index)).count == 4)
    #expect(road.dissection.isIdle)
  }

  /// A path may be over when the answer comes on another.
  @Test func aCallOutlivesItsPath() {
    var road = Road()
    road.patience = 5_000_000_000
    road.meet()
    road.asks(0, 1)
    for _ in 0..<4 {
      road.pause(seconds: 2)
      road.send(.client, 1, [SCTP.chunk(4, [])])
    }
    road.answers(1, 1)
    road.asks(1, 2)
    let calls = road.calls()
    #expect(road.open == 1)
    #expect(calls.map { host($0.source) } == [1, 2])
    #expect(calls.map(\.hasResponse) == [true, false])
    #expect(calls.map(\.stream) == [1, 3])
    #expect(road.dissection.isIdle)
  }

  @Test func otherAssociationsAreNotMixedIn() {
    var road = Road()
    // The same questions between others on the same ports.
    var other = Road(tags: (0xcccc_0001, 0xdddd_0001), pairs: [(3, 13), (4, 14)])
    road.meet()
    other.meet()
    for hop in UInt32(1)...3 {
      road.asks(0, hop)
      other.asks(1, hop)
      other.answers(0, hop)
      road.answers(1, hop)
    }
    let calls = Road.calls(of: [road, other])
    #expect(calls.map { host($0.source) } == [1, 4, 1, 4, 1, 4])
    #expect(calls.allSatisfy { $0.hasRequest && $0.hasResponse && $0.fault == nil })
    #expect(calls.allSatisfy { $0.packets.count == 3 })
  }

  // MARK: Laws

  /// A question whose bytes are cut anywhere, its parts on different paths, is the uncut one.
  @Test func anySplitAcrossPathsGivesTheSameCalls() {
    let question = Self.question(1)
    func essences(cut: Int?) -> [String] {
      var road = Road()
      road.meet()
      let parts = cut.map { [question.prefix($0), question.dropFirst($0)] } ?? [question[...]]
      for (place, part) in parts.enumerated() {
        let flags: UInt8 = (place == 0 ? 2 : 0) | (place == parts.count - 1 ? 1 : 0)
        road.send(.client, 1 - place, [road.data(.client, flags: flags, Array(part))])
      }
      road.answers(0, 1)
      return road.calls().map { call in
        var call = call
        // Which path it is filed with is told by its last part.
        (call.stream, call.index) = (1, 0)
        return call.essence
      }
    }
    let whole = essences(cut: nil)
    #expect(whole.count == 1)
    for cut in 1..<question.count { #expect(essences(cut: cut) == whole, "cut at \(cut)") }
  }

  /// Packets of different paths may overtake each other, and come twice.
  @Test func anyOrderGivesTheSameCalls() {
    var random = SeededGenerator(seed: 3)
    var road = Road()
    var packets: [(side: Side, chunk: [UInt8])] = []
    for hop in UInt32(1)...5 {
      let question = Self.question(hop)
      packets.append((.client, road.data(.client, flags: 2, Array(question.prefix(9)))))
      packets.append((.client, road.data(.client, flags: 1, Array(question.dropFirst(9)))))
      packets.append((.server, road.data(.server, Self.answer(hop))))
    }
    for round in 0..<50 {
      var road = Road()
      road.meet()
      for packet in packets.shuffled(using: &random) {
        for _ in 0..<Int.random(in: 1...2, using: &random) {
          road.send(packet.side, .random(in: 0...1, using: &random), [packet.chunk])
        }
      }
      let calls = road.calls()
      #expect(calls.count == 5, "round \(round)")
      #expect(
        calls.allSatisfy {
          $0.hasRequest && $0.hasResponse && $0.fault == nil && host($0.source) < 10
        }, "round \(round)")
      #expect(Set(calls.map { "\($0.stream) \($0.index)" }).count == 5)
      #expect(road.dissection.isIdle)
    }
  }

  /// Any beginning of the packets gives a beginning of the calls, the last ones without answers.
  @Test func anyBeginningGivesABeginningOfTheCalls() {
    for count in 0...8 {
      var road = Road()
      road.meet()
      for number in 0..<count {
        let hop = UInt32(number / 2 + 1)
        if number % 2 == 0 { road.asks(Int(hop) % 2, hop) } else { road.answers(0, hop) }
      }
      #expect(road.calls().count == (count + 1) / 2)
      #expect(road.calls().count { $0.hasResponse } == count / 2)
    }
  }

  @Test func nothingBreaksIt() {
    var random = SeededGenerator(seed: 23)
    for round in 0..<60 {
      var road = Road(port: round % 2 == 0 ? 40_000 : 3868, pairs: [(1, 11), (2, 12), (1, 12)])
      if round % 3 > 0 { road.meet() }
      for hop in UInt32(1)...30 {
        let side: Side = Bool.random(using: &random) ? .client : .server
        let message = Bool.random(using: &random) ? Self.question(hop) : Self.answer(hop)
        var chunks = [
          road.data(side, flags: .random(in: 0...3, using: &random), message),
          SCTP.chunk(.random(in: 0...15, using: &random), [0, 12, 0, 4]),
        ]
        if Bool.random(using: &random) {
          chunks[0].removeLast(.random(in: 0..<chunks[0].count, using: &random))
        }
        if Int.random(in: 0..<8, using: &random) == 0 {
          road.tags = BySide(client: .random(in: 0...2, using: &random), server: 0xeeee_0001)
        }
        road.send(side, .random(in: 0...2, using: &random), chunks)
        if Int.random(in: 0..<10, using: &random) == 0 { road.pause(seconds: 700) }
      }
      let entries = road.entries()
      #expect(Set(entries.map { "\($0.stream) \($0.index)" }).count == entries.count)
      #expect(road.dissection.counters.misbehaved == 0)
      #expect(road.dissection.held == Dissection.Held())
    }
  }

  fileprivate static func question(_ hop: UInt32) -> [UInt8] {
    DiameterTests.message(280, application: 0, hop: hop, DiameterTests.text(264, "host"))
  }

  fileprivate static func answer(_ hop: UInt32) -> [UInt8] {
    DiameterTests.message(
      280, application: 0, flags: 0, hop: hop, DiameterTests.avp(268, DiameterTests.number(2001)))
  }
}

private func host(_ end: Endpoint) -> UInt32 { end.address.v4 & 0xff }

/// The packets of an association on several paths, through a flow table into a dissection.
private struct Road {
  struct Packet {
    var side: Side
    var path: Int
    var bytes: [UInt8]
    /// Milliseconds.
    var time: Int64
  }

  /// What packets to each side carry.
  var tags: BySide<UInt32>
  let dissection = Dissection(switches: .everything)
  private let port: UInt16
  private let pairs: [(UInt8, UInt8)]
  private var packets: [Packet] = []
  private var numbers = BySide<UInt32>(client: 0xffff_fffe, server: 5)
  private var time: Int64 = 0
  private var played: [Entry]?
  /// How long a conversation may be silent, in nanoseconds.
  var patience = FlowLimits().udpIdle
  /// Conversations that were open at the end.
  private(set) var open = 0

  init(
    port: UInt16 = 40_000, tags: (UInt32, UInt32) = (0xaaaa_0001, 0xbbbb_0001),
    pairs: [(UInt8, UInt8)] = [(1, 11), (2, 12)]
  ) {
    (self.port, self.pairs) = (port, pairs)
    self.tags = BySide(client: tags.0, server: tags.1)
  }

  mutating func pause(seconds: Int64) { time += seconds * 1000 }

  mutating func send(_ side: Side, _ path: Int, _ chunks: [[UInt8]]) {
    time += 1
    let ports = side == .client ? (port, UInt16(3868)) : (3868, port)
    packets.append(
      Packet(
        side: side, path: path,
        bytes: SCTP.packet(tag: tags[side.other], ports: ports, chunks), time: time))
  }

  mutating func data(_ side: Side, flags: UInt8 = 3, _ bytes: [UInt8]) -> [UInt8] {
    numbers[side] &+= 1
    return SCTP.data(numbers[side], flags: flags, bytes)
  }

  /// Heartbeats on both paths, the second one by the server, from the middle of an association.
  mutating func meet() {
    send(.client, 0, [SCTP.chunk(4, [])])
    send(.server, 0, [SCTP.chunk(5, [])])
    send(.server, 1, [SCTP.chunk(4, [])])
    send(.client, 1, [SCTP.chunk(5, [])])
  }

  mutating func asks(_ path: Int, _ hop: UInt32) {
    send(.client, path, [data(.client, MultihomingTests.question(hop))])
  }

  mutating func answers(_ path: Int, _ hop: UInt32) {
    send(.server, path, [data(.server, MultihomingTests.answer(hop))])
  }

  /// The calls, in the order of time.
  mutating func calls() -> [Entry] {
    entries().filter { $0.kind == .diameter }.sorted { $0.timestamp < $1.timestamp }
  }

  mutating func entries() -> [Entry] {
    if let played { return played }
    let entries = Self.play([self], into: dissection, &open)
    played = entries
    return entries
  }

  /// The calls of several ones, whose packets are taken in turns.
  static func calls(of roads: [Road]) -> [Entry] {
    var open = 0
    return play(roads, into: Dissection(switches: .everything), &open)
      .filter { $0.kind == .diameter }
      .sorted { ($0.timestamp, $0.stream) < ($1.timestamp, $1.stream) }
  }

  private static func play(
    _ roads: [Road], into dissection: Dissection, _ open: inout Int
  ) -> [Entry] {
    var limits = FlowLimits()
    limits.udpIdle = roads.map(\.patience).min() ?? 0
    var table = FlowTable(limits: limits)
    let all = roads.flatMap { road in road.packets.map { (road, $0) } }
      .enumerated().sorted { ($0.element.1.time, $0.offset) < ($1.element.1.time, $1.offset) }
    for (place, (road, packet)) in all.map(\.element).enumerated() {
      let (client, server) = road.pairs[packet.path]
      let (source, destination) = packet.side == .client ? (client, server) : (server, client)
      let time = Timestamp(milliseconds: packet.time)
      table.receive(
        Decoded(
          number: UInt64(place + 1), timestamp: time,
          source: IPAddress(v4: 0x0a00_0000 | UInt32(source)),
          destination: IPAddress(v4: 0x0a00_0000 | UInt32(destination)),
          sourcePort: packet.side == .client ? road.port : 3868,
          destinationPort: packet.side == .client ? 3868 : road.port, transport: .sctp,
          payload: 0..<packet.bytes.count, declaredPayload: packet.bytes.count,
          frameLength: 34 + packet.bytes.count),
        payload: packet.bytes.rawSpan, into: dissection)
      dissection.advance(to: time)
    }
    open = table.openCount
    table.finish(into: dissection)
    dissection.finish()
    return dissection.drain()
  }
}
