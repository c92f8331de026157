package import JSON

/// What a tool found: one source, two renderings.
package struct ToolAnswer: Hashable, Sendable {
  /// The contract's JSON. `POST /api/mcp/tools/call` sends exactly this; MCP sends it as
  /// `structuredContent`.
  package var structured: JSONObject
  /// The same for reading: a compact table or a short text, within the answer's budget.
  package var text: String
  /// Whether the tool published an output schema that `structured` obeys. Answers of a Hub that
  /// is not ours make no such promise.
  package var obeysSchema: Bool
  /// What comes after the text: pictures, and links to captures and files instead of their bytes.
  package var attachments: [ContentBlock]

  package init(
    structured: JSONObject, text: String, obeysSchema: Bool = true,
    attachments: [ContentBlock] = []
  ) {
    (self.structured, self.text) = (structured, text)
    (self.obeysSchema, self.attachments) = (obeysSchema, attachments)
  }
}

/// Why a tool did not answer, and what to do about it.
///
/// Over HTTP it is a status with a JSON body; over MCP a result with `isError`. Both carry all of
/// it, so that nothing is lost on the way from a Hub elsewhere.
package struct ToolError: Error, Hashable, Sendable {
  /// HTTP status that says the same (`hub-api.md` 15): 400, 404, 409, 410, 422, 429, 500, 503 …
  package var status: Int
  /// A stable word for programs: `invalid_argument`, `invalid_kfl`, `not_found`, …
  package var code: String
  /// One sentence: what was wrong.
  package var message: String
  /// What to do next; for a wrong call, the corrected one.
  package var hint: String?
  /// The argument that was wrong.
  package var argument: String?
  /// Where in that argument, in bytes from its start.
  package var position: Int?
  /// Anything else that helps, such as diagnostics with their carets or the nearest names.
  package var details: JSONObject

  package init(
    status: Int, code: String, message: String, hint: String? = nil, argument: String? = nil,
    position: Int? = nil, details: JSONObject = JSONObject()
  ) {
    (self.status, self.code, self.message) = (status, code, message)
    (self.hint, self.argument, self.position) = (hint, argument, position)
    self.details = details
  }

  /// An argument that is missing or cannot be right.
  package static func invalid(
    _ argument: String, _ message: String, hint: String? = nil, position: Int? = nil
  ) -> ToolError {
    ToolError(
      status: 400, code: "invalid_argument", message: message, hint: hint, argument: argument,
      position: position)
  }

  package static func notFound(_ message: String, hint: String? = nil) -> ToolError {
    ToolError(status: 404, code: "not_found", message: message, hint: hint)
  }

  /// Nobody waits for the answer any more.
  package static let cancelled = ToolError(
    status: 499, code: "cancelled", message: "The call was cancelled.")

  /// The code of `unknownTool`: faces answer it differently from things a tool did not find.
  package static let unknownToolCode = "unknown_tool"

  /// Nothing goes by that name here.
  package static func unknownTool(_ name: String, among names: [String]) -> ToolError {
    let shown = JSONValue.string(String(name.prefix(64))).text
    return ToolError(
      status: 404, code: unknownToolCode, message: "There is no tool called \(shown).",
      hint: nearest(to: name, among: names).map { "Did you mean \($0)?" }
        ?? "The tools are \(names.joined(separator: ", ")).")
  }

  /// Details that stand beside the error itself as well, where programs look for them.
  private static let shownDetails = [
    "next_step", "required_capability", "retry_after", "oldest_ts", "newest_ts", "correlation_id",
  ]

  /// The error body of the HTTP contract.
  package var json: JSONObject {
    var object: JSONObject = ["error": .string(message), "code": .string(code)]
    if let argument { object["argument"] = .string(argument) }
    if let position { object["position"] = JSONValue(position) }
    if let hint { object["hint"] = .string(hint) }
    for name in Self.shownDetails {
      if let value = details[name] { object[name] = value }
    }
    if !details.isEmpty { object["details"] = .object(details) }
    return object
  }

  /// The same for reading: the sentence, what surrounds it, what to do next.
  package var text: String {
    var lines = [message]
    if let shown = details["caret"]?.string { lines.append(shown) }
    if let hint { lines.append(hint) }
    return lines.joined(separator: "\n")
  }
}
