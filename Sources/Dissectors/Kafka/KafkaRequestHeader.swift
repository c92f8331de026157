import Bytes

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
  let clientID: String?
  /// Bytes of it.
  let length: Int

  /// Nil when the number is nobody's.
  var api: KafkaAPI? { KafkaAPI.numbered(key) }

  /// Name of the API in capitals; of one that nobody knows its number.
  var name: String { api?.name ?? "API_\(key)" }

  /// The version is one whose body this reader knows.
  var isKnown: Bool { api.map { 0...$0.newest ~= version } ?? false }

  /// - Throws: what no client writes.
  init(_ bytes: RawSpan) throws(WireError) {
    var input = Cursor(bytes)
    key = Int16(bitPattern: try input.big16())
    version = Int16(bitPattern: try input.big16())
    correlation = Int32(bitPattern: try input.big32())
    guard version >= 0 else { throw WireError(.invalid, at: 2) }
    let api = KafkaAPI.numbered(key)
    if key == KafkaAPI.controlledShutdown, version == 0 {
      clientID = nil
    } else {
      let count = try input.kafkaStringLength(isFlexible: false)
      guard count >= -1 else { throw WireError(.invalid, at: 8) }
      if count < 0 {
        clientID = nil
      } else {
        let text = try input.take(count)
        guard let text = text.validText(), Self.isPrintable(text) else {
          throw WireError(.invalid, at: 10)
        }
        clientID = text
      }
      if let api, api.isFlexible(version) {
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

  private static func isPrintable(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
  }
}
