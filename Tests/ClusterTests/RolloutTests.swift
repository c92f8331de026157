import JSON
import Testing
import ToolKit

@testable import Cluster

struct RolloutTests {
  /// Pods as `name: trouble`, ready ones with an empty trouble.
  private func pods(_ troubles: KeyValuePairs<String, String>) throws -> [ClusterPod] {
    let items = troubles.map { name, trouble -> JSONValue in
      let parts = trouble.split(separator: ":", maxSplits: 1)
      let waiting: JSONValue =
        trouble.isEmpty
        ? [] : [["state": ["waiting": ["reason": .string(String(parts[0])), "message": "m"]]]]
      return [
        "metadata": ["name": .string(name)],
        "status": [
          "phase": "Running", "containerStatuses": waiting,
          "conditions": [["type": "Ready", "status": trouble.isEmpty ? "True" : "False"]],
        ],
      ]
    }
    let list: JSONValue = ["kind": "PodList", "items": .array(items)]
    return try ClusterPod.all(in: Array(list.text.utf8))
  }

  @Test func itIsReadyWhenAllPodsAre() throws {
    var rollout = Rollout()
    let half = try pods(["a": "", "b": "ContainerCreating"])
    #expect(rollout.step(half, warnings: [], now: .zero) == .wait(ready: 1, total: 2))
    #expect(rollout.step(half, warnings: [], now: .seconds(500)) == .wait(ready: 1, total: 2))
    let whole = try pods(["a": "", "b": ""])
    #expect(rollout.step(whole, warnings: [], now: .seconds(501)) == .ready(total: 2))
  }

  @Test func lastingTroubleFailsAndPassingTroubleDoesNot() throws {
    for (reason, patience) in [("ImagePullBackOff", 20), ("CrashLoopBackOff", 20)] {
      var rollout = Rollout()
      let bad = try pods(["a": reason])
      #expect(rollout.step(bad, warnings: [], now: .seconds(5)) == .wait(ready: 0, total: 1))
      let later = Duration.seconds(5 + patience)
      #expect(
        rollout.step(bad, warnings: [], now: later - .milliseconds(1)) == .wait(ready: 0, total: 1))
      #expect(rollout.step(bad, warnings: [], now: later) == .failed("pod a: \(reason): m"))
    }
    var rollout = Rollout()
    for second in stride(from: 0, to: 200, by: 10) {
      let trouble = second % 20 == 0 ? "ErrImagePull" : "ContainerCreating"
      #expect(
        rollout.step(try pods(["a": trouble]), warnings: [], now: .seconds(second))
          == .wait(ready: 0, total: 1))
    }
  }

  @Test func podsThatCannotBeMadeAreExplained() throws {
    let event = """
      {"kind":"EventList","items":[
        {"reason":"Killing","message":"no"},
        {"reason":"FailedCreate","message":"pods \\"x\\" is forbidden: exceeded quota: q",
         "involvedObject":{"kind":"ReplicaSet","name":"hub-1"}}]}
      """
    let warnings = try Rollout.warnings(in: Array(event.utf8))
    #expect(warnings == ["ReplicaSet/hub-1: pods \"x\" is forbidden: exceeded quota: q"])
    var rollout = Rollout()
    #expect(rollout.step([], warnings: warnings, now: .seconds(1)) == .wait(ready: 0, total: 0))
    #expect(
      rollout.step([], warnings: warnings, now: .seconds(20))
        == .failed("no pods can be made: " + warnings[0]))
    #expect(rollout.step([], warnings: [], now: .seconds(500)) == .wait(ready: 0, total: 0))
  }

  @Test func argumentsOfHelmCannotBecomeFlags() throws {
    let targets = try Helm.Targets(namespaces: ["a", "b"], pattern: "--set=x,y\"")
    #expect(
      Helm.installing("--chart", "ks", targets) == [
        "upgrade", "--install", "--create-namespace", "--namespace=ks", "--set=headless=true",
        #"--set-json=tap.namespaces=["a","b"]"#, #"--set-json=tap.regex="--set=x,y\"""#, "--",
        "kubeshark", "--chart",
      ])
    #expect(throws: ToolError.self) { try Helm.Targets(namespaces: ["-A"], pattern: nil) }
    for pattern in ["(", "a\u{0}b", "[z-a]", String(repeating: "x", count: 1_001)] {
      #expect(throws: ToolError.self) { try Helm.Targets(namespaces: [], pattern: pattern) }
    }
  }
}
