import JSON
package import ToolKit

/// Whether Kubeshark runs in the cluster, seen just now.
package struct CheckCluster: Tool {
  package static let row = ToolRow(
    name: "check_kubeshark_status", title: "Check Kubeshark in the cluster",
    doc: """
      Looks whether Kubeshark runs in the cluster: its Services and pods, and whether its Hub answers. \
      Changes nothing. Use it first, and whenever the traffic tools are missing or fail.
      """,
    parameters: [ClusterParameters.release],
    answer: [
      "type": "object",
      "properties": [
        "state": [
          "type": "string",
          "enum": .array(ClusterCondition.State.allCases.map { .string($0.rawValue) }),
        ],
        "namespace": ["type": "string"], "origin": ["type": "string"],
        "services": ["type": "array", "items": ["type": "string"]],
        "elsewhere": ["type": "array", "items": ["type": "string"]],
        "components": [
          "type": "object",
          "additionalProperties": [
            "type": "object",
            "properties": ["ready": ["type": "integer"], "total": ["type": "integer"]],
          ],
        ],
        "not_ready": [
          "type": "array",
          "items": [
            "type": "object",
            "properties": [
              "pod": ["type": "string"], "node": ["type": "string"],
              "reason": ["type": "string"],
            ],
          ],
        ],
        "restarts": [
          "type": "array",
          "items": [
            "type": "object",
            "properties": [
              "pod": ["type": "string"], "count": ["type": "integer"],
              "last_end": ["type": ["string", "null"]],
            ],
          ],
        ],
        "agents": [
          "type": "array",
          "items": [
            "type": "object",
            "properties": [
              "node": ["type": "string"], "state": ["type": "string"],
              "shedding": ["type": "boolean"],
            ],
          ],
        ],
        "targets": ["type": "array", "items": ["type": "string"]],
        "captured_pods": ["type": "integer"],
        "version": ["type": "string"], "latency_ms": ["type": "number"],
        "tools": ["type": "integer"], "dissection": ["type": "boolean"],
        "raw_capture": ["type": "boolean"], "problem": ["type": "string"],
      ], "required": ["state", "namespace"],
    ], route: "GET status")

  private let hub: ClusterHub
  private let start: String

  /// - Parameter start: what to do when nothing is installed.
  package init(hub: ClusterHub, start: String) { (self.hub, self.start) = (hub, start) }

  package func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let hub = try hub.inNamespace(arguments.text(ClusterParameters.release))
    let kubectl = Kubectl(access: hub.access)
    let services: [ClusterService]
    var pods: [ClusterPod]?
    do throws(ClusterFault) { services = try await ClusterService.all(kubectl) } catch {
      throw Self.stated(hub.error(error), error)
    }
    do throws(ClusterFault) { pods = try await ClusterPod.all(kubectl) } catch {
      switch error {
      case .forbidden: pods = nil
      default: throw Self.stated(hub.error(error), error)
      }
    }
    if let all = pods {
      pods = ClusterPod.explained(all, down: await ClusterNodes.down(under: all, kubectl))
    }
    var answer: ClusterCondition.Answer?
    if !services.isEmpty, pods?.isEmpty != true { answer = try await self.answer(of: hub) }
    var condition = ClusterCondition(
      namespace: hub.access.namespace, services: services, pods: pods, answer: answer,
      origin: hub.origin)
    if services.isEmpty { condition.elsewhere = await ClusterService.elsewhere(kubectl) }
    if case .catalogue? = answer { condition.agents = await agents(of: hub) }
    return condition.toolAnswer(start: start)
  }

  private func answer(of hub: ClusterHub) async throws(ToolError) -> ClusterCondition.Answer {
    do throws(ToolError) {
      let (catalogue, _, took) = try await hub.probe()
      let parts = took.components
      let milliseconds = Double(parts.seconds) * 1e3 + Double(parts.attoseconds) / 1e15
      return .catalogue(catalogue, milliseconds: (milliseconds * 10).rounded() / 10)
    } catch {
      if error.status == 499 { throw error }
      return .error(error)
    }
  }

  /// The agents as the Hub sees them; nil when it has none of our kind, or does not say.
  private func agents(of hub: ClusterHub) async -> [AgentState]? {
    do throws(ToolError) { return try await hub.agents() } catch { return nil }
  }

  /// The error of a cluster that could not be asked, with the state it stands for.
  private static func stated(_ error: ToolError, _ fault: ClusterFault) -> ToolError {
    let state: ClusterCondition.State =
      switch fault {
      case .forbidden: .forbidden
      case .signIn: .authRequired
      default: .unreachable
      }
    var error = error
    error.details["state"] = .string(state.rawValue)
    error.message = "Kubeshark's state cannot be told (\(state.rawValue)). " + error.message
    return error
  }
}
