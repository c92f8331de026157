import JSON
import ToolKit

/// A version of Kubernetes, as far as it says which objects an API server knows.
struct KubernetesVersion: Comparable, Hashable, Sendable, CustomStringConvertible {
  var major: Int
  var minor: Int

  /// The oldest that takes everything that is deployed and asked for: `EndpointSlice` is in
  /// `discovery.k8s.io/v1` since then. All else is older: `seccompProfile` is of 1.19, and server-side
  /// apply is on since 1.16.
  static let oldest = KubernetesVersion(major: 1, minor: 21)

  init(major: Int, minor: Int) { (self.major, self.minor) = (major, minor) }

  /// What `/version` answers: `{"major":"1","minor":"27+","gitVersion":"v1.27.3-gke.100"}`. Whoever
  /// changes Kubernetes adds to each of them; nil when neither can be read.
  init?(_ answer: [UInt8]) {
    guard let value = try? JSONReader.value(of: answer) else { return nil }
    func number(_ text: String) -> Int? { Int(text.prefix { ("0"..."9").contains($0) }) }
    if let major = value["major"]?.string.flatMap({ number($0) }),
      let minor = value["minor"]?.string.flatMap({ number($0) })
    {
      self.init(major: major, minor: minor)
      return
    }
    let parts = (value["gitVersion"]?.string ?? "").drop { $0 == "v" }.split(separator: ".")
      .map { String($0) }
    guard parts.count >= 2, let major = number(parts[0]), let minor = number(parts[1]) else {
      return nil
    }
    self.init(major: major, minor: minor)
  }

  /// The version of a cluster; nil where it may not be known.
  static func of(_ kubectl: Kubectl) async -> KubernetesVersion? {
    do throws(ClusterFault) {
      return KubernetesVersion(try await kubectl.run(["get", "--raw=/version"]))
    } catch {
      // What is asked next says what is the matter, if something is.
      return nil
    }
  }

  var description: String { "\(major).\(minor)" }

  static func < (one: KubernetesVersion, other: KubernetesVersion) -> Bool {
    (one.major, one.minor) < (other.major, other.minor)
  }

  /// That a cluster is too old.
  ///
  /// - Parameter origin: where the access comes from, for sentences.
  func error(origin: String) -> ToolError {
    ToolError(
      status: 409, code: "cluster_too_old",
      message: """
        Nothing was done: the cluster (\(origin)) runs Kubernetes \(self), and Kubeshark needs \
        \(Self.oldest) or newer.
        """,
      hint: """
        Name another cluster by --context, or capture on a node of this one without deploying \
        anything: kubeshark hub --interface any
        """)
  }
}
