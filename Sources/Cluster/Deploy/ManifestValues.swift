import JSON

/// What stands in manifests where a setting decides: the setting's value, or in the templates of a
/// Helm chart the expression that gives it. So both are rendered from one source.
struct ManifestValues: Sendable {
  enum Source: Sendable {
    /// - Parameters:
    ///   - token: what agents show the Hub; nil when that Secret is not to be touched.
    ///   - version: the tag of the image where none is set.
    case settings(ClusterSettings, namespace: String, token: String?, version: String)
    case chart
  }

  let source: Source

  var isChart: Bool { if case .chart = source { true } else { false } }

  /// A setting's value.
  func value(_ setting: ClusterSetting) -> JSONValue {
    switch source {
    case .settings(let settings, _, _, _): settings[setting]
    case .chart: Self.expression("toJson .Values.\(setting.name)")
    }
  }

  /// A setting's value within a text.
  func text(_ before: String, _ setting: ClusterSetting) -> JSONValue {
    switch source {
    case .settings(let settings, _, _, _):
      if case .names = setting.kind {
        return .string(before + settings.names(setting).joined(separator: ","))
      }
      return .string(before + (settings[setting].string ?? settings[setting].text))
    case .chart:
      if case .names = setting.kind {
        let joined = "join \",\" .Values.\(setting.name)"
        return Self.expression(
          before.isEmpty ? "\(joined) | toJson" : "printf \"\(before)%s\" (\(joined)) | toJson")
      }
      return Self.expression("printf \"\(before)%v\" .Values.\(setting.name) | toJson")
    }
  }

  /// Names within an argument of a container, which is left out when there are none: a flag takes
  /// no empty value.
  ///
  /// - Parameter flag: a setting with which it is left out in any case.
  func argument(
    _ before: String, _ setting: ClusterSetting, unless flag: ClusterSetting? = nil
  ) -> [JSONValue] {
    switch source {
    case .settings(let settings, _, _, _):
      let isLeftOut = settings.names(setting).isEmpty || flag.map { settings.flag($0) } ?? false
      return isLeftOut ? [] : [text(before, setting)]
    case .chart:
      let element = (text(before, setting).string ?? "").dropFirst()
      let given = ".Values.\(setting.name)"
      let condition = flag.map { "and \(given) (not .Values.\($0.name))" } ?? given
      return [.string("\(YAML.conditional)\(condition)\(YAML.conditional)\(element)")]
    }
  }

  /// An element of a list that is there only when a setting is given, or only when it is not.
  func optional(
    _ element: JSONValue, when setting: ClusterSetting, isGiven: Bool = true
  ) -> [JSONValue] {
    switch source {
    case .settings(let settings, _, _, _):
      return (settings.flag(setting) || settings.text(setting) != nil) == isGiven ? [element] : []
    case .chart:
      let condition = (isGiven ? "" : "not ") + ".Values.\(setting.name)"
      return [
        .string("\(YAML.conditional)\(condition)\(YAML.conditional)\(YAML.flow(element))")
      ]
    }
  }

  /// One of two texts, as a setting is given or not.
  func either(_ given: String, _ otherwise: String, by setting: ClusterSetting) -> JSONValue {
    switch source {
    case .settings(let settings, _, _, _):
      .string(settings.text(setting) == nil ? otherwise : given)
    case .chart:
      Self.expression("if .Values.\(setting.name) }}\(given){{ else }}\(otherwise){{ end")
    }
  }

  /// The storage class of a claim; nil, and null in a chart, stand for the cluster's standard one.
  var storageClass: JSONValue? {
    switch source {
    case .settings(let settings, _, _, _): settings.text(.storageClass).map { .string($0) }
    case .chart:
      Self.expression("toJson (.Values.\(ClusterSetting.storageClass.name) | default nil)")
    }
  }

  /// The pattern of pods, within an argument of a container. There a dollar sign stands for a
  /// variable unless it is doubled.
  func pattern(_ before: String) -> JSONValue {
    switch source {
    case .settings(let settings, _, _, _):
      .string(before + (settings.text(.regex) ?? ".*").replacing("$", with: "$$"))
    case .chart:
      Self.expression(
        "printf \"\(before)%s\" (.Values.tap.regex | default \".*\" | replace \"$\" \"$$\") | toJson"
      )
    }
  }

  /// The release namespace, within a text.
  func namespace(_ before: String = "", _ after: String = "") -> JSONValue {
    switch source {
    case .settings(_, let namespace, _, _): .string(before + namespace + after)
    case .chart where before.isEmpty && after.isEmpty:
      Self.expression("toJson .Release.Namespace")
    case .chart:
      Self.expression("printf \"\(before)%s\(after)\" .Release.Namespace | toJson")
    }
  }

  var image: JSONValue {
    switch source {
    case .settings(let settings, _, _, let version):
      .string(
        "\(settings[.registry].string ?? "")/kubeshark:\(settings.text(.tag) ?? version)")
    case .chart:
      Self.expression(
        """
        printf "%s/kubeshark:%v" .Values.tap.docker.registry \
        (.Values.tap.docker.tag | default .Chart.AppVersion) | toJson
        """)
    }
  }

  var pullSecrets: JSONValue {
    switch source {
    case .settings(let settings, _, _, _):
      .array(settings.names(.pullSecrets).map { ["name": .string($0)] })
    case .chart:
      .string(
        """
        \(YAML.raw)[{{ range $at, $name := .Values.tap.docker.imagePullSecrets }}\
        {{ if $at }}, {{ end }}{"name": {{ toJson $name }}}{{ end }}]
        """)
    }
  }

  /// The data of the Secret with the agents' token; nil when it is not to be touched.
  var secretData: JSONObject? {
    switch source {
    case .settings(_, _, let token, _):
      return token.map { ["token": .string($0)] }
    case .chart:
      // An upgrade keeps the token that is there.
      let old = "(lookup \"v1\" \"Secret\" .Release.Namespace \"\(Manifests.secret)\")"
      return [
        "token": Self.expression(
          "dig \"data\" \"token\" (randAlphaNum 43 | b64enc) \(old) | b64dec | toJson")
      ]
    }
  }

  /// What all objects of a deployment are found by.
  var labels: JSONObject {
    switch source {
    case .settings(_, let namespace, _, _):
      [
        "app.kubernetes.io/name": "kubeshark", "app.kubernetes.io/instance": .string(namespace),
        "app.kubernetes.io/managed-by": .string(Manifests.manager),
      ]
    case .chart:
      [
        "app.kubernetes.io/name": "kubeshark",
        "app.kubernetes.io/instance": Self.expression("toJson .Release.Name"),
        "app.kubernetes.io/managed-by": Self.expression("toJson .Release.Service"),
      ]
    }
  }

  static func expression(_ text: String) -> JSONValue { .string("\(YAML.raw){{ \(text) }}") }
}
