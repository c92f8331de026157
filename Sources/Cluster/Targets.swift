import JSON
import ToolKit

/// What to tap, checked.
struct Targets: Hashable, Sendable {
  var namespaces: [String]
  var pattern: String?

  init(namespaces: [String], pattern: String?) throws(ToolError) {
    for name in namespaces {
      if let problem = ClusterAccess.problem(ofNamespace: name) {
        throw .invalid("namespaces", problem, hint: "For example default,sock-shop.")
      }
    }
    if let pattern, let problem = PodPattern.problem(pattern) {
      throw .invalid("pod_regex", "pod_regex: \(problem)", hint: "For example frontend.*")
    }
    (self.namespaces, self.pattern) = (namespaces, pattern)
  }

  /// The settings with these targets in the place of theirs.
  func added(to settings: ClusterSettings) throws(ToolError) -> ClusterSettings {
    var settings = settings
    do throws(ClusterSettings.Mistake) {
      if !namespaces.isEmpty {
        try settings.set(.namespaces, .array(namespaces.map { .string($0) }))
      }
      if let pattern { try settings.set(.regex, .string(pattern)) }
    } catch { throw .invalid("namespaces", error.message) }
    return settings
  }
}
