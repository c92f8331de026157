import JSON

/// An object of the cluster, as far as it matters who made it.
struct ClusterObject: Hashable, Sendable {
  var apiVersion: String
  var kind: String
  var name: String
  var namespace: String?
  var labels: [String: String]
  var annotations: [String: String]
  /// Whether it is on its way out.
  var isGoing: Bool
  /// What keeps it until it goes, as far as the cluster says so.
  var keeper: String?

  init?(_ object: JSONValue) {
    guard let kind = object["kind"]?.string, let metadata = object["metadata"],
      let name = metadata["name"]?.string
    else { return nil }
    self.kind = kind
    self.name = name
    apiVersion = object["apiVersion"]?.string ?? "v1"
    namespace = metadata["namespace"]?.string
    labels = Self.texts(metadata["labels"])
    annotations = Self.texts(metadata["annotations"])
    isGoing = metadata["deletionTimestamp"]?.string != nil
    keeper = Self.keeper(object)
  }

  /// A namespace says what it still holds, or which part of the API cannot be asked for that; other
  /// objects wait for their finalizers, and a pod for the kubelet of its node.
  private static func keeper(_ object: JSONValue) -> String? {
    let said = (object["status"]?["conditions"]?.array ?? []).filter { condition in
      condition["type"]?.string?.hasPrefix("Namespace") ?? false
        && condition["status"]?.string == "True"
    }.compactMap { $0["message"]?.string }
    let finalizers = (object["metadata"]?["finalizers"]?.array ?? []).compactMap(\.string)
    let words: String
    if !said.isEmpty {
      words = said.joined(separator: "; ")
    } else if !finalizers.isEmpty {
      words = "it waits for \(finalizers.joined(separator: ", "))"
    } else if object["kind"]?.string == "Pod", let node = object["spec"]?["nodeName"]?.string {
      words = "the kubelet of node \(node) has to end it"
    } else {
      return nil
    }
    return String(words.filter { $0 >= " " }.prefix(400))
  }

  static func all(in output: [UInt8]) throws(ClusterFault) -> [ClusterObject] {
    try ClusterService.items(in: output).compactMap { ClusterObject($0) }
  }

  private static func texts(_ value: JSONValue?) -> [String: String] {
    var texts: [String: String] = [:]
    for member in value?.object?.members ?? [] { texts[member.name] = member.value.string }
    return texts
  }

  /// `Deployment/kubeshark-hub`, as people name it.
  var title: String { "\(kind)/\(name)" }

  /// What is said of one that does not go: `Pod/x: it is still being removed: …`.
  var stillThere: String {
    "\(title): it is still being removed" + (keeper.map { ": \($0)" } ?? "")
  }

  /// Whether it was made by `start_kubeshark`, `kubeshark tap` or from the files of `Deploy/`.
  var isOurs: Bool { labels["app.kubernetes.io/managed-by"] == Manifests.manager }

  func isSame(as manifest: Manifest) -> Bool {
    kind == manifest.kind && name == manifest.name
      && (manifest.namespace == nil || namespace == manifest.namespace)
  }

  /// What names it for `kubectl delete`.
  var reference: JSONValue {
    var metadata: JSONObject = ["name": .string(name)]
    if let namespace { metadata["namespace"] = .string(namespace) }
    return [
      "apiVersion": .string(apiVersion), "kind": .string(kind), "metadata": .object(metadata),
    ]
  }
}

/// What selects the objects of one deployment.
func deploymentSelector(_ namespace: String) -> String {
  "--selector=app.kubernetes.io/managed-by=\(Manifests.manager),"
    + "app.kubernetes.io/instance=\(namespace)"
}
