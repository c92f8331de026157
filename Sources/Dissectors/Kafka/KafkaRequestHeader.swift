import Bytes
import Entries

/// What stands in front of every request, behind its length ("Request Header" v0 to v2).
///
///     api key (16) | api version (16) | correlation id (32)
///     client id: length (16, -1 for none), text           from v1
///     tagged fields                                        from v2
struct KafkaRequestHeader {
  static let minLength = 8

  let key: Int16
  let version: Int16
  let correlation: Int32
  /// Where the client id stands: well-formed UTF-8 that can be printed.
  let clientID: Range<Int>?
  /// Bytes of it.
  let length: Int
  /// The version is one whose body this reader knows.
  let isKnown: Bool
  /// Lengths are compact, and structures end with tagged fields.
  let isFlexible: Bool

  /// - Throws: what no client writes.
  init(_ bytes: RawSpan) throws(WireError) {
    var input = Cursor(bytes)
    key = Int16(bitPattern: try input.big16())
    version = Int16(bitPattern: try input.big16())
    correlation = Int32(bitPattern: try input.big32())
    guard version >= 0 else { throw WireError(.invalid, at: 2) }
    let api = KafkaAPI.numbered(key)
    isKnown = version <= api?.newest ?? -1
    isFlexible = api?.isFlexible(version) ?? false
    if key == KafkaAPI.controlledShutdown, version == 0 {
      clientID = nil
    } else {
      let count = try input.kafkaStringLength(isFlexible: false)
      guard count >= -1 else { throw WireError(.invalid, at: 8) }
      if count < 0 {
        clientID = nil
      } else {
        let start = input.offset
        guard Self.isPrintable(try input.take(count)) else { throw WireError(.invalid, at: 10) }
        clientID = start..<start + count
      }
      if let api, isFlexible {
        var tags = input
        do {
          try tags.skipKafkaTags()
          input = tags
        } catch {
          if version <= api.newest { throw error }
        }
      }
    }
    length = input.offset
  }

  /// Adds the name of the API in capitals; of one that nobody knows its number.
  func addName(to fields: inout FieldValues) {
    if let api = KafkaAPI.numbered(key) {
      fields.add(.kafkaAPIKeyName, text: api.name.rawSpan)
    } else {
      fields.add(.kafkaAPIKeyName, .text("API_\(key)"))
    }
  }

  private static func isPrintable(_ text: RawSpan) -> Bool {
    for offset in 0..<text.byteCount {
      let byte = text.byte(offset)
      if byte < 0x20 || byte == 0x7f { return false }
    }
    return text.isASCII || text.validText() != nil
  }
}
