import JSON
import ToolKit

/// The user's word before a destructive tool acts.
///
/// Where the client can show a question, its user is asked. Where it cannot, the model has to ask,
/// and says so by the argument `confirm`. A tool itself only declares what it does.
enum Confirmation {
  static let key = "confirm"
  /// Longest excerpt of the arguments in a question, in characters.
  static let maxShown = 300

  /// The tool's schema with the argument `confirm`.
  static func schema(_ schema: JSONObject) -> JSONObject {
    var properties = schema["properties"]?.object ?? JSONObject()
    guard properties[key] == nil else { return schema }
    properties[key] = [
      "type": "boolean",
      "description":
        "Only for clients that cannot ask the user themselves: true once the user has agreed",
    ]
    var schema = schema
    schema["properties"] = .object(properties)
    return schema
  }

  /// The arguments for the tool once the user has agreed.
  ///
  /// - Throws: `ToolError` that says what to do when there is no agreement.
  static func settle(
    _ arguments: JSONObject, of tool: ToolDescription, _ caller: Caller
  ) async throws(ToolError) -> JSONObject {
    var bare = arguments
    if tool.inputSchema["properties"]?[key] == nil { bare[key] = nil }
    let title = tool.title ?? tool.name
    guard caller.answers.contains(.form) else {
      if arguments[key] == true { return bare }
      throw ToolError(
        status: 409, code: "confirmation_required",
        message: "\(tool.name) may destroy something and needs the user's agreement.",
        hint: "Ask the user; when they agree, repeat the call with \"confirm\": true.",
        argument: key)
    }
    let answers = try await caller.ask([question(title, tool, bare)])
    let answer = answers[key]
    guard answer?["action"] == "accept", answer?["content"]?["confirm"] == true else {
      throw ToolError(
        status: 409, code: "declined", message: "The user did not agree; nothing was done.",
        hint: "Do not call \(tool.name) again unless the user asks for it.")
    }
    return bare
  }

  private static func question(
    _ title: String, _ tool: ToolDescription, _ arguments: JSONObject
  ) -> Question {
    let text = JSONValue.object(arguments).text
    let shown = text.count <= maxShown ? text : text.prefix(maxShown) + "…"
    let sentence = tool.description.prefix { $0 != "." && $0 != "\n" }
    return .form(
      key,
      message: "\(title)? \(sentence)." + (arguments.isEmpty ? "" : " Arguments: \(shown)"),
      properties: [key: ["type": "boolean", "title": .string("Yes: \(title)")]], required: [key])
  }
}
