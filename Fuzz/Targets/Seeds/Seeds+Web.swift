import Flows

// Conversations of protocols that travel in HTTP, by the documents that define them.
extension Seeds {
  mutating func addWeb() {
    for (target, turns) in [
      ("ws", Self.frames), ("http", Self.upgrade + Self.frames), ("http", Self.graphQL),
      ("http", Self.model),
    ] {
      var conversing = Conversing()
      conversing.serverPort = 8080
      conversing.turns = turns.map { .says($0.0, $0.1) } + [.finishes(.client), .finishes(.server)]
      add(target, conversing.bytes)
      add("dissection", conversing.bytes)
    }
    for body in Self.bodies { add("content", Array(body.utf8)) }
  }

  // MARK: WebSocket: RFC 6455 §5.7 and RFC 7692 §7.2.3

  private static let upgrade: [(Side, [UInt8])] = [
    (.client, Array("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n".utf8)),
    (
      .server,
      Array(
        """
        HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r
        Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n
        """.utf8)
    ),
  ]

  private static let frames: [(Side, [UInt8])] = [
    (.client, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]),
    (.server, [0x01, 3, 0x48, 0x65, 0x6c, 0x89, 0, 0x80, 2, 0x6c, 0x6f]),
    (.server, [0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 7, 0, 0xc1, 5, 0xf2, 0, 0x11, 0, 0]),
    (.server, [0x41, 3, 0xf2, 0x48, 0xcd, 0x80, 4, 0xc9, 0xc9, 7, 0]),
    (.client, [0x88, 0x82, 0, 0, 0, 0, 3, 0xe8]), (.server, [0x88, 2, 3, 0xe8]),
  ]

  // MARK: Calls

  private static func call(_ path: String, _ body: String) -> [UInt8] {
    Array(
      """
      POST \(path) HTTP/1.1\r\nContent-Type: application/json\r
      Content-Length: \(body.utf8.count)\r\n\r\n\(body)
      """.utf8)
  }

  private static func reply(_ type: String, _ body: String) -> [UInt8] {
    Array(
      """
      HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
      """.utf8)
  }

  private static let graphQL: [(Side, [UInt8])] = [
    (.client, call("/graphql", #"{"query":"query A { me { id } }","variables":{"a":1}}"#)),
    (.server, reply("application/json", #"{"data":null,"errors":[{"message":"no"}]}"#)),
    (
      .client,
      call("/mcp", #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#)
    ),
    (
      .server,
      reply(
        "text/event-stream",
        "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"isError\":true}}\n\n")
    ),
  ]

  private static let model: [(Side, [UInt8])] = [
    (.client, call("/v1/chat/completions", #"{"model":"m","stream":true,"messages":[]}"#)),
    (
      .server,
      reply(
        "text/event-stream",
        """
        data: {"choices":[{"delta":{"content":"hi"}}]}

        data: {"choices":[],"usage":{"prompt_tokens":1}}


        """)
    ),
    (.client, call("/v1/messages", #"{"model":"m","messages":[]}"#)),
    (.server, reply("application/json", #"{"content":[],"usage":{"input_tokens":1}}"#)),
  ]

  private static let bodies = [
    ": hi\r\ndata: a\r\ndata: b\r\n\r\nid: 1\nevent: e\ndata\n\n", "\u{feff}data:x\r\r",
    #"{"a":[1,2,{"b":"c"}],"d":null,"e":"f\"g"}"#,
    "query A($v: [Int!] = [1]) @d { x: y(a: \"b\") { z } ... on T { u } ...F } fragment F on T { w }",
  ]
}
