import Flows

// Conversations that the samples lack, by the documents that define them.
extension Seeds {
  mutating func addConversations() {
    add("http2", port: 8080, Self.http2)
    add("http2", port: 50_051, Self.grpc)
    add("kafka", port: 9092, Self.kafka)
    add("redis", port: 6379, Self.redis)
    add("http", port: 80, Self.http)
  }

  private mutating func add(_ target: String, port: UInt16, _ turns: [(Side, [UInt8])]) {
    var conversing = Conversing()
    conversing.serverPort = port
    conversing.turns = turns.map { .says($0.0, $0.1) }
    conversing.turns += [.finishes(.client), .finishes(.server)]
    add(target, conversing.bytes)
    add("dissection", conversing.bytes)
  }

  // MARK: HTTP/2 (RFC 9113), with the header blocks of RFC 7541 C.3

  private static func frame(
    _ kind: UInt8, _ flags: UInt8, stream: UInt8, _ payload: [UInt8]
  ) -> [UInt8] {
    [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), kind, flags, 0, 0, 0, stream]
      + payload
  }

  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  private static let settings = frame(4, 0, stream: 0, [0, 3, 0, 0, 0, 100])

  private static func literal(_ first: UInt8, _ value: String) -> [UInt8] {
    [first, UInt8(value.utf8.count)] + Array(value.utf8)
  }

  private static let http2: [(Side, [UInt8])] = [
    (
      .client,
      preface + settings
        + frame(1, 5, stream: 1, [0x82, 0x86, 0x84] + literal(0x41, "www.example.com"))
        + frame(1, 5, stream: 3, [0x82, 0x86, 0x84, 0xbe] + literal(0x58, "no-cache"))
    ),
    (.server, settings + frame(4, 1, stream: 0, []) + frame(1, 4, stream: 1, [0x88])),
    (.server, frame(0, 9, stream: 1, [2] + Array("hello".utf8) + [0, 0])),
    (.server, frame(3, 0, stream: 3, [0, 0, 0, 8]) + frame(6, 0, stream: 0, Array(1...8))),
    (.server, frame(7, 0, stream: 0, [0, 0, 0, 3, 0, 0, 0, 0])),
  ]

  private static let grpc: [(Side, [UInt8])] = [
    (
      .client,
      preface + settings
        + frame(
          1, 4, stream: 1,
          [0x83, 0x86] + literal(0x44, "/shop.Orders/Get") + literal(0x5f, "application/grpc"))
        + frame(0, 1, stream: 1, [0, 0, 0, 0, 4, 0x08, 0x2a, 0x12, 0])
    ),
    (
      .server,
      settings + frame(1, 4, stream: 1, [0x88] + literal(0x5f, "application/grpc"))
        + frame(0, 0, stream: 1, [0, 0, 0, 0, 2, 0x08, 1])
        + frame(1, 5, stream: 1, literal(0x40, "grpc-status") + [1, 0x35])
    ),
  ]

  // MARK: Kafka: ApiVersions and Metadata

  private static func message(_ body: [UInt8]) -> [UInt8] { [0, 0, 0, UInt8(body.count)] + body }

  private static let kafka: [(Side, [UInt8])] = [
    (.client, message([0, 18, 0, 0, 0, 0, 0, 1, 0, 4] + Array("demo".utf8))),
    (.server, message([0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 18, 0, 0, 0, 3])),
    (
      .client,
      message(
        [0, 3, 0, 1, 0, 0, 0, 2, 0, 4] + Array("demo".utf8) + [0, 0, 0, 1, 0, 6]
          + Array("orders".utf8))
    ),
    (.server, message([0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
  ]

  // MARK: Redis (RESP3) and HTTP/1.1

  private static let redis: [(Side, [UInt8])] = [
    (.client, Array("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\nPING\r\n".utf8)),
    (.server, Array("+OK\r\n+PONG\r\n".utf8)),
    (.client, Array("*2\r\n$7\r\nHGETALL\r\n$1\r\nh\r\n*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n".utf8)),
    (.server, Array("%1\r\n$1\r\na\r\n,1.5\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n".utf8)),
  ]

  private static let http: [(Side, [UInt8])] = [
    (
      .client,
      Array(
        """
        POST /a?id=7 HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r
        Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n
        """.utf8)
    ),
    (.server, Array("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n".utf8)),
    (.client, Array("HEAD / HTTP/1.0\r\n\r\n".utf8)),
    (.server, Array("HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n".utf8)),
  ]
}
