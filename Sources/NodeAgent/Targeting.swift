import Bytes
import Capture
package import Identity
import KFL
import KubeAPI
import Pipeline
package import Shipping
import Synchronization

/// Keeps what is captured in step with the pods of the cluster, and with what the Hub wants.
package final class Targeting: Sendable {
  private struct State {
    var rule: TargetRule
    var inventory: Inventory?
    /// Addresses the kernel's filter was made of; nil before the first.
    var filtered: Set<IPAddress>?
    var problem: String?
    var targets: Targets?
  }

  private let capture: NodeCapture
  private let node: String
  private let standard: TargetRule
  private let state: Mutex<State>

  /// - Parameter rule: as the agent was started.
  package init(_ capture: NodeCapture, node: String, rule: TargetRule) {
    (self.capture, self.node, standard) = (capture, node, rule)
    state = Mutex(State(rule: rule))
  }

  /// The cluster has changed.
  package func take(_ inventory: Inventory) {
    state.withLock { state in
      state.inventory = inventory
      apply(&state)
    }
  }

  /// The Hub wants other pods; nil for those the agent was started with.
  ///
  /// - Returns: why that cannot be, as a sentence; nil when it is done.
  package func want(_ wanted: AgentOrders.Targets?) -> String? {
    do throws(Pattern.Refused) {
      let rule = try wanted.map { (wanted) throws(Pattern.Refused) in
        try standard.changed(to: wanted)
      }
      return state.withLock { state in
        state.rule = rule ?? standard
        apply(&state)
        return state.problem ?? unseen(state.rule)
      }
    } catch { return "the pattern is refused: \(error.reason)" }
  }

  /// Why a rule cannot be followed wholly: an agent that was started for some namespaces captures
  /// nothing of others, whether or not the API server shows it them.
  private func unseen(_ rule: TargetRule) -> String? {
    let never = rule.namespaces.filter { standard.excludedNamespaces.contains($0) }
    guard never.isEmpty else {
      return "this agent was started to capture nothing of \(never.joined(separator: ", "))"
    }
    guard !standard.namespaces.isEmpty else { return nil }
    let others = Set(rule.namespaces).subtracting(standard.namespaces)
    guard rule.namespaces.isEmpty || !others.isEmpty else { return nil }
    let what = others.isEmpty ? "other namespaces" : others.sorted().joined(separator: ", ")
    return """
      this agent may look at \(standard.namespaces.joined(separator: ", ")) alone, and captures \
      nothing of \(what)
      """
  }

  /// Before the cluster is known nothing is captured: it could be somebody's who must not be.
  private func apply(_ state: inout State) {
    guard let inventory = state.inventory else { return }
    let targets = Targets(state.rule, in: inventory, on: node)
    state.targets = targets
    capture.guide.turn(to: targets.page(inventory.names))
    guard targets.local != state.filtered else { return }
    do throws(LiveError) {
      try capture.change(CaptureFilter(hosts: targets.local.sorted()))
      (state.filtered, state.problem) = (targets.local, nil)
    } catch { state.problem = "\(error)" }
  }

  /// What is captured, for the Hub.
  package var report: AgentReport.Targets {
    state.withLock { state in
      var report = AgentReport.Targets()
      report.rule = state.rule.sentence
      report.pods = state.targets?.pods ?? []
      report.problem = state.problem
      if let hostPods = state.targets?.hostPods, hostPods > 0, report.problem == nil {
        report.problem =
          "\(hostPods) pods use the node's own network and cannot be told apart; they are left out"
      }
      return report
    }
  }

  package var isReady: Bool { state.withLock { $0.filtered != nil } }
}
