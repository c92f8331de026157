import JSON

/// The Helm chart: the same objects, with its values in the place of settings.
struct HelmChart {
  /// Of the chart and of the image.
  let version: String

  /// Paths within the chart's folder, and what they hold.
  var files: [(path: String, text: String)] {
    [
      ("Chart.yaml", chart), ("values.yaml", values), ("values.schema.json", schema),
      ("templates/kubeshark.yaml", template), ("templates/NOTES.txt", notes),
    ]
  }

  private var chart: String {
    YAML.document([
      "apiVersion": "v2", "name": "kubeshark", "type": "application",
      "description": "Network traffic of a cluster, for AI assistants and people",
      "version": .string(version), "appVersion": .string(version),
      "kubeVersion": .string(">=\(KubernetesVersion.oldest).0-0"),
    ])
  }

  /// The settings' standard values, each below what it is for.
  private var values: String {
    var text = Manifests.comment(
      "Settings, by the names that --set of helm and of kubeshark tap take.")
    var open: [String] = []
    for setting in ClusterSetting.deployed {
      let parts = setting.name.split(separator: ".").map { String($0) }
      var depth = 0
      while depth < min(open.count, parts.count - 1), open[depth] == parts[depth] { depth += 1 }
      open = Array(parts.dropLast())
      for (index, part) in open.enumerated().dropFirst(depth) {
        text += String(repeating: "  ", count: index) + part + ":\n"
      }
      let margin = String(repeating: "  ", count: open.count)
      let lines =
        Manifests.comment(setting.doc)
        + YAML.document(
          .object(JSONObject(members: [.init(name: parts.last ?? "", value: setting.standard)])))
      text += lines.split(separator: "\n").map { margin + $0 + "\n" }.joined()
    }
    return text
  }

  /// Of which kinds the values are. By it helm refuses mistakes before anything is sent (Helm,
  /// "Schema Files"); values that are not in it are let through.
  private var schema: String {
    var schema: JSONObject = [
      "$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
    ]
    for setting in ClusterSetting.deployed {
      let path = setting.name.split(separator: ".").map { String($0) }
      schema = Self.adding(Self.schema(of: setting), at: path[...], to: schema)
    }
    return JSONValue.object(schema).prettyText + "\n"
  }

  private static func adding(
    _ schema: JSONObject, at path: ArraySlice<String>, to object: JSONObject
  ) -> JSONObject {
    guard let first = path.first else { return schema }
    var object = object
    var properties = object["properties"]?.object ?? [:]
    let inner = properties[first]?.object ?? (path.count > 1 ? ["type": "object"] : [:])
    properties[first] = .object(adding(schema, at: path.dropFirst(), to: inner))
    object["properties"] = .object(properties)
    return object
  }

  private static func schema(of setting: ClusterSetting) -> JSONObject {
    var schema: JSONObject = ["description": .string(setting.doc)]
    switch setting.kind {
    case .text where setting == .pullPolicy:
      schema["enum"] = .array(Manifests.pullPolicies.map { .string($0) })
    // A tag such as 1.2 is a number to helm.
    case .text: schema["type"] = ["string", "number"]
    case .flag: schema["type"] = "boolean"
    case .count(let range):
      schema["type"] = "integer"
      schema["minimum"] = JSONValue(range.lowerBound)
      schema["maximum"] = JSONValue(range.upperBound)
    case .names:
      schema["type"] = "array"
      schema["items"] = ["type": "string"]
    case .labels:
      schema["type"] = "object"
      schema["additionalProperties"] = ["type": "string"]
    case .tree: schema["type"] = setting.standard.array == nil ? "object" : "array"
    }
    return schema
  }

  private var template: String {
    let text = """
      {{- if and (not .Values.tap.rbac.clusterRoles) (empty .Values.tap.namespaces) }}
      {{- fail "without tap.rbac.clusterRoles the namespaces to capture must be named by tap.namespaces" }}
      {{- end }}

      """
    let all = Manifests(ManifestValues(source: .chart)).all
    func documents(_ condition: Manifest.Condition) -> String {
      all.filter { $0.condition == condition }.map(Manifests.document).joined()
    }
    return text + """
      {{- if .Values.tap.rbac.clusterRoles }}
      \(documents(.clusterRoles)){{- else }}
      {{- range $namespace := .Values.tap.namespaces }}
      \(documents(.eachNamespace)){{- end }}
      {{- end }}
      {{- if .Values.tap.persistentStorage }}
      \(documents(.persistent)){{- end }}
      {{- if .Values.tap.networkPolicy.enabled }}
      \(documents(.networkPolicy)){{- end }}
      \(documents(.always))
      """
  }

  private var notes: String {
    """
    Kubeshark is being started in namespace {{ .Release.Namespace }}. Ask it through your assistant:

      kubeshark mcp --release-namespace {{ .Release.Namespace }}

    or look whether it is ready:

      kubectl --namespace {{ .Release.Namespace }} get pods --selector app.kubernetes.io/name=kubeshark

    """
  }
}
