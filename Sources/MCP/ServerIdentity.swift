import JSON

/// Who we are, as `initialize` and `server/discover` tell it.
package struct ServerIdentity: Hashable, Sendable {
  package var name: String
  package var title: String
  package var description: String
  package var version: String
  /// Short text that hosts put before the model.
  package var instructions: String
  package var features: Features

  /// What is offered beyond tools and prompts. A capability that is named promises its methods.
  package struct Features: Hashable, Sendable {
    /// The lists may change while a client is connected.
    package var listsChange = false
    package var resources = false
    /// Clients can be told when a resource changes.
    package var watching = false
    package var completions = false
    package var logging = false

    package init(
      listsChange: Bool = false, resources: Bool = false, watching: Bool = false,
      completions: Bool = false, logging: Bool = false
    ) {
      (self.listsChange, self.resources, self.watching) = (listsChange, resources, watching)
      (self.completions, self.logging) = (completions, logging)
    }
  }

  package init(
    name: String = "kubeshark-mcp", title: String = "Kubeshark",
    description: String = "Network traffic for AI assistants", version: String,
    instructions: String, features: Features = Features()
  ) {
    (self.name, self.title, self.description) = (name, title, description)
    (self.version, self.instructions) = (version, instructions)
    self.features = features
  }

  /// The `Implementation` object of that revision.
  func implementation(in revision: Revision) -> JSONObject {
    var object: JSONObject = ["name": .string(name)]
    if revision.hasTitles { object["title"] = .string(title) }
    object["version"] = .string(version)
    if revision.hasImplementationDetails { object["description"] = .string(description) }
    if revision.hasIcons { object["icons"] = [Icon.json] }
    return object
  }

  func capabilities(in revision: Revision) -> JSONObject {
    let lists: JSONObject = features.listsChange ? ["listChanged": true] : [:]
    var object: JSONObject = ["tools": .object(lists), "prompts": .object(lists)]
    if features.resources {
      var resources = lists
      if features.watching { resources["subscribe"] = true }
      object["resources"] = .object(resources)
    }
    if features.completions, revision.namesCompletions { object["completions"] = [:] }
    if features.logging { object["logging"] = [:] }
    if revision.isStateless { object["extensions"] = .object([TaskShelf.extensionName: [:]]) }
    return object
  }
}
