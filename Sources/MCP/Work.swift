package import ToolKit

/// What a request needs done outside the session: by the Hub, in its own time.
package enum Work: Hashable, Sendable {
  case listTools
  case callTool(CallTool)
  case listPrompts
  case getPrompt(GetPrompt)
}

/// What came of it.
package enum Outcome: Hashable, Sendable {
  case tools([ToolDescription])
  case answer(ToolAnswer)
  case prompts([PromptDescription])
  case prompt(FilledPrompt)
  /// The tool failed: a result that says so.
  case failed(ToolError)
  /// The request could not be served: a JSON-RPC error.
  case refused(ProtocolError)
}

/// Names a piece of work under way; ids of requests may repeat, tickets do not.
package struct Ticket: Hashable, Sendable {
  package let number: Int
}
