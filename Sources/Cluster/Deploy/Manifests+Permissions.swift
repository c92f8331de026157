import JSON

/// What the Hub and the agents may ask the API server: which pods and services have which addresses,
/// and nothing else.
extension Manifests {
  private static let rules: JSONValue = [
    ["apiGroups": [""], "resources": ["pods", "services"], "verbs": ["list", "watch"]],
    [
      "apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"],
      "verbs": ["list", "watch"],
    ],
  ]

  var permissions: [Manifest] {
    if values.isChart { return clusterWide + inNamespace(Self.chartNamespace) }
    guard case .settings(let settings, _, _, _) = values.source else { return [] }
    if settings.flag(.clusterRoles) { return clusterWide }
    return settings.names(.namespaces).flatMap { inNamespace(.string($0)) }
  }

  /// In a chart the namespaces are gone through.
  private static let chartNamespace = ManifestValues.expression("toJson $namespace")

  /// Objects outside the release namespace are named after it, so that releases do not meet.
  private var outerName: JSONValue {
    values.isChart
      ? ManifestValues.expression("printf \"kubeshark-%s\" $.Release.Namespace | toJson")
      : values.namespace("kubeshark-")
  }

  private var subjects: JSONValue {
    let namespace =
      values.isChart
      ? ManifestValues.expression("toJson $.Release.Namespace") : values.namespace()
    return .array(
      [Self.hub, Self.agent].map { name in
        ["kind": "ServiceAccount", "name": .string(name), "namespace": namespace]
      })
  }

  private func binding(_ kind: String, to role: String, namespace: JSONValue?) -> JSONObject {
    [
      "apiVersion": "rbac.authorization.k8s.io/v1", "kind": .string(kind),
      "metadata": outer(namespace),
      "roleRef": [
        "apiGroup": "rbac.authorization.k8s.io", "kind": .string(role), "name": outerName,
      ], "subjects": subjects,
    ]
  }

  /// In a chart, `.` may be something else there.
  private func outer(_ namespace: JSONValue?) -> JSONValue {
    guard values.isChart else { return metadata(outerName, namespace: namespace) }
    var metadata: JSONObject = ["name": outerName]
    if let namespace { metadata["namespace"] = namespace }
    metadata["labels"] = [
      "app.kubernetes.io/name": "kubeshark",
      "app.kubernetes.io/instance": ManifestValues.expression("toJson $.Release.Name"),
      "app.kubernetes.io/managed-by": ManifestValues.expression("toJson $.Release.Service"),
    ]
    return .object(metadata)
  }

  private var clusterWide: [Manifest] {
    grants(
      "ClusterRole",
      "The names behind addresses, in all namespaces: they are listed and watched, never changed.",
      in: nil, when: .clusterRoles)
  }

  private func inNamespace(_ namespace: JSONValue) -> [Manifest] {
    grants(
      "Role",
      "The names behind addresses, in a namespace that is captured: listed and watched, never changed.",
      in: namespace, when: .eachNamespace)
  }

  /// A role of that kind, and who has it.
  private func grants(
    _ kind: String, _ comment: String, in namespace: JSONValue?, when: Manifest.Condition
  ) -> [Manifest] {
    [
      Manifest(
        comment,
        [
          "apiVersion": "rbac.authorization.k8s.io/v1", "kind": .string(kind),
          "metadata": outer(namespace), "rules": Self.rules,
        ], when: when),
      Manifest("", binding(kind + "Binding", to: kind, namespace: namespace), when: when),
    ]
  }
}
