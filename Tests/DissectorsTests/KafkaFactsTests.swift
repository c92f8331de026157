import Bytes
import Decompression
import TestSupport
import Testing

@testable import Dissectors

/// What is kept of a message until somebody asks for its details.
@Suite struct KafkaFactsTests {
  private typealias Frame = KafkaFrame

  @Test func detailsOfFactsAreThoseOfTheMessage() throws {
    for (head, body) in Self.bodies {
      let facts = try #require(Self.facts(head, body))
      let whole = KafkaFacts.details(head, body.rawSpan, isPacked: false)
      let shown = KafkaFacts.details(of: facts.rawSpan)
      #expect(text(shown) == text(whole.json))
    }
  }

  @Test func thatHoldsForMessagesThatAreCutOrDamaged() throws {
    var damage = SeededGenerator(seed: 7)
    for (head, body) in Self.bodies {
      for length in 0..<body.count {
        let beginning = Array(body.prefix(length))
        let facts = try #require(Self.facts(head, beginning))
        #expect(
          text(KafkaFacts.details(of: facts.rawSpan))
            == text(KafkaFacts.details(head, beginning.rawSpan, isPacked: false).json))
      }
      for _ in 0..<200 {
        var other = body
        other[Int(damage.next() % UInt64(body.count))] = UInt8(truncatingIfNeeded: damage.next())
        guard let facts = Self.facts(head, other) else { continue }
        #expect(
          text(KafkaFacts.details(of: facts.rawSpan))
            == text(KafkaFacts.details(head, other.rawSpan, isPacked: false).json))
      }
    }
  }

  @Test func factsThatAreCutGiveWhatIsLeft() throws {
    for (head, body) in Self.bodies {
      let facts = try #require(Self.facts(head, body))
      for length in 0..<facts.count { _ = KafkaFacts.details(of: facts.rawSpan.prefix(length)) }
    }
    #expect(KafkaFacts.details(of: [1, 2, 3].rawSpan).isEmpty)
  }

  @Test func secretsAndLongMessagesAreNotKept() {
    let assignment = Self.facts(Self.head(14, 0), Self.bodies[Self.bodies.count - 2].1) ?? []
    #expect(!text(assignment).contains("hello") && text(assignment).contains("billing"))
    let secret = Frame().int32(5).raw("hello").plain
    #expect(Self.facts(Self.head(36, 0), secret) == nil)
    var topics = Frame().int32(2000)
    for number in 0..<2000 { topics = topics.text("topic-\(number)") }
    #expect(Self.facts(Self.head(3, 0), topics.plain) == nil)
  }

  @Test func topicsAreFoundOnce() {
    var texts = KafkaTexts()
    for text in ["orders", "", "orders", String(repeating: "x", count: 200), "é", ""] {
      texts.insert(text.utf8Span.span.bytes, limit: 256)
    }
    texts.insert("one too many".utf8Span.span.bytes, limit: 4)
    #expect(texts.count == 4)
  }

  // MARK: Material

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private static func head(_ key: Int16, _ version: Int16) -> KafkaFacts.Head {
    let isFlexible = KafkaAPI.numbered(key)?.isFlexible(version) == true
    return KafkaFacts.Head(
      flags: isFlexible ? [.body, .flexible] : [.body], key: key, version: version, correlation: 7)
  }

  private static func facts(_ head: KafkaFacts.Head, _ body: [UInt8]) -> [UInt8]? {
    guard let plan = KafkaPlan.request(head.key, head.version) else { return nil }
    var skim = KafkaSkim()
    try? skim.read(body.rawSpan, plan, head, harmless: 0)
    return skim.facts.isEmpty ? nil : skim.facts
  }

  private static let bodies: [(KafkaFacts.Head, [UInt8])] = [
    (head(0, 3), produce(batch(records(6), count: 6) + batch(records(1), count: 1)).plain),
    (head(0, 3), produce(batch([1, 2, 3], count: 2, attributes: 1)).plain),
    (head(0, 3), produce(batch([], count: 0)).plain),
    (head(0, 3), produce(batch(records(2), count: 2, attributes: 0x37)).plain),
    (head(0, 3), produce(oldMessage(key: nil, value: "one") + oldMessage(key: "k", value: "two"))
      .plain),
    (head(0, 3), produce([1, 2, 3]).plain),
    (head(1, 4), Frame().int32(-1).int32(500).int32(1).int32(1000).byte(0).int32(1).text("orders")
      .int32(2).int32(0).int64(1).int32(100).int32(1).int64(2).int32(100).plain),
    (head(3, 12), Frame().byte(2).int64(1).int64(2).compact("orders").byte(0).byte(1).byte(1)
      .byte(0).plain),
    (head(68, 1), Frame().compact("billing").compact("m1").int32(0).byte(0).byte(0).int32(60_000)
      .byte(2).compact("orders").byte(0).byte(0).byte(0).byte(0).plain),
    (head(14, 0), Frame().text("billing").int32(1).text("m1").int32(1).text("m1").int32(5)
      .raw("hello").plain),
    (head(13, 3), Frame().text("billing").int32(1).text("m1").int16(-1).plain),
  ]

  private static func produce(_ records: [UInt8]) -> Frame {
    Frame().int16(-1).int16(1).int32(1500).int32(2).text("orders").int32(1).int32(0)
      .int32(Int32(records.count)).raw(records).text("other").int32(1).int32(3).int32(-1)
  }

  /// Records with keys, values long and short, text or not, and headers.
  private static func records(_ count: Int) -> [UInt8] {
    (0..<count).flatMap { number -> [UInt8] in
      let value =
        number % 2 == 0
        ? Array(String(repeating: "é", count: 10 + 40 * number).utf8) : [0, 1, 2, 0xff]
      var record: [UInt8] = [0, 0, 0]
      record += number == 3 ? [1] : [4] + Array("k\(number)".utf8)
      record += varint(value.count) + value
      record += [4, 2] + Array("a".utf8) + [2] + Array("b".utf8) + [2] + Array("c".utf8) + [1]
      return varint(record.count) + record
    }
  }

  private static func varint(_ value: Int) -> [UInt8] {
    var rest = value << 1
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private static func batch(_ content: [UInt8], count: Int32, attributes: Int16 = 0) -> [UInt8] {
    let body = Frame().int32(7).byte(2).int32(99).int16(attributes).int32(count - 1).int64(1)
      .int64(1).int64(-1).int16(-1).int32(-1).int32(count).raw(content).plain
    return Frame().int64(3).int32(Int32(body.count)).raw(body).plain
  }

  private static func oldMessage(key: String?, value: String) -> [UInt8] {
    var body = Frame().int32(5).byte(1).byte(0).int64(9)
    if let key { body = body.int32(Int32(key.utf8.count)).raw(key) } else { body = body.int32(-1) }
    body = body.int32(Int32(value.utf8.count)).raw(value)
    return Frame().int64(3).int32(Int32(body.plain.count)).raw(body.plain).plain
  }
}
