import ToolKit

/// Which cluster is meant, and where in it Kubeshark is.
package struct ClusterAccess: Hashable, Sendable {
  /// Where the published product is installed unless somebody says otherwise.
  package static let standardNamespace = "default"

  /// As given; without one kubectl looks in KUBECONFIG (which may be a list) and ~/.kube/config.
  package var kubeconfig: String?
  /// Without one the current context of the kubeconfig.
  package var context: String?
  package var namespace: String

  package init(
    kubeconfig: String? = nil, context: String? = nil,
    namespace: String = ClusterAccess.standardNamespace
  ) {
    (self.kubeconfig, self.context, self.namespace) = (kubeconfig, context, namespace)
  }

  /// The same cluster, another namespace.
  ///
  /// - Parameter given: nil for the same namespace.
  func inNamespace(_ given: String?) throws(ToolError) -> ClusterAccess {
    guard let given else { return self }
    if let problem = ClusterAccess.problem(ofNamespace: given) {
      throw .invalid("release_namespace", problem, hint: "For example default or kubeshark.")
    }
    var access = self
    access.namespace = given
    return access
  }

  /// Why a text cannot be the name of a namespace (an RFC 1123 label); nil when it can.
  package static func problem(ofNamespace name: String) -> String? {
    let isLabel =
      (1...63).contains(name.utf8.count) && name.first != "-" && name.last != "-"
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
    guard !isLabel else { return nil }
    let shown = String(name.prefix(80)).filter { $0 >= " " }
    return "\"\(shown)\" cannot be a namespace: names are up to 63 small letters, digits and dashes"
  }

  /// kubectl's flags for the cluster. Each is one argument, so that no value becomes a flag.
  var flags: [String] {
    (kubeconfig.map { ["--kubeconfig=\($0)"] } ?? [])
      + (context.map { ["--context=\($0)"] } ?? [])
  }

  /// Where the access comes from, for sentences.
  package func origin(environment: (String) -> String?) -> String {
    let file =
      kubeconfig ?? environment("KUBECONFIG").flatMap { $0.isEmpty ? nil : "KUBECONFIG=\($0)" }
      ?? "~/.kube/config"
    return file + (context.map { ", context \($0)" } ?? "")
  }
}
