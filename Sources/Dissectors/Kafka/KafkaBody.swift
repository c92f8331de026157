import Bytes
import Decompression
import JSON

/// Reads the body of a message by its schema: as JSON, and what an entry keeps of it in fields.
///
/// Everything is read, so that topics and errors are found; what is shown is limited.
struct KafkaBody {
  /// Names of topics kept, and of groups, at most.
  static let maxTopics = 256
  /// Bytes of JSON after which no further element of an array is shown.
  static let maxShown = 8 << 10
  /// The type of coordinator that looks after transactions.
  private static let transactions: Int8 = 1
  /// Bytes shown of one text.
  static let maxText = 256

  let version: Int16
  let isFlexible: Bool
  /// Names of topics by their ids, as far as the conversation told.
  private let names: KafkaTopicNames
  private let harmless: Int16
  var writer = JSONWriter(reserving: 256)
  private(set) var topics: [String] = []
  /// Names of groups, or of transactions where coordinators of such are looked for.
  private var keys: [String] = []
  private var areTransactions = false
  /// Consumer groups by their names.
  var groups: [String] { areTransactions ? [] : keys }
  /// Topics that came with their ids.
  private(set) var identities: [KafkaTopic] = []
  /// Ids of topics whose names are not known.
  private(set) var unnamed: [KafkaTopicID] = []
  /// The first error code that is one, 0 when there is none.
  private(set) var error: Int16 = 0
  /// How decompressions ended.
  private(set) var decompressions: [Decompressed.End] = []
  /// Something was left out.
  private(set) var isCut = false
  private var isShowing = true

  /// - Parameter harmless: an error code that is none here.
  init(version: Int16, isFlexible: Bool, names: KafkaTopicNames, harmless: Int16 = 0) {
    (self.version, self.isFlexible, self.names) = (version, isFlexible, names)
    self.harmless = harmless
  }

  /// Reads the structure with these fields. Where the bytes end too early, what came before is
  /// there, and the JSON is whole.
  mutating func structure(
    _ fields: [KafkaField], _ input: inout Cursor
  ) throws(WireError) {
    if isShowing { writer.beginObject() }
    let shows = isShowing
    defer { if shows { writer.endObject() } }
    var topic: String?
    var id: KafkaTopicID?
    for field in fields where field.versions.contains(version) {
      if isShowing { writer.name(field.name) }
      let depth = writer.bytes.count
      do {
        switch field.kind {
        case .topic:
          topic = try text(&input)
          show(topic)
        case .topicID:
          id = try uuid(&input)
        default: try value(field.kind, &input)
        }
      } catch {
        // A name needs a value.
        if isShowing, writer.bytes.count == depth { writer.null() }
        throw error
      }
    }
    note(topic, id)
    if isFlexible { try input.skipKafkaTags() }
  }

  private mutating func note(_ topic: String?, _ id: KafkaTopicID?) {
    if let topic, let id, !id.isZero, identities.count < KafkaTopicNames.limit {
      identities.append(KafkaTopic(id: id, name: topic))
    }
    guard let name = topic ?? id.flatMap({ names[$0] }) else {
      if let id, !id.isZero, unnamed.count < Self.maxTopics, !unnamed.contains(id) {
        unnamed.append(id)
      }
      return
    }
    if topics.count < Self.maxTopics, !topics.contains(name) { topics.append(name) }
  }

  private mutating func value(
    _ kind: KafkaField.Kind, _ input: inout Cursor
  ) throws(WireError) {
    switch kind {
    case .bool:
      let flag = try input.uint8() != 0
      if isShowing { writer.write(flag) }
    case .int8: show(Int64(Int8(bitPattern: try input.uint8())))
    case .int16: show(Int64(Int16(bitPattern: try input.big16())))
    case .int32: show(Int64(Int32(bitPattern: try input.big32())))
    case .int64: show(Int64(bitPattern: try input.big64()))
    case .error: note(Int16(bitPattern: try input.big16()))
    case .uuid: _ = try uuid(&input)
    case .topicID: note(nil, try uuid(&input))
    case .string: show(try text(&input))
    case .topic:
      let topic = try text(&input)
      show(topic)
      note(topic, nil)
    case .group:
      let group = try text(&input)
      show(group)
      if let group, !group.isEmpty, keys.count < Self.maxTopics, !keys.contains(group) {
        keys.append(group)
      }
    case .keyType:
      let type = Int8(bitPattern: try input.uint8())
      show(Int64(type))
      areTransactions = type == Self.transactions
    case .bytes, .secret: try bytes(kind, &input)
    case .secretText: show(try text(&input).map { _ in "[redacted]" })
    case .records: try records(&input)
    case .structures(let fields):
      try elements(&input) { (body, input) throws(WireError) in
        try body.structure(fields, &input)
      }
    case .optional(let fields):
      if try input.uint8() < 0x80 { try structure(fields, &input) } else { show(nil) }
    case .list(let kind):
      try elements(&input) { (body, input) throws(WireError) in
        try body.value(kind, &input)
      }
    }
  }

  // MARK: Values

  private mutating func show(_ number: Int64) { if isShowing { writer.write(number) } }

  private mutating func show(_ text: String?) {
    guard isShowing else { return }
    if let text { writer.write(text) } else { writer.null() }
  }

  /// An error code: 0 is none.
  private mutating func note(_ code: Int16) {
    show(Int64(code))
    if code == 0 { return }
    if isShowing {
      writer.name("error")
      writer.write(KafkaErrorTable.name(code))
    }
    if error == 0, code != harmless { error = code }
  }

  private func text(_ input: inout Cursor) throws(WireError) -> String? {
    let count = try input.kafkaStringLength(isFlexible: isFlexible)
    if count == -1 { return nil }
    guard count >= 0 else { throw WireError(.invalid, at: input.offset) }
    return try input.take(count).prefix(Self.maxText).text()
  }

  private mutating func uuid(_ input: inout Cursor) throws(WireError) -> KafkaTopicID {
    let id = KafkaTopicID(high: try input.big64(), low: try input.big64())
    show(id.text)
    return id
  }

  /// Bytes of which only the length is told.
  private mutating func bytes(
    _ kind: KafkaField.Kind, _ input: inout Cursor
  ) throws(WireError) {
    let count = try input.kafkaLength(isFlexible: isFlexible)
    if count > 0 { try input.skip(count) }
    guard isShowing else { return }
    if case .secret = kind {
      writer.write("[redacted]")
    } else if count < 0 {
      writer.null()
    } else {
      writer.beginObject()
      writer.name("bytes")
      writer.write(count)
      writer.endObject()
    }
  }

  private mutating func records(_ input: inout Cursor) throws(WireError) {
    let count = try input.kafkaLength(isFlexible: isFlexible)
    if count < 0 {
      show(nil)
      return
    }
    let available = min(count, input.remaining)
    let batches = try input.take(available)
    if isShowing {
      var records = KafkaRecords()
      records.write(batches, length: count, to: &writer)
      decompressions += records.decompressions
    }
    if available < count { throw WireError(.truncated, at: input.offset) }
  }

  private mutating func elements(
    _ input: inout Cursor,
    _ read: (inout KafkaBody, inout Cursor) throws(WireError) -> Void
  ) throws(WireError) {
    let count = try input.kafkaLength(isFlexible: isFlexible)
    if count < 0 {
      show(nil)
      return
    }
    let shows = isShowing
    if shows { writer.beginArray() }
    defer {
      if shows { writer.endArray() }
      isShowing = shows
    }
    for _ in 0..<count {
      if isShowing, writer.bytes.count > Self.maxShown {
        isShowing = false
        isCut = true
      }
      try read(&self, &input)
    }
  }
}
