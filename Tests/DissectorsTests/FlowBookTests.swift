import Bytes
import Entries
import Layers
import Testing

@testable import Dissectors
@testable import Flows

@Suite struct FlowBookTests {
  private func conversation(
    _ stream: UInt64, clientPort: UInt16, port: UInt16 = 80, packets: UInt64 = 3,
    state: Conversation.State = .closed, at second: Int64 = 0
  ) -> Conversation {
    var sent = BySide(client: Conversation.Traffic(), server: Conversation.Traffic())
    (sent.client.packets, sent.client.bytes) = (packets, packets * 100)
    (sent.server.packets, sent.server.bytes) = (packets * 2, packets * 1_000)
    var health = TCPHealth()
    health.retransmissions = 1
    (health.rttSamples, health.rttAverage) = (2, UInt32(100 * stream))
    (health.rttMinimum, health.rttMaximum) = (UInt32(10 * stream), UInt32(200 * stream))
    health.jitter = 0
    health.synToAck = UInt32(stream) * 50
    health.windowScale.client = 7
    return Conversation(
      stream: stream, transport: .tcp,
      client: Conversation.Peer(address: IPAddress(v4: 1), port: clientPort),
      server: Conversation.Peer(address: IPAddress(v4: 2), port: port), clientKnownBy: .syn,
      first: Timestamp(milliseconds: second * 1_000),
      last: Timestamp(milliseconds: (second + 1) * 1_000), state: state, sent: sent,
      health: health)
  }

  private func book(_ conversations: Conversation...) -> FlowBook {
    var book = FlowBook()
    for conversation in conversations {
      book.add(conversation, as: .tcpFlow, client: .client, kinds: KindSet())
    }
    return book
  }

  private func number(_ entry: Entry, _ id: FieldID) -> Int64? {
    if case .int(let number) = entry.fields[id] { number } else { nil }
  }

  @Test func connectionsToOnePortAreOneFlow() throws {
    let book = book(
      conversation(9, clientPort: 50_001, at: 3), conversation(5, clientPort: 50_000),
      conversation(7, clientPort: 50_000, port: 443))
    let entries = book.entries
    #expect(entries.map(\.stream) == [5, 7], "in the order of their first packets")
    #expect(entries.map(\.destination.port) == [80, 443])
    let flow = try #require(entries.first)
    #expect(flow.kind == .tcpFlow && flow.source.port == 0)
    #expect(flow.index == UInt32.max)
    #expect(number(flow, .flowLocalPkts) == 6)
    #expect(number(flow, .flowRemoteBytes) == 6_000)
    // From the first packet of the first to the last of the second: four seconds.
    #expect(number(flow, .flowLocalBPS) == 150)
    #expect(flow.fields[.flowState] == .text("closed"))
    #expect(number(flow, .metricRetransmissions) == 2)
  }

  @Test func figuresOfConnectionsAreMerged() throws {
    let flow = try #require(
      book(conversation(1, clientPort: 1), conversation(3, clientPort: 2)).entries.first)
    #expect(number(flow, .metricRTTSamples) == 4)
    #expect(number(flow, .metricRTTMinimum) == 10)
    #expect(number(flow, .metricRTTMaximum) == 600)
    #expect(number(flow, .metricRTTAverage) == 200)
    #expect(number(flow, .metricJitter) == 100, "the means are 100 off theirs")
    #expect(number(flow, .metricHandshakeTime) == 100, "the mean of 50 and 150")
    #expect(number(flow, .metricWindowScale) == 7)
    #expect(number(flow, .metricServerWindowScale) == nil)
    #expect(number(flow, .metricClientRetransmissions) == 0)
    #expect(flow.fields[.metricOffload] == .none)
  }

  /// What the other side acknowledged and announced is not known, which is not 0.
  @Test func whatOneDirectionDoesNotTellIsAbsent() throws {
    var oneSided = conversation(1, clientPort: 1)
    oneSided.sent.server = Conversation.Traffic()
    oneSided.health = TCPHealth()
    let flow = try #require(book(oneSided).entries.first)
    #expect(number(flow, .metricWindowFull) == nil)
    #expect(number(flow, .metricRTTSamples) == nil)
    #expect(number(flow, .metricRetransmissions) == 0)
    let both = try #require(
      book(oneSided, conversation(2, clientPort: 2)).entries.first)
    #expect(number(both, .metricWindowFull) == 0)
    #expect(number(both, .metricRTTSamples) == 2)
  }

  @Test func aFlowIsOpenWhileOneOfItsConnectionsIs() {
    let flow = book(
      conversation(1, clientPort: 1), conversation(2, clientPort: 2, state: .open)
    ).entries.first
    #expect(flow?.fields[.flowState] == .text("open"))
    let joined = book(conversation(2, clientPort: 2, state: .inProgress)).entries.first
    #expect(joined?.fields[.flowState] == .text("in_progress"))
  }

  @Test func workersTogetherGiveWhatOneWouldHaveGiven() {
    var one = book(conversation(1, clientPort: 1), conversation(4, clientPort: 2))
    let two = book(conversation(2, clientPort: 3), conversation(3, clientPort: 4, port: 90))
    one.merge(two)
    let all = book(
      conversation(1, clientPort: 1), conversation(2, clientPort: 3),
      conversation(3, clientPort: 4, port: 90), conversation(4, clientPort: 2))
    #expect(one.entries.map(\.fields) == all.entries.map(\.fields))
    #expect(one.entries.map(\.stream) == [1, 3])
  }

  @Test func aTurnedConversationCountsForTheSideThatAsked() throws {
    var book = FlowBook()
    book.add(
      conversation(1, clientPort: 80, port: 50_000), as: .tcpFlow, client: .server,
      kinds: KindSet())
    let flow = try #require(book.entries.first)
    #expect(flow.source.address == IPAddress(v4: 2))
    #expect(flow.destination.port == 80)
    #expect(number(flow, .flowLocalPkts) == 6)
  }

  @Test func whatIsStoredComesBack() throws {
    let book = book(
      conversation(9, clientPort: 50_001, at: 3), conversation(5, clientPort: 50_000, state: .open),
      conversation(7, clientPort: 50_000, port: 443))
    let bytes = book.stored
    #expect(try FlowBook(stored: bytes.span.bytes) == book)
    for damaged in [[], bytes.dropLast(), bytes + [0], [9] + bytes.dropFirst()] as [[UInt8]] {
      #expect(throws: WireError.self) { try FlowBook(stored: damaged.span.bytes) }
    }
  }

  /// A note in a store that was damaged is refused, or gives other figures: never an end.
  @Test func damagedBytesAreReadOrRefused() {
    let bytes = book(
      conversation(9, clientPort: 50_001), conversation(5, clientPort: 50_000),
      conversation(7, clientPort: 50_000)
    ).stored
    for index in bytes.indices {
      for length in [1, 9, 40] {
        for filler in [0x7f, 0x80, 0xff] as [UInt8] {
          var damaged = bytes
          let end = min(index + length, bytes.count)
          damaged.replaceSubrange(index..<end, with: Array(repeating: filler, count: end - index))
          guard let found = try? FlowBook(stored: damaged.span.bytes) else { continue }
          var book = found
          for _ in 0..<3 { book.merge(found) }
          #expect(book.entries.count <= 2)
        }
      }
    }
  }

  @Test func recordsComeSomeAtATime() {
    let book = book(
      conversation(9, clientPort: 1, port: 80), conversation(5, clientPort: 2, port: 81),
      conversation(7, clientPort: 3, port: 82), conversation(8, clientPort: 4, port: 81))
    var streams: [[UInt64]] = []
    book.forEachRecord(atATime: 2) { streams.append($0.map(\.stream)) }
    #expect(streams == [[5, 7], [9]])
  }

  /// A port scan: the book of many flows was copied for every conversation that ended.
  @Test func aConversationThatEndsCostsTheSameHoweverManyFlowsThereAre() {
    let dissection = Dissection()
    var ended: UInt64 = 0
    /// The shortest time that a hundred conversations took, of ten: others use the machine too.
    func cost() -> Duration {
      (0..<10).map { _ in
        ContinuousClock().measure {
          for _ in 0..<100 {
            ended += 1
            let one = conversation(ended, clientPort: 1, port: UInt16(ended))
            dissection.opened(0, one)
            dissection.closed(0, one)
          }
        }
      }.min() ?? .zero
    }
    let first = cost()
    while ended < 20_000 {
      _ = cost()
      _ = dissection.drain()
    }
    #expect(cost() < first * 10)
    #expect(dissection.flows.count == Int(ended))
  }
}
