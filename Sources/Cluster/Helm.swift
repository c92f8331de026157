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

  /// What to tap, checked.
  struct Targets: Hashable, Sendable {
    /// Longest pattern, in bytes.
    static let maxPattern = 1_000

    var namespaces: [String]
    var pattern: String?

    init(namespaces: [String], pattern: String?) throws(ToolError) {
      for name in namespaces {
        if let problem = ClusterAccess.problem(ofNamespace: name) {
          throw .invalid("namespaces", problem, hint: "For example default,sock-shop.")
        }
      }
      if let pattern {
        guard pattern.utf8.count <= Self.maxPattern,
          pattern.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
        else {
          throw .invalid("pod_regex", "pod_regex is too long or holds control characters")
        }
        do { _ = try Regex(pattern) } catch {
          throw .invalid(
            "pod_regex", "pod_regex is no regular expression: \("\(error)".prefix(200))",
            hint: "For example frontend.*")
        }
      }
      (self.namespaces, self.pattern) = (namespaces, pattern)
    }
  }

  /// Installs the chart, or brings what is installed to these settings.
  func install(_ targets: Targets) async throws(ClusterFault) {
    _ = try await run(Self.installing(chart, access.namespace, targets), limit: Self.limit)
  }

  /// Every value is part of one argument or follows `--`, so that none becomes a flag.
  static func installing(_ chart: String, _ namespace: String, _ targets: Targets) -> [String] {
    var arguments = [
      "upgrade", "--install", "--create-namespace", "--namespace=\(namespace)",
      "--set=headless=true",
    ]
    let names = JSONValue.array(targets.namespaces.map { .string($0) })
    arguments.append("--set-json=tap.namespaces=\(names.text)")
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
