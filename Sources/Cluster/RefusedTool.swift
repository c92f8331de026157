import JSON
package import ToolKit

/// What the tools that change a cluster say where they may not be used. They are not listed, but
/// assistants know their names.
package enum Refusal: Sendable {
  /// The deployment is named by a URL.
  case url
  /// The user has not allowed it.
  case readOnly

  fileprivate func error(_ tool: String) -> ToolError {
    switch self {
    case .url:
      ToolError(
        status: 403, code: "not_available",
        message: """
          \(tool) is not available in URL mode: the deployment is managed elsewhere. Nothing was done.
          """, hint: "Whoever installed it there starts and stops it.")
    case .readOnly:
      ToolError(
        status: 403, code: "not_allowed",
        message: "\(tool) is disabled: this server may only read. Nothing was done.",
        hint: "The user can allow it by starting the server with --allow-destructive.")
    }
  }
}

/// `start_kubeshark` where it may not be used.
package struct RefusedStart: Tool {
  package static let row = ToolRow(
    name: "start_kubeshark", title: "Deploy Kubeshark", doc: "Deploys Kubeshark to the cluster.",
    parameters: ClusterParameters.all, answer: ["type": "object"],
    annotations: ToolAnnotations(readOnly: true, destructive: false, idempotent: true),
    route: "POST start")

  private let refusal: Refusal

  package init(_ refusal: Refusal) { self.refusal = refusal }

  package func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer { throw refusal.error(Self.row.name) }
}

/// `stop_kubeshark` where it may not be used.
package struct RefusedStop: Tool {
  package static let row = ToolRow(
    name: "stop_kubeshark", title: "Remove Kubeshark", doc: "Removes Kubeshark from the cluster.",
    parameters: [ClusterParameters.release], answer: ["type": "object"],
    annotations: ToolAnnotations(readOnly: true, destructive: false, idempotent: true),
    route: "POST stop")

  private let refusal: Refusal

  package init(_ refusal: Refusal) { self.refusal = refusal }

  package func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer { throw refusal.error(Self.row.name) }
}

/// The arguments of the tools that change a cluster.
enum ClusterParameters {
  static let namespaces = Parameter(
    "namespaces", .names, "Namespaces to tap, such as default,sock-shop; all without it")
  static let regex = Parameter(
    "pod_regex", .text,
    "Regular expression (RE2) over the names of the pods to tap, such as frontend.*")
  static let release = Parameter(
    "release_namespace", .text, "Namespace where Kubeshark is installed")
  static let timeout = Parameter(
    "timeout", .text, "How long it may take until everything is ready, such as 30m; 10m without it")
  /// Longest time that a start may take.
  static let longest = Duration.seconds(24 * 3600)
  static let all = [namespaces, regex, release, timeout]

  /// How long a start may take; nil when nobody says.
  static func limit(_ arguments: Arguments) throws(ToolError) -> Duration? {
    guard let text = arguments.text(timeout) else { return nil }
    guard let nanoseconds = Instant.duration(text), nanoseconds > 0,
      Duration.nanoseconds(nanoseconds) <= longest
    else {
      throw .invalid(
        timeout.name,
        "timeout is not a duration of up to a day: "
          + JSONValue.string(String(text.prefix(64))).text,
        hint: "For example timeout=30m.")
    }
    return .nanoseconds(nanoseconds)
  }
}
