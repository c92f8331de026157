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

  private var key: KafkaText?
  private var value: KafkaText?
  private var headers: [(name: KafkaText, value: KafkaText)] = []
  private var control: String?
  /// Not all of it is there.
  private(set) var isCut = false

  /// Reads the record at `input`, a cursor over all of `bytes`.
  /// - Throws: when not even its key is there.
  init(_ bytes: RawSpan, _ input: inout Cursor, isControl: Bool) throws(WireError) {
    let length = try input.kafkaSignedVarint()
    guard length > 0, length <= Int64(Int32.max) else {
      throw WireError(.invalid, at: input.offset)
    }
    let end = input.offset + Int(length)
    try input.skip(1)
    _ = try input.kafkaSignedVarint()
    _ = try input.kafkaSignedVarint()
    if isControl { control = Self.control(input) }
    key = try KafkaText(try input.kafkaSignedVarint(), bytes, &input)
    do {
      value = try KafkaText(try input.kafkaSignedVarint(), bytes, &input)
      try readHeaders(bytes, &input)
      guard end >= input.offset else { throw WireError(.invalid, at: input.offset) }
      try input.skip(end - input.offset)
    } catch {
      isCut = true
    }
  }

  private mutating func readHeaders(
    _ bytes: RawSpan, _ input: inout Cursor
  ) throws(WireError) {
    let count = try input.kafkaSignedVarint()
    guard count > 0 else { return }
    for _ in 0..<min(count, Int64(Self.maxHeaders)) {
      let name = try KafkaText(try input.kafkaSignedVarint(), bytes, &input)
      let value = try KafkaText(try input.kafkaSignedVarint(), bytes, &input)
      headers.append((name, value))
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

  /// Writes what was read from these bytes.
  func write(of bytes: RawSpan, to writer: inout JSONWriter) {
    writer.beginObject()
    if let control {
      writer.name("control")
      writer.write(control)
    }
    if let key {
      writer.name("key")
      key.write(of: bytes, to: &writer)
    }
    if let value {
      writer.name("value")
      value.write(of: bytes, to: &writer)
    }
    if !headers.isEmpty {
      writer.name("headers")
      writer.beginObject()
      for header in headers {
        writer.name(header.name.text(of: bytes))
        header.value.write(of: bytes, to: &writer)
      }
      writer.endObject()
    }
    writer.endObject()
  }
}

/// Keys and values as they are shown, by their places.
enum KafkaText {
  case null
  /// A text.
  case whole(Range<Int>)
  /// The beginning of a text.
  case beginning(Range<Int>)
  /// No text: so many bytes.
  case opaque(Int)

  /// Bytes shown of one.
  static let limit = 128

  /// Reads a text of so many bytes at `input`, a cursor over all of `bytes`; null when the length is
  /// negative, and its size when it is no text. Where it is longer than what is left, its beginning.
  init(_ length: Int64, _ bytes: RawSpan, _ input: inout Cursor) throws(WireError) {
    if length < 0 {
      self = .null
      return
    }
    guard let length = Int(exactly: length), length <= Int(Int32.max) else {
      throw WireError(.invalid, at: input.offset)
    }
    let start = input.offset
    try input.skip(min(length, input.remaining))
    let place = start..<min(input.offset, start + Self.limit)
    let shown = bytes.slice(place)
    if length == place.count, Self.isUTF8(shown), Self.isText(shown) {
      self = .whole(place)
    } else if length > place.count, !place.isEmpty, Self.isText(shown), Self.isMostlyUTF8(shown) {
      self = .beginning(place)
    } else {
      self = .opaque(length)
    }
  }

  /// Writes what was read from these bytes.
  func write(of bytes: RawSpan, to writer: inout JSONWriter) {
    switch self {
    case .null: writer.null()
    case .whole(let place): writer.write(text: bytes.slice(place))
    case .beginning(let place): writer.write(bytes.text(place) + "…")
    case .opaque(let length):
      writer.beginObject()
      writer.name("bytes")
      writer.write(length)
      writer.endObject()
    }
  }

  /// The text; empty where there is none.
  func text(of bytes: RawSpan) -> String {
    switch self {
    case .null, .opaque: ""
    case .whole(let place): bytes.text(place)
    case .beginning(let place): bytes.text(place) + "…"
    }
  }

  private static func isText(_ bytes: RawSpan) -> Bool {
    for offset in 0..<bytes.byteCount {
      let byte = bytes.byte(offset)
      if byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d { return false }
    }
    return true
  }

  private static func isUTF8(_ bytes: RawSpan) -> Bool {
    bytes.isASCII || bytes.validText() != nil
  }

  /// Whether it is UTF-8 but for a character that is cut at its end.
  private static func isMostlyUTF8(_ bytes: RawSpan) -> Bool {
    (0...min(3, bytes.byteCount)).contains { isUTF8(bytes.prefix(bytes.byteCount - $0)) }
  }
}
