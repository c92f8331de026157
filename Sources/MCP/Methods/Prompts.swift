import JSON
package import ToolKit

/// `prompts/list`.
enum ListPrompts {
  static let name = "prompts/list"
  /// How long a client may keep the list, in milliseconds.
  static let cacheMilliseconds = 300_000
}

/// `prompts/get`.
package struct GetPrompt: Hashable, Sendable {
  static let name = "prompts/get"

  package var prompt: String
  /// Values by name; empty ones are left out, which is how hosts send "not given".
  package var arguments: [String: String]

  init(_ params: JSONObject) throws(ProtocolError) {
    guard let prompt = params["name"]?.string else {
      throw .invalidParams("name must be the name of a prompt")
    }
    self.prompt = prompt
    arguments = [:]
    switch params["arguments"] {
    case nil, .null?: break
    case .object(let object)?:
      for member in object.members {
        arguments[member.name] = try Self.text(of: member)
      }
    default: throw .invalidParams("arguments must be an object")
    }
  }

  /// Prompt arguments are texts; numbers and flags are taken by their text.
  private static func text(of member: JSONObject.Member) throws(ProtocolError) -> String? {
    switch member.value {
    case .null, "": nil
    case .string(let text): text
    case .int, .number, .bool: member.value.text
    case .array, .object: throw .invalidParams("argument \(member.name) must be a text")
    }
  }

  static func result(_ prompt: FilledPrompt, in revision: Revision) -> JSONObject {
    [
      "description": .string(prompt.description),
      "messages": .array(
        prompt.messages.map { message in
          [
            "role": .string(message.role.rawValue),
            "content": .object(message.content.json(in: revision)),
          ]
        }),
    ]
  }
}

/// A prompt with its arguments put in.
package struct FilledPrompt: Hashable, Sendable {
  package var description: String
  package var messages: [PromptMessage]

  package init(description: String, messages: [PromptMessage]) {
    (self.description, self.messages) = (description, messages)
  }

  /// A prompt that is one text of the user.
  package init(description: String, text: String) {
    self.init(description: description, messages: [PromptMessage(.user, .text(text))])
  }
}

extension PromptDescription {
  /// The prompt as that revision writes it.
  func json(in revision: Revision) -> JSONObject {
    var prompt: JSONObject = ["name": .string(name)]
    if revision.hasTitles, let title { prompt["title"] = .string(title) }
    prompt["description"] = .string(description)
    prompt["arguments"] = .array(
      arguments.map {
        [
          "name": .string($0.name), "description": .string($0.description),
          "required": .bool($0.required),
        ]
      })
    return prompt
  }
}
