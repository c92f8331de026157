import JSON

/// The Helm chart: the same objects, with its values in the place of settings.
struct HelmChart {
  /// Of the chart and of the image.
  let version: String

  /// Paths within the chart's folder, and what they hold.
  var files: [(path: String, text: String)] {
    [
      ("Chart.yaml", chart), ("values.yaml", values), ("templates/kubeshark.yaml", template),
      ("templates/NOTES.txt", notes),
    ]
  }

  private var chart: String {
    YAML.document([
      "apiVersion": "v2", "name": "kubeshark", "type": "application",
      "description": "Network traffic of a cluster, for AI assistants and people",
      "version": .string(version), "appVersion": .string(version),
      "kubeVersion": ">=1.21.0-0",
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
