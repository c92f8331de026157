import Bytes
import Entries

/// The properties of a content: flags that say which are there, then these.
struct AMQPProperties {
  /// Properties as the lines of header fields; those of `headers` under their own names.
  private(set) var lines: [UInt8] = []
  /// Where the media type lies.
  private(set) var contentType: Range<Int>?

  /// Reads all that is whole.
  init(_ bytes: RawSpan) {
    lines.reserveCapacity(2 * bytes.byteCount)
    try? read(bytes)
  }

  /// - Parameter bytes: those that were read.
  func addContentType(of bytes: RawSpan, _ isReply: Bool, to fields: inout FieldValues) {
    guard let contentType else { return }
    fields.add(isReply ? .responseContentType : .requestContentType, text: bytes.slice(contentType))
  }

  private mutating func read(_ bytes: RawSpan) throws(WireError) {
    var cursor = Cursor(bytes)
    let flags = try cursor.big16()
    for place in Self.names.indices where flags >> UInt16(15 - place) & 1 == 1 {
      switch place {
      case Self.headers: try AMQPTable.append(&cursor, to: &lines)
      case Self.deliveryMode, Self.priority: add(place, number: UInt64(try cursor.uint8()))
      case Self.timestamp: add(place, number: try cursor.big64())
      default:
        let text = try cursor.take(Int(try cursor.uint8()))
        if place == 0 { contentType = cursor.offset - text.byteCount..<cursor.offset }
        lines.append(line: Self.names[place], text)
      }
    }
  }

  private mutating func add(_ place: Int, number: UInt64) {
    let name = Self.names[place]
    lines.append(addingCapacity: name.utf8CodeUnitCount + 21) { line in
      line.append(text: name)
      line.append(decimal: number)
      line.append(0x0a)
    }
  }

  /// With what stands between name and value.
  private static let names: [StaticString] = [
    "content-type: ", "content-encoding: ", "headers: ", "delivery-mode: ", "priority: ",
    "correlation-id: ", "reply-to: ", "expiration: ", "message-id: ", "timestamp: ", "type: ",
    "user-id: ", "app-id: ", "cluster-id: ",
  ]
  // Places of those that are no short strings.
  private static let headers = 2
  private static let deliveryMode = 3
  private static let priority = 4
  private static let timestamp = 9
}
