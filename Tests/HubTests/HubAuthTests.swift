import JSON
import Synchronization
import Testing
import ToolKit

@testable import Hub

/// Who may ask, and what they see.
@Suite struct HubAuthTests {
  private static let tokens = """
    # who asks
    admin-token-0123456 kubeshark-admin
    viewer-token-012345 kubeshark-viewer shop,pay*
    custom-token-012345\tsnapshot:read
    """

  private func ask(
    _ method: String, _ path: String, token: String?, body: String? = nil,
    counters: HubCounters = HubCounters()
  ) async throws -> (response: HubResponse, json: JSONValue) {
    let file = try AccessFile(Self.tokens)
    let face = HubFace(
      hub: { GuardedHub(StubHub(), $0, readers: ["get_api_call": ["id", "db"]]) },
      routes: StubHub.routes,
      gate: Gate(AccessList(file)), counters: counters)
    var headers = [(name: "host", value: "localhost")]
    if let token { headers.append((name: "authorization", value: token)) }
    if body != nil { headers.append((name: "content-type", value: "application/json")) }
    let response = await face.respond(
      to: HubRequest(method: method, path: path, headers: headers, body: Array((body ?? "").utf8)))
    return (response, try JSONReader.value(of: response.body))
  }

  @Test(arguments: [
    nil, "Bearer", "Bearer wrong-token-012345", "Basic admin-token-0123456",
    "Bearer admin-token-012345", "Bearer admin-token-01234567",
  ])
  func withoutATokenNothingIsAnswered(token: String?) async throws {
    let counters = HubCounters()
    for path in ["/mcp", "/api/mcp", "/metrics", "/whoami", "/mcp/calls/a", "/nothing"] {
      let (response, json) = try await ask("GET", path, token: token, counters: counters)
      #expect(response.status == 401 && json["code"] == "unauthorized", "\(path)")
      #expect(response.fields.contains { $0.name == "www-authenticate" })
    }
    #expect(counters.refused(.token) == 6)
    #expect(try await ask("GET", "/healthz", token: token).response.status == 200)
    #expect(try await ask("GET", "/readyz", token: token).response.status == 200)
  }

  @Test func whoamiSaysWhatATokenMayDo() async throws {
    let admin = try await ask("GET", "/whoami", token: "Bearer admin-token-0123456").json
    #expect(admin["role"] == "kubeshark-admin" && admin["capabilities"]?.array?.count == 7)
    #expect(admin["authzFilters"]?["namespaces"] == .null)
    let viewer = try await ask("GET", "/api/whoami", token: "bearer viewer-token-012345").json
    #expect(viewer["capabilities"] == ["dissection:live", "snapshot:read"])
    #expect(viewer["authzFilters"]?["namespaces"] == ["shop", "pay*"])
  }

  /// Who sees some namespaces alone read there how many packets all of them have.
  @Test func countsOfAllNamespacesAreForWhoeverSeesAll() async throws {
    let viewer = try await ask("GET", "/metrics", token: "Bearer viewer-token-012345")
    #expect(viewer.response.status == 403)
    #expect(viewer.json["error"]?.string?.contains("namespaces") == true)
  }

  @Test func callsNeedTheirCapability() async throws {
    let body = #"{"name":"get_api_call","arguments":{"id":"a"}}"#
    let path = "/mcp/tools/call"
    let viewer = try await ask("POST", path, token: "Bearer viewer-token-012345", body: body)
    #expect(viewer.response.status == 200)
    let custom = try await ask("POST", path, token: "Bearer custom-token-012345", body: body)
    #expect(custom.response.status == 403)
    #expect(custom.json["details"]?["required_capability"] == "dissection:live")
    #expect(custom.json["required_capability"] == "dissection:live")
    let snapshot = try await ask(
      "POST", path, token: "Bearer custom-token-012345",
      body: #"{"name":"get_api_call","arguments":{"id":"a","db":"s/d"}}"#)
    #expect(snapshot.response.status == 200)
    for tool in ["create_snapshot", "enable_dissection", "delete_snapshot", "anything_else"] {
      let refused = try await ask("POST", "/mcp/tools/\(tool)", token: "Bearer viewer-token-012345")
      #expect(refused.response.status == 403, "\(tool)")
      let allowed = try await ask("POST", "/mcp/tools/\(tool)", token: "Bearer admin-token-0123456")
      #expect(allowed.response.status == 200, "\(tool)")
    }
  }

  @Test func listsShowWhatMayBeCalled() async throws {
    let viewer = try await ask("GET", "/mcp", token: "Bearer viewer-token-012345").json
    #expect(viewer["tools"]?.array?.count == 1)
    // It reads snapshots only, which the tool can be asked about.
    let custom = try await ask("GET", "/mcp", token: "Bearer custom-token-012345").json
    #expect(custom["tools"]?[0]?["name"] == "get_api_call")
    let access = Access(role: "custom", capabilities: [.snapshotRead])
    let blind = GuardedHub(StubHub(), access, readers: ["get_api_call": ["id"]])
    #expect(try await blind.catalogue().tools.isEmpty)
  }

  @Test(arguments: [
    ("", "names no token"), ("# nothing", "names no token"), ("short kubeshark-admin", "line 1"),
    ("a-long-enough-token", "TOKEN ROLE"), ("a-long-enough-token root", "neither a role"),
    ("a-long-enough-token kubeshark-admin\na-long-enough-token kubeshark-viewer", "line 2"),
    ("a-long-enough-tokén kubeshark-admin", "characters"),
    ("a-long-enough-token kubeshark-admin shop more", "TOKEN ROLE"),
  ])
  func mistakesInTheFileAreNamed(text: String, part: String) {
    do {
      _ = try AccessFile(text)
      Issue.record("accepted")
    } catch { #expect(error.message.contains(part), "\(error.message)") }
  }

  /// The example of the README was refused for its comments.
  @Test func commentsMayFollow() throws {
    let file = try AccessFile(
      """
      3yGcW1mZkQ8vTq2RmX kubeshark-admin                       # everything
      9bTfR4xLpWn7ZsKdEu kubeshark-viewer shop,payments-*      # these namespaces alone
      """)
    #expect(file.access(of: "3yGcW1mZkQ8vTq2RmX")?.namespaces == nil)
    #expect(file.access(of: "3yGcW1mZkQ8vTq2RmX")?.role == "kubeshark-admin")
    #expect(file.access(of: "9bTfR4xLpWn7ZsKdEu")?.namespaces == ["shop", "payments-*"])
  }

  @Test func noScopeSeesNothingAndNoTokenFileEverything() {
    #expect(Gate().access(HubRequest(method: "GET", path: "/")) == .all)
  }

  @Test func aFileThatChangesIsReadAnew() throws {
    let new = Mutex<AccessFile?>(nil)
    let list = AccessList(try AccessFile(Self.tokens)) { new.withLock { $0.take() } }
    #expect(list.access(of: "admin-token-0123456")?.role == "kubeshark-admin")
    #expect(list.access(of: "later-token-0123456") == nil)
    let later = try AccessFile("later-token-0123456 kubeshark-viewer")
    new.withLock { $0 = later }
    #expect(list.access(of: "later-token-0123456")?.role == "kubeshark-viewer")
    #expect(list.access(of: "admin-token-0123456") == nil)
  }

  private static let readers: [String: Set<String>] = [
    "compare_api_stats": ["a", "b", "kfl"], "list_api_calls": ["kfl", "db", "snapshot_id"],
    "list_targeted_workloads": ["state"], "validate_kfl": ["kfl"],
  ]

  /// Who may read snapshots alone gets no live traffic by naming a snapshot where nobody looks: in
  /// an argument that the tool does not have, one that is given again, or one side of two.
  @Test func noSnapshotIsAWayToLiveTraffic() async throws {
    let reader = GuardedHub(
      StubHub(), Access(role: "custom", capabilities: [.snapshotRead]), readers: Self.readers)
    let again = JSONObject(members: [
      .init(name: "db", value: "s/d"), .init(name: "db", value: ""),
    ])
    let refused: [(String, JSONObject)] = [
      ("list_api_calls", [:]), ("list_api_calls", ["db": ""]), ("list_api_calls", again),
      ("list_targeted_workloads", ["db": "s/d"]), ("list_targeted_workloads", ["snapshot_id": "s"]),
      ("compare_api_stats", ["db": "s"]), ("compare_api_stats", ["a": ["db": "s"]]),
      ("compare_api_stats", ["a": ["db": "s"], "b": ["db": ""]]),
      ("compare_api_stats", ["a": ["db": "s"], "b": .object(again)]),
      ("compare_api_stats", ["a": "db=s", "b": "db="]),
      ("list_api_calls", ["a": ["db": "s"], "b": ["db": "s"]]),
    ]
    for (tool, arguments) in refused {
      let error = await #expect(throws: ToolError.self, "\(tool) \(arguments)") {
        try await reader.call(tool, arguments: arguments) { _ in }
      }
      #expect(error?.details["required_capability"] == "dissection:live")
    }
    let allowed: [(String, JSONObject)] = [
      ("list_api_calls", ["db": "s/d"]), ("list_api_calls", ["snapshot_id": "s"]),
      ("compare_api_stats", ["a": ["db": "s/d"], "b": ["snapshot_id": "t"]]),
      ("compare_api_stats", ["a": "snapshot_id=s", "b": "db=t/d, kfl=http"]),
      ("validate_kfl", ["kfl": "http"]),
    ]
    for (tool, arguments) in allowed {
      _ = try await reader.call(tool, arguments: arguments) { _ in }
    }
  }

  /// A snapshot that hides in another argument, and a dissection that is begun on the way, need the
  /// rights of their own tools.
  @Test func noArgumentIsAWayAroundARight() async throws {
    let live = GuardedHub(
      StubHub(), Access(role: "custom", capabilities: [.live]), readers: Self.readers)
    let reader = GuardedHub(
      StubHub(), Access(role: "custom", capabilities: [.live, .snapshotRead]),
      readers: Self.readers)
    for side in [["db": "s"], "snapshot_id=s", "start=-5m, db=s"] as [JSONValue] {
      let error = await #expect(throws: ToolError.self) {
        try await live.call("compare_api_stats", arguments: ["a": side]) { _ in }
      }
      #expect(error?.details["required_capability"] == "snapshot:read")
      _ = try await reader.call("compare_api_stats", arguments: ["a": side]) { _ in }
    }
    _ = try await live.call("compare_api_stats", arguments: ["a": ["kfl": "http"]]) { _ in }
    let error = await #expect(throws: ToolError.self) {
      try await reader.call(
        "list_api_calls", arguments: ["snapshot_id": "s", "auto_dissect": true]
      ) { _ in }
    }
    #expect(error?.details["required_capability"] == "snapshot:dissection")
  }

  @Test func theSwitchOfDashboardsIsTheTools() async throws {
    let admin = "Bearer admin-token-0123456"
    let path = "/settings/dissection"
    let on = try await ask("POST", path, token: admin, body: #"{"enabled":true}"#)
    #expect(on.response.status == 200 && on.json["tool"] == "enable_dissection")
    let off = try await ask("POST", "/api" + path, token: admin, body: #"{"dissection":false}"#)
    #expect(off.json["tool"] == "disable_dissection")
    let viewer = "Bearer viewer-token-012345"
    #expect(
      try await ask("POST", path, token: viewer, body: #"{"enabled":true}"#).response.status == 403)
    #expect(try await ask("POST", path, token: admin, body: "{}").response.status == 400)
    #expect(try await ask("GET", "/echo", token: admin).response.status == 200)
  }
}
