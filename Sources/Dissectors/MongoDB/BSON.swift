import Bytes
import JSON

/// Documents of MongoDB (https://bsonspec.org), read where they lie.
enum BSON {
  /// Documents inside documents that are looked into.
  static let maxDepth = 12

  static let double: UInt8 = 1
  static let string: UInt8 = 2
  static let document: UInt8 = 3
  static let array: UInt8 = 4
  static let boolean: UInt8 = 8
  static let int32: UInt8 = 16
  static let int64: UInt8 = 18

  /// A member of a document: its type, and where its name and value lie.
  struct Element {
    var type: UInt8
    var name: Range<Int>
    var value: Range<Int>
  }

  /// Where the members of a document begin and end: `start` is that of its length. A document may be
  /// cut by the end of `bytes`. Nil when there is none.
  static func members(_ bytes: RawSpan, at start: Int) -> Range<Int>? {
    guard start >= 0, start + 5 <= bytes.byteCount else { return nil }
    let length = Int(bytes.little32(start))
    guard length >= 5 else { return nil }
    return start + 4..<max(start + 4, min(start + length - 1, bytes.byteCount))
  }

  /// The member at `at`, which moves behind it. Nil at the end, and where it is cut or malformed.
  static func next(_ bytes: RawSpan, _ at: inout Int, in range: Range<Int>) -> Element? {
    guard at < range.upperBound, at + 2 <= bytes.byteCount else { return nil }
    let type = bytes.byte(at)
    guard type != 0, let nameEnd = bytes.firstOffset(of: 0, from: at + 1),
      nameEnd < range.upperBound
    else { return nil }
    let start = nameEnd + 1
    guard let size = size(bytes, type, start), size >= 0, size <= range.upperBound - start else {
      return nil
    }
    let element = Element(type: type, name: at + 1..<nameEnd, value: start..<start + size)
    at = start + size
    return element
  }

  /// Bytes of a value.
  private static func size(_ bytes: RawSpan, _ type: UInt8, _ start: Int) -> Int? {
    func counted(_ more: Int) -> Int? {
      start + 4 <= bytes.byteCount ? Int(bytes.little32(start)) + more : nil
    }
    switch type {
    case 1, 9, 17, 18: return 8
    case 2, 13, 14: return counted(4)
    case 3, 4, 15: return counted(0)
    case 5: return counted(5)
    case 6, 10, 127, 255: return 0
    case 7: return 12
    case 8: return 1
    case 11:
      guard let first = bytes.firstOffset(of: 0, from: start),
        let second = bytes.firstOffset(of: 0, from: first + 1)
      else { return nil }
      return second + 1 - start
    case 12: return counted(16)
    case 16: return 4
    case 19: return 16
    default: return nil
    }
  }

  /// The text of a string.
  static func text(_ bytes: RawSpan, _ element: Element) -> Range<Int>? {
    guard element.type == string || element.type == 14, element.value.count >= 5 else { return nil }
    return element.value.lowerBound + 4..<element.value.upperBound - 1
  }

  /// A number as a whole one; true is 1.
  static func integer(_ bytes: RawSpan, _ element: Element) -> Int64? {
    let at = element.value.lowerBound
    switch element.type {
    case int32: return Int64(Int32(bitPattern: bytes.little32(at)))
    case int64, 17: return Int64(bitPattern: bytes.little64(at))
    case boolean: return Int64(bytes.byte(at))
    case double: return Int64(exactly: Double(bitPattern: bytes.little64(at)).rounded())
    default: return nil
    }
  }

  /// Members of an array; nil when it is cut.
  static func count(_ bytes: RawSpan, _ element: Element) -> Int? {
    guard let range = members(bytes, at: element.value.lowerBound) else { return nil }
    var at = range.lowerBound
    var count = 0
    while next(bytes, &at, in: range) != nil { count += 1 }
    return at >= range.upperBound ? count : nil
  }
}

/// Writes documents as JSON, up to a number of bytes, without credentials and without what only
/// drivers care about.
struct BSONPreview {
  /// Bytes of JSON after which members are left out.
  private static let limit = 2 << 10
  /// Bytes of one text.
  private static let maxText = 512
  static let redacted = "[redacted]"

  private(set) var isCut = false
  /// It logs in as servers before version 4 let clients do: the key proves who asks.
  private let hidesKey: Bool

  /// - Parameter command: what the document commands, if anything.
  init(of command: [UInt8]?) {
    hidesKey = command == Array("authenticate".utf8)
  }

  mutating func write(
    _ bytes: RawSpan, at start: Int, isArray: Bool = false, depth: Int = 0,
    to writer: inout JSONWriter
  ) {
    guard let range = BSON.members(bytes, at: start), depth < BSON.maxDepth else {
      isCut = true
      return writer.null()
    }
    if isArray { writer.beginArray() } else { writer.beginObject() }
    var at = range.lowerBound
    while let element = BSON.next(bytes, &at, in: range) {
      if writer.bytes.count > Self.limit {
        isCut = true
        break
      }
      let name = bytes.slice(element.name)
      if !isArray {
        if depth == 0, isDriverMatter(name) { continue }
        writer.name(name.prefix(128).text())
      }
      if isSecret(name) {
        writer.write(Self.redacted)
      } else {
        value(bytes, element, depth, &writer)
      }
    }
    if isArray { writer.endArray() } else { writer.endObject() }
  }

  private mutating func value(
    _ bytes: RawSpan, _ element: BSON.Element, _ depth: Int, _ writer: inout JSONWriter
  ) {
    let at = element.value.lowerBound
    switch element.type {
    case BSON.double:
      let number = Double(bitPattern: bytes.little64(at))
      if number.isFinite { writer.write(number) } else { writer.write("\(number)") }
    case BSON.string, 14:
      let range = BSON.text(bytes, element) ?? 0..<0
      writer.write(text: bytes.slice(range).prefix(Self.maxText))
    case BSON.document, BSON.array:
      write(bytes, at: at, isArray: element.type == BSON.array, depth: depth + 1, to: &writer)
    case 5: writer.write("binary, \(max(0, element.value.count - 5)) bytes")
    case 7: writer.write("ObjectId(\(hex(bytes.slice(element.value).array())))")
    case BSON.boolean: writer.write(bytes.byte(at) != 0)
    case 9: writer.write("Date(\(Int64(bitPattern: bytes.little64(at))))")
    case 6, 10: writer.null()
    case 11:
      let end = bytes.firstOffset(of: 0, from: at) ?? at
      writer.write("/\(bytes.slice(at..<min(end, element.value.upperBound)).prefix(128).text())/")
    case BSON.int32, BSON.int64, 17: writer.write(BSON.integer(bytes, element) ?? 0)
    default: writer.write("type \(element.type)")
    }
  }

  /// Names behind which credentials stand, in commands that log in and manage users.
  private func isSecret(_ name: RawSpan) -> Bool {
    name.equals("payload") || name.equals("pwd") || name.equals("password")
      || name.equals("speculativeAuthenticate")
      || name.equals("digestPassword") || name.equals("signature")
      || hidesKey && name.equals("key")
  }

  /// Sessions and clocks of drivers.
  private func isDriverMatter(_ name: RawSpan) -> Bool {
    name.equals("lsid") || name.equals("$clusterTime") || name.equals("operationTime")
  }
}
