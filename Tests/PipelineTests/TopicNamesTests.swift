import Bytes
import Dissectors
import Entries
import Packets
import Store
import Synchronization
import Testing

@testable import Pipeline

/// Raised once, seen by another thread.
private final class Flag: Sendable {
  let isRaised = Atomic(false)
}

/// Topics of Kafka that one connection names and others call by their ids.
@Suite struct TopicNamesTests {
  // MARK: Captures

  /// A connection to a broker that a test writes message by message.
  private struct Connection {
    let capture: MadeCapture
    let client: (UInt16, UInt16)
    let server: (UInt16, UInt16)
    private var sent: [Bool: UInt32] = [true: 1000, false: 5000]

    init(_ capture: MadeCapture, port: UInt16, broker: UInt16) {
      (self.capture, client, server) = (capture, (1, port), (broker, 9092))
      segment(fromClient: true, flags: 2, [])
      segment(fromClient: false, flags: 18, [])
      segment(fromClient: true, flags: 16, [])
    }

    mutating func asks(_ message: [UInt8]) { segment(fromClient: true, flags: 24, message) }
    mutating func answers(_ message: [UInt8]) { segment(fromClient: false, flags: 24, message) }

    mutating func ends() {
      segment(fromClient: true, flags: 17, [])
      segment(fromClient: false, flags: 17, [])
      segment(fromClient: true, flags: 16, [])
    }

    private mutating func segment(fromClient: Bool, flags: UInt8, _ payload: [UInt8]) {
      let (source, destination) = fromClient ? (client, server) : (server, client)
      let sequence = sent[fromClient, default: 0]
      var bytes = IPv4.big16(source.1) + IPv4.big16(destination.1)
      bytes += IPv4.big32(sequence)
      bytes += IPv4.big32(flags & 16 == 0 ? 0 : sent[!fromClient, default: 0])
      bytes += [0x50, flags, 0xff, 0xff, 0, 0, 0, 0]
      capture.add(IPv4.packet(6, from: source.0, to: destination.0, bytes + payload))
      sent[fromClient] = sequence + UInt32(payload.count) + (flags & 3 == 0 ? 0 : 1)
    }
  }

  private static func id(_ number: UInt8) -> [UInt8] {
    [0, 0, 0, 0, 0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 0, number]
  }

  private static func framed(_ body: [UInt8]) -> [UInt8] {
    IPv4.big32(UInt32(body.count)) + body
  }

  private static func compact(_ text: String) -> [UInt8] {
    [UInt8(text.utf8.count + 1)] + Array(text.utf8)
  }

  private static func request(_ api: UInt16, _ version: UInt16, _ number: UInt32) -> [UInt8] {
    IPv4.big16(api) + IPv4.big16(version) + IPv4.big32(number) + [0, 1, 0x63, 0]
  }

  /// METADATA of all topics, and what the broker says of some.
  private static func metadata(_ number: UInt32) -> [UInt8] {
    framed(request(3, 12, number) + [0, 1, 0, 0])
  }

  private static func metadata(_ number: UInt32, of topics: [(String, UInt8)]) -> [UInt8] {
    var body = IPv4.big32(number) + [0] + IPv4.big32(0)
    body += [2] + IPv4.big32(7) + compact("b1") + IPv4.big32(9092) + [0, 0]
    body += [0] + IPv4.big32(7) + [UInt8(topics.count + 1)]
    for (name, number) in topics {
      body += [0, 0] + compact(name) + id(number)
      body += [0, 1] + IPv4.big32(0) + [0]
    }
    return framed(body + [0])
  }

  private static func fetch(_ number: UInt32, _ topic: UInt8) -> [UInt8] {
    var body = request(1, 13, number) + IPv4.big32(.max) + IPv4.big32(500) + IPv4.big32(1)
    body += IPv4.big32(1000) + [0] + IPv4.big32(0) + IPv4.big32(.max)
    body += [2] + id(topic) + [2] + IPv4.big32(0) + IPv4.big32(.max)
    body += IPv4.big32(0) + IPv4.big32(5) + IPv4.big32(.max)
    body += [UInt8](repeating: 0xff, count: 8) + IPv4.big32(1000)
    return framed(body + [0, 0, 1, 1, 0])
  }

  private static func fetched(_ number: UInt32) -> [UInt8] {
    framed(IPv4.big32(number) + [0] + IPv4.big32(0) + [0, 0] + IPv4.big32(0) + [1, 0])
  }

  private static func produce(_ number: UInt32, _ topic: UInt8) -> [UInt8] {
    var body = request(0, 13, number) + [0, 0, 1] + IPv4.big32(500)
    body += [2] + id(topic) + [2] + IPv4.big32(0) + [0, 0]
    return framed(body + [0, 0])
  }

  private static func produced(_ number: UInt32) -> [UInt8] {
    framed(IPv4.big32(number) + [0, 1] + IPv4.big32(0) + [0])
  }

  private static let consumers: UInt16 = 24

  /// Many consumers fetch from one broker before and after another connection asked which topics
  /// there are.
  private func capture() -> MadeCapture {
    let capture = MadeCapture()
    var fetching = (0..<Self.consumers).map {
      Connection(capture, port: 41_000 + $0, broker: 8)
    }
    func fetch(_ number: UInt32, _ topic: UInt8) {
      for index in fetching.indices {
        fetching[index].asks(Self.fetch(number, topic))
        fetching[index].answers(Self.fetched(number))
      }
    }
    fetch(1, 2)
    var asking = Connection(capture, port: 40_000, broker: 9)
    asking.asks(Self.metadata(1))
    asking.answers(Self.metadata(1, of: [("orders", 2), ("tea", 3)]))
    asking.ends()
    // Longer than it is kept for late packets.
    capture.pause(seconds: 100)
    fetch(2, 2)
    fetch(3, 9)
    for index in fetching.indices {
      fetching[index].asks(Self.produce(4, 3))
      fetching[index].answers(Self.produced(4))
    }
    return capture
  }

  /// Number of the first packet of the connection that asks.
  private let asking = UInt64(TopicNamesTests.consumers) * 5 + 1

  private func settings(workers: Int, chunk: Int? = nil) -> PipelineSettings {
    var settings = PipelineSettings(workers: workers)
    if let chunk { settings.reading.chunk = chunk }
    return settings
  }

  // MARK: Names

  @Test(arguments: [1, 2, 5]) func aTopicIsNamedByWhatAnotherConnectionToldBefore(workers: Int) throws {
    let capture = capture()
    let (store, statistics) = try capture.read(settings(workers: workers))
    let calls = try values([.kafkaAPIKeyName, .kafkaTopics, .faultKind], of: .kafka, in: store)
    let count = Int(Self.consumers)
    func call(_ name: String, _ topics: [String]?) -> [FieldValue?] {
      [.text(name), topics.map(FieldValue.texts), nil]
    }
    #expect(calls.prefix(count).allSatisfy { $0 == call("FETCH", nil) })
    #expect(calls[count] == call("METADATA", nil))
    #expect(calls[(count + 1)...].prefix(count).allSatisfy { $0 == call("FETCH", ["orders"]) })
    // A topic that nobody names.
    #expect(calls.dropFirst(2 * count + 1).prefix(count).allSatisfy { $0 == call("FETCH", nil) })
    #expect(calls.suffix(count).allSatisfy { $0 == call("PRODUCE", ["tea"]) })
    #expect(calls.count == 4 * count + 1)
    #expect(try values([.kafkaTopicIDs], of: .kafka, in: store).allSatisfy { $0 == [nil] })
    #expect(statistics.flowTroubles.isEmpty)
  }

  @Test func namesDependNeitherOnWorkersNorOnChunks() throws {
    let capture = capture()
    let expected = try contents(capture.read(settings(workers: 1)).store)
    for (workers, chunk) in [(1, 2 << 10), (2, nil), (2, 2 << 10), (7, 2 << 10)] {
      let (store, _) = try capture.read(settings(workers: workers, chunk: chunk))
      #expect(try contents(store) == expected, "\(workers) workers, chunks \(chunk ?? 0)")
    }
  }

  /// The connection that named the topics has ended before the place, and is not followed again.
  @Test func namesAreKnownWhereReadingGoesOn() throws {
    let capture = capture()
    let expected = try contents(capture.read(settings(workers: 2)).store)
    var settings = settings(workers: 2, chunk: 2 << 10)
    (settings.checkpointBytes, settings.checkpointWorth) = (2 << 10, 0)
    let store = try EntryStore(.memory)
    let flag = Flag()
    var place: Checkpoint?
    try FilePipeline(paths: [capture.path], settings: settings).run(
      into: store, isCancelled: { flag.isRaised.load(ordering: .relaxed) },
      note: { new in
        guard place == nil, new.topics.count > 0, !new.open.contains(asking) else { return }
        place = new
        flag.isRaised.store(true, ordering: .relaxed)
      })
    let found = try #require(place)
    #expect(found.topics.news.map(\.topic.name) == ["orders", "tea"])
    try store.discard(after: found.sequence)
    let before = store.snapshot().rows()
    #expect(before < expected.count)
    try FilePipeline(paths: [capture.path], settings: settings).run(into: store, from: found)
    #expect(try contents(store) == expected)
  }

  // MARK: The desk

  @Test func whatAllAreDoneWithIsInTheBookInTheOrderOfPackets() {
    func news(_ number: UInt64, _ name: String, in packet: UInt64) -> KafkaTopicNews {
      KafkaTopicNews(KafkaTopic(id: KafkaTopicID(high: 1, low: number), name: name), in: packet)
    }
    let desk = TopicDesk(KafkaTopicBook(), workers: 2)
    var edition = 0
    #expect(desk.book(after: &edition)?.count == 0)
    desk.done(1, by: 0, told: [news(1, "late", in: 9), news(2, "b", in: 9)])
    #expect(desk.settled == 0 && desk.book(after: &edition) == nil)
    desk.done(2, by: 0, told: [news(3, "c", in: 12)])
    desk.done(1, by: 1, told: [news(1, "early", in: 4)])
    #expect(desk.settled == 1)
    #expect(
      desk.book(after: &edition)?.news == [news(1, "early", in: 4), news(2, "b", in: 9)])
    desk.done(2, by: 1, told: [])
    #expect(desk.settled == 2 && desk.book.count == 3)
  }
}
