import JSON

/// Who we are, as `initialize` and `server/discover` tell it.
package struct ServerIdentity: Hashable, Sendable {
  package var name: String
  package var title: String
  package var description: String
  package var version: String
  /// Short text that hosts put before the model.
  package var instructions: String

  package init(
    name: String = "kubeshark-mcp", title: String = "Kubeshark",
    description: String = "Network traffic for AI assistants", version: String,
    instructions: String
  ) {
    (self.name, self.title, self.description) = (name, title, description)
    (self.version, self.instructions) = (version, instructions)
  }

  /// The `Implementation` object of that revision.
  func implementation(in revision: Revision) -> JSONObject {
    var object: JSONObject = ["name": .string(name)]
    if revision.hasTitles { object["title"] = .string(title) }
    object["version"] = .string(version)
    if revision.hasImplementationDetails { object["description"] = .string(description) }
    return object
  }

  /// What we offer beyond the base protocol. A capability that is named promises its methods.
  var capabilities: JSONObject {
    ["tools": [:], "prompts": [:]]
  }
}
