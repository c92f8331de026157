import JSON
package import ToolKit

/// Installs Kubeshark into the cluster and waits until it can be used.
package struct StartKubeshark: Tool {
  package static let row = ToolRow(
    name: "start_kubeshark", title: "Deploy Kubeshark to the cluster",
    doc: """
      Deploys Kubeshark to the cluster, or brings what is deployed to these settings, and waits until \
      it answers. Ask the user first. When it fails it says which object failed and why.
      """,
    parameters: ClusterParameters.all,
    answer: [
      "type": "object",
      "properties": [
        "state": ["type": "string", "enum": ["running"]], "namespace": ["type": "string"],
        "pods": ["type": "integer"], "version": ["type": "string"], "tools": ["type": "integer"],
      ], "required": ["state", "namespace"],
    ],
    annotations: ToolAnnotations(readOnly: false, destructive: true, idempotent: true),
    route: "POST start")

  /// How long it may take until everything is ready.
  private static let limit = Duration.seconds(600)
  private static let look = Duration.seconds(2)

  private let hub: ClusterHub
  private let chart: String

  /// - Parameter chart: what helm calls a chart: a folder, an archive, a URL.
  package init(hub: ClusterHub, chart: String) { (self.hub, self.chart) = (hub, chart) }

  package func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let access = try hub.access.inNamespace(arguments.text(ClusterParameters.release))
    let targets = try Helm.Targets(
      namespaces: arguments.names(ClusterParameters.namespaces),
      pattern: arguments.text(ClusterParameters.regex))
    progress(Progress(done: 0, message: "installing the chart in namespace \(access.namespace)"))
    do throws(ClusterFault) { try await Helm(access: access, chart: chart).install(targets) } catch
    {
      throw helmError(error)
    }
    // From now on every question is meant for what was started.
    hub.move(to: access)
    hub.expectChanges()
    let total = try await comesUp(access, progress)
    let (catalogue, _, _) = try await hub.probe()
    hub.tellChanges()
    return ToolAnswer(
      structured: [
        "state": "running", "namespace": .string(access.namespace), "pods": JSONValue(total),
        "version": .string(catalogue.version), "tools": JSONValue(catalogue.tools.count),
      ],
      text: """
        Kubeshark is running in namespace '\(access.namespace)': all \(total) pods are ready, and its \
        Hub offers \(catalogue.tools.count) tools. stop_kubeshark removes it.
        """)
  }

  /// Waits until all pods are ready; gives how many.
  private func comesUp(
    _ access: ClusterAccess, _ progress: ProgressReport
  ) async throws(ToolError) -> Int {
    let kubectl = Kubectl(access: access)
    let start = ContinuousClock.now
    var rollout = Rollout()
    var looks = 0.0
    while ContinuousClock.now - start < Self.limit {
      let step: Rollout.Step
      do throws(ClusterFault) {
        let pods = try await ClusterPod.all(kubectl)
        let warnings = pods.isEmpty ? await Self.warnings(kubectl) : []
        step = rollout.step(pods, warnings: warnings, now: ContinuousClock.now - start)
      } catch { throw hub.error(error) }
      switch step {
      case .ready(let total): return total
      case .failed(let reason): throw notReady(access, reason)
      case .wait(let ready, let total):
        looks += 1
        progress(Progress(done: looks, message: "\(ready) of \(total) pods are ready"))
      }
      // Cancelling ends the waiting; what was installed stays and goes on starting.
      do { try await Task.sleep(for: Self.look) } catch { throw hub.error(.cancelled) }
    }
    throw notReady(access, "it took longer than \(Self.limit.components.seconds / 60) minutes")
  }

  private static func warnings(_ kubectl: Kubectl) async -> [String] {
    do throws(ClusterFault) {
      return try Rollout.warnings(
        in: try await kubectl.run([
          "--namespace=\(kubectl.access.namespace)", "get", "events",
          "--field-selector=type=Warning",
          "--output=json",
        ]))
    } catch {
      // Events are an explanation, not the thing itself.
      return []
    }
  }

  private func notReady(_ access: ClusterAccess, _ reason: String) -> ToolError {
    ToolError(
      status: 502, code: "start_failed",
      message:
        "Kubeshark was installed in namespace '\(access.namespace)', but does not start: \(reason)",
      hint: "check_kubeshark_status shows how it goes on; stop_kubeshark removes it.")
  }
}

/// What helm's failure means to whoever asked.
func helmError(_ fault: ClusterFault) -> ToolError {
  switch fault {
  case .other(let reason):
    ToolError(
      status: 502, code: "helm_failed", message: "helm failed: \(reason)",
      hint: "check_kubeshark_status tells what is there now.")
  case .noProgram(_, let reason):
    ToolError(
      status: 503, code: "no_helm", message: "The chart cannot be used: \(reason).",
      hint: "Install helm 3.10 or newer (https://helm.sh/docs/intro/install/) where the PATH leads."
    )
  default: fault.toolError(origin: "helm", start: "")
  }
}
