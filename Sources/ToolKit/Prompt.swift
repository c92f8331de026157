/// A prompt with its body: what `prompts/list` shows and `prompts/get` fills in.
package struct Prompt: Sendable {
  package var description: PromptDescription
  /// The text for the given arguments. Arguments that are absent or empty are not in the map.
  ///
  /// - Throws: `ToolError` when a required argument is missing or a value cannot be right.
  package var body:
    @Sendable (_ arguments: [String: String], _ setting: PromptSetting) throws(ToolError) -> String

  package init(
    description: PromptDescription,
    body: @escaping @Sendable ([String: String], PromptSetting) throws(ToolError) -> String
  ) {
    (self.description, self.body) = (description, body)
  }
}

/// Where a prompt is asked for: it names only what exists there.
package struct PromptSetting: Hashable, Sendable {
  package enum Mode: Hashable, Sendable {
    /// A Hub elsewhere, by its address.
    case url(String)
    /// The Hub of the current cluster.
    case proxy(destructive: Bool)
    /// The Hub in this process, on files or interfaces.
    case embedded
  }
  package var mode: Mode
  /// Names in the current `tools/list`.
  package var tools: Set<String>

  package init(mode: Mode, tools: Set<String>) { (self.mode, self.tools) = (mode, tools) }
}
