import Bytes
import Entries
import Testing

@testable import Pipeline

@Suite struct NameListenerTests {
  /// A reply with one A record for the name that was asked for (RFC 1035 §4).
  private func reply(_ id: UInt16, _ label: String, _ address: [UInt8], rcode: UInt8 = 0) -> [UInt8]
  {
    var bytes: [UInt8] = [
      UInt8(id >> 8), UInt8(id & 0xff), 0x81, 0x80 | rcode, 0, 1, 0, 1, 0, 0, 0, 0,
    ]
    bytes +=
      [UInt8(label.utf8.count)] + Array(label.utf8) + [4] + Array("test".utf8) + [0, 0, 1, 0, 1]
    bytes += [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4] + address
    return bytes
  }

  private func heard(_ message: [UInt8], _ second: Int64, _ listener: inout NameListener)
    -> [String]
  {
    var items: [HeardNames.Item] = []
    let time = Timestamp(milliseconds: second * 1_000)
    listener.hear(message.rawSpan, time, into: &items)
    #expect(items.allSatisfy { $0.since == time })
    return items.map { "\($0.address) \($0.workload.dns ?? "-")" }
  }

  @Test func theSameIsToldOnce() {
    var listener = NameListener()
    #expect(heard(reply(1, "orders", [10, 0, 0, 7]), 1, &listener) == ["10.0.0.7 orders.test"])
    #expect(heard(reply(2, "orders", [10, 0, 0, 7]), 2, &listener) == [])
    // However it is written.
    #expect(heard(reply(3, "OrderS", [10, 0, 0, 7]), 3, &listener) == [])
    #expect(heard(reply(4, "orders", [10, 0, 0, 8]), 4, &listener) == ["10.0.0.8 orders.test"])
  }

  @Test func aNameThatComesBackIsToldAgain() {
    var listener = NameListener()
    for second in 0..<3 as Range<Int64> {
      #expect(heard(reply(1, "a", [10, 0, 0, 7]), second, &listener) == ["10.0.0.7 a.test"])
      #expect(heard(reply(1, "b", [10, 0, 0, 7]), second, &listener) == ["10.0.0.7 b.test"])
    }
  }

  @Test func whatTellsNothingIsPassedOver() {
    var listener = NameListener()
    for message in [
      [], [1], [1, 2], reply(1, "a", [10, 0, 0, 7], rcode: 3), reply(1, "a", [127, 0, 0, 1]),
    ] {
      #expect(heard(message, 1, &listener) == [])
      #expect(heard(message, 2, &listener) == [])
    }
  }

  @Test func itForgetsWhenThereAreTooMany() {
    var listener = NameListener()
    for number in 0...HeardNames.maxAddresses {
      let address = [11, UInt8(number >> 16), UInt8(number >> 8 & 0xff), UInt8(number & 0xff)]
      #expect(heard(reply(1, "n", address), 1, &listener).count == 1)
    }
    #expect(heard(reply(2, "n", [11, 0, 0, 0]), 2, &listener).count == 1)
  }
}
