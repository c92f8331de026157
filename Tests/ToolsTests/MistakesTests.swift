import JSON
import Testing
import ToolKit
import Tools

/// Errors teach: what was wrong, where, and what would be right.
@Suite struct MistakesTests {
  private func error(_ tool: String, _ arguments: JSONObject) async -> ToolError? {
    do {
      _ = try await ShopHub.ask(tool, arguments)
      return nil
    } catch { return error }
  }

  @Test func filtersShowTheirMistakeWithACaret() async throws {
    let found = try #require(await error("list_api_calls", ["kfl": "http && status_cod >= 500"]))
    #expect(found.status == 400 && found.code == "invalid_kfl" && found.argument == "kfl")
    #expect(found.position == 8)
    #expect(found.text.contains("^^^^^^^^^^") && found.text.contains("status_code"))
    #expect(found.hint == #"Try kfl="http && status_code >= 500""#)
  }

  @Test(
    arguments: [
      ("list_api_calls", ["limit": "many"], "limit"),
      ("list_api_calls", ["order": "newest"], "order"),
      ("list_api_calls", ["start": "-5m", "end": "-10m"], "start"),
      ("list_api_calls", ["proto": "htpp"], "proto"),
      ("list_api_calls", ["status": "9xx"], "status"),
      ("list_api_calls", ["cursor": "x"], "cursor"), ("list_api_calls", ["db": "a/b"], nil),
      ("get_api_call", [:], "id"), ("get_api_call", ["id": "nonsense"], "id"),
      ("get_api_call", ["id": "local/99999/0"], nil), ("list_l4_flows", ["ip": "10.0.0"], "ip"),
      ("list_workloads", ["name_regex": "("], "name_regex"),
      ("get_api_stats", ["group_by": "time", "interval": "soon"], "interval"),
      ("get_api_stats", ["interval": "0s"], "interval"),
      ("get_api_stats", ["group_by": "status_cod"], "group_by"),
      ("get_api_stats", ["group_by": "request.headers"], "group_by"),
    ] as [(String, JSONObject, String?)])
  func eachNamesItsArgumentAndAWayOut(
    tool: String, arguments: JSONObject, argument: String?
  ) async throws {
    let found = try #require(await error(tool, arguments))
    #expect(found.argument == argument && found.hint?.isEmpty == false)
    #expect((400..<500).contains(found.status))
  }

  @Test func unknownToolsNameTheNearest() async throws {
    let found = try #require(await error("list_api_call", [:]))
    #expect(found.status == 404 && found.hint == "Did you mean list_api_calls?")
  }

  /// A value that tries to end its quotes stays a value.
  @Test func shorthandsCannotBeEscaped() async throws {
    let answer = try await ShopHub.ask("list_api_calls", ["src_ns": "x\" || true || \""])
    #expect(answer.structured["total"] == 0)
  }
}
