import Bytes
package import JSON

/// A tool of this process, beside those of the Hub.
package struct LocalTool: Sendable {
  private let tool: any Tool
  package let description: ToolDescription
  /// Whether lists show it; one that they do not can be called all the same.
  package let isListed: Bool

  package init(_ tool: any Tool, isListed: Bool = true) {
    (self.tool, self.isListed) = (tool, isListed)
    description = type(of: tool).row.description
  }

  /// The answer, for arguments as the caller sent them.
  package func call(
    _ arguments: JSONObject, _ caller: Caller
  ) async throws(ToolError) -> ToolAnswer {
    let checked = try Arguments(
      arguments, for: type(of: tool).row.parameters, now: Timestamp(nanoseconds: 0))
    return try await tool.call(checked, progress: caller.progress)
  }
}
