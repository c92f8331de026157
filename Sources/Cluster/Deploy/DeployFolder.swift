import JSON

/// The files of `Deploy/`: manifests for `kubectl apply`, and the Helm chart.
package struct DeployFolder: Sendable {
  /// Where the manifests install Kubeshark.
  package static let namespace = "kubeshark"

  package struct File: Hashable, Sendable {
    /// Within the folder.
    package let path: String
    package let text: String
  }

  package let files: [File]

  /// - Parameter version: the tag of the image where none is set, and the version of the chart.
  package init(_ settings: ClusterSettings, version: String) throws(ClusterSettings.Mistake) {
    var narrow = settings
    try narrow.set(.clusterRoles, false)
    if settings.names(.namespaces).isEmpty {
      try narrow.set(.namespaces, [.string(ClusterAccess.standardNamespace)])
    }
    var files: [File] = []
    for (name, settings, title) in [
      ("kubeshark.yaml", settings, "Kubeshark for a whole cluster."),
      (
        "kubeshark-namespaced.yaml", narrow,
        """
        Kubeshark without rights in the whole cluster: agents may read names in the namespaces that \
        have a Role below, and capture their pods alone.
        """
      ),
    ] {
      let manifests = try Manifests(
        settings, namespace: Self.namespace, token: nil, version: version)
      files.append(File(path: name, text: Self.head(title) + manifests.yaml))
    }
    files.append(File(path: "debug-container.yaml", text: Self.debugContainer))
    for (path, text) in HelmChart(version: version).files {
      files.append(File(path: "helm/kubeshark/" + path, text: text))
    }
    self.files = files
  }

  private static func head(_ title: String) -> String {
    Manifests.comment(title)
      + """
      # Made by make manifests, from the source that start_kubeshark and kubeshark tap apply.
      #
      # Agents show the Hub a token, which is not in this file. Make it once, before the rest:
      #
      #   kubectl create namespace \(namespace)
      #   kubectl --namespace \(namespace) create secret generic \(Manifests.secret) \\
      #     --from-literal=token="$(openssl rand -hex 32)"
      #   kubectl apply --server-side --filename FILE

      """
  }

  /// For `kubectl debug --custom`: one pod's traffic, without an installation.
  private static let debugContainer =
    Manifests.comment(
      """
      What a container of kubectl debug needs to capture the traffic of one pod: NET_RAW and nothing \
      else. What it takes of memory and disk counts as the pod's, so that it is told to take little. \
      Made by make manifests.
      """) + "#\n"
      + """
      #   kubectl debug POD -it --image=IMAGE --profile=general --custom=debug-container.yaml \\
      #     --container=kubeshark -- kubeshark hub --interface any --keep-bytes 64M --raw-bytes 64M \\
      #     --ring-memory 8M
      #   kubectl port-forward POD 8899
      #   kubeshark mcp --url http://127.0.0.1:8899

      """
    + YAML.document([
      "securityContext": [
        "runAsUser": 0, "runAsNonRoot": false, "allowPrivilegeEscalation": false,
        "capabilities": ["drop": ["ALL"], "add": ["NET_RAW"]],
        "seccompProfile": ["type": "RuntimeDefault"],
      ]
    ])
}
