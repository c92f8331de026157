import Entries
import Flows
import Testing

/// A message of Kafka, put together field by field; `bytes` have their length in front.
struct KafkaFrame {
  private var body: [UInt8]

  init(key: Int16, version: Int16, id: Int32, client: String = "shop") {
    body = []
    self = int16(key).int16(version).int32(id).text(client)
  }

  init() { body = [] }

  init(id: Int32) {
    body = []
    self = int32(id)
  }

  var bytes: [UInt8] { Self.big(Int32(body.count)) + body }
  var plain: [UInt8] { body }

  func raw(_ bytes: [UInt8]) -> KafkaFrame {
    var frame = self
    frame.body += bytes
    return frame
  }
  func raw(_ text: String) -> KafkaFrame { raw(Array(text.utf8)) }
  func byte(_ value: UInt8) -> KafkaFrame { raw([value]) }
  func int16(_ value: Int16) -> KafkaFrame { raw(Self.big(value)) }
  func int32(_ value: Int32) -> KafkaFrame { raw(Self.big(value)) }
  func int64(_ value: Int64) -> KafkaFrame { raw(Self.big(value)) }
  func text(_ text: String) -> KafkaFrame { int16(Int16(text.utf8.count)).raw(text) }
  func compact(_ text: String) -> KafkaFrame { byte(UInt8(text.utf8.count + 1)).raw(text) }

  private static func big(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }

  /// The call that such a body and its answer make, which has neither a fault nor half.
  static func call(
    _ key: Int16, _ version: Int16, _ body: KafkaFrame, _ answer: KafkaFrame
  ) -> Entry? {
    var talk = Talk(serverPort: 9092)
    talk.says(.client, KafkaFrame(key: key, version: version, id: 1).raw(body.plain).bytes)
    talk.says(.server, KafkaFrame(id: 1).raw(answer.plain).bytes)
    let entry = talk.calls().first
    #expect(entry?.fault == nil && entry?.hasResponse == true)
    return entry
  }
}
