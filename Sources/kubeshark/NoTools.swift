import JSON
import ToolKit

/// A Hub without tools: where only health and metrics are told.
struct NoTools: HubConnection {
  private static let none = ToolError(
    status: 404, code: "no_tools", message: "No questions are answered here; ask the Hub.")

  func catalogue() async throws(ToolError) -> Catalogue { throw Self.none }

  func call(
    _ name: String, arguments: JSONObject, caller: Caller
  ) async throws(ToolError) -> ToolAnswer { throw Self.none }

  func file(_ path: String, from start: FileStart) async throws(ToolError) -> HubFile {
    throw Self.none
  }
}
