import JSON

/// A Deployment or DaemonSet of ours: how many pods it wants and how far they are.
struct ClusterWorkload: Hashable, Sendable {
  var kind: String
  var name: String
  var desired: Int
  /// Pods that were made, of whichever age.
  var made: Int
  /// Pods of the current settings that are ready.
  var ready: Int
  /// Whether its controller has seen the current settings.
  var isObserved: Bool

  var title: String { "\(kind)/\(name)" }
  var isComplete: Bool { isWhole(without: 0) }

  /// Whether all its pods are ready but for so many that cannot be.
  func isWhole(without left: Int) -> Bool {
    isObserved && desired > left && ready >= desired - left
  }

  init?(_ object: JSONValue) {
    guard let kind = object["kind"]?.string, let name = object["metadata"]?["name"]?.string else {
      return nil
    }
    let status = object["status"]
    func count(_ name: String) -> Int { Int(status?[name]?.int ?? 0) }
    switch kind {
    case "DaemonSet":
      desired = count("desiredNumberScheduled")
      made = count("currentNumberScheduled")
      ready = min(count("numberReady"), count("updatedNumberScheduled"))
    case "Deployment":
      desired = Int(object["spec"]?["replicas"]?.int ?? 1)
      made = count("replicas")
      ready = min(count("readyReplicas"), count("updatedReplicas"))
    default: return nil
    }
    (self.kind, self.name) = (kind, name)
    let generation = object["metadata"]?["generation"]?.int ?? 0
    isObserved = (status?["observedGeneration"]?.int ?? -1) >= generation
  }
}

/// Something the cluster tells about an object.
struct ClusterEvent: Hashable, Sendable {
  var key: String
  var reason: String
  var kind: String
  var name: String
  var message: String
  /// When it happened last, as RFC 3339 has it; empty where nobody says.
  var time: String

  var title: String { "\(kind)/\(name)" }
  /// Whether it only repeats the state that its pod is in: `Error: ImagePullBackOff`.
  var isBare: Bool { message.hasPrefix("Error: ") && !message.dropFirst(7).contains(" ") }
  /// `DaemonSet/kubeshark-agent: FailedCreate: pods … is forbidden: …`
  var text: String { "\(title): \(reason): \(message)" }

  init?(_ event: JSONValue) {
    guard let reason = event["reason"]?.string, let message = event["message"]?.string else {
      return nil
    }
    self.reason = reason
    self.message = String(message.filter { $0 >= " " }.prefix(400))
    kind = event["involvedObject"]?["kind"]?.string ?? ""
    name = event["involvedObject"]?["name"]?.string ?? ""
    // An event that comes again is the same object with a higher count.
    let count = event["count"]?.int ?? event["series"]?["count"]?.int ?? 0
    let id = event["metadata"]?["uid"]?.string ?? event["metadata"]?["name"]?.string ?? self.message
    key = "\(id)#\(count)"
    time =
      [
        event["series"]?["lastObservedTime"], event["lastTimestamp"], event["eventTime"],
        event["metadata"]?["creationTimestamp"],
      ].compactMap { $0?.string }.first ?? ""
  }

  /// Reasons of events that tell that the cluster grows for a pod: of the cluster autoscaler, and of
  /// Karpenter.
  static let growth = ["TriggeredScaleUp", "Nominated"]

  /// The events of a namespace that warn, and those that tell that the cluster grows. Of all events
  /// there may be more than can be read: those about nodes are in namespace default.
  ///
  /// - Parameter growth: whether that it grows is asked for.
  static func warnings(_ kubectl: Kubectl, growth: Bool) async -> [ClusterEvent] {
    var found: [ClusterEvent] = []
    if growth {
      for reason in Self.growth { found += await events(kubectl, "reason=\(reason)") }
    }
    let known = Set(found.map(\.key))
    let warnings = await events(kubectl, "type!=Normal")
    return found + warnings.filter { !known.contains($0.key) }
  }

  private static func events(_ kubectl: Kubectl, _ fields: String) async -> [ClusterEvent] {
    do throws(ClusterFault) {
      return try all(
        in: await kubectl.run([
          "--namespace=\(kubectl.access.namespace)", "get", "events",
          "--field-selector=\(fields)", "--output=json",
        ]))
    } catch {
      // Events are an explanation, not the thing itself.
      return []
    }
  }

  /// Oldest first: lists are in the order of their names. Normal ones tell nothing but that the cluster
  /// grows.
  static func all(in output: [UInt8]) throws(ClusterFault) -> [ClusterEvent] {
    let events = try ClusterService.items(in: output).filter {
      $0["type"]?.string != "Normal" || growth.contains($0["reason"]?.string ?? "")
    }.compactMap { ClusterEvent($0) }
    return events.enumerated().sorted { one, other in
      (one.element.time, one.offset) < (other.element.time, other.offset)
    }.map(\.element)
  }
}
