import JSON
import ToolKit

/// The helm on the PATH, which installs and removes the chart that the user has named.
struct Helm: Sendable {
  /// The release goes by this name, as the published product's does.
  static let release = "kubeshark"
  /// For installing: helm itself does not wait for pods.
  static let limit = Duration.seconds(300)

  let access: ClusterAccess
  let chart: String

  /// Installs the chart, or brings what is installed to these settings.
  func install(
    _ targets: Targets, _ settings: ClusterSettings
  ) async throws(ClusterFault) {
    _ = try await run(
      Self.installing(chart, access.namespace, targets, settings), limit: Self.limit)
  }

  /// Every value is part of one argument or follows `--`, so that none becomes a flag.
  static func installing(
    _ chart: String, _ namespace: String, _ targets: Targets,
    _ settings: ClusterSettings = ClusterSettings()
  ) -> [String] {
    var arguments = [
      "upgrade", "--install", "--create-namespace", "--namespace=\(namespace)",
      "--set=headless=true",
    ]
    for setting in ClusterSetting.deployed where settings.isGiven(setting) {
      arguments.append("--set-json=\(setting.name)=\(settings[setting].text)")
    }
    let names = JSONValue.array(targets.namespaces.map { .string($0) })
    if !targets.namespaces.isEmpty || !settings.isGiven(.namespaces) {
      arguments.append("--set-json=tap.namespaces=\(names.text)")
    }
    if let pattern = targets.pattern {
      arguments.append("--set-json=tap.regex=\(JSONValue.string(pattern).text)")
    }
    return arguments + ["--", release, chart]
  }

  /// Removes the release; false when there was none.
  func uninstall() async throws(ClusterFault) -> Bool {
    do throws(ClusterFault) {
      _ = try await run(
        [
          "uninstall", "--namespace=\(access.namespace)", "--wait", "--timeout=4m", "--",
          Self.release,
        ], limit: Self.limit)
      return true
    } catch {
      if case .other(let reason) = error, reason.contains("not found") { return false }
      throw error
    }
  }

  private func run(_ arguments: [String], limit: Duration) async throws(ClusterFault) -> [UInt8] {
    let flags =
      (access.kubeconfig.map { ["--kubeconfig=\($0)"] } ?? [])
      + (access.context.map { ["--kube-context=\($0)"] } ?? [])
    let command = ClusterCommand(program: "helm", access: access)
    // Whoever gives up stops waiting; helm is not left half-way.
    let work = Task.detached { () async -> Result<[UInt8], ClusterFault> in
      do throws(ClusterFault) {
        return .success(try await command.run(flags + arguments, limit: limit))
      } catch { return .failure(error) }
    }
    return try await work.value.get()
  }
}

/// What helm's failure means to whoever asked.
func helmError(_ fault: ClusterFault) -> ToolError {
  switch fault {
  case .other(let reason):
    ToolError(
      status: 502, code: "helm_failed", message: "helm failed: \(reason)",
      hint: "check_kubeshark_status tells what is there now.")
  case .noProgram(_, let reason):
    ToolError(
      status: 503, code: "no_helm", message: "The chart cannot be used: \(reason).",
      hint: "Install helm 3.10 or newer (https://helm.sh/docs/intro/install/) where the PATH leads."
    )
  default: fault.toolError(origin: "helm", start: "")
  }
}
