import JSON
import Testing

@testable import Cluster

struct RemovalTests {
  private func isStandard(_ kind: String, _ name: String) throws -> Bool {
    let object: JSONValue = ["kind": .string(kind), "metadata": ["name": .string(name)]]
    return Removal.isStandard(try #require(ClusterObject(object)))
  }

  /// Where something does not go, the cluster knows why.
  @Test func whatDoesNotGoSaysWhatKeepsIt() throws {
    func said(_ text: String) throws -> String {
      try #require(ClusterObject(try JSONReader.value(of: Array(text.utf8)))).stillThere
    }
    #expect(
      try said(
        """
        {"kind":"Namespace","metadata":{"name":"ks","deletionTimestamp":"2026-01-01T00:00:00Z"},
         "spec":{"finalizers":["kubernetes"]},"status":{"phase":"Terminating","conditions":[
          {"type":"NamespaceDeletionDiscoveryFailure","status":"True","reason":"DiscoveryFailed",
           "message":"Discovery failed for some groups, 1 failing: metrics.k8s.io/v1beta1"},
          {"type":"NamespaceContentRemaining","status":"False","message":"All content removed"}]}}
        """) == """
          Namespace/ks: it is still being removed: Discovery failed for some groups, 1 failing: \
          metrics.k8s.io/v1beta1
          """)
    #expect(
      try said(
        """
        {"kind":"PersistentVolumeClaim","metadata":{"name":"c","finalizers":["kubernetes.io/pvc-protection"],
         "deletionTimestamp":"2026-01-01T00:00:00Z"},"status":{"phase":"Bound"}}
        """)
        == "PersistentVolumeClaim/c: it is still being removed: it waits for kubernetes.io/pvc-protection"
    )
    #expect(
      try said(#"{"kind":"Pod","metadata":{"name":"p"},"spec":{"nodeName":"n"}}"#)
        == "Pod/p: it is still being removed: the kubelet of node n has to end it")
    #expect(
      try said(#"{"kind":"Service","metadata":{"name":"s"}}"#)
        == "Service/s: it is still being removed")
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
