package import JSON
package import ToolKit

/// What a request needs done outside the session: by the Hub, in its own time.
package enum Work: Hashable, Sendable {
  case listTools
  case callTool(CallTool)
  case listPrompts
  case getPrompt(GetPrompt)
  case listResources
  case listTemplates
  case readResource(ReadResource)
  case complete(Complete)

  /// Whether its answer comes in pages.
  var isList: Bool {
    switch self {
    case .listTools, .listPrompts, .listResources, .listTemplates: true
    case .callTool, .getPrompt, .readResource, .complete: false
    }
  }
}

/// What came of it.
package enum Outcome: Hashable, Sendable {
  case tools([ToolDescription])
  case answer(ToolAnswer)
  case prompts([PromptDescription])
  case prompt(FilledPrompt)
  case resources([ResourceDescription])
  case templates([ResourceDescription])
  case contents([ResourceContent])
  case completion([String])
  /// The tool failed: a result that says so.
  case failed(ToolError)
  /// The request could not be served: a JSON-RPC error.
  case refused(ProtocolError)
  /// There is nothing to read at that address.
  case notFound(uri: String, message: String)
  /// The tool would have to ask what its client does not take.
  case cannotAsk(ToolError)
  /// The work needs answers of the client: requests by their keys.
  case asks(JSONObject)
}

/// Names a piece of work under way; ids of requests may repeat, tickets do not.
package struct Ticket: Hashable, Sendable {
  package let number: Int
}

/// Where a message came from, and so where what it causes goes to: one HTTP request.
package struct Origin: Hashable, Sendable {
  package let number: Int

  package init(_ number: Int) { self.number = number }
}
