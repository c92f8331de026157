import JSON
import Synchronization
import Testing
import ToolKit

@testable import Hub

struct HubFaceTests {
  @Test(arguments: ["/mcp", "/api/mcp", "/api/mcp/", "//mcp"])
  func discoveryTellsAllThereIs(path: String) async throws {
    let (response, json) = try await ask("GET", path)
    #expect(response.status == 200)
    #expect(response.contentType == "application/json; charset=utf-8")
    #expect(json["name"] == "Kubeshark MCP Server")
    #expect(json["tools"]?[0]?["inputSchema"]?["type"] == "object")
    #expect(json["tools"]?[0]?["annotations"]?["readOnlyHint"] == true)
    #expect(json["prompts"]?[0]?["name"] == "p")
    #expect(json["capabilities"] == ["dissection": true, "snapshots": false])
    #expect(json["endpoints"]?[1]?["path"] == "/mcp/calls/:id")
    #expect(json["endpoints"]?[1]?["params"]?[0]?["name"] == "id")
  }

  @Test func discoveryIsNotSentTwice() async throws {
    let first = try await ask("GET", "/mcp").response
    let tag = try #require(first.tag)
    let again = try await ask("GET", "/mcp", headers: [("if-none-match", tag)]).response
    #expect(again.status == 304)
    #expect(again.body.isEmpty)
    #expect(again.tag == tag)
    for list in ["W/\(tag)", "\"x\", \(tag)", "*"] {
      let known = try await ask("GET", "/mcp", headers: [("if-none-match", list)]).response
      #expect(known.status == 304, "\(list)")
    }
    let other = try await ask("GET", "/mcp", headers: [("if-none-match", "\"x\"")]).response
    #expect(other.status == 200)
  }

  @Test(arguments: [
    #"{"name":"get_api_call","arguments":{"id":"a","n":12345678901234567890}}"#,
    #"{"name":"get_api_call","arguments":null}"#, #"{"name":"get_api_call"}"#,
  ])
  func aCallAnswersWithThePlainResult(body: String) async throws {
    let (response, json) = try await ask("POST", "/api/mcp/tools/call", body: body)
    #expect(response.status == 200)
    let asked = try JSONReader.value(of: body)["arguments"]?.object ?? [:]
    #expect(json == ["tool": "get_api_call", "arguments": .object(asked)])
  }

  @Test func oursGetTheAnswerWithAllThatIsKnownOfIt() async throws {
    let (response, json) = try await ask(
      "POST", "/mcp/tools/call", body: #"{"name":"x"}"#,
      accept: "application/vnd.kubeshark.answer+json, application/json;q=0.9")
    #expect(response.contentType == "application/vnd.kubeshark.answer+json")
    #expect(json["text"] == "t")
    #expect(json["obeysSchema"] == true)
    #expect(json["structured"]?["tool"] == "x")
  }

  @Test func aToolHasAPathOfItsOwn() async throws {
    let (response, json) = try await ask("POST", "/mcp/tools/any_tool", body: #"{"a":1}"#)
    #expect(response.status == 200)
    #expect(json == ["tool": "any_tool", "arguments": ["a": 1]])
    #expect(try await ask("POST", "/mcp/tools/any_tool").json["arguments"] == [:])
  }

  @Test(arguments: [
    (
      "GET", "/mcp/calls?limit=5&kfl=a%20%3D%3D+b", "list_api_calls",
      #"{"limit":"5","kfl":"a == b"}"#
    ),
    ("GET", "/api/mcp/calls/local%2F42%2F0", "get_api_call", #"{"id":"local/42/0"}"#),
    ("GET", "/api/mcp/calls/local/42/0?id=x", "get_api_call", #"{"id":"local/42/0"}"#),
    ("GET", "/mcp/calls?ns=a&ns=b&x&=y", "list_api_calls", #"{"ns":["a","b"],"x":""}"#),
    ("GET", "/mcp/snapshots/s1/pcap", "export_snapshot_pcap", #"{"name":"s1"}"#),
    ("GET", "/mcp/snapshots/s1", "get_snapshot", #"{"name":"s1"}"#),
    ("POST", "/mcp/snapshots", "create_snapshot", #"{"q":1}"#),
  ])
  func restFormsLeadToTools(
    method: String, target: String, tool: String, arguments: String
  ) async throws {
    let body = method == "POST" ? #"{"q":1}"# : nil
    let (response, json) = try await ask(method, target, body: body)
    #expect(response.status == 200)
    #expect(json["tool"]?.string == tool)
    #expect(try json["arguments"] == JSONReader.value(of: arguments))
  }

  @Test func anErrorKeepsEverythingItSays() async throws {
    let (response, json) = try await ask("POST", "/mcp/tools/fails")
    #expect(response.status == 410)
    #expect(
      json == [
        "error": "rotated out", "code": "gone", "argument": "id", "position": 3,
        "hint": "Look later.", "details": ["oldest": 5],
      ])
    let broken = try await ask("POST", "/mcp/tools/breaks")
    #expect(broken.response.status == 500)
    #expect(broken.json["correlation_id"]?.string?.utf8.count == 16)
    #expect(json["correlation_id"] == nil)
    let unknown = try await ask("POST", "/mcp/tools/none")
    #expect(unknown.response.status == 404)
    #expect(unknown.json["code"] == "unknown_tool")
  }

  @Test func theLogHasTheIDOfAFault() async throws {
    let told = Mutex<[String]>([])
    let face = HubFace(
      hub: { _ in StubHub() }, routes: [],
      onFault: { id, error in told.withLock { $0 += [id, error.message] } })
    let response = await face.respond(
      to: HubRequest(method: "POST", path: "/mcp/tools/breaks", headers: [("host", "localhost")]))
    let id = try #require(JSONReader.value(of: response.body)["correlation_id"]?.string)
    #expect(told.withLock { $0 } == [id, "no status of an error"])
  }

  @Test(arguments: [
    ("{", "invalid_json"), ("[]", "invalid_json"), ("{}", "invalid_argument"),
    (#"{"name":""}"#, "invalid_argument"), (#"{"name":5}"#, "invalid_argument"),
    (#"{"name":"x","arguments":[]}"#, "invalid_argument"),
    (String(repeating: "[", count: 10_000), "invalid_json"),
  ])
  func aBodyThatIsNoCallIsRefused(body: String, code: String) async throws {
    let (response, json) = try await ask("POST", "/mcp/tools/call", body: body)
    #expect(response.status == 400)
    #expect(json["code"]?.string == code)
    #expect(json["error"]?.string?.isEmpty == false)
  }

  @Test func aCallWithoutANameSaysSo() async throws {
    let json = try await ask("POST", "/mcp/tools/call", body: "{}").json
    #expect(json["error"] == "tool name is required")
  }

  @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
  func otherBodiesAreNotRead(type: String) async throws {
    let (response, _) = try await ask(
      "POST", "/mcp/tools/call", body: #"{"name":"x"}"#, headers: [("content-type", type)])
    #expect(response.status == 415)
  }

  @Test(arguments: [
    ("DELETE", "/mcp", "GET, HEAD"), ("POST", "/mcp", "GET, HEAD"),
    ("GET", "/mcp/tools/call", "POST"), ("PUT", "/mcp/calls", "GET, HEAD"),
    ("POST", "/healthz", "GET, HEAD"), ("OPTIONS", "/mcp/calls", "GET, HEAD"),
    ("GET", "/mcp/snapshots", "POST"),
    // What takes the rest of a path for a name is not meant where another path is.
    ("POST", "/mcp/snapshots/s1/pcap", "GET, HEAD"),
    ("DELETE", "/mcp/snapshots/s1/pcap", "GET, HEAD"),
    ("POST", "/mcp/snapshots/s1", "DELETE, GET, HEAD"),
  ])
  func theWrongMethodIsToldTheRightOne(
    method: String, path: String, allowed: String
  ) async throws {
    let (response, json) = try await ask(method, path)
    #expect(response.status == 405)
    #expect(response.allow == allowed)
    #expect(json["code"] == "method_not_allowed")
  }

  @Test(arguments: ["/", "/api", "/mcp/nothing", "/mcp/tools/a/b", "/other", "/%2e%2e/mcp"])
  func otherPathsAreNotThere(path: String) async throws {
    let (response, json) = try await ask("GET", path)
    #expect(response.status == 404)
    #expect(json["code"] == "no_such_path")
    #expect(json["hint"]?.string?.contains("/api/mcp") == true)
  }

  @Test(
    arguments: [
      ("127.0.0.1:8899", nil, true), ("localhost", nil, true), ("LOCALHOST:1", nil, true),
      ("[::1]:8899", nil, true), ("10.1.2.3", nil, true), ("evil.example", nil, false),
      ("localhost.evil.example:8899", nil, false), ("1.2.3.4.5", nil, false),
      ("hub.shop:8899", nil, true), ("localhost:8899", "http://localhost:8899", true),
      ("localhost:8899", "http://evil.example", false), ("localhost:8899", "null", false),
      ("localhost:8899", "http://localhost:3000", false),
    ] as [(String, String?, Bool)])
  func onlyVisitorsByOurNamesAreLetIn(host: String, origin: String?, isWelcome: Bool) {
    let refusal = VisitorRules(names: ["Hub.Shop"]).refusal(host: host, origin: origin)
    #expect((refusal == nil) == isWelcome)
  }

  @Test func aStrangeHostIsRefusedEverywhere() async throws {
    for path in ["/mcp", "/healthz", "/nothing"] {
      #expect(try await ask("GET", path, host: "evil.example").response.status == 403)
    }
  }

  @Test func healthAndReadiness() async throws {
    #expect(try await ask("GET", "/healthz").json == ["status": "ok"])
    #expect(try await ask("GET", "/readyz").json == ["status": "ready"])
    let face = HubFace(hub: { _ in StubHub() }, routes: [], isReady: { false })
    let response = await face.respond(
      to: HubRequest(method: "GET", path: "/readyz", headers: [("host", "localhost")]))
    #expect(response.status == 503)
  }

  @Test(arguments: [
    ("a%20b", "a b"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%C3%A4", "ä"),
    ("%ff", "\u{fffd}"), ("a+b", "a+b"), ("", ""),
  ])
  func percentEncodingIsUndone(text: String, decoded: String) {
    #expect(percentDecoded(text) == decoded)
  }
}
