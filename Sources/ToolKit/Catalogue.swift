package import JSON

/// What a Hub offers: its tools and prompts, in a fixed order.
package struct Catalogue: Hashable, Sendable {
  /// Name of the Hub; empty together with `tools` means that it has MCP switched off.
  package var name: String
  package var version: String
  package var description: String
  package var tools: [ToolDescription]
  package var prompts: [PromptDescription]
  /// Flags such as `dissection` or `snapshots`: what this Hub can do at all.
  package var capabilities: [String: Bool]

  package init(
    name: String, version: String, description: String, tools: [ToolDescription],
    prompts: [PromptDescription], capabilities: [String: Bool] = [:]
  ) {
    (self.name, self.version, self.description) = (name, version, description)
    (self.tools, self.prompts, self.capabilities) = (tools, prompts, capabilities)
  }
}

/// A tool as its callers see it.
package struct ToolDescription: Hashable, Sendable {
  package var name: String
  package var title: String?
  package var description: String
  /// JSON Schema of the arguments; the root has `"type":"object"`.
  package var inputSchema: JSONObject
  /// JSON Schema of `ToolAnswer.structured`, when the Hub promises one.
  package var outputSchema: JSONObject?
  package var annotations: ToolAnnotations?

  package init(
    name: String, title: String? = nil, description: String, inputSchema: JSONObject,
    outputSchema: JSONObject? = nil, annotations: ToolAnnotations? = nil
  ) {
    (self.name, self.title, self.description) = (name, title, description)
    (self.inputSchema, self.outputSchema) = (inputSchema, outputSchema)
    self.annotations = annotations
  }
}

/// What a tool does to the world. Hosts decide by these whether to ask their user first.
package struct ToolAnnotations: Hashable, Sendable {
  package var readOnly: Bool
  /// Something may be lost. Only meaningful when not `readOnly`.
  package var destructive: Bool
  /// A second call with the same arguments changes nothing more.
  package var idempotent: Bool
  /// Reaches systems beyond the Hub.
  package var openWorld: Bool

  package init(readOnly: Bool, destructive: Bool, idempotent: Bool, openWorld: Bool = false) {
    (self.readOnly, self.destructive) = (readOnly, destructive)
    (self.idempotent, self.openWorld) = (idempotent, openWorld)
  }

  /// Whether the user is asked before such a tool acts.
  package var needsConfirmation: Bool { destructive && !readOnly }

  /// Looks, changes nothing.
  package static let reading = ToolAnnotations(
    readOnly: true, destructive: false, idempotent: true)
}

/// A prompt as its callers see it.
package struct PromptDescription: Hashable, Sendable {
  package struct Argument: Hashable, Sendable {
    package var name: String
    package var description: String
    package var required: Bool

    package init(name: String, description: String, required: Bool = false) {
      (self.name, self.description, self.required) = (name, description, required)
    }
  }

  package var name: String
  package var title: String?
  package var description: String
  package var arguments: [Argument]
  /// The body, when the Hub sends one: `{{argument}}` marks where values go.
  package var template: String?

  package init(
    name: String, title: String? = nil, description: String, arguments: [Argument] = [],
    template: String? = nil
  ) {
    (self.name, self.title, self.description) = (name, title, description)
    (self.arguments, self.template) = (arguments, template)
  }
}
