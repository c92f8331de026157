import JSON

/// A pod of the deployment, as far as its health goes.
struct ClusterPod: Hashable, Sendable {
  /// What the published product and ours label all their pods with.
  static let selector = "app.kubernetes.io/name=kubeshark"
  static let selectorFlag = "--selector=\(selector)"
  private static let componentLabel = "app.kubeshark.com/app"

  var name: String
  /// `front`, `hub`, `worker`.
  var component: String
  var node: String?
  var isReady: Bool
  /// Why it is not ready, in the cluster's words; nil when it is, or nothing is said.
  var trouble: String?
  /// Whether it has ended for good, as one that was evicted. Its controller makes another in its place,
  /// and it stays in the list to tell why.
  var hasFailed: Bool
  /// Whether a container of it runs, ready or not.
  var isRunning = false
  /// How often its containers were started again.
  var restarts: Int
  /// How one of those ended at last, such as `OOMKilled, code 137`; nil where none did.
  var lastEnd: String?

  /// Whether its node may be away: it should run and does not, and no kubelet says why.
  var mayBeCutOff: Bool {
    guard !isReady, !hasFailed, node != nil, let trouble else { return false }
    return ["Pending", "Running", Self.going].contains(trouble)
      || trouble.hasPrefix("ContainersNotReady")
  }

  /// Of pods that run and are not ready the first of each component: what they say themselves is all
  /// there is to know why.
  static func stuck(_ pods: [ClusterPod]) -> [ClusterPod] {
    var found: [ClusterPod] = []
    for pod in pods where pod.isRunning && !pod.isReady && !pod.hasFailed && !pod.isGoing {
      if !found.contains(where: { $0.component == pod.component }) { found.append(pod) }
    }
    return found
  }

  private var isGoing: Bool { trouble == Self.going }
  private static let going = "is being removed"

  /// The pods, with what they wait for on nodes that are not ready.
  static func explained(_ pods: [ClusterPod], down nodes: Set<String>) -> [ClusterPod] {
    pods.map { pod in
      guard pod.mayBeCutOff, let node = pod.node, nodes.contains(node) else { return pod }
      var pod = pod
      pod.trouble = "its node is not ready"
      return pod
    }
  }

  static func all(_ kubectl: Kubectl) async throws(ClusterFault) -> [ClusterPod] {
    try all(
      in: try await kubectl.run([
        "--namespace=\(kubectl.access.namespace)", "get", "pod", selectorFlag,
        "--output=json",
      ]))
  }

  /// Pods that have done their work are left out.
  static func all(in output: [UInt8]) throws(ClusterFault) -> [ClusterPod] {
    try ClusterService.items(in: output).compactMap { ClusterPod($0) }
      .sorted { ($0.component, $0.name) < ($1.component, $1.name) }
  }

  private init?(_ pod: JSONValue) {
    guard pod["kind"]?.string ?? "Pod" == "Pod", let name = pod["metadata"]?["name"]?.string
    else { return nil }
    let status = pod["status"]
    let phase = status?["phase"]?.string ?? "Unknown"
    guard phase != "Succeeded" else { return nil }
    self.name = name
    node = pod["spec"]?["nodeName"]?.string
    component = pod["metadata"]?["labels"]?[Self.componentLabel]?.string ?? "other"
    let conditions = status?["conditions"]?.array ?? []
    let isGoing = pod["metadata"]?["deletionTimestamp"]?.string != nil
    let isOver = phase == "Failed"
    let ready = conditions.first { $0["type"]?.string == "Ready" }
    hasFailed = isOver
    isReady = !isGoing && !isOver && ready?["status"]?.string == "True"
    let containers = status?["containerStatuses"]?.array ?? []
    isRunning = containers.contains { $0["state"]?["running"] != nil }
    restarts = containers.reduce(0) { $0 + Int(clamping: $1["restartCount"]?.int ?? 0) }
    lastEnd = containers.compactMap { Self.end($0["lastState"]?["terminated"]) }.last
    guard !isReady else { return }
    // A pod that was evicted says so itself; its containers were just ended.
    let failure = isOver ? status?["reason"]?.string : nil
    if isGoing {
      trouble = Self.going
    } else if let failure {
      trouble = Self.text(failure, status?["message"]?.string)
    } else {
      trouble =
        Self.waiting(status) ?? Self.unscheduled(conditions) ?? Self.unready(ready, phase) ?? phase
    }
  }

  /// Why a container of it waits or ended: `ImagePullBackOff: Back-off pulling image …`.
  private static func waiting(_ status: JSONValue?) -> String? {
    let containers =
      (status?["initContainerStatuses"]?.array ?? []) + (status?["containerStatuses"]?.array ?? [])
    for container in containers {
      let state = container["state"]
      guard let found = state?["waiting"] ?? state?["terminated"],
        let reason = found["reason"]?.string, reason != "Completed"
      else { continue }
      // Why it is held back is how it ended before.
      let end = reason == "CrashLoopBackOff" ? Self.end(container["lastState"]?["terminated"]) : nil
      let said = [found["message"]?.string, end.map { "it ended with \($0)" }].compactMap { $0 }
      return text(reason, said.isEmpty ? nil : said.joined(separator: "; "))
    }
    return nil
  }

  /// Of a pod that runs: which of its containers is not ready yet, or not any more.
  private static func unready(_ ready: JSONValue?, _ phase: String) -> String? {
    guard phase == "Running", let reason = ready?["reason"]?.string else { return nil }
    return text(reason, ready?["message"]?.string)
  }

  /// How a container ended: `OOMKilled, code 137`.
  private static func end(_ terminated: JSONValue?) -> String? {
    guard let terminated, let code = terminated["exitCode"]?.int else { return nil }
    let reason = String((terminated["reason"]?.string ?? "").filter { $0 >= " " }.prefix(60))
    return (reason.isEmpty ? "" : reason + ", ") + "code \(code)"
  }

  private static func unscheduled(_ conditions: [JSONValue]) -> String? {
    conditions.first {
      $0["type"]?.string == "PodScheduled" && $0["status"]?.string == "False"
    }.map { text($0["reason"]?.string ?? "Unscheduled", $0["message"]?.string) }
  }

  private static func text(_ reason: String, _ message: String?) -> String {
    let whole = reason + (message.map { ": \($0)" } ?? "")
    return String(whole.filter { $0 >= " " }.prefix(300))
  }
}
