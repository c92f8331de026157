import Bytes
import JSON

/// Record batches (version 2) and message sets (versions 0 and 1) inside produce requests and
/// fetch responses.
///
///     base offset (64) | batch length (32) | partition leader epoch (32) | magic (8) | crc (32)
///     attributes (16) | last offset delta (32) | first and last timestamp (64) | producer id (64)
///     producer epoch (16) | base sequence (32) | records (32) | …
///
/// The last batch of a fetch response is often cut.
enum KafkaRecords {
  /// Records shown, when they are not compressed.
  static let maxShown = 4
  /// Bytes shown of a key or value.
  static let maxText = 128
  private static let headerLength = 61
  /// The least a message of the old format can be, in bytes.
  private static let messageLength = 26

  /// Writes what is known of the batches: how many, and the first of them.
  static func write(_ bytes: RawSpan, length: Int, to writer: inout JSONWriter) {
    var at = 0
    var batches = 0
    var records = 0
    writer.beginObject()
    writer.name("bytes")
    writer.write(length)
    while bytes.byteCount - at >= 17 {
      let size = Int(Int32(bitPattern: bytes.big32(at + 8)))
      let isBatch = bytes.byte(at + 16) == 2
      guard 12 + size >= (isBatch ? headerLength : messageLength) else { break }
      if isBatch, bytes.byteCount - at < headerLength { break }
      let batch = bytes.suffix(from: at).prefix(12 + size)
      records += isBatch ? max(0, Int(Int32(bitPattern: bytes.big32(at + 57)))) : 1
      batches += 1
      if batches == 1 {
        writer.name("recordBatch")
        if isBatch { batchHeader(batch, size, &writer) } else { message(batch, size, &writer) }
      }
      if 12 + size > bytes.byteCount - at { break }
      at += 12 + size
    }
    writer.name("batches")
    writer.write(batches)
    writer.name("records")
    writer.write(records)
    writer.endObject()
  }

  private static func batchHeader(_ bytes: RawSpan, _ size: Int, _ writer: inout JSONWriter) {
    let attributes = bytes.big16(21)
    writer.beginObject()
    number("baseOffset", Int64(bitPattern: bytes.big64(0)), &writer)
    number("batchLength", Int64(size), &writer)
    number("magic", 2, &writer)
    number("crc", Int64(bytes.big32(17)), &writer)
    number("attributes", Int64(attributes), &writer)
    writer.name("compression")
    writer.write(compression(attributes))
    number("firstTimestamp", Int64(bitPattern: bytes.big64(27)), &writer)
    number("producerId", Int64(bitPattern: bytes.big64(43)), &writer)
    let count = Int(Int32(bitPattern: bytes.big32(57)))
    number("records", Int64(count), &writer)
    if attributes & 7 == 0, count > 0 { shown(bytes, min(count, maxShown), &writer) }
    writer.endObject()
  }

  /// A message of the old format.
  private static func message(_ bytes: RawSpan, _ size: Int, _ writer: inout JSONWriter) {
    writer.beginObject()
    defer { writer.endObject() }
    number("baseOffset", Int64(bitPattern: bytes.big64(0)), &writer)
    number("batchLength", Int64(size), &writer)
    number("magic", Int64(bytes.byte(16)), &writer)
    guard bytes.byteCount > 17 else { return }
    number("crc", Int64(bytes.big32(12)), &writer)
    number("attributes", Int64(bytes.byte(17)), &writer)
    writer.name("compression")
    writer.write(compression(UInt16(bytes.byte(17))))
    guard bytes.byte(17) & 7 == 0 else { return }
    var input = Cursor(bytes, at: bytes.byte(16) == 0 ? 18 : 26)
    writer.name("record")
    writer.beginArray()
    writer.beginObject()
    for name in ["key", "value"] {
      guard let length = try? input.big32(),
        let text = try? take(Int64(Int32(bitPattern: length)), &input)
      else { break }
      writer.name(name)
      writer.write(text)
    }
    writer.endObject()
    writer.endArray()
  }

  /// The first records of a batch that is not compressed.
  private static func shown(_ bytes: RawSpan, _ count: Int, _ writer: inout JSONWriter) {
    var input = Cursor(bytes, at: headerLength)
    writer.name("record")
    writer.beginArray()
    defer { writer.endArray() }
    for _ in 0..<count {
      guard let record = try? Record(&input) else { return }
      writer.beginObject()
      writer.name("key")
      writer.write(record.key)
      writer.name("value")
      writer.write(record.value)
      if !record.headers.isEmpty {
        writer.name("headers")
        writer.beginObject()
        for header in record.headers {
          writer.name(header.name)
          writer.write(header.value)
        }
        writer.endObject()
      }
      writer.endObject()
    }
  }

  /// One record: lengths and numbers are signed varints.
  private struct Record {
    static let maxHeaders = 16

    var key: JSONValue = .null
    var value: JSONValue = .null
    var headers: [(name: String, value: JSONValue)] = []

    init(_ input: inout Cursor) throws(WireError) {
      let length = try input.kafkaSignedVarint()
      guard length > 0, length <= Int64(input.remaining) else {
        throw WireError(.truncated, at: input.offset)
      }
      let end = input.offset + Int(length)
      try input.skip(1)
      _ = try input.kafkaSignedVarint()
      _ = try input.kafkaSignedVarint()
      key = try take(try input.kafkaSignedVarint(), &input)
      value = try take(try input.kafkaSignedVarint(), &input)
      let count = try input.kafkaSignedVarint()
      if count > 0 {
        for _ in 0..<min(count, Int64(Self.maxHeaders)) {
          let name = try take(try input.kafkaSignedVarint(), &input)
          headers.append((name.string ?? "", try take(try input.kafkaSignedVarint(), &input)))
        }
      }
      guard end >= input.offset else { throw WireError(.invalid, at: input.offset) }
      try input.skip(end - input.offset)
    }
  }

  /// A text of so many bytes; null when the length is negative, and its size when it is no text.
  private static func take(_ length: Int64, _ input: inout Cursor) throws(WireError) -> JSONValue {
    if length < 0 { return .null }
    guard let length = Int(exactly: length) else { throw WireError(.invalid, at: input.offset) }
    let bytes = try input.take(length)
    let shown = bytes.prefix(maxText)
    if length <= maxText, let text = shown.validText(), isText(shown) { return .string(text) }
    if length > maxText, isText(shown) { return .string(shown.text() + "…") }
    return ["bytes": .int(Int64(length))]
  }

  private static func isText(_ bytes: RawSpan) -> Bool {
    for offset in 0..<bytes.byteCount {
      let byte = bytes.byte(offset)
      if byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d { return false }
    }
    return true
  }

  private static func number(_ name: String, _ value: Int64, _ writer: inout JSONWriter) {
    writer.name(name)
    writer.write(value)
  }

  private static func compression(_ attributes: UInt16) -> String {
    switch attributes & 7 {
    case 0: "none"
    case 1: "gzip"
    case 2: "snappy"
    case 3: "lz4"
    case 4: "zstd"
    default: "unknown"
    }
  }
}
