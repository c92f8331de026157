import JSON
package import ToolKit

/// What `start_kubeshark` installs.
package enum Deployable: Sendable {
  /// Our own manifests.
  ///
  /// - Parameter version: the tag of the image where no setting names one.
  case manifests(ClusterSettings, version: String)
  /// What helm calls a chart: a folder, an archive, a URL. Settings that were given are passed on.
  case chart(String, ClusterSettings)
}

/// Installs Kubeshark into the cluster and waits until it can be used.
package struct StartKubeshark: Tool {
  package static let row = ToolRow(
    name: "start_kubeshark", title: "Deploy Kubeshark to the cluster",
    doc: """
      Deploys Kubeshark to the cluster, or brings what is deployed to these settings, and waits until \
      its Hub answers and every targeted node captures. Ask the user first. When it fails it says which \
      object failed and why.
      """,
    parameters: ClusterParameters.all,
    answer: [
      "type": "object",
      "properties": [
        "state": ["type": "string", "enum": ["running"]], "namespace": ["type": "string"],
        "was_there": ["type": "boolean"], "pods": ["type": "integer"],
        "nodes": ["type": "integer"], "version": ["type": "string"], "tools": ["type": "integer"],
        "left_out": ["type": "array", "items": ["type": "string"]],
      ], "required": ["state", "namespace"],
    ],
    annotations: ToolAnnotations(readOnly: false, destructive: true, idempotent: true),
    route: "POST start")

  /// How long it may take until everything is ready, unless somebody says otherwise.
  package static let standardLimit = Duration.seconds(600)
  private static let look = Duration.seconds(2)

  private let hub: ClusterHub
  private let deployable: Deployable
  private let limit: Duration
  private let redacted: @Sendable (String) -> String

  /// - Parameters:
  ///   - limit: how long it may take until everything is ready, unless an argument says otherwise.
  ///   - redacted: gives a text without the secrets in it: logs of pods are shown.
  package init(
    hub: ClusterHub, deployable: Deployable, limit: Duration = StartKubeshark.standardLimit,
    redacted: @escaping @Sendable (String) -> String
  ) {
    (self.hub, self.deployable, self.limit, self.redacted) = (hub, deployable, limit, redacted)
  }

  package func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let access = try hub.access.inNamespace(arguments.text(ClusterParameters.release))
    let targets = try Targets(
      namespaces: arguments.names(ClusterParameters.namespaces),
      pattern: arguments.text(ClusterParameters.regex))
    let limit = try ClusterParameters.limit(arguments) ?? self.limit
    let steps = Steps(progress)
    let kubectl = Kubectl(access: access)
    let before = await ClusterEvent.warnings(kubectl, growth: true)
    let wasThere = try await install(access, targets, steps)
    // From now on every question is meant for what was started.
    hub.move(to: access)
    hub.expectChanges()
    let end = Deadline(start: .now, limit: limit)
    let (pods, leftOut) = try await comesUp(kubectl, Rollout(before: before), end, steps)
    let nodes = Set(pods.filter { $0.component == "worker" }.compactMap(\.node)).sorted()
    let (catalogue, _, _) = try await answers(end, steps)
    if case .manifests = deployable { try await capture(nodes, pods, end, steps) }
    hub.tellChanges()
    return ToolAnswer(
      structured: [
        "state": "running", "namespace": .string(access.namespace), "was_there": .bool(wasThere),
        "pods": JSONValue(pods.count), "nodes": JSONValue(nodes.count),
        "version": .string(catalogue.version), "tools": JSONValue(catalogue.tools.count),
        "left_out": .array(leftOut.map { .string($0) }),
      ],
      text: """
        Kubeshark is running in namespace '\(access.namespace)'\
        \(wasThere ? " (it was there before, and has these settings now)" : ""): all \(pods.count) pods \
        are ready, \(nodes.count) nodes capture, and its Hub offers \(catalogue.tools.count) tools. \
        \(Self.sentence(leftOut))stop_kubeshark removes it.
        """)
  }

  /// Most nodes that are named one by one.
  private static let maxNamed = 10

  private static func sentence(_ leftOut: [String]) -> String {
    guard !leftOut.isEmpty else { return "" }
    let more = leftOut.count > maxNamed ? ", and \(leftOut.count - maxNamed) more" : ""
    let names = leftOut.prefix(maxNamed).joined(separator: ", ") + more
    return
      "Not capturing, because the node itself is not ready: \(names); its agent starts when it is. "
  }

  private func install(
    _ access: ClusterAccess, _ targets: Targets, _ steps: Steps
  ) async throws(ToolError) -> Bool {
    switch deployable {
    case .manifests(let settings, let version):
      return try await Installation(
        access: access, origin: hub.origin, settings: targets.added(to: settings), version: version
      ).install { steps.tell($0) }
    case .chart(let chart, let settings):
      let helm = Helm(access: access, chart: chart)
      let result = await steps.keepTelling(
        "installing the chart in namespace \(access.namespace)"
      ) { () -> Result<Void, ClusterFault> in
        do throws(ClusterFault) {
          return .success(try await helm.install(targets, settings))
        } catch { return .failure(error) }
      }
      if case .failure(let fault) = result { throw helmError(fault) }
      return false
    }
  }

  /// Waits until all pods are ready; gives them, and the nodes that are not waited for.
  private func comesUp(
    _ kubectl: Kubectl, _ rollout: Rollout, _ end: Deadline, _ steps: Steps
  ) async throws(ToolError) -> (pods: [ClusterPod], leftOut: [String]) {
    var rollout = rollout
    var silence = Silence()
    var seen = Rollout.Seen(pods: [])
    repeat {
      let step: Rollout.Step
      do throws(ClusterFault) {
        seen = try await look(kubectl)
        step = rollout.step(seen, now: end.passed)
        silence.answered()
      } catch {
        guard silence.bears(error) else { throw hub.error(error) }
        steps.tell("the cluster does not answer at the moment")
        try await pause()
        continue
      }
      switch step {
      case .ready: return (seen.pods.filter(\.isReady), rollout.leftOut.sorted())
      case .failed(let reason):
        throw await notReady(
          kubectl, reason, Self.ended(seen.pods, reason), rollout.news(seen.events))
      case .wait(let how): steps.tell(how)
      }
      try await pause()
    } while !end.isOver
    throw await notReady(
      kubectl, "it took longer than \(end.limitText); at last \(rollout.standstill)",
      ClusterPod.stuck(seen.pods), rollout.news(seen.events))
  }

  /// When it has taken too long.
  private struct Deadline {
    let start: ContinuousClock.Instant
    let limit: Duration

    var passed: Duration { ContinuousClock.now - start }
    var isOver: Bool { passed >= limit }
    var limitText: String {
      let seconds = limit.components.seconds
      return seconds > 60 && seconds % 60 == 0 ? "\(seconds / 60) minutes" : "\(seconds) s"
    }
  }

  /// The pod whose containers keep ending, where that is the reason.
  private static func ended(_ pods: [ClusterPod], _ reason: String) -> [ClusterPod] {
    guard reason.contains("CrashLoopBackOff") || reason.contains("Error") else { return [] }
    return pods.filter { reason.hasPrefix("pod \($0.name):") }
  }

  private func look(_ kubectl: Kubectl) async throws(ClusterFault) -> Rollout.Seen {
    var seen = Rollout.Seen(pods: try await ClusterPod.all(kubectl))
    if case .manifests = deployable {
      seen.workloads = try ClusterService.items(
        in: await kubectl.run([
          "--namespace=\(kubectl.access.namespace)", "get", "deployments.apps,daemonsets.apps",
          deploymentSelector(kubectl.access.namespace), "--output=json",
        ])
      ).compactMap { ClusterWorkload($0) }
    }
    // They are asked for while something is missing.
    let isWhole =
      seen.pods.allSatisfy { $0.isReady || $0.hasFailed } && seen.workloads.allSatisfy(\.isComplete)
    if !isWhole || seen.pods.isEmpty {
      let isUnplaced = seen.pods.contains { $0.trouble?.hasPrefix("Unschedulable") ?? false }
      seen.events = await ClusterEvent.warnings(kubectl, growth: isUnplaced)
    }
    if !isWhole {
      seen.downNodes = await ClusterNodes.down(under: seen.pods, kubectl)
      seen.pods = ClusterPod.explained(seen.pods, down: seen.downNodes)
    }
    return seen
  }

  /// Cancelling ends the waiting; what was installed stays and goes on starting.
  private func pause() async throws(ToolError) {
    do { try await Task.sleep(for: Self.look) } catch { throw hub.error(.cancelled) }
  }

  /// Codes of errors that a moment later may be gone: pods and ways to them are being replaced.
  private static let passing = [
    "not_ready", "hub_unreachable", "hub_dropped", "cluster_unreachable",
  ]

  /// Waits until the Hub answers: a pod is ready a moment before its Service leads to it.
  private func answers(
    _ end: Deadline, _ steps: Steps
  ) async throws(ToolError) -> (catalogue: Catalogue, service: String, took: Duration) {
    steps.tell("asking the Hub")
    var tries = 0
    while true {
      do throws(ToolError) { return try await hub.probe() } catch {
        tries += 1
        guard Self.passing.contains(error.code), tries < 15, !end.isOver else { throw error }
        steps.tell("the Hub does not answer yet")
      }
      try await pause()
    }
  }

  /// Waits until the Hub has heard of every node that captures.
  private func capture(
    _ nodes: [String], _ pods: [ClusterPod], _ end: Deadline, _ steps: Steps
  ) async throws(ToolError) {
    var failures = 0
    while true {
      let answered: [AgentState]?
      do throws(ToolError) {
        answered = try await hub.agents()
        failures = 0
      } catch {
        failures += 1
        guard Self.passing.contains(error.code), failures < 15 else { throw error }
        steps.tell("the Hub does not answer at the moment")
        try await pause()
        continue
      }
      guard let agents = answered else { return }
      let missing = AgentState.missing(nodes, agents)
      guard !missing.isEmpty else { return }
      let some = missing.prefix(5).joined(separator: ", ")
      guard !end.isOver else {
        let silent = pods.filter { pod in
          pod.component == "worker"
            && missing.contains { $0.hasPrefix("\(pod.node ?? "") (") }
        }
        throw await notReady(
          Kubectl(access: hub.access), "these nodes do not capture: \(some)", silent, [])
      }
      steps.tell(
        "\(nodes.count - missing.count) of \(nodes.count) nodes capture; waiting for \(some)")
      try await pause()
    }
  }

  /// - Parameter pods: those that may say more of it.
  private func notReady(
    _ kubectl: Kubectl, _ reason: String, _ pods: [ClusterPod], _ events: [ClusterEvent]
  ) async -> ToolError {
    let words = await LastWords(kubectl: kubectl, redacted: redacted).paragraphs(pods, events)
    let advice = Self.advice(reason + words, kubectl.access).map { $0 + " " } ?? ""
    return ToolError(
      status: 502, code: "start_failed",
      message: """
        Kubeshark was installed in namespace '\(kubectl.access.namespace)', but does not start: \
        \(reason)\(words)
        """,
      hint:
        "\(advice)check_kubeshark_status shows how it goes on; stop_kubeshark removes it.")
  }

  /// What helps against some reasons.
  private static func advice(_ reason: String, _ access: ClusterAccess) -> String? {
    if reason.contains("PodSecurityPolicy") {
      return """
        Agents need their nodes' network and NET_RAW: let the service account \(Manifests.agent) use a \
        policy that allows both, by a Role with the verb use, and a RoleBinding.
        """
    }
    if reason.contains("security context constraint") {
      let scc = "oc adm policy add-scc-to-user"
      return """
        On OpenShift an administrator allows it: \(scc) privileged --serviceaccount=\(Manifests.agent) \
        --namespace=\(access.namespace), and \(scc) nonroot-v2 --serviceaccount=\(Manifests.hub) \
        --namespace=\(access.namespace).
        """
    }
    if reason.contains("PodSecurity") {
      // A namespace that was there before keeps its level: only its owner may change it.
      let label = "pod-security.kubernetes.io/enforce=privileged"
      return """
        Agents share their nodes' network, which that level forbids: kubectl label namespace \
        \(access.namespace) --overwrite \(label), or name another release_namespace.
        """
    }
    if ["ErrImage", "ImagePull", "InvalidImageName"].contains(where: { reason.contains($0) }) {
      return """
        The image is named by --set \(ClusterSetting.registry.name) and \(ClusterSetting.tag.name), \
        and Secrets for its registry by \(ClusterSetting.pullSecrets.name); nodes that have it need no \
        registry (kind load image-archive, k3s ctr images import).
        """
    }
    if reason.contains("exec format error") {
      return """
        The image is for another architecture than that node's. Push one for each under one tag, or \
        keep pods to the nodes it is for: --set \(ClusterSetting.nodeSelector.name)\
        .kubernetes.io/arch=amd64, and \(ClusterSetting.hubNodeSelector.name) for the Hub.
        """
    }
    if reason.contains("OOMKilled") {
      return """
        The memory limit is too small: --set \(ClusterSetting.hubResources.name).limits.memory or \
        \(ClusterSetting.agentResources.name).limits.memory raises it.
        """
    }
    if reason.contains("untolerated taint") || reason.contains("had taint") {
      return """
        Taints are tolerated by --set \(ClusterSetting.hubTolerations.name)=[{"operator":"Exists"}] for \
        the Hub, and by \(ClusterSetting.tolerations.name) for agents.
        """
    }
    let limits = ["quota", "memory usage per", "cpu usage per"]
    if limits.contains(where: { reason.contains($0) }) {
      return """
        What they ask for and may use is set by --set \(ClusterSetting.hubResources.name) and \
        \(ClusterSetting.agentResources.name), such as \(ClusterSetting.agentResources.name).limits.cpu=1.
        """
    }
    if reason.contains("another program listens there") {
      return "--set \(ClusterSetting.healthPort.name) chooses another port of the nodes for agents."
    }
    if reason.contains("PersistentVolumeClaim") {
      return """
        --set \(ClusterSetting.storageClass.name) names a storage class (kubectl get storageclass), and \
        \(ClusterSetting.persistentStorage.name)=false does without a claim.
        """
    }
    return nil
  }
}
