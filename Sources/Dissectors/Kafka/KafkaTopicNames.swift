/// Names of topics by their ids: newer versions send only these.
struct KafkaTopicNames: Sendable {
  /// Topics remembered, at most.
  static let limit = 4096

  struct ID: Hashable, Sendable {
    var high: UInt64
    var low: UInt64

    var isZero: Bool { high == 0 && low == 0 }

    /// As Kafka's tools print it: base64 for URLs without padding (RFC 4648 §5).
    var text: String {
      var text: [UInt8] = []
      text.reserveCapacity(22)
      for place in 0..<22 {
        // Bits 6·place up to 6·place + 5 of 128, with zeros behind.
        let shift = 122 - 6 * place
        let bits: UInt64
        if shift >= 64 {
          bits = high >> UInt64(shift - 64)
        } else if shift >= 0 {
          bits = (shift > 58 ? high << UInt64(64 - shift) : 0) | low >> UInt64(shift)
        } else {
          bits = low << UInt64(-shift)
        }
        text.append(Self.alphabet[Int(bits & 63)])
      }
      return String(decoding: text, as: UTF8.self)
    }

    private static let alphabet = Array(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
  }

  private var names: [ID: String] = [:]

  subscript(id: ID) -> String? { names[id] }

  mutating func learn(_ id: ID, _ name: String) {
    if names.count < Self.limit || names[id] != nil { names[id] = name }
  }
}
