import Bytes

/// Appends JSON text to a buffer that can be reused.
///
/// Members and elements get their commas here; the caller opens and closes what it writes.
package struct JSONWriter: Sendable {
  package private(set) var bytes: [UInt8] = []
  /// Whether a comma is due before the next member or element.
  private var needsComma = false

  package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  /// Empties the buffer and keeps its memory.
  package mutating func reset() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package mutating func beginObject() { begin(0x7b) }
  package mutating func endObject() { end(0x7d) }
  package mutating func beginArray() { begin(0x5b) }
  package mutating func endArray() { end(0x5d) }

  /// The name of the next member.
  package mutating func name(_ name: String) {
    separate()
    quote(name.utf8Span.span.bytes)
    bytes.append(0x3a)
    needsComma = false
  }

  package mutating func null() { raw("null") }
  package mutating func write(_ value: Bool) { raw(value ? "true" : "false") }
  package mutating func write(_ value: Int64) {
    separate()
    append(decimal: value)
    needsComma = true
  }
  package mutating func write(_ value: Int) { write(Int64(value)) }
  package mutating func write(_ value: Double) { raw(JSONNumber(value).text) }
  package mutating func write(_ value: String) {
    separate()
    quote(value.utf8Span.span.bytes)
    needsComma = true
  }

  /// A string off the wire; ill-formed UTF-8 is repaired with U+FFFD.
  package mutating func write(text: RawSpan) {
    guard text.isASCII else { return write(text.text()) }
    separate()
    quote(text)
    needsComma = true
  }

  package mutating func write(_ value: JSONValue) {
    switch value {
    case .null: null()
    case .bool(let value): write(value)
    case .int(let value): write(value)
    case .number(let number): raw(number.text)
    case .string(let text): write(text)
    case .array(let elements):
      beginArray()
      for element in elements { write(element) }
      endArray()
    case .object(let object): write(object)
    }
  }

  package mutating func write(_ object: JSONObject) {
    beginObject()
    for member in object.members {
      name(member.name)
      write(member.value)
    }
    endObject()
  }

  /// Text that already is JSON.
  package mutating func raw(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
    needsComma = true
  }

  /// UTF-8 that already is JSON.
  package mutating func raw(_ text: RawSpan) {
    separate()
    bytes.append(text)
    needsComma = true
  }

  /// JSON known beforehand, punctuation included, such as `{"name":`: no comma is put before it,
  /// nor before what is written next.
  package mutating func fragment(_ text: StaticString) {
    bytes.append(text: text)
    needsComma = false
  }

  private mutating func begin(_ mark: UInt8) {
    separate()
    bytes.append(mark)
    needsComma = false
  }

  private mutating func end(_ mark: UInt8) {
    bytes.append(mark)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(0x2c) }
  }

  private mutating func append(decimal value: Int64) {
    if value < 0 { bytes.append(0x2d) }
    var magnitude = value.magnitude
    let start = bytes.count
    repeat {
      bytes.append(0x30 + UInt8(magnitude % 10))
      magnitude /= 10
    } while magnitude > 0
    bytes[start...].reverse()
  }

  /// RFC 8259 §7. DEL and the C1 controls are escaped too: some terminals obey them.
  ///
  /// - Parameter text: well-formed UTF-8.
  private mutating func quote(_ text: RawSpan) {
    bytes.append(0x22)
    defer { bytes.append(0x22) }
    let count = text.byteCount
    if Self.isPlain(text) { return bytes.append(text) }
    var clean = 0
    var at = 0
    while at < count {
      if at + 8 <= count, Self.isPlain(text.little64(at)) {
        at += 8
        continue
      }
      let byte = text.byte(at)
      // The C1 controls are C2 80 to C2 9F.
      let isC1 = byte == 0xc2 && at + 1 < count && text.byte(at + 1) < 0xa0
      guard byte < 0x20 || byte == 0x22 || byte == 0x5c || byte == 0x7f || isC1 else {
        at += 1
        continue
      }
      bytes.append(text.slice(clean..<at))
      escape(isC1 ? text.byte(at + 1) : byte)
      at += isC1 ? 2 : 1
      clean = at
    }
    bytes.append(text.slice(clean..<count))
  }

  /// Whether no byte may need escaping, as in nearly every name and value.
  private static func isPlain(_ text: RawSpan) -> Bool {
    let count = text.byteCount
    guard count >= 8 else {
      for at in 0..<count {
        let byte = text.byte(at)
        if byte < 0x20 || byte == 0x22 || byte == 0x5c || byte >= 0x7f { return false }
      }
      return true
    }
    var at = 0
    while at + 8 < count {
      if !isPlain(text.little64(at)) { return false }
      at += 8
    }
    // The last eight bytes, some of them perhaps for the second time.
    return isPlain(text.little64(count - 8))
  }

  /// Whether none of eight bytes may need escaping.
  @inline(__always)
  private static func isPlain(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    /// The top bit of each byte that equals `byte`, and perhaps of some above it.
    func hits(_ byte: UInt64) -> UInt64 {
      let difference = word ^ byte &* ones
      return (difference &- ones) & ~difference
    }
    let controls = (word &- 0x20 &* ones) & ~word
    return (controls | hits(0x22) | hits(0x5c) | hits(0x7f) | hits(0xc2)) & tops == 0
  }

  private mutating func escape(_ byte: UInt8) {
    bytes.append(0x5c)
    switch byte {
    case 0x22, 0x5c: bytes.append(byte)
    case 0x0a: bytes.append(0x6e)
    case 0x0d: bytes.append(0x72)
    case 0x09: bytes.append(0x74)
    default:
      bytes.append(contentsOf: [0x75, 0x30, 0x30])
      bytes.append(hexDigit(byte >> 4))
      bytes.append(hexDigit(byte & 15))
    }
  }
}

private func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

extension JSONValue {
  /// Compact text, members in order.
  package var text: String {
    var writer = JSONWriter()
    writer.write(self)
    return writer.text
  }

  /// Text for people: two spaces of indentation, one member or element a line.
  package var prettyText: String {
    var text = ""
    appendPretty(to: &text, indent: "")
    return text
  }

  private func appendPretty(to text: inout String, indent: String) {
    let inner = indent + "  "
    switch self {
    case .array(let elements) where !elements.isEmpty:
      text += "["
      for (index, element) in elements.enumerated() {
        text += (index == 0 ? "\n" : ",\n") + inner
        element.appendPretty(to: &text, indent: inner)
      }
      text += "\n" + indent + "]"
    case .object(let object) where !object.isEmpty:
      text += "{"
      for (index, member) in object.members.enumerated() {
        text += (index == 0 ? "\n" : ",\n") + inner
        text += JSONValue.string(member.name).text + ": "
        member.value.appendPretty(to: &text, indent: inner)
      }
      text += "\n" + indent + "}"
    default: text += self.text
    }
  }
}
