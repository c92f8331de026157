import JSON
import Testing

@testable import Cluster

struct RemovalTests {
  private func isStandard(_ kind: String, _ name: String) throws -> Bool {
    let object: JSONValue = ["kind": .string(kind), "metadata": ["name": .string(name)]]
    return Removal.isStandard(try #require(ClusterObject(object)))
  }

  /// A namespace in which there is nothing else is removed with what was made in it.
  @Test(arguments: [
    ("ServiceAccount", "default"), ("ServiceAccount", "builder"), ("Secret", "default-token-x7x2p"),
    ("Secret", "kubeshark-hub-dockercfg-9xk2v"), ("ConfigMap", "kube-root-ca.crt"),
    ("ConfigMap", "openshift-service-ca.crt"), ("ConfigMap", "istio-ca-root-cert"),
  ])
  func whatEveryNamespaceHoldsKeepsNone(kind: String, name: String) throws {
    #expect(try isStandard(kind, name))
  }

  @Test(arguments: [
    ("ServiceAccount", "theirs"), ("Secret", "theirs"), ("ConfigMap", "theirs"),
    ("Pod", "default"), ("Deployment", "istio-ca-root-cert"),
  ])
  func whatIsSomebodysKeepsIt(kind: String, name: String) throws {
    #expect(try !isStandard(kind, name))
  }
}
