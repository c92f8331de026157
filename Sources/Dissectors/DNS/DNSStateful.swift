import Bytes
import JSON

/// DNS Stateful Operations (RFC 8490 §5.4): parts with their types and lengths instead of questions and
/// records.
///
///     +--------------+--------------+-----------------------+
///     | type (16)    | length (16)  | data                  |
///     +--------------+--------------+-----------------------+
enum DNSStateful {
  /// Parts shown of a message.
  private static let maxShown = 64

  /// Whether the parts lead from the header exactly to the end.
  static func isWellFormed(_ bytes: RawSpan) -> Bool {
    var at = DNSHeader.length
    while bytes.byteCount - at >= 4 { at += 4 + Int(bytes.big16(at + 2)) }
    return at == bytes.byteCount
  }

  /// Writes the member `dso`.
  static func write(_ bytes: RawSpan, to writer: inout JSONWriter) {
    writer.name("dso")
    writer.beginArray()
    var at = DNSHeader.length
    var count = 0
    while bytes.byteCount - at >= 4, count < maxShown {
      let length = Int(bytes.big16(at + 2))
      guard length <= bytes.byteCount - at - 4 else { break }
      write(bytes.big16(at), bytes.slice(at + 4..<at + 4 + length), to: &writer)
      at += 4 + length
      count += 1
    }
    writer.endArray()
  }

  private static func write(_ type: UInt16, _ data: RawSpan, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("type")
    writer.write(DNSTable.statefulType(type))
    switch (type, data.byteCount) {
    case (1, 8):
      // Times in milliseconds (§7.1).
      writer.name("inactivityMs")
      writer.write(Int(data.big32(0)))
      writer.name("keepaliveMs")
      writer.write(Int(data.big32(4)))
    case (2, 4):
      writer.name("retryDelayMs")
      writer.write(Int(data.big32(0)))
    default:
      writer.name("length")
      writer.write(data.byteCount)
    }
    writer.endObject()
  }
}
