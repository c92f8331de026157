import JSON

/// An agent as its Hub sees it.
struct AgentState: Hashable, Sendable {
  var node: String
  /// `capturing` when all is well.
  var state: String
  var isShedding: Bool
  /// Which pods it captures, as a phrase; empty where the Hub does not say.
  var targets = ""
  /// How many those are.
  var pods = 0
  /// What keeps it from its work.
  var problem: String?

  var isCapturing: Bool { state == "capturing" }

  /// The agents in the Hub's answer; nil when it is something else.
  static func all(in value: JSONValue) -> [AgentState]? {
    guard let rows = value["agents"]?.array else { return nil }
    return rows.compactMap { row in
      guard let node = row["node"]?.string else { return nil }
      return AgentState(
        node: node, state: row["state"]?.string ?? "unknown",
        isShedding: row["shedding"]?.bool ?? false, targets: row["targets"]?.string ?? "",
        pods: Int(clamping: row["pods"]?.int ?? 0), problem: row["problem"]?.string)
    }
  }

  /// Nodes with an agent from which the Hub has heard nothing good yet, each with the reason.
  static func missing(_ nodes: [String], _ agents: [AgentState]) -> [String] {
    nodes.compactMap { node in
      guard let agent = agents.first(where: { $0.node == node }) else {
        return "\(node) (the Hub has not heard of it)"
      }
      let problem = agent.problem.map { ": \($0)" } ?? ""
      return agent.isCapturing ? nil : "\(node) (\(agent.state)\(problem))"
    }
  }
}
