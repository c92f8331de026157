import Flows

// Conversations that the samples lack, by the documents that define them.
extension Seeds {
  mutating func addConversations() {
    add("http2", port: 8080, Self.http2)
    add("http2", port: 50_051, Self.grpc)
    add("kafka", port: 9092, Self.kafka)
    add("redis", port: 6379, Self.redis)
    add("http", port: 80, Self.http)
    add("postgresql", port: 5432, Self.postgresql)
    add("mysql", port: 3306, Self.mysql)
    add("amqp", port: 5672, Self.amqp)
    add("ldap", port: 389, Self.ldap)
    add("mongodb", port: 27_017, Self.mongodb)
    add("tlsx", port: 443, Self.tls)
    add("mqtt", port: 1883, Self.mqtt)
    add("diameter", port: 3868, Self.diameter)
    for turns in Self.socks { add("socks", port: 1080, turns) }
    for turns in Self.proxied { add("proxy", port: 80, turns) }
    for turns in Self.zones { add("dns", port: 53, turns) }
    addRADIUS()
    addQUIC()
    addDTLS()
    addICMP()
    addSCTP()
    addWeb()
  }

  private mutating func add(_ target: String, port: UInt16, _ turns: [(Side, [UInt8])]) {
    var conversing = Conversing()
    conversing.serverPort = port
    conversing.turns = turns.map { .says($0.0, $0.1) }
    conversing.turns += [.finishes(.client), .finishes(.server)]
    add(target, conversing.bytes)
    add("dissection", conversing.bytes)
    add("sealed", conversing.bytes)
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

  // MARK: PostgreSQL: startup, a Query, a prepared statement in a pipeline, an error, a COPY

  private static func postgres(_ type: Character, _ body: [UInt8] = []) -> [UInt8] {
    [type.asciiValue ?? 0, 0, 0, 0, UInt8(body.count + 4)] + body
  }

  private static func postgres(_ type: Character, _ text: String) -> [UInt8] {
    postgres(type, Array(text.utf8))
  }

  private static let postgresql: [(Side, [UInt8])] = [
    (.client, [0, 0, 0, 29, 0, 3, 0, 0] + Array("user\0app\0database\0d\0\0".utf8)),
    (.server, postgres("R", [0, 0, 0, 5, 1, 2, 3, 4])), (.client, postgres("p", "md5x\0")),
    (.server, postgres("R", [0, 0, 0, 0]) + postgres("Z", "I")),
    (.client, postgres("Q", "select * from t\0")),
    (
      .server,
      postgres("T", [0, 0]) + postgres("D", [0, 0]) + postgres("C", "SELECT 1\0")
        + postgres("Z", "I")
    ),
    (
      .client,
      postgres("P", "s\0select $1\0\0\0") + postgres("B", "\0s\0\0\0\0\0\0\0")
        + postgres("E", [0, 0, 0, 0, 0]) + postgres("B", "\0s\0\0\0\0\0\0\0")
        + postgres("E", [0, 0, 0, 0, 0]) + postgres("S")
    ),
    (.server, postgres("1") + postgres("2") + postgres("E", "SERROR\0C22012\0Mno\0\0")),
    (.server, postgres("Z", "E")), (.client, postgres("Q", "copy t from stdin\0")),
    (.server, postgres("G", [0, 0, 0])), (.client, postgres("d", "1\n") + postgres("c")),
    (.server, postgres("C", "COPY 1\0") + postgres("Z", "I")), (.client, postgres("X")),
  ]

  // MARK: MySQL: greeting, login, a result, an error, a prepared statement

  private static func packet(_ number: UInt8, _ body: [UInt8]) -> [UInt8] {
    [UInt8(body.count), 0, 0, number] + body
  }

  private static let mysql: [(Side, [UInt8])] = [
    (
      .server,
      packet(
        0,
        [10] + Array("8.0\0".utf8) + [1, 0, 0, 0] + Array("12345678\0".utf8)
          + [0xff, 0xf7, 8, 2, 0, 0xff, 0x81, 21] + Array(repeating: 0, count: 24))
    ),
    (
      .client,
      packet(
        1,
        [0x8d, 0xa2, 0, 0, 0, 0, 0, 1, 8] + Array(repeating: 0, count: 23)
          + Array("app\0\0d\0".utf8))
    ),
    (.server, packet(2, [0, 0, 0, 2, 0, 0, 0])), (.client, packet(0, [3] + Array("select 1".utf8))),
    (
      .server,
      packet(1, [1]) + packet(2, [3, 0x64]) + packet(3, [0xfe, 0, 0, 2, 0]) + packet(4, [1, 0x31])
        + packet(5, [0xfe, 0, 0, 2, 0])
    ),
    (.client, packet(0, [22] + Array("select ?".utf8))),
    (
      .server,
      packet(1, [0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]) + packet(2, [3])
        + packet(3, [0xfe, 0, 0, 2, 0])
        + packet(4, [3]) + packet(5, [0xfe, 0, 0, 2, 0])
    ),
    (.client, packet(0, [23, 1, 0, 0, 0, 0, 1, 0, 0, 0])),
    (.server, packet(1, [0xff, 0x48, 4] + Array("#HY000no".utf8))), (.client, packet(0, [1])),
  ]
}
