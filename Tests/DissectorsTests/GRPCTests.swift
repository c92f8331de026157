import Bytes
import Decompression
import Dissectors
import Entries
import Flows
import JSON
import Testing

@Suite struct GRPCTests {
  @Test func aUnaryCall() throws {
    let calls = Self.unary.calls()
    let call = try #require(calls.first)
    #expect(calls.count == 1)
    #expect(call.kind == .grpc)
    #expect(call.text(.grpcService) == "shop.Orders")
    #expect(call.text(.grpcMethod) == "PlaceOrder")
    #expect(call.int(.grpcStatus) == 5)
    #expect(call.failed)
    #expect(call.int(.statusCode) == 200)
    #expect(call.response?.headers.value(of: "grpc-status") == "5")
    let details = try JSONReader.value(of: call.text(.details) ?? "")
    let request = details.object?["request"]?.object
    let response = details.object?["response"]?.object
    #expect(request?["stream"]?.string == "unary")
    #expect(request?["messageCount"] == .int(1))
    #expect(
      request?["messages"]?.text
        == #"[{"length":19,"fields":{"1":"Tea","2":150,"3":{"1":[1,2]},"4":0.5}}]"#)
    #expect(response?["grpcStatusName"]?.string == "NOT_FOUND")
    #expect(response?["grpcMessage"]?.string == "no “tea” left")
  }

  @Test func bidirectionalStreams() throws {
    let call = try #require(Self.bidirectional.calls().first)
    #expect(call.int(.grpcStatus) == 0)
    #expect(!call.failed)
    let details = try JSONReader.value(of: call.text(.details) ?? "")
    #expect(details.object?["request"]?.object?["stream"]?.string == "bidi")
    #expect(details.object?["request"]?.object?["messageCount"] == .int(2))
    #expect(details.object?["response"]?.object?["messageCount"] == .int(3))
    #expect(
      details.object?["response"]?.object?["messages"]?.array?.first?.text
        == #"{"length":2,"compressed":true,"problem":"no encoding is named"}"#)
  }

  @Test func aReplyWithoutContentHasItsStatusInTheHeaders() {
    let call = Self.call { talk in
      talk.says(
        .server,
        H2.headers(
          1, [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "12")],
          ends: true))
    }
    #expect(call?.int(.grpcStatus) == 12)
    #expect(call?.failed == true)
  }

  /// A google.rpc.Status with an ErrorInfo: in base64 without padding, and as it is.
  @Test(arguments: [
    """
    CAUSAm5vGj4KKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5FcnJv\
    ckluZm8SEgoKT1VUX09GX1RFQRIEc2hvcA
    """,
    "\0\u{8}\u{5}\u{12}\u{2}no\u{1a}>\n(type.googleapis.com/google.rpc.ErrorInfo"
      + "\u{12}\u{12}\n\nOUT_OF_TEA\u{12}\u{4}shop",
  ])
  func detailsOfAStatusAreShown(status: String) throws {
    let call = Self.call { talk in
      talk.says(
        .server,
        H2.headers(
          1,
          [
            (":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "5"),
            ("grpc-status-details-bin", status),
          ], ends: true))
    }
    let details = try JSONReader.value(of: call?.text(.details) ?? "")
    #expect(
      details["response"]?["grpcStatusDetails"] == [
        ["type": "google.rpc.ErrorInfo", "fields": ["1": "OUT_OF_TEA", "2": "shop"]]
      ])
    let field = call?.response?.headers.value(of: "grpc-status-details-bin")
    #expect(field?.hasPrefix("CAUSAm5vGj4K") == true)
  }

  @Test(arguments: [(200, 0), (503, 14), (404, 12), (401, 16), (500, 2)] as [(Int, Int64)])
  func withoutStatusTheOneOfHTTPCounts(http: Int, grpc: Int64) {
    let call = Self.call { talk in
      talk.says(.server, H2.headers(1, [(":status", "\(http)")], ends: true))
    }
    #expect(call?.kind == .grpc)
    #expect(call?.int(.grpcStatus) == grpc)
    #expect(call?.failed == (grpc != 0))
  }

  @Test(arguments: [0, 2, 7, 8, 11, 99] as [UInt32])
  func aResetIsUnknown(http2: UInt32) {
    for hasHead in [true, false] {
      let call = Self.call { talk in
        if hasHead { talk.says(.server, H2.headers(1, [(":status", "200")])) }
        talk.says(.server, H2.reset(1, http2))
      }
      #expect(call?.int(.grpcStatus) == 2)
      #expect(call?.hasResponse == hasHead)
      #expect(call?.fault?.kind == .connection)
      #expect(call?.failed == true)
    }
  }

  /// What the head or the trailers have told stays, whoever resets the stream behind them.
  @Test func aResetBehindTheStatusDoesNotChangeIt() {
    let refused = Self.call { talk in
      talk.says(.server, H2.headers(1, [(":status", "404"), ("content-type", "text/html")]))
      talk.says(.client, H2.reset(1, 8))
    }
    #expect(refused?.int(.grpcStatus) == 12)
    var talk = Talk()
    talk.says(
      .client,
      H2.opening
        + H2.headers(1, H2.request("POST", "/a.B/C") + [("content-type", "application/grpc")])
        + H2.data(1, H2.message([8, 1])))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")]))
    talk.says(.server, H2.headers(1, [("grpc-status", "5")], ends: true) + H2.reset(1, 0))
    #expect(talk.calls().map { $0.int(.grpcStatus) } == [5])
  }

  @Test func aServerThatGoesAwayOrAConnectionThatFailsIsUnknown() {
    let unread = Self.call { talk in talk.says(.server, H2.goAway(last: 0, 0)) }
    #expect(unread?.int(.grpcStatus) == 2)
    var talk = Talk()
    talk.closeReason = .reset
    talk.says(
      .client,
      H2.opening
        + H2.headers(1, H2.request("POST", "/a.B/C") + [("content-type", "application/grpc")]))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")]))
    #expect(talk.calls().map { $0.int(.grpcStatus) } == [2])
  }

  @Test func withoutReplyThereIsNoStatus() {
    let call = Self.call { _ in }
    #expect(call?.int(.grpcStatus) == nil)
    #expect(call?.failed == false)
    #expect(call?.fault?.kind == .pairNotFound)
  }

  @Test func trailersInTheBodyTellTheStatusOfGRPCWeb() {
    let call = Self.call(type: "application/grpc-web+proto") { talk in
      let trailers = Array("grpc-status:3\r\ngrpc-message:bad\r\n".utf8)
      talk.says(
        .server,
        H2.headers(1, [(":status", "200"), ("content-type", "application/grpc-web+proto")])
          + H2.data(
            1, H2.message([8, 1]) + [0x80] + H2.big32(UInt32(trailers.count)) + trailers,
            ends: true))
    }
    #expect(call?.int(.grpcStatus) == 3)
  }

  @Test func compressedMessagesAreShown() throws {
    // 1: 150, as gzip; and what claims to be.
    let coded = try #require(bytes(hex: "1f8b0800000000000203e398c60800a0954ea103000000"))
    var talk = Talk()
    let requests = H2.message(coded, compressed: true) + H2.message([1, 2], compressed: true)
    talk.says(
      .client,
      H2.opening
        + H2.headers(
          1,
          H2.request("POST", "/a.B/C")
            + [("content-type", "application/grpc"), ("grpc-encoding", "gzip")])
        + H2.data(1, requests, ends: true))
    talk.says(.server, H2.settings + H2.headers(1, [("grpc-status", "0")], ends: true))
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    let call = try #require(dissection.drain().first { $0.kind == .grpc })
    let details = try JSONReader.value(of: call.text(.details) ?? "")
    let messages = details["request"]?["messages"]
    #expect(messages?[0]?["fields"] == ["1": 150])
    #expect(messages?[0]?["decodedLength"] == 3)
    #expect(messages?[1]?["problem"] != nil && messages?[1]?["fields"] == nil)
    let counters = dissection.counters.decompressions
    #expect(counters.whole == 1 && counters.damaged + counters.cut == 1)
  }

  @Test func encodingsThatAreNotKnownAreNamed() throws {
    let call = Self.call { talk in
      talk.says(
        .server,
        H2.headers(
          1,
          [(":status", "200"), ("content-type", "application/grpc"), ("grpc-encoding", "lzma")])
          + H2.data(1, H2.message([1, 2], compressed: true))
          + H2.headers(1, [("grpc-status", "0")], ends: true))
    }
    let details = try JSONReader.value(of: call?.text(.details) ?? "")
    #expect(details["response"]?["messages"]?[0]?["problem"] == "unknown encoding lzma")
  }

  @Test func whatKindOfCallItIsCanBeAsked() {
    let call = Self.bidirectional.calls().first
    #expect(call?.text(.grpcStream) == "bidi")
    #expect(call?.int(.grpcRequestMessages) == 2)
    #expect(call?.int(.grpcResponseMessages) == 3)
  }

  /// The same call in gRPC-Web's two forms, over HTTP/1.1.
  @Test(
    arguments: [
      ("application/grpc-web+proto", "\0\0\0\0\u{2}\u{8}\u{1}", nil),
      (
        "application/grpc-web-text", "AAAAAAIIAQ==",
        "gAAAACZncnBjLXN0YXR1czo1DQpncnBjLW1lc3NhZ2U6bm8lMjB0ZWENCg=="
      ),
    ] as [(String, String, String?)])
  func gRPCWebTravelsOverHTTP1(type: String, message: String, trailers: String?) throws {
    let plain: [UInt8] =
      [0x80, 0, 0, 0, 38] + Array("grpc-status:5\r\ngrpc-message:no%20tea\r\n".utf8)
    let body = Array(message.utf8) + (trailers.map { Array($0.utf8) } ?? plain)
    var talk = Talk()
    talk.client(
      "POST /a.B/C HTTP/1.1\r\nhost: a\r\ncontent-type: \(type)\r\n"
        + "content-length: \(message.utf8.count)\r\n\r\n\(message)")
    talk.says(
      .server,
      Array(
        "HTTP/1.1 200 OK\r\ncontent-type: \(type)\r\ncontent-length: \(body.count)\r\n\r\n".utf8)
        + body)
    let call = try #require(talk.calls().first)
    #expect(call.kind == .grpc && call.text(.httpVersion) == "HTTP/1.1")
    #expect(call.text(.grpcService) == "a.B" && call.text(.grpcMethod) == "C")
    #expect(call.int(.grpcStatus) == 5 && call.failed)
    let details = try JSONReader.value(of: call.text(.details) ?? "")
    #expect(details["response"]?["grpcMessage"] == "no tea")
    #expect(details["request"]?["messages"]?[0]?["fields"] == ["1": 1])
    #expect(details["response"]?["messages"]?[0]?["fields"] == ["1": 1])
    Laws.split(talk)
    Laws.truncation(talk)
    Laws.reordering(talk)
  }

  @Test func aServerThatAnswersWithStatusInTheHeadersOverHTTP1() {
    var talk = Talk()
    talk.client(
      "POST /a.B/C HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc-web\r\n"
        + "content-length: 0\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\ngrpc-status: 7\r\ncontent-length: 0\r\n\r\n")
    #expect(talk.calls().first?.int(.grpcStatus) == 7)
  }

  @Test func hostileMessagesAreBounded() throws {
    // A message in a message, 5000 times, and 5000 fields.
    var deep: [UInt8] = []
    for _ in 0..<30 {
      deep = [0x0a] + Self.varint(deep.count) + deep
    }
    let wide = [UInt8](repeating: 0, count: 4000).enumerated().map {
      UInt8($0.offset % 2 == 0 ? 8 : 1)
    }
    let cut: [UInt8] = [0, 255, 255, 255, 255, 1]
    let requests = H2.message(deep) + H2.message(wide) + H2.message([8, 255, 255]) + cut
    let call = Self.call(requests: requests) { talk in
      talk.says(.server, H2.headers(1, [(":status", "200")], ends: true))
    }
    let details = try #require(call?.text(.details))
    #expect(details.utf8.count < 8192)
    #expect((try? JSONReader.value(of: details)) != nil)
  }

  private static func varint(_ value: Int) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128), UInt8(value >> 7)]
  }

  private static func call(
    type: String = "application/grpc", requests: [UInt8] = H2.message([8, 1]),
    _ fill: (inout Talk) -> Void
  ) -> Entry? {
    var talk = Talk()
    talk.says(
      .client,
      H2.opening + H2.headers(1, H2.request("POST", "/a.B/C") + [("content-type", type)])
        + H2.data(1, requests, ends: true))
    talk.says(.server, H2.settings)
    fill(&talk)
    return talk.calls().first
  }

  static let unary = {
    var talk = Talk(serverPort: 50051)
    let order: [UInt8] = [0x0a, 3, 0x54, 0x65, 0x61, 0x10, 0x96, 0x01, 0x1a, 4, 8, 1, 8, 2]
    // 0.5 as a float (field 4) would be 0x3f000000.
    let message = order + [0x25, 0, 0, 0, 0x3f]
    talk.says(
      .client,
      H2.opening
        + H2.headers(
          1,
          H2.request("POST", "/shop.Orders/PlaceOrder")
            + [("content-type", "application/grpc+proto"), ("te", "trailers")]))
    talk.says(.client, H2.data(1, H2.message(message), ends: true))
    talk.says(.server, H2.settings)
    talk.says(
      .server, H2.headers(1, [(":status", "200"), ("content-type", "application/grpc")]))
    talk.says(
      .server,
      H2.headers(
        1,
        [("grpc-status", "5"), ("grpc-message", "no %E2%80%9Ctea%e2%80%9D left")], ends: true))
    return talk
  }()

  static let bidirectional = {
    var talk = Talk(serverPort: 50051)
    talk.says(
      .client,
      H2.opening
        + H2.headers(1, H2.request("POST", "/a.B/C") + [("content-type", "application/grpc")])
        + H2.data(1, H2.message([8, 1])))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")]))
    talk.says(.server, H2.data(1, H2.message([8, 1], compressed: true) + [0, 0, 0]))
    talk.says(.client, H2.data(1, H2.message([8, 2])) + H2.data(1, "", ends: true))
    talk.says(.server, H2.data(1, [0, 2, 8, 2] + H2.message([])))
    talk.says(.server, H2.headers(1, [("grpc-status", "0")], ends: true))
    return talk
  }()
}
