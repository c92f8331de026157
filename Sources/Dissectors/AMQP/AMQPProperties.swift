import Bytes
import Entries
import JSON

/// The properties of a content: flags that say which are there, then these.
struct AMQPProperties: Sendable {
  /// Properties as header fields; those of `headers` under their own names.
  private(set) var headers = HeaderBlock()
  private(set) var contentType: String?

  /// Reads all that is whole.
  init(_ bytes: RawSpan) { try? read(bytes) }

  private mutating func read(_ bytes: RawSpan) throws(WireError) {
    var cursor = Cursor(bytes)
    let flags = try cursor.big16()
    for (place, name) in Self.names.enumerated() where flags >> UInt16(15 - place) & 1 == 1 {
      switch name {
      case "headers":
        var writer = JSONWriter()
        try AMQPTable.write(&cursor, to: &writer)
        addTable(writer.text)
      case "delivery-mode", "priority": headers.append(name, "\(try cursor.uint8())")
      case "timestamp": headers.append(name, "\(try cursor.big64())")
      default:
        let text = try cursor.take(Int(try cursor.uint8())).text()
        if name == "content-type" { contentType = text }
        headers.append(name, text)
      }
    }
  }

  private mutating func addTable(_ text: String) {
    guard case .object(let object)? = try? JSONReader.value(of: text) else { return }
    for member in object.members {
      // A name with a colon or a line break would become another field.
      let name = String(member.name.map { $0 == ":" || $0.isNewline ? "_" : $0 })
      headers.append(name, member.value.string ?? member.value.text)
    }
  }

  private static let names = [
    "content-type", "content-encoding", "headers", "delivery-mode", "priority", "correlation-id",
    "reply-to", "expiration", "message-id", "timestamp", "type", "user-id", "app-id", "cluster-id",
  ]
}
