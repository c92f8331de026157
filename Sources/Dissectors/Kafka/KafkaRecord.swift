import Bytes
import JSON

/// One record of a batch: lengths and numbers are signed varints.
///
///     length | attributes (8) | time delta | offset delta | key | value | headers
///
/// As packed, with each text as `KafkaText` packs it:
///
///     headers (5 bits) and whether there is a value (bit 5) | key | value | names and values of headers
///
/// Where the bytes end inside of it, it holds what there is.
enum KafkaRecord {
  /// Headers shown.
  static let maxHeaders = 16
  private static let hasValue: UInt8 = 0x20

  /// Packs the record at `at`, which moves behind it.
  ///
  /// - Returns: whether all of it is there.
  /// - Throws: when not even its key is there; then nothing was packed.
  static func pack(
    _ bytes: RawSpan, _ at: inout Int, into facts: inout [UInt8]
  ) throws(WireError) -> Bool {
    let length = try bytes.kafkaSignedVarint(&at)
    guard length > 0, length <= Int64(Int32.max) else { throw WireError(.invalid, at: at) }
    let end = at + Int(length)
    try bytes.skip(1, &at)
    _ = try bytes.kafkaSignedVarint(&at)
    _ = try bytes.kafkaSignedVarint(&at)
    let key = try KafkaText(try bytes.kafkaSignedVarint(&at), bytes, &at)
    let place = facts.count
    facts.append(0)
    key.pack(bytes, into: &facts)
    do {
      let value = try KafkaText(try bytes.kafkaSignedVarint(&at), bytes, &at)
      facts[place] = hasValue
      value.pack(bytes, into: &facts)
      try packHeaders(bytes, &at, place, into: &facts)
      guard end >= at else { throw WireError(.invalid, at: at) }
      try bytes.skip(end - at, &at)
      return true
    } catch {
      return false
    }
  }

  /// Whether so many records are whole at the beginning of `bytes`.
  static func areThere(_ count: Int, in bytes: RawSpan) -> Bool {
    var at = 0
    for _ in 0..<count {
      guard let length = try? bytes.kafkaSignedVarint(&at), length > 0,
        length <= Int64(bytes.byteCount - at)
      else { return false }
      at += Int(length)
    }
    return true
  }

  private static func packHeaders(
    _ bytes: RawSpan, _ at: inout Int, _ place: Int, into facts: inout [UInt8]
  ) throws(WireError) {
    let count = try bytes.kafkaSignedVarint(&at)
    guard count > 0 else { return }
    for _ in 0..<min(count, Int64(maxHeaders)) {
      let name = try KafkaText(try bytes.kafkaSignedVarint(&at), bytes, &at)
      let value = try KafkaText(try bytes.kafkaSignedVarint(&at), bytes, &at)
      name.pack(bytes, into: &facts)
      value.pack(bytes, into: &facts)
      facts[place] += 1
    }
  }

  /// Writes the packed record at `input`, a cursor over all of `facts`.
  static func write(
    _ facts: RawSpan, _ input: inout Cursor, isControl: Bool, to writer: inout JSONWriter
  ) throws(WireError) {
    writer.beginObject()
    defer { writer.endObject() }
    let flags = try input.uint8()
    let key = try KafkaText(packed: &input)
    if isControl, let control = control(key, of: facts) {
      writer.name("control")
      writer.write(control)
    }
    writer.name("key")
    key.write(of: facts, to: &writer)
    guard flags & hasValue != 0 else { return }
    let value = try KafkaText(packed: &input)
    writer.name("value")
    value.write(of: facts, to: &writer)
    let headers = flags & (hasValue - 1)
    if headers == 0 { return }
    writer.name("headers")
    writer.beginObject()
    defer { writer.endObject() }
    for _ in 0..<headers {
      let name = try KafkaText(packed: &input)
      let value = try KafkaText(packed: &input)
      writer.name(name.text(of: facts))
      value.write(of: facts, to: &writer)
    }
  }

  /// What a control record does: version (16) and type (16) are its key.
  private static func control(_ key: KafkaText, of bytes: RawSpan) -> String? {
    guard key.length >= 4, key.place.count >= 4 else { return nil }
    return switch bytes.big16(key.place.lowerBound + 2) {
    case 0: "abort"
    case 1: "commit"
    case let type: "type \(type)"
    }
  }
}

/// Keys and values, by their places: as they are shown, they are texts, beginnings of texts, or so many
/// bytes.
///
/// As packed: one more than the length, 0 for null; then how many of the bytes follow, and those.
struct KafkaText {
  /// Bytes shown of one.
  static let limit = 128

  /// Bytes it has, shown or not; -1 for null.
  let length: Int
  /// Where its beginning is.
  let place: Range<Int>

  /// A text of so many bytes, null when they are negative, at `at`, which moves behind it. Where it is
  /// longer than what is left, its beginning.
  init(_ length: Int64, _ bytes: RawSpan, _ at: inout Int) throws(WireError) {
    guard length <= Int64(Int32.max) else { throw WireError(.invalid, at: at) }
    self.length = Int(max(length, -1))
    let start = at
    at += min(max(self.length, 0), bytes.byteCount - at)
    place = start..<min(at, start + Self.limit)
  }

  func pack(_ bytes: RawSpan, into facts: inout [UInt8]) {
    facts.append(varint: length + 1)
    if length <= 0 { return }
    facts.append(UInt8(place.count))
    facts.append(bytes.slice(place))
  }

  init(packed input: inout Cursor) throws(WireError) {
    length = try input.varint(limit: Int(Int32.max) + 1) - 1
    let count = length > 0 ? Int(try input.uint8()) : 0
    place = input.offset..<input.offset + count
    try input.skip(count)
  }

  /// How it is shown.
  private enum Shape {
    case null, whole, beginning
    /// It is no text.
    case opaque
  }

  private func shape(of bytes: RawSpan) -> Shape {
    if length < 0 { return .null }
    let shown = bytes.slice(place)
    if length == place.count {
      return Self.isUTF8(shown) && Self.isText(shown) ? .whole : .opaque
    }
    let isText = !place.isEmpty && Self.isText(shown) && Self.isMostlyUTF8(shown)
    return isText ? .beginning : .opaque
  }

  /// Writes it; `bytes` are what its place counts in.
  func write(of bytes: RawSpan, to writer: inout JSONWriter) {
    switch shape(of: bytes) {
    case .null: writer.null()
    case .whole: writer.write(text: bytes.slice(place))
    case .beginning: writer.write(bytes.text(place) + "…")
    case .opaque:
      writer.beginObject()
      writer.name("bytes")
      writer.write(length)
      writer.endObject()
    }
  }

  /// The text; empty where there is none.
  func text(of bytes: RawSpan) -> String {
    switch shape(of: bytes) {
    case .null, .opaque: ""
    case .whole: bytes.text(place)
    case .beginning: bytes.text(place) + "…"
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
