/// A prompt with its body: what `prompts/list` shows and `prompts/get` fills in.
package struct Prompt: Sendable {
  /// The text for the given arguments. Arguments that are absent or empty are not in the map.
  ///
  /// - Throws: `ToolError` when a required argument is missing or a value cannot be right.
  package typealias Body =
    @Sendable (_ arguments: [String: String], _ setting: PromptSetting) throws(ToolError) -> String

  /// The same for prompts of several messages, and for those that ask before they answer.
  package typealias Filling =
    @Sendable (_ arguments: [String: String], _ setting: PromptSetting, _ caller: Caller)
    async throws(ToolError) -> [PromptMessage]

  package enum Content: Sendable {
    /// One text of the user.
    case text(Body)
    case messages(Filling)
  }

  package var description: PromptDescription
  package var content: Content

  package init(description: PromptDescription, body: @escaping Body) {
    (self.description, content) = (description, .text(body))
  }

  package init(description: PromptDescription, fill: @escaping Filling) {
    (self.description, content) = (description, .messages(fill))
  }

  package func messages(
    _ arguments: [String: String], _ setting: PromptSetting, _ caller: Caller
  ) async throws(ToolError) -> [PromptMessage] {
    switch content {
    case .text(let body): [PromptMessage(.user, .text(try body(arguments, setting)))]
    case .messages(let fill): try await fill(arguments, setting, caller)
    }
  }
}

/// One message of a filled prompt.
package struct PromptMessage: Hashable, Sendable {
  package enum Role: String, Sendable { case user, assistant }

  package var role: Role
  package var content: ContentBlock

  package init(_ role: Role, _ content: ContentBlock) {
    (self.role, self.content) = (role, content)
  }
}

/// Where a prompt is asked for: it names only what exists there.
package struct PromptSetting: Hashable, Sendable {
  package enum Mode: Hashable, Sendable {
    /// A Hub elsewhere, by its address.
    case url(String)
    /// The Hub of the current cluster.
    case proxy(destructive: Bool)
    /// The Hub in this process, on files.
    case embedded
    /// The Hub in this process, on live interfaces.
    case live

    /// Whether the Hub is in this process: its tools are then listed before those about files.
    package var isEmbedded: Bool { self == .embedded || self == .live }
  }
  package var mode: Mode
  /// Names in the current `tools/list`.
  package var tools: Set<String>

  package init(mode: Mode, tools: Set<String>) { (self.mode, self.tools) = (mode, tools) }
}
