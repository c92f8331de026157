import Bytes
import Entries
import Flows
import JSON
import Testing

@testable import Dissectors

/// Server-Sent Events, and what HTTP calls with JSON in them are told to be.
@Suite struct HTTPContentTests {
  // MARK: Server-Sent Events

  @Test func eventsAreCountedNamedAndTimed() throws {
    let call = try #require(Self.events.calls().first)
    #expect(call.kind == .http)
    #expect(call.int(.sseEvents) == 3)
    #expect(call.texts(.sseEventTypes) == ["message", "price"])
    #expect(call.text(.sseLastID) == "7")
    // The request at 1 ms, the head at 2, the end of the first event at 4.
    #expect(call.int(.sseFirstEvent) == 3000)
    let events = try Self.details(call)["response"]?["events"]?.array ?? []
    #expect(events.map { $0["data"]?.string } == ["hello\nthere", "1", "2"])
    #expect(events.map { $0["atMs"]?.double } == [2, 2, 3])
    #expect(events[1]["event"] == "price")
  }

  /// Lines may end in CRLF, LF or CR, comments are none, and an event without its empty line is
  /// dropped (WHATWG HTML §9.2.6).
  @Test func streamsAreReadAsTheStandardSays() {
    let text = "\u{feff}: comment\r\ndata\rdata: a\r\rid: 1\n\ndata:x\r\nevent: e\r\n\r\ndata: cut"
    let events = ServerSentEvents(Array(text.utf8).rawSpan).events
    #expect(events.map { String(decoding: $0.data, as: UTF8.self) } == ["\na", "x"])
    #expect(events.map(\.name) == ["message", "e"])
  }

  /// Of a stream longer than what is kept of bodies all events are counted, and its end is read.
  @Test func theEndOfALongStreamIsRead() throws {
    var talk = Talk()
    talk.client(Self.chat(#"{"model":"m","stream":true,"messages":[]}"#))
    talk.server(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    let piece =
      "data: {\"choices\":[{\"delta\":{\"content\":\"\(String(repeating: "a", count: 200))\"}}]}\n\n"
    for _ in 0..<1000 { talk.server("\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n") }
    let last =
      #"data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"completion_tokens":99}}"#
      + "\n\ndata: [DONE]\n\n"
    talk.server("\(String(last.utf8.count, radix: 16))\r\n\(last)\r\n0\r\n\r\n")
    let call = try #require(talk.calls().first)
    #expect(call.int(.sseEvents) == 1002)
    #expect(call.text(.llmFinishReason) == "stop")
    #expect(call.int(.llmOutputTokens) == 99)
    #expect(call.response?.body.count == 64 << 10)
  }

  // MARK: GraphQL

  @Test func operationsAreNamed() throws {
    let call = try Self.graphQL(
      #"{"query":"query Cart($id: ID!) { cart(id: $id) { items { sku } } me { name } }","variables":{"id":"7"},"operationName":"Cart"}"#,
      #"{"data":{"cart":null},"errors":[{"message":"no such cart","path":["cart"]}]}"#)
    #expect(call.kind == .gqlv1)
    #expect(call.text(.gqlOperationType) == "query")
    #expect(call.text(.gqlOperationName) == "Cart")
    #expect(call.texts(.gqlRootFields) == ["cart", "me"])
    #expect(call.int(.gqlErrors) == 1)
    #expect(call.failed && call.int(.statusCode) == 200)
    let details = try Self.details(call)
    #expect(details["request"]?["variables"]?["id"] == "7")
    #expect(details["response"]?["errors"]?[0]?["message"] == "no such cart")
  }

  @Test func mediaTypesTellTheSecondVersion() throws {
    let call = try Self.graphQL(
      #"{"query":"{ me { id } }"}"#, #"{"data":{"me":{"id":1}}}"#,
      type: "application/graphql-response+json")
    #expect(call.kind == .gqlv2)
    #expect(call.text(.gqlSummary) == "me")
    #expect(!call.failed)
  }

  /// An answer in parts, as `@defer` makes them; however their JSON is laid out.
  @Test func answersInPartsAreRead() throws {
    let head = "\r\n---\r\nContent-Type: application/json\r\n\r\n"
    let call = try Self.graphQL(
      #"{"query":"{ me { id ... @defer { orders } } }"}"#,
      head + "{\n  \"data\": {\"me\": {}},\n  \"hasNext\": true\n}" + head
        + #"{"incremental":[{"errors":[{"message":"late"}]}],"hasNext":false}"# + "\r\n-----\r\n",
      type: "multipart/mixed; boundary=\"-\"; deferSpec=20220824")
    #expect(call.kind == .gqlv2 && call.int(.gqlErrors) == 1 && call.failed)
    let reply = try Self.details(call)["response"]
    #expect(reply?["hasData"] == true && reply?["errors"]?[0]?["message"] == "late")
  }

  @Test func batchesGetsAndHashesAreRead() throws {
    let batch = try Self.graphQL(
      #"[{"query":"mutation A { a }"},{"query":"{ b }"}]"#,
      #"[{"data":{"a":1}},{"errors":[{"message":"x"}]}]"#)
    #expect(batch.int(.gqlBatch) == 2 && batch.int(.gqlErrors) == 1)
    #expect(batch.text(.gqlOperationType) == "mutation")

    var talk = Talk()
    talk.client("GET /graphql?query=%7B%20me%20%7B%20id%20%7D%20%7D HTTP/1.1\r\nHost: x\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    #expect(talk.calls().first?.text(.gqlSummary) == "me")

    let hash = try Self.graphQL(
      #"{"operationName":"P","extensions":{"persistedQuery":{"version":1,"sha256Hash":"ab"}}}"#,
      #"{"errors":[{"message":"PersistedQueryNotFound"}]}"#)
    #expect(hash.kind == .gqlv1 && hash.text(.gqlSummary) == "P" && hash.failed)
    // Caches between client and server want them in a GET: {"persistedQuery":{"sha256Hash":"ab"}}.
    var cached = Talk()
    cached.client(
      "GET /graphql?operationName=P&extensions=%7B%22persistedQuery%22%3A%7B%22sha256Hash%22%3A%22ab%22%7D%7D HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    cached.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    let call = try #require(cached.calls().first)
    #expect(call.kind == .gqlv1 && call.text(.gqlSummary) == "P")
    #expect(try Self.details(call)["request"]?["persistedQuery"] == "ab")
  }

  /// Files are sent in a form, whose part `operations` is what the body would be.
  @Test func formsWithFilesAreRead() throws {
    func call(_ part: String) throws -> Entry {
      let body =
        "--b\r\nContent-Disposition: form-data; name=\"\(part)\"\r\n\r\n"
        + #"{"query":"mutation Add($f: Upload!) { add(file: $f) }","variables":{"f":null}}"#
        + "\r\n--b\r\nContent-Disposition: form-data; name=\"0\"; filename=\"a\"\r\n\r\nA\r\n--b--\r\n"
      var talk = Talk()
      talk.client(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
      )
      talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      return try #require(talk.calls().first)
    }
    let upload = try call("operations")
    #expect(upload.kind == .gqlv1 && upload.text(.gqlSummary) == "Add")
    #expect(upload.texts(.gqlRootFields) == ["add"])
    #expect(try call("note").kind == .http)
  }

  @Test(arguments: [
    #"{"query":{"match":{"title":"x"}}}"#, #"{"query":"shoes","page":1}"#, #"{"query":"{"}"#,
    #"{"query":"query"}"#, #"{"query":"{ }"}"#, #"{"query":"select * from t"}"#, "[1,2]", "{",
    #"{"a":{"query":"{ me }"}}"#,
  ])
  func otherJSONStaysHTTP(body: String) throws {
    #expect(try Self.graphQL(body, "{}").kind == .http)
  }

  @Test func documentsAreReadTokenByToken() throws {
    let text = """
      # a comment { with marks }
      fragment F on User @d(a: "}") { name }
      query A { x }
      subscription B($v: [Int!] = [1, 2]) @live {
        renamed: field(text: \"\"\"block } \\\""" \"\"\", list: [{a: 1}]) @skip(if: true) { y }
        ... on User { inner }
        ...F
      }
      """
    let document = try #require(GraphQLDocument(Array(text.utf8), operationName: "B"))
    #expect(document.operation == .subscription)
    #expect(document.rootFields == ["field", "inner", "...F"])
    #expect(GraphQLDocument(Array(String(repeating: "{... ", count: 5000).utf8)) == nil)
  }

  /// In a block of deflate that is stored as it is.
  @Test(arguments: [
    (#"{"query":"query Cart { cart }"}"#, ProtocolKind.gqlv1),
    (#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, ProtocolKind.mcp),
  ])
  func requestsThatAreCompressedAreRead(text: String, kind: ProtocolKind) throws {
    let count = UInt8(text.utf8.count)
    var body: [UInt8] = [1, count, 0, ~count, 255]
    body += Array(text.utf8)
    var talk = Talk()
    talk.client(
      "POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nContent-Encoding: deflate\r\n"
        + "Content-Length: \(body.count)\r\n\r\n")
    talk.says(.client, body)
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    let call = try #require(talk.calls().first)
    #expect(call.kind == kind)
    let request = try Self.details(call)["request"]
    #expect(request?["operationName"]?.string == (kind == .mcp ? nil : "Cart"))
    #expect(request?["messages"]?[0]?["method"]?.string == (kind == .mcp ? "tools/list" : nil))
  }

  // MARK: The Model Context Protocol

  @Test func toolCallsAreNamed() throws {
    let call = try Self.mcp(
      #"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"search","arguments":{"q":"x"}}}"#,
      "text/event-stream",
      """
      event: message
      data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}

      event: message
      data: {"jsonrpc":"2.0","id":3,"result":{"content":[],"isError":true}}


      """)
    #expect(call.kind == .mcp)
    #expect(call.text(.mcpMethod) == "tools/call")
    #expect(call.text(.mcpName) == "search")
    #expect(call.int(.mcpMessages) == 3)
    #expect(call.failed && call.int(.sseEvents) == 2)
    let messages = try Self.details(call)["response"]?["messages"]?.array ?? []
    #expect(messages.map { $0["method"]?.string } == ["notifications/progress", nil])
  }

  @Test func errorsAndVersionsAreRead() throws {
    let begun = try Self.mcp(
      #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","clientInfo":{"name":"inspector"}}}"#,
      "application/json", #"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-03-26"}}"#)
    #expect(begun.text(.mcpProtocolVersion) == "2025-03-26")
    #expect(begun.text(.mcpName) == "inspector")
    let wrong = try Self.mcp(
      #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"none"}}"#,
      "application/json", #"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}"#)
    #expect(wrong.int(.mcpErrorCode) == -32602 && wrong.failed)
  }

  @Test func errorsOfABatchAndThoseWithoutAnIDAreRead() throws {
    let batch = try Self.mcp(
      #"[{"jsonrpc":"2.0","id":1,"method":"tools/list"},{"jsonrpc":"2.0","id":2,"method":"resources/list"}]"#,
      "application/json",
      #"[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"error":{"code":-32601}}]"#)
    #expect(batch.text(.mcpMethod) == "tools/list")
    #expect(batch.int(.mcpErrorCode) == -32601 && batch.failed)
    let unknown = try Self.mcp(
      #"{"jsonrpc":"2.0","id":3,"method":"tools/list"}"#, "application/json",
      #"{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"no such session"}}"#)
    #expect(unknown.int(.mcpErrorCode) == -32001 && unknown.failed)
  }

  @Test func otherRemoteCallsStayHTTP() throws {
    let call = try Self.mcp(
      #"{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}"#, "application/json",
      #"{"jsonrpc":"2.0","id":1,"result":"0x1"}"#)
    #expect(call.kind == .http)
  }

  @Test func sessionsAreOpenedAndEnded() {
    var talk = Talk()
    talk.client("GET /mcp HTTP/1.1\r\nMcp-Session-Id: a\r\nAccept: text/event-stream\r\n\r\n")
    talk.server("HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
    talk.client("DELETE /mcp HTTP/1.1\r\nMcp-Session-Id: a\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    #expect(talk.calls().map { $0.text(.mcpMethod) } == ["stream", "end"])
  }

  // MARK: Laws

  private static let talks: [Talk] = [
    events, chatStream,
    exchange(
      "/graphql", #"{"query":"{ me { id } }"}"#, "application/json", #"{"errors":[{}]}"#),
  ]

  @Test(arguments: 0..<3)
  func anySplitGivesTheSame(talk: Int) { Laws.split(Self.talks[talk]) }

  @Test(arguments: 0..<3)
  func anyBeginningGivesABeginning(talk: Int) { Laws.truncation(Self.talks[talk]) }

  @Test(arguments: 0..<3)
  func anyOrderGivesTheSame(talk: Int) { Laws.reordering(Self.talks[talk]) }

  @Test(arguments: 0..<3)
  func nothingBreaksIt(talk: Int) { Laws.mutation(Self.talks[talk]) }

  // MARK: Material

  static func details(_ entry: Entry) throws -> JSONValue {
    try JSONReader.value(of: entry.text(.details) ?? "{}")
  }

  static func exchange(
    _ path: String, _ body: String, _ type: String, _ reply: String, status: Int = 200
  ) -> Talk {
    var talk = Talk()
    talk.client(
      "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    )
    talk.server(
      "HTTP/1.1 \(status) OK\r\nContent-Type: \(type)\r\nContent-Length: \(reply.utf8.count)\r\n\r\n\(reply)"
    )
    return talk
  }

  private static func graphQL(
    _ body: String, _ reply: String, type: String = "application/json"
  ) throws -> Entry {
    try #require(exchange("/graphql", body, type, reply).calls().first)
  }

  private static func mcp(_ body: String, _ type: String, _ reply: String) throws -> Entry {
    try #require(exchange("/mcp", body, type, reply).calls().first)
  }

  private static func chat(_ body: String) -> String {
    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  private static var events: Talk {
    var talk = Talk()
    talk.client("GET /prices HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 69\r\n\r\n")
    talk.server(": hi\r\ndata: hello\r\ndata: th")
    talk.server("ere\n\nid: 7\nevent: price\ndata: 1\n\n")
    talk.server("data: 2\n\n")
    return talk
  }

  static var chatStream: Talk {
    var talk = Talk()
    talk.client(
      chat(
        #"{"model":"gpt-4o","stream":true,"tools":[{"type":"function","function":{"name":"w"}}],"messages":[{"role":"user","content":"hi"}]}"#
      ))
    talk.server("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    talk.server(
      #"data: {"model":"gpt-4o-x","choices":[{"delta":{"role":"assistant","content":""}}]}"#
        + "\n\n")
    talk.server(
      #"data: {"choices":[{"delta":{"tool_calls":[{"function":{"name":"w","arguments":""}}]}}]}"#
        + "\n\n")
    talk.server(
      #"data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"# + "\n\n"
        + #"data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"cost":0.002}}"#
        + "\n\ndata: [DONE]\n\n")
    talk.finishes(.server)
    return talk
  }
}
