import Bytes
import Decompression
import JSON

/// Writes the body of a message as JSON by its schema, as far as it is shown.
struct KafkaBody {
  /// Bytes of JSON after which no further element of an array is shown.
  static let maxShown = 8 << 10
  /// Bytes shown of one text.
  private static let maxText = 256

  let version: Int16
  let isFlexible: Bool
  /// The bytes are facts (`KafkaFacts`).
  private let isPacked: Bool
  var writer = JSONWriter(reserving: 256)
  /// How decompressions ended.
  private(set) var decompressions: [Decompressed.End] = []
  /// Something was left out.
  private(set) var isCut = false
  private var isShowing = true

  init(version: Int16, isFlexible: Bool, isPacked: Bool) {
    (self.version, self.isFlexible, self.isPacked) = (version, isFlexible, isPacked)
  }

  /// Reads the structure with these fields. Where the bytes end too early, what came before is
  /// there, and the JSON is whole.
  mutating func structure(
    _ fields: [KafkaField], _ input: inout Cursor
  ) throws(WireError) {
    if isShowing { writer.beginObject() }
    let shows = isShowing
    defer { if shows { writer.endObject() } }
    for field in fields where field.versions.contains(version) {
      if isShowing { writer.name(field.name) }
      let depth = writer.bytes.count
      do {
        try value(field.kind, &input)
      } catch {
        // A name needs a value.
        if isShowing, writer.bytes.count == depth { writer.null() }
        throw error
      }
    }
    if isFlexible { try input.skipKafkaTags() }
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
    case .error: show(error: Int16(bitPattern: try input.big16()))
    case .uuid, .topicID:
      show(KafkaTopicID(high: try input.big64(), low: try input.big64()).text)
    case .string, .topic, .group: show(try text(&input))
    case .keyType: show(Int64(Int8(bitPattern: try input.uint8())))
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
  private mutating func show(error code: Int16) {
    show(Int64(code))
    guard code != 0, isShowing else { return }
    writer.name("error")
    writer.write(KafkaErrorTable.name(code))
  }

  private func text(_ input: inout Cursor) throws(WireError) -> String? {
    let count = try input.kafkaStringLength(isFlexible: isFlexible)
    if count == -1 { return nil }
    guard count >= 0 else { throw WireError(.invalid, at: input.offset) }
    return try input.take(count).prefix(Self.maxText).text()
  }

  /// Bytes of which only the length is told.
  private mutating func bytes(
    _ kind: KafkaField.Kind, _ input: inout Cursor
  ) throws(WireError) {
    let count = try input.kafkaLength(isFlexible: isFlexible)
    if count > 0, isPacked {
      guard try input.uint8() != 0 else { throw WireError(.truncated, at: input.offset) }
    } else if count > 0 {
      try input.skip(count)
    }
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
    if isPacked {
      let packed = try input.take(Int(try input.little32()))
      if isShowing { KafkaRecords.write(packed, length: count, to: &writer) }
      if !KafkaRecords.areWhole(packed) { throw WireError(.truncated, at: input.offset) }
      return
    }
    let available = min(count, input.remaining)
    let batches = try input.take(available)
    if isShowing {
      var packed: [UInt8] = []
      KafkaRecords.pack(batches, isWhole: available == count, into: &packed, &decompressions)
      KafkaRecords.write(packed.rawSpan.suffix(from: 4), length: count, to: &writer)
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
