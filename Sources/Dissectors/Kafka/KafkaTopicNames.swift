/// Names of topics by their ids, as one connection tells them: newer versions send only these.
struct KafkaTopicNames: Sendable {
  /// Topics remembered, at most.
  static let limit = 4096

  private var names: [KafkaTopicID: String] = [:]

  subscript(id: KafkaTopicID) -> String? { names[id] }

  /// Gives whether that was news.
  mutating func learn(_ topic: KafkaTopic) -> Bool {
    if names[topic.id] == topic.name { return false }
    if names.count < Self.limit || names[topic.id] != nil { names[topic.id] = topic.name }
    return true
  }
}
