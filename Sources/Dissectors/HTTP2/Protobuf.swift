import Bytes
import JSON

/// Protocol buffers without a schema: field numbers and what their values look like.
///
/// https://protobuf.dev/programming-guides/encoding/
enum Protobuf {
  /// Values shown of the messages of one body.
  static let maxValues = 128
  /// Messages within messages that are looked into.
  static let maxDepth = 8
  /// Bytes shown of a text.
  static let maxText = 256
  /// Bytes shown of what is no text.
  static let maxBytes = 32
  /// Fields read of one message; with more it counts as bytes.
  static let maxFields = 4096

  struct Field {
    enum Value {
      case varint(UInt64)
      case fixed64(UInt64)
      case fixed32(UInt32)
      case bytes(Range<Int>)
    }
    var number: UInt32
    var value: Value
  }

  /// The fields of a whole message; nil when the bytes are none. No bytes are a message without
  /// fields. Groups, which are deprecated, are not read.
  static func fields(of bytes: RawSpan) -> [Field]? {
    var fields: [Field] = []
    var at = 0
    while at < bytes.byteCount {
      guard let tag = varint(bytes, &at), tag >> 3 > 0, tag >> 3 < 1 << 29,
        fields.count < maxFields, let value = value(bytes, &at, wire: tag & 7)
      else { return nil }
      fields.append(Field(number: UInt32(tag >> 3), value: value))
    }
    return fields
  }

  private static func value(_ bytes: RawSpan, _ at: inout Int, wire: UInt64) -> Field.Value? {
    switch wire {
    case 0: return varint(bytes, &at).map { .varint($0) }
    case 1:
      guard bytes.byteCount - at >= 8 else { return nil }
      defer { at += 8 }
      return .fixed64(bytes.little64(at))
    case 2:
      guard let length = varint(bytes, &at), length <= UInt64(bytes.byteCount - at) else {
        return nil
      }
      defer { at += Int(length) }
      return .bytes(at..<at + Int(length))
    case 5:
      guard bytes.byteCount - at >= 4 else { return nil }
      defer { at += 4 }
      return .fixed32(bytes.little32(at))
    default: return nil
    }
  }

  private static func varint(_ bytes: RawSpan, _ at: inout Int) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while at < bytes.byteCount, shift < 64 {
      let byte = bytes.byte(at)
      at += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    return nil
  }

  /// An object with a member for each field number; the values of a repeated one are an array.
  ///
  /// `budget` counts down the values that may still be written.
  static func write(
    _ fields: [Field], of bytes: RawSpan, to writer: inout JSONWriter, _ budget: inout Int,
    depth: Int = 0
  ) {
    writer.beginObject()
    let ordered = fields.indices.sorted { (fields[$0].number, $0) < (fields[$1].number, $1) }
    var at = 0
    while at < ordered.count, budget > 0 {
      let number = fields[ordered[at]].number
      var end = at + 1
      while end < ordered.count, fields[ordered[end]].number == number { end += 1 }
      writer.name("\(number)")
      if end - at > 1 { writer.beginArray() }
      for place in ordered[at..<end] where budget > 0 {
        budget -= 1
        write(fields[place].value, of: bytes, to: &writer, &budget, depth)
      }
      if end - at > 1 { writer.endArray() }
      at = end
    }
    writer.endObject()
  }

  private static func write(
    _ value: Field.Value, of bytes: RawSpan, to writer: inout JSONWriter, _ budget: inout Int,
    _ depth: Int
  ) {
    switch value {
    case .varint(let number): write(number, to: &writer)
    case .fixed64(let bits): writer.write(number(Double(bitPattern: bits), or: bits))
    case .fixed32(let bits):
      writer.write(number(Double(Float(bitPattern: bits)), or: UInt64(bits)))
    case .bytes(let range):
      let content = bytes.slice(range)
      if let text = plainText(content) {
        writer.write(text)
      } else if depth < maxDepth, let fields = fields(of: content), !fields.isEmpty {
        write(fields, of: content, to: &writer, &budget, depth: depth + 1)
      } else {
        writer.write(hex(content))
      }
    }
  }

  /// Numbers beyond 63 bits are negative ones, most often.
  private static func write(_ number: UInt64, to writer: inout JSONWriter) {
    writer.write(Int64(bitPattern: number))
  }

  /// A fixed value as floating point where it looks like one, else as an integer.
  private static func number(_ value: Double, or bits: UInt64) -> JSONValue {
    let magnitude = value.magnitude
    if value == 0 || magnitude > 1e-9 && magnitude < 1e15 {
      return JSONValue(value)
    }
    return .int(Int64(bitPattern: bits))
  }

  /// The bytes as text when that is what they are: no control characters but tabs and line breaks,
  /// and those not where a message would have its first tag.
  private static func plainText(_ bytes: RawSpan) -> String? {
    for offset in 0..<bytes.byteCount {
      let byte = bytes.byte(offset)
      if byte == 0x7f
        || byte < 0x20 && (offset == 0 || byte != 0x09 && byte != 0x0a && byte != 0x0d)
      {
        return nil
      }
    }
    guard let text = bytes.validText() else { return nil }
    if bytes.byteCount <= maxText { return text }
    return String(text.unicodeScalars.prefix(maxText).map(Character.init)) + "…"
  }

  private static func hex(_ bytes: RawSpan) -> String {
    "0x" + Bytes.hex(bytes.prefix(maxBytes).array())
      + (bytes.byteCount > maxBytes ? "…" : "")
  }
}
