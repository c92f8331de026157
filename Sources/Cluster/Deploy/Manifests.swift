import JSON

/// An object of a deployment, and what it is for.
struct Manifest: Sendable {
  /// When it belongs to a deployment.
  enum Condition: Sendable {
    case always
    /// Names are read in the whole cluster.
    case clusterRoles
    /// They are not; in a chart there is one for each namespace, named `$namespace`.
    case eachNamespace
    /// What the Hub keeps outlives its pod.
    case persistent
    /// The namespace denies what is not allowed.
    case networkPolicy
  }

  /// A sentence or two for whoever reads the YAML.
  let comment: String
  let object: JSONObject
  let condition: Condition

  init(_ comment: String, _ object: JSONObject, when condition: Condition = .always) {
    (self.comment, self.object, self.condition) = (comment, object, condition)
  }

  var kind: String { object["kind"]?.string ?? "" }
  var name: String { object["metadata"]?["name"]?.string ?? "" }
  var namespace: String? { object["metadata"]?["namespace"]?.string }
}

/// Everything that is deployed: the Hub, the agents, and what they may do.
///
/// The same few functions give the objects that `start_kubeshark` applies, the files in `Deploy`,
/// and the templates of the Helm chart.
package struct Manifests: Sendable {
  /// Who made an object, as its label says.
  static let manager = "kubeshark"
  static let hub = "kubeshark-hub"
  static let agent = "kubeshark-agent"
  static let secret = "kubeshark-agents"
  /// On the DaemonSet: namespaces in which there may be Roles, separated by commas.
  static let rolesAnnotation = "kubeshark.io/role-namespaces"
  /// What Kubernetes takes as `imagePullPolicy`.
  static let pullPolicies = ["Always", "IfNotPresent", "Never"]
  /// Most namespaces with Roles of their own.
  static let maxRoleNamespaces = 50

  /// Where the Hub answers people. It listens on the pod's loopback, where `kubectl port-forward`
  /// comes in: whoever may forward ports may ask, and nobody else in the cluster can.
  static let hubPort = 8_080
  /// Where the Hub takes what agents send, and probes.
  static let agentsPort = 8_081

  let values: ManifestValues

  init(_ values: ManifestValues) { self.values = values }

  /// - Parameters:
  ///   - token: nil when the Secret is not to be touched.
  ///   - version: the tag of the image where none is set.
  package init(
    _ settings: ClusterSettings, namespace: String, token: String?, version: String
  ) throws(ClusterSettings.Mistake) {
    let names = settings.names(.namespaces)
    for name in names + settings.names(.excludedNamespaces) + [namespace] {
      if let problem = ClusterAccess.problem(ofNamespace: name) {
        throw ClusterSettings.Mistake(message: problem)
      }
    }
    if let problem = PodPattern.problem(settings[.regex].string ?? "") {
      throw ClusterSettings.Mistake(message: "\(ClusterSetting.regex.name): \(problem)")
    }
    if !settings.flag(.clusterRoles) {
      guard !names.isEmpty else {
        throw ClusterSettings.Mistake(
          message: """
            without \(ClusterSetting.clusterRoles.name) the namespaces to capture must be named by \
            \(ClusterSetting.namespaces.name)
            """)
      }
      guard names.count <= Self.maxRoleNamespaces else {
        throw ClusterSettings.Mistake(
          message: "Roles are made in at most \(Self.maxRoleNamespaces) namespaces")
      }
    }
    guard Self.pullPolicies.contains(settings[.pullPolicy].string ?? "") else {
      throw ClusterSettings.Mistake(
        message:
          "\(ClusterSetting.pullPolicy.name) must be one of \(Self.pullPolicies.joined(separator: ", "))"
      )
    }
    try Self.checkSizes(settings)
    values = ManifestValues(
      source: .settings(settings, namespace: namespace, token: token, version: version))
  }

  /// Sizes that a Hub or an agent would refuse are told before anything is applied.
  private static func checkSizes(
    _ settings: ClusterSettings
  ) throws(ClusterSettings.Mistake) {
    for setting in [ClusterSetting.rawBytes, .callBytes, .storage, .snapshotStorage] {
      guard settings.bytes(setting) != nil else {
        throw ClusterSettings.Mistake(
          message: """
            \(setting.name) must be a whole number with a unit, such as \(setting.standard.text), not \
            \(settings[setting].text.prefix(80))
            """)
      }
    }
    let (calls, all) = (settings.bytes(.callBytes) ?? 0, settings.bytes(.snapshotStorage) ?? 0)
    // Of the volume an eighth is kept for journals and the like.
    guard calls < all - all / 8 else {
      throw ClusterSettings.Mistake(
        message: """
          \(ClusterSetting.snapshotStorage.name) (\(settings[.snapshotStorage].text)) has no room for \
          snapshots beside \(ClusterSetting.callBytes.name) (\(settings[.callBytes].text))
          """)
    }
  }

  /// A token for the agents: 32 random bytes, in hexadecimal.
  package static func newToken() -> String {
    var random = SystemRandomNumberGenerator()
    return (0..<32).map { _ in
      let byte = UInt8.random(in: 0...255, using: &random)
      return (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }

  /// In the order in which they are applied.
  var all: [Manifest] {
    (values.isChart ? [] : [namespace]) + accounts + secrets + permissions + claims
      + networkPolicies + hubObjects + agentObjects
  }

  /// The objects for `kubectl apply`, as one list.
  func list(leavingOut left: (Manifest) -> Bool = { _ in false }) -> [UInt8] {
    let list: JSONObject = [
      "apiVersion": "v1", "kind": "List",
      "items": .array(all.filter { !left($0) }.map { .object($0.object) }),
    ]
    return Array(JSONValue.object(list).text.utf8)
  }

  /// The objects as documents that a person can read.
  package var yaml: String { all.map(Self.document).joined() }

  static func document(_ manifest: Manifest) -> String {
    "---\n" + comment(manifest.comment) + YAML.document(.object(manifest.object))
  }

  /// Lines of at most 100 columns.
  static func comment(_ text: String) -> String {
    guard !text.isEmpty else { return "" }
    var lines = [""]
    for word in text.split(whereSeparator: \.isWhitespace) {
      if !lines[lines.count - 1].isEmpty, lines[lines.count - 1].count + word.count > 96 {
        lines.append("")
      }
      lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
    }
    return lines.map { "# \($0)\n" }.joined()
  }

  // MARK: Parts

  func metadata(
    _ name: JSONValue, namespace: JSONValue? = nil, annotations: JSONObject? = nil
  ) -> JSONValue {
    var metadata: JSONObject = ["name": name]
    if let namespace { metadata["namespace"] = namespace }
    metadata["labels"] = .object(values.labels)
    if let annotations { metadata["annotations"] = .object(annotations) }
    return .object(metadata)
  }

  /// What its pods are found by, and only these: a selector can never be changed.
  static func selector(_ component: String) -> JSONObject {
    ["app.kubernetes.io/name": "kubeshark", "app.kubeshark.com/app": .string(component)]
  }

  func podLabels(_ component: String) -> JSONValue {
    var labels = values.labels
    labels["app.kubeshark.com/app"] = .string(component)
    return .object(labels)
  }

  private var namespace: Manifest {
    Manifest(
      """
      Agents share their node's network, which the Pod Security levels baseline and restricted forbid.
      """,
      [
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": [
          "name": values.namespace(),
          "labels": .object(
            JSONObject(
              members: values.labels.members + [
                .init(name: "pod-security.kubernetes.io/enforce", value: "privileged")
              ])),
        ],
      ])
  }

  /// Both ask the API server for the names behind addresses.
  private var accounts: [Manifest] {
    [Self.hub, Self.agent].map { name in
      Manifest(
        "",
        [
          "apiVersion": "v1", "kind": "ServiceAccount",
          "metadata": metadata(.string(name), namespace: values.namespace()),
          "automountServiceAccountToken": false,
        ])
    }
  }

  private var secrets: [Manifest] {
    guard let data = values.secretData else { return [] }
    return [
      Manifest(
        "What agents show the Hub. It is made once and kept.",
        [
          "apiVersion": "v1", "kind": "Secret",
          "metadata": metadata(.string(Self.secret), namespace: values.namespace()),
          "type": "Opaque", "stringData": .object(data),
        ])
    ]
  }
}
