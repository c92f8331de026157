import JSON
import Testing
import ToolKit

@testable import HubClient

/// Runs `body` with a client of a server that answers so.
private func withClient(
  limits: HubClient.Limits = .init(), token: TokenSource.Place? = nil, license: String? = nil,
  path: String = "",
  _ answer: @escaping @Sendable (_ request: String, _ number: Int) -> TestServer.Answer,
  _ body: (HubClient, TestServer) async throws -> Void
) async throws {
  let server = TestServer(answer)
  defer { server.stop() }
  var settings = HubClientSettings()
  (settings.token, settings.license) = (token, license)
  let client = try HubClient(
    try HubAddress(server.url + path), settings, version: "0", limits: limits
  ) { _ in }
  do {
    try await body(client, server)
  } catch {
    await client.shutdown()
    throw error
  }
  await client.shutdown()
}

/// The error of a call, or nil when it was answered.
private func errorOfCall(_ client: HubClient) async -> ToolError? {
  do throws(ToolError) {
    _ = try await client.call("t", arguments: [:]) { _ in }
    return nil
  } catch {
    return error
  }
}

private func errorOfCatalogue(_ client: HubClient) async -> ToolError? {
  do throws(ToolError) {
    _ = try await client.catalogue()
    return nil
  } catch {
    return error
  }
}

struct HubClientTests {
  private static let document =
    #"{"name":"Hub","version":"9","tools":[{"name":"t","description":"d","inputSchema":{"type":"object"}}],"prompts":[{"name":"p","description":"q","arguments":[{"name":"a"}]}]}"#

  /// It opens everything, a token what it is for: so the token goes first, also while it may be made.
  @Test func aLicenceKeyIsShownWhereNoTokenCanBeHad() async throws {
    let (asked, refused) = (MintedToken(), MintedToken())
    refused.refuse("the cluster forbids it")
    let cases: [(TokenSource.Place?, Bool)] = [
      (nil, true), (.text("secret"), false), (.file("/nowhere/token"), false),
      (.minted(asked), false), (.minted(refused), true),
    ]
    for (token, isShown) in cases {
      try await withClient(token: token, license: "key-1", { _, _ in response(200, "{}") }) {
        client, server in
        _ = try await client.call("t", arguments: [:]) { _ in }
        let head = server.seen[0].lowercased()
        #expect(head.contains("license-key: key-1\r\n") == isShown)
        let hasToken = if case .text? = token { true } else { false }
        #expect(head.contains("x-kubeshark-authorization") == hasToken)
      }
    }
  }

  @Test func aCallSendsNameAndArgumentsAndOurHeaders() async throws {
    try await withClient(token: .text("secret"), path: "/base", { _, _ in response(200, "{}") }) {
      client, server in
      _ = try await client.call("t", arguments: ["a": .number(.init(text: "1e99"))]) { _ in }
      let request = server.seen[0]
      #expect(request.hasPrefix("POST /base/api/mcp/tools/call HTTP/1.1\r\n"))
      #expect(request.hasSuffix(#"{"name":"t","arguments":{"a":1e99}}"#))
      let head = request.lowercased()
      #expect(head.contains("x-kubeshark-capture: ignore"))
      #expect(head.contains("x-kubeshark-authorization: secret"))
      #expect(head.contains("accept: application/vnd.kubeshark.answer+json"))
    }
  }

  @Test func anAnswerOfOursComesThroughWhole() async throws {
    let body = #"{"structured":{"n":1.50,"s":"\u0001"},"text":"a\nb","obeysSchema":true}"#
    try await withClient({ _, _ in response(200, body, type: AnswerType.ours) }) { client, _ in
      let answer = try await client.call("t", arguments: [:]) { _ in }
      #expect(answer.text == "a\nb")
      #expect(answer.obeysSchema)
      #expect(JSONValue.object(answer.structured).text == #"{"n":1.50,"s":"\u0001"}"#)
    }
  }

  @Test(arguments: [
    (#"{"a":[1]}"#, "{\n  \"a\": [\n    1\n  ]\n}", true), ("[1]", "[\n  1\n]", false),
    ("plain", "(The Hub answered with text, not JSON.)\nplain", false),
    ("", "(The Hub answered with text, not JSON.)\n", false),
  ])
  func otherHubsAreShownAsTheyAre(body: String, text: String, isObject: Bool) async throws {
    try await withClient({ _, _ in response(200, body) }) { client, _ in
      let answer = try await client.call("t", arguments: [:]) { _ in }
      #expect(answer.text == text)
      #expect(!answer.obeysSchema)
      #expect(answer.structured.isEmpty != isObject)
    }
  }

  @Test func longAnswersOfOtherHubsAreCompactAndVeryLongOnesCut() async throws {
    let row = #"{"a":1}"#
    let long = "[" + Array(repeating: row, count: 2_000).joined(separator: ",") + "]"
    let huge = "[" + Array(repeating: row, count: 100_000).joined(separator: ",") + "]"
    try await withClient({ _, number in response(200, number == 1 ? long : huge) }) {
      client, _ in
      let first = try await client.call("t", arguments: [:]) { _ in }
      #expect(first.text == long)
      let second = try await client.call("t", arguments: [:]) { _ in }
      #expect(second.text.utf8.count < AnswerReader.maxText + 200)
      #expect(second.text.contains("Ask for less"))
    }
  }

  @Test func anErrorOfOursComesThroughWhole() async throws {
    let error = ToolError(
      status: 410, code: "gone", message: "rotated out", hint: "Later.", argument: "id",
      position: 3, details: ["oldest": 5])
    let body = JSONValue.object(error.json).text
    try await withClient({ _, _ in response(410, body) }) { client, _ in
      #expect(await errorOfCall(client) == error)
    }
  }

  @Test(
    arguments: [
      (response(401, "{}"), "authentication_required", "401"),
      (
        response(401, #"{"error":"A token is needed.","code":"unauthorized","hint":"Send one."}"#),
        "authentication_required", "401"
      ),
      (
        response(403, #"{"error":"no","required_capability":"snapshot:read"}"#), "forbidden",
        "snapshot:read"
      ),
      (response(404, #"{"error":"not there"}"#), "hub_error", "404"),
      (response(404, "<html>x", type: "text/html"), "no_mcp_endpoint", "404"),
      (response(500, #"{"error":"broken"}"#), "hub_error", "500"),
      (response(503, "busy", type: "text/plain"), "hub_error", "busy"),
      (response(200, "<!DOCTYPE html><html>", type: "text/html"), "not_a_hub", "web page"),
      (
        response(302, "", headers: ["Location: https://sso.example/login?x=1"]),
        "authentication_required", "https://sso.example/login)"
      ),
      (response(303, "", headers: ["Location: /login"]), "authentication_required", "303"),
      (
        response(301, "", headers: ["Location: https://other.example/"]), "hub_redirect",
        "other.example"
      ),
      (response(301, "", headers: ["Location: /again"]), "hub_redirect", "again and again"),
      (.close, "hub_dropped", "broke"),
      (
        .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".utf8)), "hub_dropped",
        "broke"
      ),
      (.bytes(Array("SSH-2.0-OpenSSH_9\r\n".utf8)), "not_a_hub", "HTTP"),
    ] as [(TestServer.Answer, String, String)])
  func eachFaultHasItsSentence(
    answer: TestServer.Answer, code: String, part: String
  ) async throws {
    try await withClient({ _, _ in answer }) { client, _ in
      let error = await errorOfCall(client)
      #expect(error?.code == code, "\(error?.message ?? "none")")
      #expect(error?.message.contains(part) == true, "\(error?.message ?? "none")")
      #expect(error?.hint?.isEmpty == false || code == "hub_error")
    }
  }

  @Test func aSlowHubTimesOut() async throws {
    var limits = HubClient.Limits()
    limits.call = .milliseconds(200)
    try await withClient(limits: limits, { _, _ in .silence(seconds: 3) }) { client, _ in
      #expect(await errorOfCall(client)?.code == "hub_timeout")
    }
  }

  @Test func cancellingTheTaskEndsTheCall() async throws {
    try await withClient({ _, _ in .silence(seconds: 3) }) { client, _ in
      let task = Task { await errorOfCall(client) }
      try await Task.sleep(for: .milliseconds(50))
      task.cancel()
      let start = ContinuousClock.now
      #expect(await task.value?.code == "cancelled")
      #expect(ContinuousClock.now - start < .seconds(1))
    }
  }

  @Test(arguments: [
    ("http://127.0.0.1:1", "hub_unreachable", "refused"),
    ("http://no-such-host.invalid", "hub_unreachable", "no such host"),
  ])
  func aHubThatCannotBeReachedIsToldApart(url: String, code: String, part: String) async throws {
    let client = try HubClient(try HubAddress(url), version: "0") { _ in }
    let error = await errorOfCatalogue(client)
    #expect(error?.code == code, "\(error?.message ?? "none")")
    #expect(error?.message.contains(part) == true, "\(error?.message ?? "none")")
    await client.shutdown()
  }

  @Test func plainHTTPOnATLSAddressIsToldApart() async throws {
    let server = TestServer { _, _ in response(200, "{}") }
    defer { server.stop() }
    let client = try HubClient(
      try HubAddress("https://127.0.0.1:\(server.port)"), version: "0"
    ) { _ in }
    let error = await errorOfCatalogue(client)
    #expect(error?.code == "hub_tls")
    #expect(error?.message.contains("does not speak TLS") == true, "\(error?.message ?? "none")")
    await client.shutdown()
  }

  @Test func credentialsStayWithinTheOrigin() async throws {
    let other = TestServer { _, _ in response(200, "{}") }
    defer { other.stop() }
    let location = "Location: \(other.url)/api/mcp"
    try await withClient(token: .text("secret"), { _, _ in response(307, "", headers: [location]) })
    {
      client, _ in
      #expect(await errorOfCall(client)?.code == "hub_redirect")
      #expect(other.seen.isEmpty)
    }
  }

  @Test func redirectsWithinTheOriginAreFollowed() async throws {
    try await withClient({ request, _ in
      request.hasPrefix("POST /new ")
        ? response(200, "{}") : response(308, "", headers: ["Location: /new"])
    }) { client, server in
      _ = try await client.call("t", arguments: [:]) { _ in }
      #expect(server.seen[1].hasSuffix(#"{"name":"t","arguments":{}}"#))
    }
  }

  @Test(
    arguments: [
      (response(404, "not here", type: "text/plain"), "no_mcp_endpoint"),
      (response(200, "{}"), "not_a_hub"), (response(200, #"{"hello":"you"}"#), "not_a_hub"),
      (response(200, #"{"name":"","tools":[]}"#), "mcp_disabled"),
      (response(200, "[1]"), "not_a_hub"), (response(200, "nonsense"), "not_a_hub"),
      (response(200, "<html>", type: "text/html"), "not_a_hub"),
      (response(502, "<html>", type: "text/html"), "not_a_hub"),
      (response(401, ""), "authentication_required"),
    ] as [(TestServer.Answer, String)])
  func whatIsNoCatalogueIsToldApart(answer: TestServer.Answer, code: String) async throws {
    try await withClient({ _, _ in answer }) { client, _ in
      #expect(await errorOfCatalogue(client)?.code == code)
    }
  }

  @Test func theCatalogueIsAskedForOnce() async throws {
    try await withClient({ _, _ in response(200, Self.document) }) { client, server in
      await withTaskGroup { group in
        for _ in 0..<20 { group.addTask { _ = try? await client.catalogue() } }
      }
      let catalogue = try await client.catalogue()
      #expect(server.seen.count == 1)
      #expect(catalogue.tools.map(\.name) == ["t"])
      #expect(catalogue.prompts[0].arguments[0].name == "a")
    }
  }

  @Test func aToolThatAnotherHubDoesNotHaveIsUnknown() async throws {
    try await withClient({ request, _ in
      request.hasPrefix("GET") ? response(200, Self.document) : response(404, #"{"error":"no"}"#)
    }) { client, _ in
      _ = try await client.catalogue()
      var code: String?
      do throws(ToolError) {
        _ = try await client.call("tt", arguments: [:]) { _ in }
      } catch {
        code = error.code
      }
      #expect(code == "unknown_tool")
      #expect(await errorOfCall(client)?.code == "hub_error")
    }
  }

  @Test func aReadingCallIsTriedOnceMoreWhenTheConnectionBreaks() async throws {
    let known = Self.document.replacing(#""name":"t""#, with: #""name":"list_api_calls""#)
    try await withClient({ request, number in
      if request.hasPrefix("GET") { return response(200, known) }
      return number == 2 ? .close : response(200, #"{"ok":1}"#)
    }) { client, _ in
      _ = try await client.catalogue()
      let answer = try await client.call("list_api_calls", arguments: [:]) { _ in }
      #expect(answer.structured == ["ok": 1])
    }
  }

  @Test func anAnswerBeyondTheLimitIsNotRead() async throws {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 70000000\r\n\r\n"
    try await withClient({ _, _ in
      .bytes(Array(head.utf8) + [UInt8](repeating: 0x20, count: 70_000_000))
    }) { client, _ in
      #expect(await errorOfCall(client)?.code == "answer_too_large")
    }
  }

  @Test(
    arguments: [
      ("/mcp/snapshots/x/pcap?bpf=a%20b", "pcap"), ("snapshots/x/my file.pcap", "my20file.pcap"),
      ("/snapshots/../b", nil), ("//host/snapshots/x", nil), ("x", nil), ("/snapshots\\b", nil),
      ("/snapshots/a\nb", nil), ("/snapshots/%2e%2e/tools", nil), ("/snapshots/%2E./x", nil),
      ("/mcp/tools/call", nil), ("http://other/snapshots/x", nil), ("/snapshots//x", nil),
      ("", nil),
    ] as [(String, String?)])
  func filesHaveSafePathsAndNames(path: String, name: String?) async throws {
    try await withClient({ _, _ in response(200, "bytes", type: "application/x") }) { client, _ in
      do throws(ToolError) {
        let file = try await client.file(path, from: .beginning)
        #expect(file.name == name)
        #expect(file.length == 5)
      } catch {
        #expect(name == nil && error.status == 400)
      }
    }
  }
}
