import Bytes
import JSON

/// One record of a batch: lengths and numbers are signed varints.
///
///     length | attributes (8) | time delta | offset delta | key | value | headers
///
/// Where the bytes end inside of it, it holds what there is.
struct KafkaRecord {
  /// Headers shown.
  static let maxHeaders = 16

  private var key: JSONValue?
  private var value: JSONValue?
  private var headers: [(name: String, value: JSONValue)] = []
  private var control: String?
  /// Not all of it is there.
  private(set) var isCut = false

  /// - Throws: when not even its key is there.
  init(_ input: inout Cursor, isControl: Bool) throws(WireError) {
    let length = try input.kafkaSignedVarint()
    guard length > 0, length <= Int64(Int32.max) else {
      throw WireError(.invalid, at: input.offset)
    }
    let end = input.offset + Int(length)
    try input.skip(1)
    _ = try input.kafkaSignedVarint()
    _ = try input.kafkaSignedVarint()
    if isControl { control = Self.control(input) }
    key = try KafkaText.take(try input.kafkaSignedVarint(), &input)
    do {
      value = try KafkaText.take(try input.kafkaSignedVarint(), &input)
      try readHeaders(&input)
      guard end >= input.offset else { throw WireError(.invalid, at: input.offset) }
      try input.skip(end - input.offset)
    } catch {
      isCut = true
    }
  }

  private mutating func readHeaders(_ input: inout Cursor) throws(WireError) {
    let count = try input.kafkaSignedVarint()
    guard count > 0 else { return }
    for _ in 0..<min(count, Int64(Self.maxHeaders)) {
      let name = try KafkaText.take(try input.kafkaSignedVarint(), &input)
      let value = try KafkaText.take(try input.kafkaSignedVarint(), &input)
      headers.append((name.string ?? "", value))
    }
  }

  /// What a control record does: version (16) and type (16) are its key.
  private static func control(_ input: borrowing Cursor) -> String? {
    var key = copy input
    guard let length = try? key.kafkaSignedVarint(), length >= 4, (try? key.skip(2)) != nil,
      let type = try? key.big16()
    else { return nil }
    return switch type {
    case 0: "abort"
    case 1: "commit"
    default: "type \(type)"
    }
  }

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    if let control {
      writer.name("control")
      writer.write(control)
    }
    if let key {
      writer.name("key")
      writer.write(key)
    }
    if let value {
      writer.name("value")
      writer.write(value)
    }
    if !headers.isEmpty {
      writer.name("headers")
      writer.beginObject()
      for header in headers {
        writer.name(header.name)
        writer.write(header.value)
      }
      writer.endObject()
    }
    writer.endObject()
  }
}

/// Keys and values as they are shown.
enum KafkaText {
  /// Bytes shown of one.
  static let limit = 128

  /// A text of so many bytes; null when the length is negative, and its size when it is no text.
  /// Where it is longer than what is left, its beginning.
  static func take(_ length: Int64, _ input: inout Cursor) throws(WireError) -> JSONValue {
    if length < 0 { return .null }
    guard let length = Int(exactly: length), length <= Int(Int32.max) else {
      throw WireError(.invalid, at: input.offset)
    }
    let bytes = try input.take(min(length, input.remaining))
    let shown = bytes.prefix(limit)
    if length == shown.byteCount, let text = shown.validText(), isText(shown) {
      return .string(text)
    }
    if length > shown.byteCount, shown.byteCount > 0, isText(shown), isMostlyText(shown) {
      return .string(shown.text() + "…")
    }
    return ["bytes": .int(Int64(length))]
  }

  private static func isText(_ bytes: RawSpan) -> Bool {
    for offset in 0..<bytes.byteCount {
      let byte = bytes.byte(offset)
      if byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d { return false }
    }
    return true
  }

  /// Whether it is UTF-8 but for a character that is cut at its end.
  private static func isMostlyText(_ bytes: RawSpan) -> Bool {
    (0...min(3, bytes.byteCount)).contains { cut in
      bytes.prefix(bytes.byteCount - cut).validText() != nil
    }
  }
}
