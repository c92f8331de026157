import Bytes

/// The id of a topic of Kafka: no other has it, in whatever cluster, nor the next one of that name
/// (KIP-516).
package struct KafkaTopicID: Hashable, Sendable {
  /// Bytes of one.
  static let length = 16

  package var high: UInt64
  package var low: UInt64

  package init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

  /// Stands for none.
  var isZero: Bool { high == 0 && low == 0 }

  /// As Kafka's tools print it: base64 for URLs without padding (RFC 4648 §5).
  package var text: String {
    var text: [UInt8] = []
    text.reserveCapacity(Self.digits)
    for place in 0..<Self.digits {
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

  /// What `text` gives; nil for anything else.
  package init?(text: String) {
    let digits = Array(text.utf8)
    guard digits.count == Self.digits else { return nil }
    (high, low) = (0, 0)
    for (place, digit) in digits.enumerated() {
      guard let value = Self.alphabet.firstIndex(of: digit) else { return nil }
      // The last digit has four bits that say nothing.
      let bits = place == Self.digits - 1 ? UInt64(value) >> 4 : UInt64(value)
      let count: UInt64 = place == Self.digits - 1 ? 2 : 6
      high = high << count | low >> (64 - count)
      low = low << count | bits
    }
  }

  private static let digits = 22
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// Those that lie in `bytes` one behind the other.
  static func list(_ bytes: RawSpan) -> [KafkaTopicID] {
    stride(from: 0, through: bytes.byteCount - length, by: length).map {
      KafkaTopicID(high: bytes.big64($0), low: bytes.big64($0 + 8))
    }
  }

  /// Those of a list, one behind the other.
  static func bytes(_ ids: [KafkaTopicID]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(ids.count * length)
    for word in ids.flatMap({ [$0.high, $0.low] }) { bytes.append(little: word.byteSwapped) }
    return bytes
  }
}

/// A topic of Kafka with its id.
package struct KafkaTopic: Hashable, Sendable {
  package var id: KafkaTopicID
  package var name: String

  package init(id: KafkaTopicID, name: String) { (self.id, self.name) = (id, name) }
}

/// A topic that a message named together with its id.
package struct KafkaTopicNews: Hashable, Sendable {
  package var topic: KafkaTopic
  /// Packet with which that message was whole.
  package var packet: UInt64

  package init(_ topic: KafkaTopic, in packet: UInt64) {
    (self.topic, self.packet) = (topic, packet)
  }
}
