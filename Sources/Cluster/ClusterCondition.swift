import JSON
import ToolKit

/// How a deployment is: what was seen in the cluster, and what its Hub answered.
struct ClusterCondition {
  enum State: String, Sendable, CaseIterable {
    case notInstalled = "not_installed"
    case starting
    case degraded
    case running
    case unreachable
    case forbidden
    case authRequired = "auth_required"
  }

  /// What asking the Hub gave.
  enum Answer {
    case catalogue(Catalogue, milliseconds: Double)
    case error(ToolError)
  }

  let namespace: String
  let services: [ClusterService]
  /// Nil when they could not be listed.
  let pods: [ClusterPod]?
  /// Nil when there is nothing to ask.
  let answer: Answer?
  /// Where the access comes from.
  let origin: String
  /// The agents as the Hub sees them; nil when it does not say.
  var agents: [AgentState]?
  /// Other namespaces in which it is installed.
  var elsewhere: [String] = []

  var state: State {
    guard !services.isEmpty else { return .notInstalled }
    let pods = current
    switch answer {
    case .catalogue?: return pods.allSatisfy(\.isReady) && silent.isEmpty ? .running : .degraded
    case .error(let error)?:
      if error.code == "authentication_required" { return .authRequired }
      if error.code == "cluster_forbidden" || error.code == "forbidden" { return .forbidden }
      // While nothing was ever ready it is on its way.
      if !pods.contains(where: \.isReady) { return .starting }
      return error.code == "cluster_unreachable" ? .unreachable : .degraded
    case nil: return .starting
    }
  }

  /// The pods that there are to be. One that was evicted is told, and another has its place.
  private var current: [ClusterPod] { (pods ?? []).filter { !$0.hasFailed } }

  /// The components with how many pods they have, and how many are ready.
  private var components: [(name: String, ready: Int, total: Int)] {
    var found: [(name: String, ready: Int, total: Int)] = []
    for pod in current {
      if found.last?.name != pod.component { found.append((pod.component, 0, 0)) }
      found[found.count - 1].total += 1
      if pod.isReady { found[found.count - 1].ready += 1 }
    }
    return found
  }

  /// Nodes with an agent that do not capture, each with the reason.
  private var silent: [String] {
    guard let agents else { return [] }
    // What the Hub says of agents that are gone does not count.
    let nodes = current.filter { $0.component == "worker" }.compactMap(\.node)
    return AgentState.missing(Set(nodes).sorted(), agents)
  }

  /// Which pods are captured. All agents say the same, but for those that have not heard of a change
  /// yet.
  private var rules: [String] {
    var rules: [String] = []
    for agent in agents ?? [] where !agent.targets.isEmpty && !rules.contains(agent.targets) {
      rules.append(agent.targets)
    }
    return Array(rules.prefix(Self.maxNamed))
  }

  private var troubled: [ClusterPod] { (pods ?? []).filter { !$0.isReady } }

  /// Pods whose containers ended and were started again, those first that it happened to most often.
  private var restarted: [ClusterPod] {
    current.filter { $0.restarts > 0 }.sorted { ($1.restarts, $0.name) < ($0.restarts, $1.name) }
  }

  /// Most pods that are named one by one.
  private static let maxNamed = 10
  /// Most agents that are listed.
  private static let maxAgents = 1_000

  /// - Parameter start: what to do when nothing is installed.
  func toolAnswer(start: String) -> ToolAnswer {
    var structured: JSONObject = [
      "state": .string(state.rawValue), "namespace": .string(namespace),
      "origin": .string(origin),
    ]
    if !elsewhere.isEmpty {
      structured["elsewhere"] = .array(elsewhere.map { .string($0) })
    }
    if !services.isEmpty {
      structured["services"] = .array(services.map { .string($0.name) })
    }
    if pods != nil {
      structured["components"] = .object(
        JSONObject(
          members: components.map {
            .init(
              name: $0.name, value: ["ready": JSONValue($0.ready), "total": JSONValue($0.total)])
          }))
      structured["not_ready"] = .array(
        troubled.prefix(Self.maxNamed).map { pod in
          var row: JSONObject = ["pod": .string(pod.name), "reason": .string(pod.trouble ?? "")]
          if let node = pod.node { row["node"] = .string(node) }
          return .object(row)
        })
      structured["restarts"] = .array(
        restarted.prefix(Self.maxNamed).map {
          [
            "pod": .string($0.name), "count": JSONValue($0.restarts),
            "last_end": $0.lastEnd.map { JSONValue.string($0) } ?? JSONValue.null,
          ]
        })
    }
    if let agents {
      structured["agents"] = .array(
        agents.prefix(Self.maxAgents).map {
          [
            "node": .string($0.node), "state": .string($0.state), "shedding": .bool($0.isShedding),
          ]
        })
      structured["targets"] = .array(rules.map { .string($0) })
      structured["captured_pods"] = JSONValue(agents.reduce(0) { $0 + $1.pods })
    }
    switch answer {
    case .catalogue(let catalogue, let milliseconds)?:
      structured["version"] = .string(catalogue.version)
      structured["latency_ms"] = JSONValue(milliseconds)
      structured["tools"] = JSONValue(catalogue.tools.count)
      for (flag, key) in [("dissection", "dissection"), ("raw_capture", "raw_capture")] {
        if let isOn = catalogue.capabilities[flag] { structured[key] = .bool(isOn) }
      }
    case .error(let error)?: structured["problem"] = .string(error.message)
    case nil: break
    }
    return ToolAnswer(structured: structured, text: text(start: start))
  }

  private func text(start: String) -> String {
    var lines = [sentence]
    if !elsewhere.isEmpty {
      lines.append(
        "It is installed in namespace \(elsewhere.joined(separator: ", ")): name that by release_namespace."
      )
    } else if state == .notInstalled {
      lines.append(start)
    }
    if !components.isEmpty {
      let list = components.map { "\($0.name) \($0.ready)/\($0.total)" }.joined(separator: ", ")
      lines.append("Pods ready: \(list).")
    } else if pods == nil {
      lines.append("Its pods cannot be listed with these credentials.")
    }
    for pod in troubled.prefix(Self.maxNamed) {
      lines.append(
        "  \(pod.name)\(pod.node.map { " on \($0)" } ?? ""): \(pod.trouble ?? "not ready")")
    }
    if troubled.count > Self.maxNamed {
      lines.append("  and \(troubled.count - Self.maxNamed) more")
    }
    lines += restartLines + agentLines
    if case .error(let error)? = answer { lines.append(error.text) }
    return lines.joined(separator: "\n")
  }

  private var restartLines: [String] {
    guard !restarted.isEmpty else { return [] }
    let some = restarted.prefix(Self.maxNamed).map { pod in
      "\(pod.name) \(pod.restarts == 1 ? "once" : "\(pod.restarts) times")"
        + (pod.lastEnd.map { " (at last \($0))" } ?? "")
    }
    var lines = ["Started again: \(some.joined(separator: ", "))."]
    let short = Set(
      restarted.filter { $0.lastEnd?.hasPrefix("OOMKilled") ?? false }.map(\.component))
    for (component, setting) in [("hub", ClusterSetting.hubResources), ("worker", .agentResources)]
    where short.contains(component) {
      lines.append(
        "The memory limit of \(component) is too small: \(setting.name).limits.memory raises it.")
    }
    return lines
  }

  private var agentLines: [String] {
    guard let agents, !agents.isEmpty else { return [] }
    var lines = ["Nodes that capture: \(agents.count(where: \.isCapturing))."]
    if !rules.isEmpty {
      let count = agents.reduce(0) { $0 + $1.pods }
      lines.append("Captured: \(rules.joined(separator: "; ")) (\(count) now).")
    }
    let silent = silent
    if !silent.isEmpty {
      let more = silent.count > Self.maxNamed ? ", and \(silent.count - Self.maxNamed) more" : ""
      lines.append(
        "Not capturing: \(silent.prefix(Self.maxNamed).joined(separator: ", "))\(more).")
    }
    let shedding = agents.filter(\.isShedding).map(\.node)
    if !shedding.isEmpty {
      lines.append(
        "Shedding traffic, because there is too much: "
          + shedding.prefix(Self.maxNamed).joined(separator: ", ") + ".")
    }
    return lines
  }

  private var sentence: String {
    let place = "in namespace '\(namespace)' (\(origin))"
    switch state {
    case .notInstalled:
      return "Kubeshark is not running \(place): it is not installed there."
    case .starting: return "Kubeshark is not running yet \(place): it is starting."
    case .running: return "Kubeshark is running \(place)." + hub
    case .degraded:
      if case .catalogue? = answer {
        return "Kubeshark is running \(place), but degraded: not all pods are ready and capture."
          + hub
      }
      return "Kubeshark is degraded \(place): pods run, but its Hub does not answer."
    case .unreachable: return "Kubeshark is unreachable \(place)."
    case .forbidden: return "Kubeshark is installed \(place), but using it is forbidden."
    case .authRequired:
      return "Kubeshark is running \(place), but its Hub asks for authentication."
    }
  }

  private var hub: String {
    guard case .catalogue(let catalogue, let milliseconds)? = answer else { return "" }
    return " \(catalogue.name) \(catalogue.version) answered in \(JSONValue(milliseconds).text) ms"
      + " and offers \(catalogue.tools.count) tools."
  }
}
