import Bytes
import Entries
import KFL

@testable import Query

/// Short texts that users and clients write: addresses, prefixes, instants, ids, cursors, hex,
/// JSON types of the language, names of protocols.
enum TextTarget {
  static let target = FuzzTarget(
    "text", "an address, instant, id, cursor or other short text", maxLength: 128
  ) { bytes throws(BrokenLaw) in
    let text = String(decoding: bytes, as: UTF8.self)
    if let address = IPAddress(text) {
      try hold(IPAddress(address.description) == address, "\(address) is read as another")
    }
    if let network = IPNetwork(text) {
      _ = network.contains(IPAddress(v4: 0x0a00_0001))
      _ = network.contains(IPAddress(high: 0xfe80 << 48, low: 1))
    }
    if let instant = Timestamp(rfc3339: text) {
      try hold(Timestamp(rfc3339: instant.rfc3339) == instant, "\(instant.rfc3339) is another")
    }
    if let id = EntryID(text) {
      let again = EntryID(id.description)
      let isSame = again?.stream == id.stream && again?.index == id.index
      try hold(isSame, "\(id) is read as another")
    }
    if let value = Bytes.bytes(hex: text) {
      let digits = String(decoding: text.utf8.filter { $0 > 0x20 }, as: UTF8.self)
      try hold(hex(value) == digits.lowercased(), "\(text) is read as \(hex(value))")
    }
    if let type = KFLType(text) { try hold(type.description == text, "\(type) is not \(text)") }
    do throws(QueryError) {
      let mark: UInt32 = 7
      let position = try PageCursor.position(text, mark: mark)
      // The row in its block is no part of a cursor.
      let written = PageCursor.text(position, mark: mark)
      let again = try PageCursor.position(written, mark: mark)
      guard PageCursor.text(again, mark: mark) == written else {
        throw QueryError.badCursor("\(position)")
      }
    } catch {
      try hold(!"\(error)".isEmpty, "an error without a word")
    }
  }
}
