package import JSON
package import ToolKit

/// On which terms a request is served: what its client can be asked, and how the answers come.
package struct Terms: Hashable, Sendable {
  /// What can be asked.
  package var answers: Set<Question.Kind> = []
  /// Whether answers come with the request repeated (2026-07-28), not while it is served.
  package var asksInResults = false
  /// Answers that came with the request, by the keys of their questions.
  package var given: [String: JSONObject] = [:]

  /// What a client that declared these capabilities can be asked.
  static func answers(_ capabilities: JSONObject, in revision: Revision) -> Set<Question.Kind> {
    var answers: Set<Question.Kind> = []
    if capabilities["sampling"]?.object != nil { answers.insert(.sample) }
    if capabilities["roots"]?.object != nil { answers.insert(.roots) }
    // An empty object means forms; one that names only URLs does not.
    if revision.hasElicitation, let elicitation = capabilities["elicitation"]?.object,
      elicitation["form"] != nil || elicitation["url"] == nil
    {
      answers.insert(.form)
    }
    return answers
  }
}
