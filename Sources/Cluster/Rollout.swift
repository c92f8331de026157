/// Whether a deployment comes up, decided from what is seen of it again and again: no effects.
struct Rollout {
  enum Step: Equatable {
    /// Look again; how far it is, and what the cluster says of it.
    case wait(String)
    /// All pods are ready: ask the Hub.
    case ready(total: Int)
    /// It will not come up by itself: the object, and what says why.
    case failed(String)
  }

  /// What is seen at one moment.
  struct Seen {
    var pods: [ClusterPod]
    /// Ours; a chart of somebody else's may have others, which are not looked at.
    var workloads: [ClusterWorkload] = []
    var events: [ClusterEvent] = []
    /// Nodes that are not ready, of those whose pods may wait for that.
    var downNodes: Set<String> = []
  }

  /// How long a pod may be troubled, or no pod be there, before that counts: registries and
  /// schedulers have hiccups.
  static let patience = Duration.seconds(20)
  /// The same for what the kubelet tries again and often mends.
  static let kubeletPatience = Duration.seconds(60)
  /// For a node to be found where the cluster is growing for it.
  static let growthPatience = Duration.seconds(300)

  /// For a node to become ready: one that has just been made does, one that is broken is left out.
  static let nodePatience = Duration.seconds(30)

  /// Events from before, which explain nothing.
  private let old: Set<String>
  private var firstSeen: [String: Duration] = [:]
  private var downSince: [String: Duration] = [:]
  /// Nodes that have not been ready for long. Nothing can be captured there, and they are not waited
  /// for: DaemonSets put pods on them all the same.
  private(set) var leftOut: Set<String> = []
  /// What was waited for at last, and what the cluster says of it: for whoever waits no longer.
  private(set) var standstill = "no pod of it was seen"

  init(before: [ClusterEvent] = []) { old = Set(before.map(\.key)) }

  /// Of these events those that were not there before.
  func news(_ events: [ClusterEvent]) -> [ClusterEvent] { events.filter { !old.contains($0.key) } }

  /// - Parameter now: since the beginning.
  mutating func step(_ seen: Seen, now: Duration) -> Step {
    let events = news(seen.events)
    leaveOut(seen.downNodes, now)
    var troubles = Self.refusals(seen, events)
    for workload in seen.workloads
    where workload.kind == "DaemonSet" && workload.isObserved && workload.desired == 0 {
      troubles.append(
        (
          workload.title,
          "no node has the labels of \(ClusterSetting.nodeSelector.name) and only taints that are tolerated",
          .seconds(5)
        ))
    }
    let pods = seen.pods.filter { !$0.hasFailed && !isLeftOut($0) }
    for pod in pods where !pod.isReady {
      if let trouble = Self.trouble(pod, events) { troubles.append(trouble) }
    }
    let current = Set(troubles.map { $0.object })
    firstSeen = firstSeen.filter { current.contains($0.key) }
    for (object, reason, patience) in troubles {
      let since = firstSeen[object] ?? now
      firstSeen[object] = since
      if now - since >= patience { return .failed("\(object): \(reason)") }
    }
    let ready = pods.count(where: \.isReady)
    let left = Set(seen.pods.filter { isLeftOut($0) }.compactMap(\.node)).count
    let isComplete = seen.workloads.allSatisfy { workload in
      workload.isWhole(without: workload.kind == "DaemonSet" ? left : 0)
    }
    if isComplete, ready == pods.count, ready > 0 { return .ready(total: ready) }
    let progress = Self.progress(pods, seen.workloads, ready: ready)
    let said = events.last { event in
      event.kind == "Pod" && !event.isBare && pods.contains { !$0.isReady && $0.name == event.name }
    }
    standstill = progress + (said.map { "; \($0.text)" } ?? "")
    return .wait(standstill)
  }

  private mutating func leaveOut(_ nodes: Set<String>, _ now: Duration) {
    downSince = downSince.filter { nodes.contains($0.key) }
    for node in nodes where downSince[node] == nil { downSince[node] = now }
    leftOut = Set(downSince.filter { now - $0.value >= Self.nodePatience }.keys)
  }

  /// Other pods than agents are made anew elsewhere.
  private func isLeftOut(_ pod: ClusterPod) -> Bool {
    pod.component == "worker" && (pod.node.map { leftOut.contains($0) } ?? false)
  }

  private typealias Trouble = (object: String, reason: String, patience: Duration)

  /// Controllers that cannot make pods: quota, Pod Security, admission.
  private static func refusals(_ seen: Seen, _ events: [ClusterEvent]) -> [Trouble] {
    events.filter { $0.reason == "FailedCreate" }.compactMap { event in
      let isMissing =
        seen.workloads.isEmpty
        ? seen.pods.isEmpty
          // A ReplicaSet is named after its Deployment.
        : seen.workloads.contains { event.name.hasPrefix($0.name) && $0.made < max(1, $0.desired) }
      guard isMissing else { return nil }
      return (
        event.title, "\(event.reason): \(event.message)",
        isFinal(event.message) ? .zero : patience
      )
    }
  }

  /// Whether a refusal stays one: what the API server or a webhook forbids, not what it has not
  /// heard of yet.
  private static func isFinal(_ message: String) -> Bool {
    let text = message.lowercased()
    if text.contains("serviceaccount"), text.contains("not found") { return false }
    return ["exceeded quota", "podsecurity", "denied", "is forbidden", "is invalid"]
      .contains { text.contains($0) }
  }

  private static func trouble(_ pod: ClusterPod, _ events: [ClusterEvent]) -> Trouble? {
    let event = events.last { event in
      event.kind == "Pod" && event.name == pod.name && event.reason != "Unhealthy" && !event.isBare
    }
    let isGrowing = events.contains {
      ClusterEvent.growth.contains($0.reason) && $0.name == pod.name
    }
    let trouble = pod.trouble ?? ""
    let said = ([trouble] + (event.map { ["\($0.reason): \($0.message)"] } ?? []))
      .filter { !$0.isEmpty }
    let all = said.joined(separator: "; ")
    guard let patience = patience(for: trouble, all, event: event?.reason, isGrowing) else {
      return nil
    }
    return ("pod \(pod.name)", all, patience)
  }

  /// How long such trouble is watched; nil for what is on its way.
  private static func patience(
    for trouble: String, _ all: String, event: String?, _ isGrowing: Bool
  ) -> Duration? {
    switch String(trouble.prefix { $0 != ":" }) {
    case "InvalidImageName", "ErrImageNeverPull": return .zero
    case "ErrImagePull", "ImagePullBackOff":
      // The registry has answered: asking again changes nothing.
      let answers = [
        "not found", "manifest unknown", "denied", "unauthorized", "no match for platform",
        "does not exist",
      ]
      let text = all.lowercased()
      return answers.contains { text.contains($0) } ? .zero : patience
    case "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
      "CrashLoopBackOff":
      return patience
    case "Unschedulable":
      if all.contains("no nodes available") || all.contains("0/0 nodes") { return .zero }
      if isGrowing { return growthPatience }
      // A volume may be made while the pod waits.
      return all.contains("PersistentVolumeClaim") ? kubeletPatience : patience
    default:
      let waits = ["FailedMount", "FailedCreatePodSandBox", "FailedAttachVolume"]
      return event.map { waits.contains($0) } == true ? kubeletPatience : nil
    }
  }

  /// Most pods that are named one by one.
  private static let maxNamed = 3

  private static func progress(
    _ pods: [ClusterPod], _ workloads: [ClusterWorkload], ready: Int
  ) -> String {
    var parts =
      workloads.isEmpty
      ? ["\(ready) of \(pods.count) pods are ready"]
      : workloads.map { "\($0.name) \(min($0.ready, $0.desired))/\($0.desired) ready" }
    let waiting = pods.filter { !$0.isReady }
    parts += waiting.prefix(maxNamed).map { pod in
      "\(pod.name)\(pod.node.map { " on \($0)" } ?? "") \(pod.trouble.map { $0.prefix { $0 != ":" }.description } ?? "is starting")"
    }
    if waiting.count > maxNamed { parts.append("and \(waiting.count - maxNamed) more") }
    return parts.joined(separator: ", ")
  }
}
