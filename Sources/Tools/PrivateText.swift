import Bytes

/// What people and language models say to each other: not secret by its name or shape, and private
/// all the same. In calls to models and in what MCP servers ask of them, prompts, answers and the
/// arguments of tools are hidden like secrets.
enum PrivateText {
  /// Whether a text, whole or cut, is JSON of such a conversation, or events with pieces of one.
  static func isConversation(_ text: String) -> Bool {
    let bytes = text.utf8.span.bytes
    func has(_ name: StaticString) -> Bool { bytes.firstOffset(of: name) != nil }
    if has("\"role\""), has("\"messages\"") || has("\"content\"") { return true }
    if has("\"parts\""), has("\"contents\"") || has("\"candidates\"") { return true }
    if has("\"choices\""), has("\"delta\"") || has("\"message\"") || has("\"finish_reason\"") {
      return true
    }
    if has("\"model\"") {
      return has("\"messages\"") || has("\"prompt\"") || has("\"input\"") || has("\"output\"")
        || has("\"content\"") || has("\"instructions\"")
        || has("\"response\"")
    }
    return has("\"content_block") || has("\"response.") || has("\"sampling/createMessage\"")
      || has("\"prompts/get\"")
  }

  /// Whether the texts under this name, and in a list under it, are private.
  static func isPrivate(_ key: String) -> Bool { texts.contains(key) || isWhollyPrivate(key) }

  /// Whether everything under this name is private.
  static func isWhollyPrivate(_ key: String) -> Bool { wholes.contains(key) }

  private static let texts: Set<String> = [
    "content", "text", "prompt", "instructions", "system", "thinking", "reasoning", "refusal",
    "reasoning_content", "output", "output_text", "delta", "suffix", "transcript", "partial_json",
    "data", "title", "quote", "response",
  ]

  private static let wholes: Set<String> = [
    "input", "arguments", "args", "functionResponse", "function_response",
  ]
}
