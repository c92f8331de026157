import Bytes
import Entries
import TestSupport
import Testing

@testable import Dissectors

@Suite struct KafkaTopicBookTests {
  private func id(_ number: UInt64) -> KafkaTopicID { KafkaTopicID(high: 7, low: number) }

  private func news(_ number: UInt64, _ name: String, in packet: UInt64) -> KafkaTopicNews {
    KafkaTopicNews(KafkaTopic(id: id(number), name: name), in: packet)
  }

  private func call(_ ids: [KafkaTopicID], packet: UInt64, names: [String] = []) -> Entry {
    var entry = Entry(
      kind: .kafka, transport: .tcp, timestamp: Timestamp(milliseconds: 1),
      source: Endpoint(address: IPAddress(v4: 1), port: 1),
      destination: Endpoint(address: IPAddress(v4: 2), port: 9092), stream: 1, index: 0,
      packets: packet...packet)
    if !names.isEmpty { entry.fields.add(.kafkaTopics, .texts(names)) }
    entry.fields.add(.kafkaTopicIDs, .bytes(KafkaTopicID.bytes(ids)))
    return entry
  }

  @Test func anIdIsReadFromItsText() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<200 {
      let id = KafkaTopicID(
        high: .random(in: 0 ... .max, using: &random), low: .random(in: 0 ... .max, using: &random))
      #expect(KafkaTopicID(text: id.text) == id)
      #expect(KafkaTopicID.list(KafkaTopicID.bytes([id, id]).rawSpan) == [id, id])
    }
    for text in ["", "AAAA", "AAAAAAAAAAEAAAAAAAAAA!", String(repeating: "A", count: 23)] {
      #expect(KafkaTopicID(text: text) == nil)
    }
  }

  @Test func aCallIsNamedByWhatWasToldBefore() {
    var book = KafkaTopicBook()
    // What is told first stays.
    let told = [news(1, "orders", in: 5), news(2, "tea", in: 9), news(1, "other", in: 6)]
    #expect(told.map { book.add($0) } == [true, true, false])
    var entry = call([id(1), id(2)], packet: 7, names: ["known"])
    #expect(book.name(&entry, isFinal: false))
    #expect(entry.texts(.kafkaTopics) == ["known", "orders"])
    #expect(entry.fields[.kafkaTopicIDs] == .none)
    var both = call([id(2), id(1)], packet: 9)
    #expect(book.name(&both, isFinal: false))
    #expect(both.texts(.kafkaTopics) == ["tea", "orders"])
    // One may still be told.
    var waiting = call([id(1), id(3)], packet: 9)
    #expect(!book.name(&waiting, isFinal: false))
    #expect(waiting.texts(.kafkaTopics) == nil)
    #expect(book.name(&waiting, isFinal: true))
    #expect(waiting.texts(.kafkaTopics) == ["orders"])
  }

  @Test func topicsBeyondTheLimitAreCounted() {
    var book = KafkaTopicBook()
    for number in 0..<UInt64(KafkaTopicBook.limit + 3) { book.add(news(number, "t", in: number)) }
    #expect(book.count == KafkaTopicBook.limit && book.refused == 3)
    let again = KafkaTopicBook(book.news, refused: book.refused)
    #expect(again == book)
  }

  /// A response tells everybody which topics it names with their ids, once a connection.
  @Test func whatAConnectionNamesIsTold() throws {
    let talk = KafkaTests.flexible
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    let told = dissection.drainTopics()
    #expect(told.map(\.topic.name) == ["orders"])
    #expect(told.map(\.packet) == [3])
    #expect(dissection.drainTopics().isEmpty)
    // Without the response that names the topic, the call has its id.
    var short = talk
    short.turns.removeFirst(2)
    let fetch = try #require(short.calls().first)
    #expect(fetch.texts(.kafkaTopics) == nil)
    #expect(fetch.fields[.kafkaTopicIDs] == .bytes([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]))
  }

  @Test func whatNobodyTakesIsBounded() {
    var limits = DissectionLimits()
    limits.topicNews = 0
    let dissection = Dissection(limits: limits, switches: .everything)
    KafkaTests.flexible.play(to: dissection)
    #expect(dissection.drainTopics().isEmpty)
    #expect(dissection.counters.topicsUntold == 1)
  }
}
