package import JSON
import ToolKit

/// A setting that this program acts on: its name in `--set`, in the configuration file and in the
/// values of the Helm chart, and what it is without them.
package struct ClusterSetting: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case text
    case flag
    /// A whole number within a range.
    case count(ClosedRange<Int>)
    /// Several texts.
    case names
    /// Texts by name; what follows the setting's own name is one name, dots included.
    case labels
    /// Any JSON; `--set` reaches into it by dots, or gives it whole as JSON.
    case tree
  }

  package let name: String
  package let kind: Kind
  package let standard: JSONValue
  package let doc: String
  /// Whether a deployment is made from it; the others say where it is and how to get there.
  package let isDeployed: Bool

  init(
    _ name: String, _ kind: Kind, _ standard: JSONValue, _ doc: String, isDeployed: Bool = true
  ) {
    (self.name, self.kind, self.standard) = (name, kind, standard)
    (self.doc, self.isDeployed) = (doc, isDeployed)
  }

  package static let all = access + deployed
  package static let access = [
    kubeconfig, context, namespace, proxyHost, proxyPort, license,
  ]
  package static let deployed = [
    registry, tag, pullPolicy, pullSecrets, namespaces, excludedNamespaces, regex, clusterRoles,
    agentsTLS, networkPolicy, hubResources, agentResources, nodeSelector, tolerations,
    hubNodeSelector, hubTolerations, healthPort, rawBytes, callBytes, storage, persistentStorage,
    snapshotStorage, storageClass,
  ]

  // MARK: Where it is

  package static let kubeconfig = ClusterSetting(
    "kube.configPath", .text, "", "kubeconfig; without it KUBECONFIG, then ~/.kube/config",
    isDeployed: false)
  package static let context = ClusterSetting(
    "kube.context", .text, "", "context of the kubeconfig; without it the current one",
    isDeployed: false)
  package static let namespace = ClusterSetting(
    "tap.release.namespace", .text, .string(ClusterAccess.standardNamespace),
    "namespace where Kubeshark is installed", isDeployed: false)
  package static let proxyHost = ClusterSetting(
    "tap.proxy.host", .text, "127.0.0.1", "where kubeshark proxy listens", isDeployed: false)
  package static let proxyPort = ClusterSetting(
    "tap.proxy.front.port", .count(0...65_535), 8_899,
    "the port on which kubeshark proxy listens; 0 takes a free one", isDeployed: false)

  package static let license = ClusterSetting(
    "license", .text, "",
    "licence key for a Hub of the published product, shown where no token can be had",
    isDeployed: false)

  // MARK: What is deployed

  package static let registry = ClusterSetting(
    "tap.docker.registry", .text, "docker.io/kubeshark",
    "where the image comes from: REGISTRY/kubeshark:TAG")
  package static let tag = ClusterSetting(
    "tap.docker.tag", .text, "", "tag of the image; without it this program's version")
  package static let pullPolicy = ClusterSetting(
    "tap.docker.imagePullPolicy", .text, "IfNotPresent", "Always, IfNotPresent or Never")
  package static let pullSecrets = ClusterSetting(
    "tap.docker.imagePullSecrets", .names, [],
    "Secrets of the release namespace with credentials for the registry")
  package static let namespaces = ClusterSetting(
    "tap.namespaces", .names, [], "namespaces whose pods are captured; all without it")
  package static let excludedNamespaces = ClusterSetting(
    "tap.excludedNamespaces", .names, [], "namespaces whose pods are never captured")
  package static let regex = ClusterSetting(
    "tap.regex", .text, ".*", "regular expression (RE2) over names of pods that are captured")
  package static let clusterRoles = ClusterSetting(
    "tap.rbac.clusterRoles", .flag, true,
    "whether names are read in the whole cluster; false makes Roles in tap.namespaces alone"
  )
  package static let agentsTLS = ClusterSetting(
    "tap.agentsTLS.secretName", .text, "",
    "Secret (tls.crt, tls.key, ca.crt) with which agents and Hub speak TLS; without it clear text")
  package static let networkPolicy = ClusterSetting(
    "tap.networkPolicy.enabled", .flag, false,
    "whether a NetworkPolicy lets agents reach the Hub where the namespace denies what is not allowed"
  )
  package static let hubResources = ClusterSetting(
    "tap.resources.hub", .tree,
    [
      "requests": ["cpu": "100m", "memory": "256Mi"], "limits": ["memory": "2Gi"],
    ], "what the Hub asks for and may use")
  package static let agentResources = ClusterSetting(
    "tap.resources.sniffer", .tree,
    [
      "requests": ["cpu": "100m", "memory": "128Mi"], "limits": ["memory": "1Gi"],
    ], "what each agent asks for and may use; it sheds traffic before it reaches its memory limit")
  package static let nodeSelector = ClusterSetting(
    "tap.nodeSelector", .labels, ["kubernetes.io/os": "linux"], "labels of the nodes that capture")
  package static let tolerations = ClusterSetting(
    "tap.tolerations", .tree, [["operator": "Exists"]],
    "taints that agents put up with; all without it, so that no node is left out")
  package static let hubNodeSelector = ClusterSetting(
    "tap.hub.nodeSelector", .labels, ["kubernetes.io/os": "linux"],
    "labels of the node that the Hub runs on")
  package static let hubTolerations = ClusterSetting(
    "tap.hub.tolerations", .tree, [],
    "taints that the Hub puts up with, where no node is without one")
  package static let healthPort = ClusterSetting(
    "tap.healthPort", .count(1...65_535), 8_897,
    "port of a node's loopback where its agent tells its health; one for each installation")
  package static let rawBytes = ClusterSetting(
    "tap.capture.raw.storageSize", .text, "1Gi", "raw packets that each agent keeps")
  package static let storage = ClusterSetting(
    "tap.storageLimit", .text, "4Gi",
    "disk that each agent may use: raw packets, and calls that wait for the Hub")
  package static let callBytes = ClusterSetting(
    "tap.capture.dbMaxSize", .text, "500Mi", "calls that the Hub keeps")
  package static let snapshotStorage = ClusterSetting(
    "tap.snapshots.local.storageSize", .text, "20Gi",
    "disk that the Hub may use: its calls, and snapshots")
  package static let persistentStorage = ClusterSetting(
    "tap.persistentStorage", .flag, false,
    "whether what the Hub keeps outlives its pod, in a PersistentVolumeClaim")
  package static let storageClass = ClusterSetting(
    "tap.snapshots.local.storageClass", .text, "",
    "storage class of that claim; the cluster's standard one without it")
}

/// Values of settings that somebody has given, checked.
package struct ClusterSettings: Sendable {
  /// Why a value cannot be used.
  package struct Mistake: Error, Hashable, Sendable {
    package var message: String
  }

  private var values: [String: JSONValue] = [:]

  package init() {}

  /// The value, else the standard one.
  package subscript(setting: ClusterSetting) -> JSONValue {
    values[setting.name] ?? setting.standard
  }

  package func isGiven(_ setting: ClusterSetting) -> Bool { values[setting.name] != nil }

  /// A text that is not empty.
  package func text(_ setting: ClusterSetting) -> String? {
    self[setting].string.flatMap { $0.isEmpty ? nil : $0 }
  }

  package func names(_ setting: ClusterSetting) -> [String] {
    (self[setting].array ?? []).compactMap(\.string)
  }

  package func count(_ setting: ClusterSetting) -> Int { Int(self[setting].int ?? 0) }

  package func flag(_ setting: ClusterSetting) -> Bool { self[setting].bool ?? false }

  /// A size as the flags of Hub and agents take it: a whole number and a unit, such as `20Gi`; nil
  /// for what is none.
  func bytes(_ setting: ClusterSetting) -> Int64? {
    self[setting].string.flatMap { ByteCount.bytes(in: $0) }
  }

  package mutating func set(_ setting: ClusterSetting, _ value: JSONValue) throws(Mistake) {
    values[setting.name] = try checked(value, setting)
  }

  /// Takes a value given as a text.
  ///
  /// - Parameters:
  ///   - inner: what follows the setting's name and a dot; empty for the setting itself.
  ///   - adds: whether further names are added to the ones given before.
  package mutating func set(
    _ setting: ClusterSetting, at inner: String, to text: String, adds: Bool = false
  ) throws(Mistake) {
    switch setting.kind {
    case .names where inner.isEmpty:
      let more = Self.names(text)
      let before = adds ? names(setting) : []
      try set(setting, .array((before + more).map { .string($0) }))
    case .labels:
      guard !inner.isEmpty else {
        throw Mistake(message: "\(setting.name) takes \(setting.name).NAME=value")
      }
      var labels = self[setting].object ?? [:]
      labels[inner] = .string(text)
      values[setting.name] = .object(labels)
    case .tree:
      let parts = inner.split(separator: ".").map { String($0) }
      let value = Self.tree(text)
      if parts.isEmpty {
        try set(setting, value)
      } else {
        try set(setting, Self.replacing(self[setting], parts[...], value))
      }
    default:
      guard inner.isEmpty else {
        throw Mistake(message: "\(setting.name) has no parts; there is no .\(inner)")
      }
      switch setting.kind {
      case .flag where text == "true" || text == "false": try set(setting, .bool(text == "true"))
      case .count: try set(setting, Int(text).map { JSONValue($0) } ?? .string(text))
      default: try set(setting, .string(text))
      }
    }
  }

  /// `{a,b}` as Helm writes lists, or a single name.
  private static func names(_ text: String) -> [String] {
    var inner = text[...]
    if inner.hasPrefix("{"), inner.hasSuffix("}") { inner = inner.dropFirst().dropLast() }
    return inner.split(separator: ",").map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }.filter { !$0.isEmpty }
  }

  /// JSON where it is an object or a list, otherwise a text.
  private static func tree(_ text: String) -> JSONValue {
    guard text.hasPrefix("{") || text.hasPrefix("[") else { return .string(text) }
    do throws(JSONError) { return try JSONReader.value(of: Array(text.utf8)) } catch {
      return .string(text)
    }
  }

  private static func replacing(
    _ tree: JSONValue, _ path: ArraySlice<String>, _ value: JSONValue
  ) -> JSONValue {
    guard let first = path.first else { return value }
    var object = tree.object ?? [:]
    object[first] = replacing(object[first] ?? [:], path.dropFirst(), value)
    return .object(object)
  }

  private func checked(_ value: JSONValue, _ setting: ClusterSetting) throws(Mistake) -> JSONValue {
    func mistake(_ wanted: String) -> Mistake {
      Mistake(message: "\(setting.name) must be \(wanted), not \(value.text.prefix(80))")
    }
    switch setting.kind {
    case .text:
      // A tag such as 1.2 is a number to YAML.
      switch value {
      case .string: return value
      case .int, .number: return .string(value.text)
      default: throw mistake("a text")
      }
    case .flag:
      guard value.bool != nil else { throw mistake("true or false") }
    case .count(let range):
      guard let count = value.int, range.contains(Int(count)) else {
        throw mistake("a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
    case .names:
      if let text = value.string { return .array(Self.names(text).map { .string($0) }) }
      guard let all = value.array, all.allSatisfy({ $0.string != nil }) else {
        throw mistake("a list of names")
      }
    case .labels:
      guard let all = value.object, all.members.allSatisfy({ $0.value.string != nil }) else {
        throw mistake("names with texts")
      }
    case .tree:
      let isSame =
        switch (setting.standard, value) {
        case (.object, .object), (.array, .array): true
        default: false
        }
      guard isSame else {
        throw mistake(setting.standard.array == nil ? "an object" : "a list")
      }
    }
    return value
  }
}
