import Testing
import ToolKit

@testable import Cluster

struct ClusterAccessTests {
  @Test func namesOfNamespacesAreLabels() {
    for name in ["default", "kube-system", "a", "0", String(repeating: "a", count: 63)] {
      #expect(ClusterAccess.problem(ofNamespace: name) == nil)
    }
    for name in [
      "", "-a", "a-", "A", "a.b", "a b", "--all", "ä", String(repeating: "a", count: 64),
    ] {
      #expect(ClusterAccess.problem(ofNamespace: name) != nil, "\(name)")
    }
  }

  @Test func anotherNamespaceIsCheckedFirst() throws {
    let access = ClusterAccess(context: "c")
    #expect(try access.inNamespace(nil) == access)
    #expect(try access.inNamespace("ks").namespace == "ks")
    #expect(try access.inNamespace("ks").context == "c")
    #expect(throws: ToolError.self) { try access.inNamespace("--kubeconfig=/x") }
  }

  @Test func valuesCannotBecomeFlags() {
    let access = ClusterAccess(kubeconfig: "-x", context: "--all")
    #expect(access.flags == ["--kubeconfig=-x", "--context=--all"])
    #expect(ClusterAccess().flags.isEmpty)
  }

  @Test func theOriginIsWhereKubectlLooks() {
    #expect(ClusterAccess().origin { _ in nil } == "~/.kube/config")
    #expect(ClusterAccess().origin { _ in "/a:/b" } == "KUBECONFIG=/a:/b")
    let given = ClusterAccess(kubeconfig: "/k", context: "shop")
    #expect(given.origin { _ in "/a" } == "/k, context shop")
  }
}
