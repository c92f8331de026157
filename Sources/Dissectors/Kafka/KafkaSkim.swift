import Bytes
import Decompression

/// Reads of a body what an entry keeps of it in fields, and gathers the facts that its JSON is made of
/// when somebody asks. Used again for the next message.
///
/// Everything is read, so that topics and errors are found.
struct KafkaSkim: Sendable {
  /// Names of topics kept, and of groups, at most.
  static let maxTopics = 256
  /// Bytes read of the name of one.
  static let maxText = 256
  /// The type of coordinator that looks after transactions.
  private static let transactions: UInt8 = 1

  /// Names of topics by their ids, as far as the conversation told.
  var names = KafkaTopicNames()
  private(set) var topics = KafkaTexts()
  /// Names of groups, or of transactions where coordinators of such are looked for.
  private var keys = KafkaTexts()
  private var areTransactions = false
  /// Topics that came with their ids.
  private(set) var identities: [KafkaTopic] = []
  /// Ids of topics whose names are not known.
  private(set) var unnamed: [KafkaTopicID] = []
  /// The first error code that is one, 0 when there is none.
  private(set) var error: Int16 = 0
  private var harmless: Int16 = 0
  /// How decompressions ended.
  private(set) var decompressions: [Decompressed.End] = []
  /// What the JSON is made of, empty where it is to be made at once.
  private(set) var facts: [UInt8] = []
  /// Bytes of the body that are in the facts, or stand there in another form.
  private var kept = 0

  /// Consumer groups by their names.
  var groups: KafkaTexts { areTransactions ? KafkaTexts() : keys }

  /// Forgets the last message, but not the names of topics. Of one without a body the head is all
  /// there is.
  mutating func begin(_ head: KafkaFacts.Head?) {
    topics.removeAll()
    keys.removeAll()
    areTransactions = false
    if !identities.isEmpty { identities.removeAll() }
    if !unnamed.isEmpty { unnamed.removeAll() }
    (error, harmless) = (0, 0)
    if !decompressions.isEmpty { decompressions.removeAll() }
    facts.removeAll(keepingCapacity: true)
    head?.append(to: &facts)
  }

  /// Reads a body by its plan.
  ///
  /// - Parameters:
  ///   - head: what the facts say beside the body; of a body with secrets there are none.
  ///   - harmless: an error code that is none here.
  /// - Throws: what is wrong; what comes before is read.
  mutating func read(
    _ bytes: RawSpan, _ plan: KafkaPlan, _ head: KafkaFacts.Head, harmless: Int16
  ) throws(WireError) {
    begin(plan.hasSecrets ? nil : head)
    self.harmless = harmless
    kept = 0
    var at = 0
    do {
      try run(plan, 0..<plan.steps.count, isStructure: true, bytes, &at)
      keepRest(bytes)
    } catch {
      keepRest(bytes)
      throw error
    }
  }

  /// Whether the steps are all there is.
  static func fits(_ bytes: RawSpan, _ plan: KafkaPlan) -> Bool {
    var skim = KafkaSkim()
    var at = 0
    do {
      try skim.run(plan, 0..<plan.steps.count, isStructure: true, bytes, &at)
    } catch {
      return false
    }
    return at == bytes.byteCount
  }

  /// Steps of the plan, of a whole structure or of one element of an array of plain values.
  private mutating func run(
    _ plan: borrowing KafkaPlan, _ range: Range<Int>, isStructure: Bool, _ bytes: RawSpan,
    _ at: inout Int
  ) throws(WireError) {
    let isFlexible = plan.isFlexible
    var topic: Range<Int>?
    var id: KafkaTopicID?
    var next = range.lowerBound
    while next < range.upperBound {
      let step = plan.steps[next]
      next += 1
      switch step.operation {
      case .skip: try bytes.skip(Int(step.count), &at)
      case .string: _ = try bytes.kafkaString(&at, isFlexible)
      case .topic: topic = try bytes.kafkaString(&at, isFlexible)
      case .topicID: id = try bytes.kafkaTopicID(&at)
      case .listedTopic: note(try bytes.kafkaString(&at, isFlexible), nil, bytes)
      case .listedTopicID: note(nil, try bytes.kafkaTopicID(&at), bytes)
      case .group:
        if let name = try bytes.kafkaString(&at, isFlexible), !name.isEmpty {
          keys.insert(bytes.slice(name).prefix(Self.maxText), limit: Self.maxTopics)
        }
      case .keyType: areTransactions = try bytes.kafkaByte(&at) == Self.transactions
      case .error:
        let code = Int16(bitPattern: try bytes.kafka16(&at))
        if code != 0, error == 0, code != harmless { error = code }
      case .bytes:
        let count = try bytes.kafkaLength(&at, isFlexible)
        if count > 0 {
          if !facts.isEmpty { leaveOut(count, bytes, at) }
          try bytes.skip(count, &at)
        }
      case .records: try records(bytes, &at, isFlexible)
      case .structures, .list:
        let body = next..<next + Int(step.count)
        next = body.upperBound
        var left = try bytes.kafkaLength(&at, isFlexible)
        while left > 0 {
          try run(plan, body, isStructure: step.operation == .structures, bytes, &at)
          left -= 1
        }
      case .optional:
        let body = next..<next + Int(step.count)
        next = body.upperBound
        if try bytes.kafkaByte(&at) < 0x80 {
          try run(plan, body, isStructure: true, bytes, &at)
        }
      case .fixed:
        let count = try bytes.kafkaLength(&at, isFlexible)
        if count > 0 { try bytes.skip(count * Int(step.count), &at) }
      }
    }
    guard isStructure else { return }
    if topic != nil || id != nil { note(topic, id, bytes) }
    if isFlexible { try bytes.skipKafkaTags(&at) }
  }

  private mutating func note(_ topic: Range<Int>?, _ id: KafkaTopicID?, _ bytes: RawSpan) {
    if let topic {
      let name = bytes.slice(topic).prefix(Self.maxText)
      if let id, !id.isZero, identities.count < KafkaTopicNames.limit {
        identities.append(KafkaTopic(id: id, name: name.text()))
      }
      topics.insert(name, limit: Self.maxTopics)
    } else if let id {
      if let name = names[id] {
        topics.insert(name.utf8Span.span.bytes, limit: Self.maxTopics)
      } else if !id.isZero, unnamed.count < Self.maxTopics, !unnamed.contains(id) {
        unnamed.append(id)
      }
    }
  }

  /// So many bytes at `at` are no part of the facts: a byte says there whether all of them are there.
  private mutating func leaveOut(_ count: Int, _ bytes: RawSpan, _ at: Int) {
    facts.append(bytes.slice(kept..<at))
    facts.append(count <= bytes.byteCount - at ? 1 : 0)
    kept = at + min(count, bytes.byteCount - at)
  }

  private mutating func records(
    _ bytes: RawSpan, _ at: inout Int, _ isFlexible: Bool
  ) throws(WireError) {
    let count = try bytes.kafkaLength(&at, isFlexible)
    if count < 0 { return }
    let available = min(count, bytes.byteCount - at)
    if !facts.isEmpty {
      facts.append(bytes.slice(kept..<at))
      KafkaRecords.pack(
        bytes.slice(at..<at + available), isWhole: available == count, into: &facts,
        &decompressions)
      kept = at + available
      if facts.count > KafkaFacts.limit { facts.removeAll(keepingCapacity: true) }
    }
    at += available
    if available < count { throw WireError(.truncated, at: at) }
  }

  /// What stands behind the last record batches is a part of the facts as it is.
  private mutating func keepRest(_ bytes: RawSpan) {
    if facts.isEmpty { return }
    if facts.count + bytes.byteCount - kept > KafkaFacts.limit {
      facts.removeAll(keepingCapacity: true)
    } else {
      facts.append(bytes.suffix(from: kept))
    }
  }
}

/// Texts that differ, in the packed form that a field has.
struct KafkaTexts: Sendable {
  /// Each behind its length.
  private(set) var bytes: [UInt8] = []
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func removeAll() {
    if count == 0 { return }
    bytes.removeAll(keepingCapacity: true)
    count = 0
  }

  /// Adds a text off the wire when it is another than those that are there, and there are fewer than
  /// so many. Ill-formed UTF-8 is repaired.
  mutating func insert(_ text: RawSpan, limit: Int) {
    if count >= limit { return }
    if text.isASCII { return insert(text) }
    let repaired = text.text()
    insert(repaired.utf8Span.span.bytes)
  }

  private mutating func insert(_ text: RawSpan) {
    if contains(text) { return }
    bytes.append(counted: text)
    count += 1
  }

  private func contains(_ text: RawSpan) -> Bool {
    let all = bytes.rawSpan
    var at = 0
    while at < all.byteCount {
      var length = Int(all.byte(at))
      at += 1
      // Texts have less than 2^14 bytes.
      if length >= 0x80 {
        length = length & 0x7f | Int(all.byte(at)) << 7
        at += 1
      }
      if length == text.byteCount, all.slice(at..<at + length).equals(text) { return true }
      at += length
    }
    return false
  }
}
