import Bytes
import JSON
import Pipeline
import Shipping

/// Switches what all agents of a Hub do, and waits for each to say that it did.
struct AgentControl: Sendable {
  /// How long agents are waited for beyond the time after which each should have heard of it.
  private static let patience = Duration.seconds(3)
  /// How often it is looked whether they have.
  private static let interval = Duration.milliseconds(50)

  private let registry: AgentRegistry

  init(_ registry: AgentRegistry) { self.registry = registry }

  var dissection: DissectionControl {
    let protocols = PipelineSettings(workers: 1).protocols
    return DissectionControl(
      status: {
        DissectionControl.Status(
          mode: registry.orders.dissection ?? true ? .active : .disabled, protocols: protocols)
      },
      set: { isOn in await answers(to: registry.want(dissection: isOn)) })
  }

  var targeting: TargetControl {
    TargetControl(
      status: { registry.agents(at: .now).map(NodeTargets.init) },
      set: { targets in await answers(to: registry.want(targets: targets)) })
  }

  /// What each agent has made of these orders.
  private func answers(to number: UInt64) async -> [NodeAnswer] {
    let end = ContinuousClock.now + registry.pause * 2 + Self.patience
    while ContinuousClock.now < end, !Task.isCancelled {
      let agents = registry.agents(at: .now)
      let isWaitedFor = { (agent: AgentState) in
        agent.report.order != number
          && [.ok, .starting, .shedding, .late].contains(agent.condition)
      }
      if !agents.contains(where: isWaitedFor) { break }
      try? await Task.sleep(for: Self.interval)
    }
    return registry.agents(at: .now).filter { $0.condition != .left }.map { agent in
      guard agent.report.order != number else {
        return NodeAnswer(
          node: agent.node, isDone: agent.report.orderProblem == nil,
          problem: agent.report.orderProblem)
      }
      return NodeAnswer(
        node: agent.node, isDone: false,
        problem: "\(agent.condition.rawValue): it has not answered yet, and does it when it is back"
      )
    }
  }
}

/// What the agent of a node made of an order.
package struct NodeAnswer: Hashable, Sendable {
  var node: String
  var isDone: Bool
  /// Why it did not, or not wholly.
  var problem: String?

  var json: JSONObject {
    var object: JSONObject = ["node": .string(node), "success": .bool(isDone)]
    if let problem { object["problem"] = .string(problem) }
    return object
  }
}

extension [NodeAnswer] {
  /// A sentence about those that did not do it; nil when all did.
  var sentence: String? {
    let not = filter { !$0.isDone }
    guard !not.isEmpty else { return nil }
    let named = not.prefix(5).map { "\($0.node) (\($0.problem ?? "it failed"))" }
      .joined(separator: ", ")
    let more = not.count > 5 ? " and \(not.count - 5) more" : ""
    return "\(count - not.count) of \(count) agents did it; not \(named)\(more)."
  }
}

/// What the agent of a node captures.
struct NodeTargets: Sendable {
  var node: String
  var rule: String
  var pods: Set<String>
  var problem: String?

  init(_ agent: AgentState) {
    (node, rule) = (agent.node, agent.report.targets.rule)
    (pods, problem) = (Set(agent.report.targets.pods), agent.report.targets.problem)
  }
}

/// How the tools see and choose what agents capture; nil parts where nothing can be chosen.
package struct TargetControl: Sendable {
  var status: @Sendable () -> [NodeTargets]
  var set: @Sendable (AgentOrders.Targets) async -> [NodeAnswer]
}
