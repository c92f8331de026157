import Testing
import ToolKit

@testable import Cluster

struct KubernetesVersionTests {
  @Test(arguments: [
    (#"{"major":"1","minor":"32","gitVersion":"v1.32.0"}"#, 32),
    // EKS, GKE, k3s, OpenShift 3, and one that leaves the numbers out.
    (#"{"major":"1","minor":"20+","gitVersion":"v1.20.15-eks-fb459a0"}"#, 20),
    (#"{"major":"1","minor":"27","gitVersion":"v1.27.3-gke.100"}"#, 27),
    (#"{"major":"1","minor":"28","gitVersion":"v1.28.2+k3s1"}"#, 28),
    (#"{"major":"1","minor":"11+","gitVersion":"v1.11.0+d4cacc0"}"#, 11),
    (#"{"major":"","minor":"","gitVersion":"v1.19.3"}"#, 19),
    (#"{"gitVersion":"1.21.0-0"}"#, 21),
  ])
  func whatServersSayOfThemselvesIsRead(answer: String, minor: Int) throws {
    let version = try #require(KubernetesVersion(Array(answer.utf8)))
    #expect(version == KubernetesVersion(major: 1, minor: minor))
    #expect((version < .oldest) == (minor < 21))
  }

  @Test(arguments: ["", "no", "{}", "[]", #"{"major":"one","minor":"x","gitVersion":"v1"}"#])
  func whatCannotBeReadIsNoVersion(answer: String) {
    #expect(KubernetesVersion(Array(answer.utf8)) == nil)
  }

  @Test func aLaterMajorVersionIsNewer() {
    #expect(KubernetesVersion(major: 2, minor: 0) > .oldest)
    let text = KubernetesVersion(major: 1, minor: 20).error(origin: "config").message
    #expect(text.contains("runs Kubernetes 1.20, and Kubeshark needs 1.21 or newer"))
  }
}
