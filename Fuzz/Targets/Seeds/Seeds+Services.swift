import Flows
import Layers

// Conversations of services, by the documents that define their protocols.
extension Seeds {
  // MARK: AMQP: the protocol header, a queue, a message with content

  private static func frame(_ type: UInt8, _ payload: [UInt8]) -> [UInt8] {
    [type, 0, 1, 0, 0, 0, UInt8(payload.count)] + payload + [0xce]
  }

  static let amqp: [(Side, [UInt8])] = [
    (.client, Array("AMQP".utf8) + [0, 0, 9, 1]),
    (.server, frame(1, [0, 10, 0, 30, 0, 0, 0, 1, 0, 0, 0, 60])),
    (.client, frame(1, [0, 10, 0, 31, 0, 0, 0, 1, 0, 0, 0, 60])),
    (.client, frame(1, [0, 50, 0, 10, 0, 0, 1, 0x71, 2, 0, 0, 0, 0])),
    (.server, frame(1, [0, 50, 0, 11, 1, 0x71, 0, 0, 0, 3, 0, 0, 0, 1]) + frame(8, [])),
    (
      .client,
      frame(1, [0, 60, 0, 40, 0, 0, 1, 0x78, 1, 0x6b, 0])
        + frame(2, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x80, 0, 1, 0x61])
        + frame(3, [0x68, 0x69])
    ),
    (.server, frame(1, [0, 20, 0, 40, 1, 0x94, 1, 0x6e, 0, 50, 0, 10])),
    (.client, frame(1, [0, 20, 0, 41])),
  ]

  // MARK: LDAP: a bind that fails, a search

  static let ldap: [(Side, [UInt8])] = [
    (.client, [0x30, 14, 2, 1, 1, 0x60, 9, 2, 1, 3, 4, 1, 0x61, 0x80, 1, 0x70]),
    (.server, [0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 49, 4, 0, 4, 0]),
    (
      .client,
      [0x30, 35, 2, 1, 2, 0x63, 30, 4, 1, 0x62, 10, 1, 2, 10, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0]
        + [0xa0, 6, 0x87, 1, 0x63, 0x87, 1, 0x64, 0x30, 0, 4, 0]
    ),
    (.server, [0x30, 10, 2, 1, 2, 0x64, 5, 4, 1, 0x62, 0x30, 0]),
    (.server, [0x30, 12, 2, 1, 2, 0x65, 7, 10, 1, 0, 4, 0, 4, 0]),
  ]

  // MARK: MongoDB: a command and its reply

  private static func message(_ number: UInt8, _ answers: UInt8, _ document: [UInt8]) -> [UInt8] {
    [UInt8(document.count + 21), 0, 0, 0, number, 0, 0, 0, answers, 0, 0, 0, 0xdd, 7, 0, 0]
      + [0, 0, 0, 0, 0] + document
  }

  static let mongodb: [(Side, [UInt8])] = [
    (
      .client,
      message(
        1, 0,
        [28, 0, 0, 0, 2] + Array("find\0".utf8) + [2, 0, 0, 0, 0x63, 0, 2] + Array("$db\0".utf8)
          + [2, 0, 0, 0, 0x64, 0, 0])
    ),
    (.server, message(2, 1, [13, 0, 0, 0, 16] + Array("ok\0".utf8) + [1, 0, 0, 0, 0])),
  ]

  // MARK: TLS: both hellos of version 1.2, and what follows

  private static func hello(_ type: UInt8, _ rest: [UInt8]) -> [UInt8] {
    let body = [3, 3] + Array(repeating: UInt8(7), count: 32) + [0] + rest
    return [22, 3, 3, 0, UInt8(body.count + 4), type, 0, 0, UInt8(body.count)] + body
  }

  static let tls: [(Side, [UInt8])] = [
    (
      .client,
      hello(1, [0, 2, 0xc0, 0x2f, 1, 0, 0, 10, 0, 0, 0, 6, 0, 4, 0, 0, 1, 0x61])
    ),
    (.server, hello(2, [0xc0, 0x2f, 0]) + [22, 3, 3, 0, 4, 14, 0, 0, 0]),
    (.client, [20, 3, 3, 0, 1, 1]), (.server, [20, 3, 3, 0, 1, 1]),
    (.client, [23, 3, 3, 0, 2, 9, 9]),
  ]

  // MARK: RADIUS: a request and its refusal, in datagrams

  mutating func addRADIUS() {
    var conversing = Conversing()
    conversing.transport = .udp
    let authenticator = Array(repeating: UInt8(7), count: 16)
    conversing.turns = [
      .says(.client, [1, 9, 0, 29] + authenticator + [1, 3, 0x62, 4, 6, 10, 0, 0, 1]),
      .says(.server, [3, 9, 0, 20] + authenticator),
    ]
    add("radius", conversing.bytes)
    add("dissection", conversing.bytes)
  }

  // MARK: QUIC: the frames of both hellos, sealed and not

  mutating func addQUIC() {
    var conversing = Conversing()
    conversing.transport = .udp
    let hello = Array(Self.hello(1, [0, 2, 0x13, 1, 1, 0]).dropFirst(5))
    let reply = Array(Self.hello(2, [0x13, 1, 0]).dropFirst(5))
    conversing.turns = [
      .says(.client, [6, 0, UInt8(hello.count)] + hello),
      .says(.server, [2, 0, 0, 0, 0, 6, 0, UInt8(reply.count)] + reply),
      .says(.client, [0x1c, 0x41, 0x2a, 6, 0]),
    ]
    add("frames", conversing.bytes)
    var sealer = QUICTarget.Sealer()
    conversing = sealer.seal(conversing)
    add("quic", conversing.bytes)
    add("dissection", conversing.bytes)
  }

  // MARK: DTLS: both hellos, of which the client's is cut

  mutating func addDTLS() {
    var conversing = Conversing()
    conversing.transport = .udp
    let number = [UInt8](repeating: 7, count: 32)
    let hello = [0xfe, 0xfd] + number + [0, 0, 0, 2, 0xc0, 0x2f, 1, 0]
    let reply = [0xfe, 0xfd] + number + [0, 0xc0, 0x2f, 0]
    func record(_ type: UInt8, _ message: [UInt8], _ range: Range<Int>) -> [UInt8] {
      let count = UInt8(range.count)
      var bytes: [UInt8] = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, count + 12]
      bytes += [type, 0, 0, UInt8(message.count), 0, 0, 0, 0, UInt8(range.lowerBound), 0, 0, count]
      return bytes + message[range]
    }
    conversing.turns = [
      .says(.client, record(1, hello, 0..<20)),
      .says(.client, record(1, hello, 20..<hello.count)),
      .says(
        .server,
        record(2, reply, 0..<reply.count) + [20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1]),
    ]
    add("dtls", conversing.bytes)
    add("dissection", conversing.bytes)
  }
}
