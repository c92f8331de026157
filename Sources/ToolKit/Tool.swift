package import JSON

/// A question that can be asked: its row, and how it is answered.
package protocol Tool: Sendable {
  static var row: ToolRow { get }

  /// The answer for arguments that have been checked against the row.
  ///
  /// Long work looks at `Task.isCancelled` and reports progress.
  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer
}

/// What there is to say about a tool, once: `tools/list`, the discovery document, the argument
/// check, the REST route and the reference page are made from it.
package struct ToolRow: Sendable {
  package var name: String
  package var title: String
  /// What it answers and when to use it, for the model that chooses.
  package var doc: String
  package var parameters: [Parameter]
  /// JSON Schema of the answer; the root has `"type":"object"`.
  package var answer: JSONObject
  package var annotations: ToolAnnotations
  /// REST form under `/mcp`: method and path, `:name` where an argument stands.
  package var route: String
  /// Other REST forms it answers to.
  package var moreRoutes: [String]
  /// The smallest set of tools that lists it.
  package var set: ToolSet
  /// Older names that are accepted as well.
  package var aliases: [String]
  /// Whether a call waits for traffic to be read, and counts as a question about it.
  package var waits: Bool

  package init(
    name: String, title: String, doc: String, parameters: [Parameter], answer: JSONObject,
    annotations: ToolAnnotations = .reading, route: String, moreRoutes: [String] = [],
    set: ToolSet = .core, aliases: [String] = [], waits: Bool = true
  ) {
    (self.name, self.title, self.doc) = (name, title, doc)
    (self.parameters, self.answer) = (parameters, answer)
    (self.annotations, self.aliases, self.set) = (annotations, aliases, set)
    (self.route, self.moreRoutes, self.waits) = (route, moreRoutes, waits)
  }

  package var description: ToolDescription {
    ToolDescription(
      name: name, title: title, description: doc, inputSchema: parameters.schema,
      outputSchema: answer, annotations: annotations)
  }
}
