import JSON

/// Whether a deployment comes up, decided from what is seen of it again and again: no effects.
struct Rollout {
  enum Step: Equatable {
    /// Look again; so many pods are ready of so many.
    case wait(ready: Int, total: Int)
    /// All pods are ready: ask the Hub.
    case ready(total: Int)
    /// It will not come up by itself; the reason.
    case failed(String)
  }

  /// Reasons that do not go away by waiting.
  static let fatal: Set<String> = [
    "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
    "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff",
  ]
  /// How long a pod may be troubled, or no pod be there, before that counts: registries and
  /// schedulers have hiccups.
  static let patience = Duration.seconds(20)
  /// For a node to be found; clusters that grow by themselves take minutes.
  static let schedulingPatience = Duration.seconds(180)

  private var firstSeen: [String: Duration] = [:]

  /// - Parameters:
  ///   - warnings: events of controllers that cannot make pods.
  ///   - now: since the beginning.
  mutating func step(_ pods: [ClusterPod], warnings: [String], now: Duration) -> Step {
    if pods.isEmpty {
      guard now >= Self.patience else { return .wait(ready: 0, total: 0) }
      if let warning = warnings.first { return .failed("no pods can be made: \(warning)") }
      return .wait(ready: 0, total: 0)
    }
    for pod in pods where !pod.isReady {
      guard let trouble = pod.trouble, let patience = Self.patience(for: trouble) else {
        firstSeen[pod.name] = nil
        continue
      }
      let since = firstSeen[pod.name] ?? now
      firstSeen[pod.name] = since
      if now - since >= patience { return .failed("pod \(pod.name): \(trouble)") }
    }
    let ready = pods.count(where: \.isReady)
    return ready == pods.count ? .ready(total: ready) : .wait(ready: ready, total: pods.count)
  }

  /// How long such trouble is watched; nil for what is on its way.
  private static func patience(for trouble: String) -> Duration? {
    let reason = String(trouble.prefix { $0 != ":" })
    if fatal.contains(reason) { return patience }
    return reason == "Unschedulable" ? schedulingPatience : nil
  }

  /// What controllers said when they could not make pods: quota, PodSecurity, admission.
  static func warnings(in output: [UInt8]) throws(ClusterFault) -> [String] {
    try ClusterService.items(in: output).compactMap { event in
      guard event["reason"]?.string == "FailedCreate", let message = event["message"]?.string else {
        return nil
      }
      let object = event["involvedObject"]
      let name = "\(object?["kind"]?.string ?? "")/\(object?["name"]?.string ?? "")"
      return String("\(name): \(message)".filter { $0 >= " " }.prefix(400))
    }
  }
}
