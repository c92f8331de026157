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
    isReady =
      !isGoing
      && conditions.contains { $0["type"]?.string == "Ready" && $0["status"]?.string == "True" }
    guard !isReady else { return }
    trouble =
      isGoing ? "is being removed" : Self.waiting(status) ?? Self.unscheduled(conditions) ?? phase
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
      return text(reason, found["message"]?.string)
    }
    return nil
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
