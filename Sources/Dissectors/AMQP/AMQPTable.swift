import Bytes
import JSON

/// Field tables, and the properties of contents.
enum AMQPTable {
  /// Tables in tables that are looked into.
  private static let maxDepth = 8
  /// Bytes of a text that are shown.
  private static let maxText = 512
  /// Type of a text.
  private static let text: UInt8 = 0x53

  /// Reads a table with its length in front and writes it as an object.
  static func write(
    _ cursor: inout Cursor, to writer: inout JSONWriter, depth: Int = 0
  ) throws(WireError) {
    let bytes = try cursor.take(Int(try cursor.big32()))
    writer.beginObject()
    defer { writer.endObject() }
    guard depth < maxDepth else { return }
    var inner = Cursor(bytes)
    while !inner.isAtEnd {
      let name = try inner.take(Int(try inner.uint8())).text()
      writer.name(name)
      do {
        try value(&inner, to: &writer, depth)
      } catch {
        writer.null()
        throw error
      }
    }
  }

  private static func array(
    _ cursor: inout Cursor, to writer: inout JSONWriter, _ depth: Int
  ) throws(WireError) {
    let bytes = try cursor.take(Int(try cursor.big32()))
    writer.beginArray()
    defer { writer.endArray() }
    guard depth < maxDepth else { return }
    var inner = Cursor(bytes)
    while !inner.isAtEnd { try value(&inner, to: &writer, depth + 1) }
  }

  /// A value with the letter of its type in front, as RabbitMQ reads them.
  private static func value(
    _ cursor: inout Cursor, to writer: inout JSONWriter, _ depth: Int
  ) throws(WireError) {
    try value(of: try cursor.uint8(), &cursor, to: &writer, depth)
  }

  private static func value(
    of type: UInt8, _ cursor: inout Cursor, to writer: inout JSONWriter, _ depth: Int
  ) throws(WireError) {
    switch type {
    case 0x74: writer.write(try cursor.uint8() != 0)
    case 0x62: writer.write(Int64(Int8(bitPattern: try cursor.uint8())))
    case 0x42: writer.write(Int64(try cursor.uint8()))
    case 0x73: writer.write(Int64(Int16(bitPattern: try cursor.big16())))
    case 0x75: writer.write(Int64(try cursor.big16()))
    case 0x49: writer.write(Int64(Int32(bitPattern: try cursor.big32())))
    case 0x69: writer.write(Int64(try cursor.big32()))
    case 0x6c, 0x4c: writer.write(Int64(bitPattern: try cursor.big64()))
    case 0x66: number(Double(Float(bitPattern: try cursor.big32())), &writer)
    case 0x64: number(Double(bitPattern: try cursor.big64()), &writer)
    case 0x44:
      let scale = try cursor.uint8()
      writer.write("\(Int32(bitPattern: try cursor.big32()))e-\(scale)")
    case text: writer.write(text: try cursor.take(Int(try cursor.big32())).prefix(maxText))
    case 0x78:
      let bytes = try cursor.take(Int(try cursor.big32()))
      writer.write("binary, \(bytes.byteCount) bytes")
    case 0x54: writer.write(Int64(clamping: try cursor.big64()))
    case 0x46: try write(&cursor, to: &writer, depth: depth + 1)
    case 0x41: try array(&cursor, to: &writer, depth)
    case 0x56: writer.null()
    default: throw WireError(.unsupported, at: cursor.offset)
    }
  }

  /// Reads a table with its length in front and appends its members as lines of a header block, all or
  /// none.
  static func append(_ cursor: inout Cursor, to lines: inout [UInt8]) throws(WireError) {
    let start = lines.count
    var inner = Cursor(try cursor.take(Int(try cursor.big32())))
    do {
      while !inner.isAtEnd {
        let name = try inner.take(Int(try inner.uint8()))
        let type = try inner.uint8()
        if type == text {
          let value = try inner.take(Int(try inner.big32())).prefix(maxText)
          if isPlain(name) {
            lines.append(line: name, value)
          } else {
            appendName(name, to: &lines)
            lines.append(value: value)
          }
        } else {
          appendName(name, to: &lines)
          var writer = JSONWriter()
          try value(of: type, &inner, to: &writer, 0)
          // A few other types are shown as text as well.
          let text = (try? JSONReader.value(of: writer.bytes))?.string
          let shown = text.map { Array($0.utf8) } ?? writer.bytes
          lines.append(value: shown.rawSpan)
        }
      }
    } catch {
      lines.removeLast(lines.count - start)
      throw error
    }
  }

  /// A name with a colon or a line break would become another field.
  private static func appendName(_ name: RawSpan, to lines: inout [UInt8]) {
    if isPlain(name) {
      lines.append(name)
    } else {
      let text = name.text()
      lines += Array(String(text.map { $0 == ":" || $0.isNewline ? "_" : $0 }).utf8)
    }
    lines.append(0x3a)
    lines.append(0x20)
  }

  private static func isPlain(_ name: RawSpan) -> Bool {
    name.isPlainASCII && name.firstOffset(of: 0x3a) == nil
  }

  private static func number(_ value: Double, _ writer: inout JSONWriter) {
    if value.isFinite { writer.write(value) } else { writer.write("\(value)") }
  }
}

extension [UInt8] {
  /// Appends the line of a header field, of whose name it is known that it may stand there.
  mutating func append(line name: RawSpan, _ value: RawSpan) {
    guard value.isPlainASCII else {
      append(name)
      append(text: ": ")
      return append(value: value)
    }
    append(addingCapacity: name.byteCount + value.byteCount + 3) { line in
      line.append(name)
      line.append(0x3a)
      line.append(0x20)
      line.append(value)
      line.append(0x0a)
    }
  }

  /// The same, with a name behind which a colon and a blank stand.
  mutating func append(line name: StaticString, _ value: RawSpan) {
    guard value.isPlainASCII else {
      append(text: name)
      return append(value: value)
    }
    append(addingCapacity: name.utf8CodeUnitCount + value.byteCount + 1) { line in
      line.append(text: name)
      line.append(value)
      line.append(0x0a)
    }
  }

  /// Appends the value of a header field and the end of its line. Line breaks inside become blanks.
  mutating func append(value: RawSpan) {
    let start = count
    append(text: value)
    if value.firstOffset(of: 0x0a) != nil || value.firstOffset(of: 0x0d) != nil {
      for at in start..<count where self[at] == 0x0a || self[at] == 0x0d { self[at] = 0x20 }
    }
    append(0x0a)
  }
}
