import Bytes
package import Entries

/// Names of Kafka's topics by their ids, as all connections told them, with when they first did.
///
/// Consumers ask one broker which topics there are and fetch from others, on other connections, where
/// newer versions send ids alone. A call is named by what was told before it ended, on whatever
/// connection. What is told first stays: so names do not depend on when somebody looks.
package struct KafkaTopicBook: Hashable, Sendable {
  /// Topics remembered; further ones are not.
  package static let limit = 16_384

  private struct Known: Hashable, Sendable {
    var name: String
    var packet: UInt64
  }

  private var topics: [KafkaTopicID: Known] = [:]
  /// Times that a topic was told which is not remembered.
  package private(set) var refused: UInt64 = 0

  package init() {}

  package init(_ news: [KafkaTopicNews], refused: UInt64) {
    for item in news { add(item) }
    self.refused = refused
  }

  package var count: Int { topics.count }

  /// All it knows, in the order in which it was told.
  package var news: [KafkaTopicNews] {
    topics.map { KafkaTopicNews(KafkaTopic(id: $0.key, name: $0.value.name), in: $0.value.packet) }
      .sorted { ($0.packet, $0.topic.id.text) < ($1.packet, $1.topic.id.text) }
  }

  /// Remembers a topic; news must come in the order of the capture. Gives whether it was new.
  @discardableResult
  package mutating func add(_ news: KafkaTopicNews) -> Bool {
    if topics[news.topic.id] != nil { return false }
    guard topics.count < Self.limit else {
      refused += 1
      return false
    }
    topics[news.topic.id] = Known(name: news.topic.name, packet: news.packet)
    return true
  }

  /// Names the topics of a call whose own connection told ids alone.
  ///
  /// - Parameter isFinal: all is known that was told before the call ended.
  /// - Returns: false, with the call as it was, when one may still be told; never when it is final.
  package func name(_ entry: inout Entry, isFinal: Bool) -> Bool {
    guard entry.kind == .kafka, case .bytes(let bytes) = entry.fields[.kafkaTopicIDs] else {
      return true
    }
    let ids = KafkaTopicID.list(bytes.rawSpan)
    if !isFinal, ids.contains(where: { topics[$0] == nil }) { return false }
    var names: [String] = []
    if case .texts(let known) = entry.fields[.kafkaTopics] { names = known }
    for id in ids {
      guard let known = topics[id], known.packet <= entry.packets.upperBound,
        names.count < KafkaSkim.maxTopics, !names.contains(known.name)
      else { continue }
      names.append(known.name)
    }
    entry.fields.set(.kafkaTopicIDs, .none)
    if !names.isEmpty { entry.fields.set(.kafkaTopics, .texts(names)) }
    return true
  }
}
