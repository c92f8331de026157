package import JSON
import ToolKit

/// `tools/list`.
enum ListTools {
  static let name = "tools/list"
  /// How long a client may keep the list, in milliseconds. A Hub elsewhere may change it.
  static let cacheMilliseconds = 300_000
}

/// `tools/call`.
package struct CallTool: Hashable, Sendable {
  static let name = "tools/call"

  package var tool: String
  package var arguments: JSONObject

  init(_ params: JSONObject) throws(ProtocolError) {
    guard let tool = params["name"]?.string, !tool.isEmpty else {
      throw .invalidParams("name must be the name of a tool")
    }
    switch params["arguments"] {
    case nil, .null?: arguments = JSONObject()
    case .object(let object)?: arguments = object
    default: throw .invalidParams("arguments must be an object")
    }
    self.tool = tool
  }

  /// The tool's answer: text for the model, and where the revision has it the structured form.
  static func result(_ answer: ToolAnswer, in revision: Revision) -> JSONObject {
    // An answer that is a picture alone has no text to show.
    let text =
      answer.text.isEmpty && !answer.attachments.isEmpty ? [] : [ContentBlock.text(answer.text)]
    var result: JSONObject = [
      "content": .array((text + answer.attachments).map { .object($0.json(in: revision)) })
    ]
    // An empty object of a Hub that promises nothing says nothing either.
    if revision.hasStructuredAnswers, answer.obeysSchema || !answer.structured.isEmpty {
      result["structuredContent"] = .object(answer.structured)
    }
    return result
  }

  /// The tool failed. The structured form stays away from `structuredContent`, which clients hold
  /// against the tool's schema even here.
  static func result(_ error: ToolError) -> JSONObject {
    [
      "content": [["type": "text", "text": .string(error.text)]],
      "isError": true,
      "_meta": [errorKey: .object(error.json)],
    ]
  }

  /// Key in `_meta` under which programs find the error as data.
  static let errorKey = "kubeshark.com/error"
}

extension ToolDescription {
  /// The tool as that revision writes it.
  func json(in revision: Revision) -> JSONObject {
    var tool: JSONObject = ["name": .string(name)]
    if revision.hasTitles, let title { tool["title"] = .string(title) }
    tool["description"] = .string(description)
    tool["inputSchema"] = .object(
      annotations?.needsConfirmation == true ? Confirmation.schema(inputSchema) : inputSchema)
    if revision.hasStructuredAnswers, let outputSchema,
      revision.hasFreeOutputSchemas || outputSchema["type"] == "object"
    {
      tool["outputSchema"] = .object(outputSchema)
    }
    if revision.hasAnnotations, let annotations {
      // A title of the tool goes first; older clients look for it here.
      tool["annotations"] = .object(annotations.json(title: revision.hasTitles ? nil : title))
    }
    return tool
  }
}

extension ToolAnnotations {
  /// All four hints, because an absent one counts as dangerous.
  fileprivate func json(title: String?) -> JSONObject {
    var object = JSONObject()
    if let title { object["title"] = .string(title) }
    object["readOnlyHint"] = .bool(readOnly)
    object["destructiveHint"] = .bool(destructive)
    object["idempotentHint"] = .bool(idempotent)
    object["openWorldHint"] = .bool(openWorld)
    return object
  }
}
