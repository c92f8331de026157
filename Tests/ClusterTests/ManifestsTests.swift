import Foundation
import JSON
import TestSupport
import Testing
import Yams

@testable import Cluster

struct ManifestsTests {
  private func manifests(
    _ change: (inout ClusterSettings) throws -> Void = { _ in }
  ) throws -> Manifests {
    var settings = ClusterSettings()
    try change(&settings)
    return try Manifests(settings, namespace: "ks", token: "t", version: "1.2.3")
  }

  /// What Yams reads, as JSON.
  private func json(_ node: Node?) -> JSONValue {
    guard let node else { return .null }
    if let mapping = node.mapping {
      return .object(
        JSONObject(
          members: mapping.map { .init(name: $0.key.string ?? "", value: json($0.value)) }))
    }
    if let sequence = node.sequence { return .array(sequence.map(json)) }
    guard node.scalar?.style == .plain else { return .string(node.string ?? "") }
    if node.null != nil { return .null }
    if let flag = node.bool { return .bool(flag) }
    if let number = node.int { return JSONValue(number) }
    return .string(node.string ?? "")
  }

  @Test func theYAMLSaysWhatTheJSONSays() throws {
    let manifests = try manifests { settings in
      try settings.set(.namespaces, ["a", "b"])
      try settings.set(.regex, "^a: [b] # \"c\" 'd' | > - ? é\\d$")
    }
    let documents = try Array(Yams.compose_all(yaml: manifests.yaml)).map { json($0) }
    #expect(documents == manifests.all.map { .object($0.object) })
    let list = try JSONReader.value(of: manifests.list())
    #expect(list["items"]?.array == documents)
  }

  @Test(arguments: [
    "true", "no", "Null", "1", "1.5", "0x1", "-", "", " a", "a ", "a: b", "a #b", "*a", "&a", "!a",
    "%a", "@a", "`a", "{a", "[a", "'a", "\"a", "a\nb", "é", "~", "=", "<<", "y", "100m", "a,b",
  ])
  func textsStayTexts(_ text: String) throws {
    let value: JSONValue = [
      "a": .string(text), "b": [.string(text), ["c": .string(text)]], "d": [:], "e": [],
      "f": [["g"], [["h": .string(text)]]],
    ]
    #expect(json(try Yams.compose(yaml: YAML.document(value))) == value)
  }

  @Test func everyObjectIsLabelledAndInItsPlace() throws {
    let all = try manifests().all
    #expect(Set(all.map { "\($0.kind)/\($0.name)" }).count == all.count)
    for manifest in all {
      let labels = manifest.object["metadata"]?["labels"]
      #expect(labels?["app.kubernetes.io/managed-by"] == "kubeshark", "\(manifest.name)")
      #expect(labels?["app.kubernetes.io/instance"] == "ks", "\(manifest.name)")
      let isOuter = ["Namespace", "ClusterRole", "ClusterRoleBinding"].contains(manifest.kind)
      #expect((manifest.namespace == nil) == isOuter, "\(manifest.name)")
    }
  }

  @Test func podsHaveNoRightsThatTheyDoNotNeed() throws {
    for manifest in try manifests().all where ["Deployment", "DaemonSet"].contains(manifest.kind) {
      let pod = manifest.object["spec"]?["template"]?["spec"]
      for container in pod?["containers"]?.array ?? [] {
        let security = container["securityContext"]
        #expect(security?["readOnlyRootFilesystem"] == true)
        #expect(security?["allowPrivilegeEscalation"] == false)
        #expect(security?["capabilities"]?["drop"] == ["ALL"])
        let isAgent = manifest.kind == "DaemonSet"
        #expect(security?["capabilities"]?["add"] == (isAgent ? ["NET_RAW"] : nil))
        #expect(security?["runAsNonRoot"] == .bool(!isAgent))
        #expect(container["resources"]?["limits"]?["memory"] != nil)
        #expect(container["readinessProbe"] != nil && container["livenessProbe"] != nil)
      }
      #expect(pod?["volumes"]?.array?.contains { $0["hostPath"] != nil } == false)
      #expect(pod?["hostPID"] == nil)
    }
    let rules = try manifests().all.filter { $0.kind.hasSuffix("Role") }
      .flatMap { $0.object["rules"]?.array ?? [] }
    #expect(!rules.isEmpty)
    for rule in rules {
      #expect(rule["verbs"] == ["list", "watch"])
      #expect(rule["resources"]?.array?.contains { $0 == "secrets" || $0 == "*" } == false)
    }
  }

  /// A pod of a DaemonSet that fits nowhere on its node waits for ever, and with it a start.
  @Test func agentsStayAwayFromNodesWithoutANetworkOfTheirOwn() throws {
    let agents = try #require(try manifests().all.first { $0.kind == "DaemonSet" })
    let affinity = agents.object["spec"]?["template"]?["spec"]?["affinity"]?["nodeAffinity"]
    let terms = affinity?["requiredDuringSchedulingIgnoredDuringExecution"]?["nodeSelectorTerms"]
    // Terms are alternatives, expressions of one hold together.
    #expect(terms?.array?.count == 1)
    let expressions = terms?[0]?["matchExpressions"]?.array ?? []
    let keys = expressions.compactMap { $0["key"]?.string }
    #expect(keys == ["eks.amazonaws.com/compute-type", "type"])
    #expect(expressions.allSatisfy { $0["operator"] == "NotIn" })
  }

  /// Agents of two installations share their nodes' ports.
  @Test func theHealthOfAgentsIsToldWhereItIsAskedFor() throws {
    let all = try manifests { try $0.set(.healthPort, 9_001) }.all
    let workload = try #require(all.first { $0.kind == "DaemonSet" })
    let agent = workload.object["spec"]?["template"]?["spec"]?["containers"]?[0]
    #expect(agent?["args"]?.array?.contains("--listen=127.0.0.1:9001") == true)
    for probe in ["readinessProbe", "livenessProbe"] {
      #expect(agent?[probe]?["httpGet"]?["port"] == 9_001)
      #expect(agent?[probe]?["httpGet"]?["host"] == "127.0.0.1")
    }
  }

  /// Whoever takes more than the volume holds is evicted, with all it has kept.
  @Test func bothKeepWithinTheirVolumes() throws {
    let all = try manifests { settings in
      try settings.set(.storage, "7Gi")
      try settings.set(.snapshotStorage, "9Gi")
    }.all
    for (kind, size) in [("DaemonSet", "7Gi"), ("Deployment", "9Gi")] {
      let workload = try #require(all.first { $0.kind == kind })
      let pod = workload.object["spec"]?["template"]?["spec"]
      let volume = pod?["volumes"]?.array?.first { $0["name"] == "data" }
      #expect(volume?["emptyDir"]?["sizeLimit"] == .string(size))
      let arguments = pod?["containers"]?[0]?["args"]?.array ?? []
      #expect(arguments.contains(.string("--data-bytes=\(size)")))
    }
  }

  @Test func theHubListensForAgentsOfEitherIPAndWithoutAMesh() throws {
    let hub = try #require(try manifests().all.first { $0.kind == "Deployment" })
    let template = hub.object["spec"]?["template"]
    let arguments = template?["spec"]?["containers"]?[0]?["args"]?.array ?? []
    #expect(arguments.contains("--agents-listen=[::]:8081"))
    let annotations = template?["metadata"]?["annotations"]
    #expect(annotations?["sidecar.istio.io/inject"] == "false")
    #expect(annotations?["linkerd.io/inject"] == "disabled")
    #expect(template?["metadata"]?["labels"]?["istio.io/dataplane-mode"] == "none")
  }

  /// A namespace that denies what is not allowed kept agents from their Hub.
  @Test func aNetworkPolicyOpensTheAgentsPortOfTheHub() throws {
    #expect(try !manifests().all.contains { $0.kind == "NetworkPolicy" })
    let all = try manifests { try $0.set(.networkPolicy, true) }.all
    let policy = try #require(all.first { $0.kind == "NetworkPolicy" })
    let hub = try #require(all.first { $0.kind == "Deployment" })
    #expect(policy.namespace == "ks")
    let spec = policy.object["spec"]
    #expect(spec?["podSelector"]?["matchLabels"] == hub.object["spec"]?["selector"]?["matchLabels"])
    #expect(spec?["policyTypes"] == ["Ingress", "Egress"])
    #expect(spec?["ingress"] == [["ports": [["port": 8_081, "protocol": "TCP"]]]])
    // Of agents only their nodes' addresses are known, and of the API server not even that.
    #expect(spec?["egress"] == [[:]])
    #expect(YAML.document(.object(policy.object)).hasSuffix("  egress:\n  - {}\n"))
  }

  /// Whoever may read the names of the whole cluster reads them, whatever is captured.
  @Test(arguments: [true, false])
  func namesAreReadWhereTheRolesAllowIt(isClusterWide: Bool) throws {
    let all = try manifests { settings in
      try settings.set(.clusterRoles, .bool(isClusterWide))
      try settings.set(.namespaces, ["a", "b"])
    }.all
    func arguments(_ kind: String) -> [JSONValue] {
      let workload = all.first { $0.kind == kind }
      return workload?.object["spec"]?["template"]?["spec"]?["containers"]?[0]?["args"]?.array ?? []
    }
    #expect(arguments("DaemonSet").contains("--namespaces=a,b"))
    #expect(arguments("DaemonSet").contains("--cluster-names") == isClusterWide)
    #expect(arguments("Deployment").contains("--namespaces=a,b") != isClusterWide)
  }

  @Test func withoutClusterRolesThereIsARoleInEachNamespace() throws {
    let all = try manifests { settings in
      try settings.set(.clusterRoles, false)
      try settings.set(.namespaces, ["a", "b"])
    }.all
    #expect(!all.contains { $0.kind.hasPrefix("Cluster") })
    #expect(all.filter { $0.kind == "Role" }.map(\.namespace) == ["a", "b"])
    #expect(all.filter { $0.kind == "RoleBinding" }.map(\.namespace) == ["a", "b"])
    #expect(throws: ClusterSettings.Mistake.self) {
      try manifests { try $0.set(.clusterRoles, false) }
    }
    #expect(throws: ClusterSettings.Mistake.self) {
      try manifests { settings in
        try settings.set(.clusterRoles, false)
        try settings.set(.namespaces, .array((0...50).map { "n\($0)" }))
      }
    }
  }

  @Test func settingsThatCannotBeAreRefused() throws {
    for change: (inout ClusterSettings) throws -> Void in [
      { try $0.set(.namespaces, ["-A"]) }, { try $0.set(.regex, "(") },
      { try $0.set(.pullPolicy, "Sometimes") }, { try $0.set(.clusterRoles, "perhaps") },
      { try $0.set(.hubResources, "4Gi") }, { try $0.set(.tolerations, [:]) },
      { try $0.set(.nodeSelector, at: "", to: "x") }, { try $0.set(.tag, at: "x", to: "1") },
      { try $0.set(.proxyPort, at: "", to: "x") }, { try $0.set(.rawBytes, "1.5Gi") },
      { try $0.set(.storage, "much") }, { try $0.set(.callBytes, "0") },
      { try $0.set(.snapshotStorage, "99999999999Ti") }, { try $0.set(.snapshotStorage, "550Mi") },
    ] {
      #expect(throws: ClusterSettings.Mistake.self) { try manifests(change) }
    }
  }

  @Test func settingsReachIntoTheirParts() throws {
    var settings = ClusterSettings()
    try settings.set(.hubResources, at: "limits.memory", to: "4Gi")
    try settings.set(.nodeSelector, at: "example.com/x.y", to: "1")
    try settings.set(.tolerations, at: "", to: #"[{"key":"a"}]"#)
    try settings.set(.namespaces, at: "", to: "{a, b}")
    try settings.set(.namespaces, at: "", to: "c", adds: true)
    #expect(settings[.hubResources]["limits"]?["memory"] == "4Gi")
    #expect(settings[.hubResources]["requests"]?["cpu"] == "100m")
    #expect(settings[.nodeSelector]["example.com/x.y"] == "1")
    #expect(settings[.tolerations] == [["key": "a"]])
    #expect(settings.names(.namespaces) == ["a", "b", "c"])
  }

  /// A chart's values are the settings, each where `--set` of helm finds it.
  @Test func theValuesOfTheChartAreTheSettings() throws {
    let files = HelmChart(version: "1.2.3").files
    let text = try #require(files.first { $0.path == "values.yaml" }).text
    let values = json(try Yams.compose(yaml: text))
    for setting in ClusterSetting.deployed {
      var value: JSONValue? = values
      for part in setting.name.split(separator: ".") { value = value?[String(part)] }
      #expect(value == setting.standard, "\(setting.name)")
    }
    let template = try #require(files.first { $0.path == "templates/kubeshark.yaml" }).text
    for setting in ClusterSetting.deployed {
      #expect(template.contains(".Values.\(setting.name)"), "\(setting.name)")
    }
    #expect(!template.contains(YAML.raw))
  }

  /// What helm holds values against before it sends anything.
  @Test func theSchemaOfTheChartTakesItsValuesAndRefusesOthers() throws {
    let files = HelmChart(version: "1.2.3").files
    let text = try #require(files.first { $0.path == "values.schema.json" }).text
    let schema = try #require(try JSONReader.value(of: Array(text.utf8)).object)
    let values = try #require(files.first { $0.path == "values.yaml" }).text
    #expect(misfits(json(try Yams.compose(yaml: values)), schema) == [])
    func problems(_ tap: JSONObject) -> Int { misfits(["tap": .object(tap)], schema).count }
    #expect(problems(["namespaces": ["a"], "docker": ["tag": 2], "other": true]) == 0)
    #expect(problems(["namespaces": "a"]) == 1 && problems(["namespaces": [1]]) == 1)
    #expect(problems(["docker": ["imagePullPolicy": "Sometimes"]]) == 1)
    #expect(problems(["rbac": ["clusterRoles": "false"]]) == 1)
    #expect(problems(["tolerations": [:], "resources": ["hub": "1Gi"]]) == 2)
    // Each setting is in it, with what it is for.
    for setting in ClusterSetting.deployed {
      var place: JSONValue? = .object(schema)
      for part in setting.name.split(separator: ".") {
        place = place?["properties"]?[String(part)]
      }
      #expect(place?["description"]?.string == setting.doc, "\(setting.name)")
    }
  }

  @Test func thePageOfTheProjectNamesEverySetting() throws {
    let page = try String(contentsOf: checkout.appendingPathComponent("README.md"), encoding: .utf8)
    for setting in ClusterSetting.all {
      let row = page.split(separator: "\n").first { $0.hasPrefix("| `\(setting.name)` |") }
      #expect(row?.hasSuffix("| \(setting.doc) |") == true, "\(setting.name)")
    }
  }

  @Test func objectsOfOthersAreToldFromOurs() throws {
    let ours = try #require(
      ClusterObject([
        "kind": "Role", "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": [
          "name": "kubeshark-ks", "namespace": "a",
          "labels": ["app.kubernetes.io/managed-by": "kubeshark"],
        ],
      ]))
    #expect(ours.isOurs && ours.title == "Role/kubeshark-ks")
    #expect(
      ours.reference == [
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": ["name": "kubeshark-ks", "namespace": "a"],
      ])
    let manifest = try manifests { settings in
      try settings.set(.clusterRoles, false)
      try settings.set(.namespaces, ["b"])
    }.all.first { $0.kind == "Role" }
    // The same role in another namespace is another one.
    #expect(!ours.isSame(as: try #require(manifest)))
  }

  @Test func tokensAreLongAndNeverTheSame() {
    let tokens = Set((0..<100).map { _ in Manifests.newToken() })
    #expect(tokens.count == 100 && tokens.allSatisfy { $0.count == 64 })
  }
}
