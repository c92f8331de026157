import Flows
import Layers

// MQTT, Diameter, and what is no stream: ICMP and SCTP.
extension Seeds {
  // MARK: MQTT 5: a connect, a subscription, messages of each quality

  private static func packet(_ first: UInt8, _ content: [UInt8]) -> [UInt8] {
    [first, UInt8(content.count)] + content
  }

  private static func text(_ text: String) -> [UInt8] { [0, UInt8(text.utf8.count)] + text.utf8 }

  private static func join(_ parts: [UInt8]...) -> [UInt8] { Array(parts.joined()) }

  static let mqtt: [(Side, [UInt8])] = [
    (
      .client,
      packet(
        0x10,
        join(
          text("MQTT"), [5, 0xc6, 0, 60, 5, 17, 0, 0, 0, 9], text("m"), [0], text("w"), text("x"),
          text("u"), text("p")))
    ),
    (.server, packet(0x20, [0, 0, 3, 33, 0, 9])),
    (.client, packet(0x82, [0, 1, 2, 11, 7] + text("a/#") + [1])),
    (.server, packet(0x90, [0, 1, 0, 1])),
    (.client, packet(0x30, text("a/1") + [3, 35, 0, 1, 0x68, 0x69])),
    (.client, packet(0x32, text("") + [0, 2, 3, 35, 0, 1, 0x68])),
    (.server, packet(0x40, [0, 2, 16])), (.client, packet(0x34, text("b") + [0, 3, 0])),
    (.server, packet(0x50, [0, 3])), (.client, packet(0x62, [0, 3])),
    (.server, packet(0x70, [0, 3])), (.client, [0xc0, 0]), (.server, [0xd0, 0]),
    (.server, packet(0xe0, [142, 0])),
  ]

  // MARK: Diameter: capabilities, and a request with a group

  private static func message(_ flags: UInt8, _ command: UInt8, _ avps: [UInt8]) -> [UInt8] {
    let head: [UInt8] = [
      1, 0, 0, UInt8(20 + avps.count), flags, 0, 1, command, 0, 0, 0, 4, 0, 0, 0, 7, 0, 0, 0, 9,
    ]
    return head + avps
  }

  private static func avp(_ code: [UInt8], _ value: [UInt8]) -> [UInt8] {
    join(
      [0, 0], code, [0x40, 0, 0, UInt8(8 + value.count)], value,
      [UInt8](repeating: 0, count: -value.count & 3))
  }

  static let diameter: [(Side, [UInt8])] = [
    (.client, message(0x80, 1, avp([1, 8], Array("a.test".utf8)))),
    (.server, message(0, 1, avp([1, 12], [0, 0, 7, 0xd1]) + avp([1, 8], [0x62]))),
    (
      .client,
      message(
        0xc0, 16,
        avp([1, 7], [0x73]) + avp([1, 0xc8], avp([1, 0xb5], avp([1, 0xa4], [0, 0, 0, 60]))))
    ),
    (
      .server,
      message(
        0x20, 16, avp([1, 41], avp([1, 10], [0, 0, 0x28, 0xaf]) + avp([1, 42], [0, 0, 0, 9])))
    ),
  ]

  // MARK: ICMP: an echo, its reply, an error about a datagram; ICMPv6: a neighbour

  mutating func addICMP() {
    var conversing = Conversing()
    conversing.transport = .icmp
    let quote: [UInt8] = [0x45, 0, 0, 29, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
    conversing.turns = [
      .says(.client, [8, 0, 0, 0, 0, 7, 0, 1, 1, 2]),
      .says(.server, [0, 0, 0, 0, 0, 7, 0, 1, 1, 2]),
      .says(.server, Self.join([3, 3, 0, 0, 0, 0, 0, 0], quote, [0x9c, 0x40, 0, 53, 0, 9, 0, 0])),
    ]
    add("icmp", conversing.bytes)
    add("dissection", conversing.bytes)
    conversing.transport = .icmpv6
    let address = [UInt8](repeating: 9, count: 16)
    conversing.turns = [
      .says(.client, Self.join([135, 0, 0, 0, 0, 0, 0, 0], address, [1, 1, 2, 0, 0, 0, 0, 7])),
      .says(.server, [143, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0] + address),
    ]
    add("icmp", conversing.bytes)
    add("dissection", conversing.bytes)
  }

  // MARK: SCTP: an INIT, a Diameter message in two fragments, an ABORT

  mutating func addSCTP() {
    var conversing = Conversing()
    conversing.transport = .sctp
    let head: [UInt8] = [0x9c, 0x40, 0x0f, 0x1c, 0, 0, 0, 1, 0, 0, 0, 0]
    func chunk(_ type: UInt8, _ flags: UInt8, _ value: [UInt8]) -> [UInt8] {
      Self.join(
        [type, flags, 0, UInt8(value.count + 4)], value,
        [UInt8](repeating: 0, count: -value.count & 3))
    }
    func data(_ number: UInt8, _ flags: UInt8, _ bytes: ArraySlice<UInt8>) -> [UInt8] {
      chunk(0, flags, Self.join([0, 0, 0, number, 0, 0, 0, 0, 0, 0, 0, 46], Array(bytes)))
    }
    let message = Self.diameter[0].1
    conversing.turns = [
      .says(.client, head + chunk(1, 0, [0, 0, 0, 1, 0, 0, 9, 9, 0, 1, 0, 1, 0, 0, 0, 1])),
      .says(.client, head + data(1, 2, message.prefix(20))),
      .says(.client, head + data(2, 1, message.dropFirst(20))),
      .says(.server, head + chunk(6, 0, [0, 12, 0, 4])),
    ]
    add("sctp", conversing.bytes)
    add("dissection", conversing.bytes)
  }
}
