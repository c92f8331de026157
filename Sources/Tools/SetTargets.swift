import JSON
import KFL
import Shipping
import ToolKit

/// Chooses which pods the agents of a cluster capture.
struct SetTargets: Tool {
  static let namespaces = Parameter(
    "namespaces", .names, "Only pods of these namespaces; without it of all")
  static let excludedNamespaces = Parameter(
    "excluded_namespaces", .names, "No pods of these namespaces, whatever else is chosen")
  static let podRegex = Parameter(
    "pod_regex", .text, "Only pods in whose name this RE2 pattern is found; without it all")

  static let row = ToolRow(
    name: "set_targets", title: "Choose what is captured",
    doc: """
      Chooses which pods of the cluster are captured from now on, on every node. Calls of other \
      pods do not appear any more; what was captured stays.
      """,
    parameters: [namespaces, excludedNamespaces, podRegex],
    answer: .schema(
      ["success": .flag(), "nodes": .list(NodeAnswer.schema)], required: ["success", "nodes"]),
    annotations: ToolAnnotations(readOnly: false, destructive: false, idempotent: true),
    route: "POST targets", set: .all, waits: false)

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    guard let control = traffic.targeting else {
      throw ToolError(
        status: 409, code: "no_agents", message: "This Hub has no agents whose targets to choose.",
        hint: "What is captured here was chosen when it was started.")
    }
    let regex = arguments.text(Self.podRegex)
    if let regex {
      do { _ = try Pattern(regex) } catch {
        throw .invalid(
          "pod_regex", "pod_regex is not a valid pattern: \(error.reason)",
          hint: "Patterns are RE2: no look-around and no back-references.")
      }
    }
    let targets = AgentOrders.Targets(
      namespaces: arguments.names(Self.namespaces),
      excludedNamespaces: arguments.names(Self.excludedNamespaces), podRegex: regex)
    let answers = await control.set(targets)
    var answer = Answer(arguments)
    answer.structured["success"] = .bool(answers.allSatisfy(\.isDone))
    answer.structured["nodes"] = .array(answers.map { .object($0.json) })
    if let sentence = answers.sentence { answer.warn(sentence) }
    answer.say("The targets are chosen: \(answers.count { $0.isDone }) agents capture by them.")
    return answer.finish(traffic.coverage)
  }
}

extension NodeAnswer {
  static let schema = JSONObject.schema(
    ["node": .text(), "success": .flag(), "problem": .text()], required: ["node", "success"])
}
