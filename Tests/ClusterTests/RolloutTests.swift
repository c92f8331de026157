import JSON
import Testing
import ToolKit

@testable import Cluster

struct RolloutTests {
  /// Pods as `name: trouble`, ready ones with an empty trouble.
  private func pods(_ troubles: KeyValuePairs<String, String>) throws -> [ClusterPod] {
    let items = troubles.map { name, trouble -> JSONValue in
      let parts = trouble.split(separator: ":", maxSplits: 1).map { String($0) }
      let message = JSONValue.string(parts.count > 1 ? parts[1] : "m")
      let waiting: JSONValue =
        trouble.isEmpty
        ? [] : [["state": ["waiting": ["reason": .string(parts[0]), "message": message]]]]
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

  private func event(
    _ kind: String, _ name: String, _ reason: String, _ message: String, count: Int64 = 1
  ) -> ClusterEvent {
    ClusterEvent([
      "type": "Warning", "reason": .string(reason), "message": .string(message),
      "count": .int(count), "metadata": ["uid": .string(kind + name + reason)],
      "involvedObject": ["kind": .string(kind), "name": .string(name)],
    ])!
  }

  private func daemons(_ desired: Int64, made: Int64, ready: Int64) -> ClusterWorkload {
    ClusterWorkload([
      "kind": "DaemonSet", "metadata": ["name": "kubeshark-agent", "generation": 2],
      "status": [
        "desiredNumberScheduled": .int(desired), "currentNumberScheduled": .int(made),
        "numberReady": .int(ready), "updatedNumberScheduled": .int(made), "observedGeneration": 2,
      ],
    ])!
  }

  private func isWaiting(_ step: Rollout.Step) -> Bool {
    if case .wait = step { true } else { false }
  }

  @Test func itIsReadyWhenAllPodsAre() throws {
    var rollout = Rollout()
    let half = Rollout.Seen(pods: try pods(["a": "", "b": "ContainerCreating"]))
    #expect(rollout.step(half, now: .zero) == .wait("1 of 2 pods are ready, b ContainerCreating"))
    #expect(isWaiting(rollout.step(half, now: .seconds(500))))
    var whole = Rollout.Seen(pods: try pods(["a": "", "b": ""]))
    #expect(rollout.step(whole, now: .seconds(501)) == .ready(total: 2))
    // Pods of the settings before are ready until they are replaced.
    whole.workloads = [daemons(3, made: 3, ready: 2)]
    #expect(isWaiting(rollout.step(whole, now: .seconds(502))))
    whole.workloads = [daemons(3, made: 3, ready: 3)]
    #expect(rollout.step(whole, now: .seconds(503)) == .ready(total: 2))
  }

  /// The kubelet leaves a pod that it has evicted in the list, with its containers' last state.
  @Test func podsThatWereEvictedAreNotWaitedFor() throws {
    let text = """
      {"kind":"PodList","items":[
       {"metadata":{"name":"hub-1"},"status":{"phase":"Failed","reason":"Evicted",
         "message":"The node was low on resource: ephemeral-storage.","containerStatuses":[
          {"state":{"terminated":{"reason":"ContainerStatusUnknown","exitCode":137}}}]}},
       {"metadata":{"name":"hub-2"},"status":{"phase":"Running","conditions":[
         {"type":"Ready","status":"True"}]}}]}
      """
    let pods = try ClusterPod.all(in: Array(text.utf8))
    #expect(
      pods[0].trouble == "Evicted: The node was low on resource: ephemeral-storage."
        && pods[0].hasFailed)
    var rollout = Rollout()
    #expect(rollout.step(Rollout.Seen(pods: pods), now: .seconds(1)) == .ready(total: 1))
    #expect(
      rollout.step(Rollout.Seen(pods: [pods[0]]), now: .seconds(2))
        == .wait("0 of 0 pods are ready"))
  }

  /// A DaemonSet puts pods on nodes whose kubelet is away, and they stay as they are.
  @Test func nodesThatAreNotReadyAreLeftOut() throws {
    let text = """
      {"kind":"List","items":[
       {"kind":"Node","metadata":{"name":"up"},"status":{"conditions":[
         {"type":"MemoryPressure","status":"False"},{"type":"Ready","status":"True"}]}},
       {"kind":"Node","metadata":{"name":"away"},"status":{"conditions":[
         {"type":"Ready","status":"Unknown"}]}}]}
      """
    #expect(try ClusterNodes.down(in: Array(text.utf8)) == ["away"])
    let items = [("up", "Running", "True"), ("away", "Pending", "False")].map {
      node, phase, ready -> JSONValue in
      [
        "metadata": [
          "name": .string("agent-" + node), "labels": ["app.kubeshark.com/app": "worker"],
        ], "spec": ["nodeName": .string(node)],
        "status": [
          "phase": .string(phase), "conditions": [["type": "Ready", "status": .string(ready)]],
        ],
      ]
    }
    let list: JSONValue = ["kind": "PodList", "items": .array(items)]
    let pods = try ClusterPod.all(in: Array(list.text.utf8))
    #expect(pods.map(\.mayBeCutOff) == [true, false])
    let explained = ClusterPod.explained(pods, down: ["away"])
    #expect(explained.map(\.trouble) == ["its node is not ready", nil])
    var seen = Rollout.Seen(
      pods: explained, workloads: [daemons(2, made: 2, ready: 1)], downNodes: ["away"])
    var rollout = Rollout()
    #expect(isWaiting(rollout.step(seen, now: .seconds(10))))
    #expect(isWaiting(rollout.step(seen, now: .seconds(39))))
    #expect(rollout.step(seen, now: .seconds(40)) == .ready(total: 1))
    #expect(rollout.leftOut == ["away"])
    // One that has come back is waited for.
    seen.downNodes = []
    #expect(isWaiting(rollout.step(seen, now: .seconds(41))))
    #expect(rollout.leftOut.isEmpty)
    // Where all are away nothing captures.
    seen = Rollout.Seen(
      pods: [explained[0]], workloads: [daemons(1, made: 1, ready: 0)], downNodes: ["away"])
    #expect(isWaiting(rollout.step(seen, now: .seconds(50))))
    #expect(isWaiting(rollout.step(seen, now: .seconds(90))))
  }

  /// An agent that never is ready runs, and only its probe's event says why.
  @Test func whoeverWaitsNoLongerIsToldForWhat() throws {
    var rollout = Rollout()
    #expect(rollout.standstill == "no pod of it was seen")
    let events = [
      event("Pod", "a", "Unhealthy", "Readiness probe failed: 500"),
      event("Pod", "b", "Unhealthy", "Readiness probe failed: 503"),
    ]
    let half = Rollout.Seen(
      pods: try pods(["a": "", "b": "ContainerCreating"]), events: events)
    #expect(isWaiting(rollout.step(half, now: .seconds(599))))
    #expect(
      rollout.standstill == """
        1 of 2 pods are ready, b ContainerCreating; Pod/b: Unhealthy: Readiness probe failed: 503
        """)
  }

  @Test func lastingTroubleFailsAndPassingTroubleDoesNot() throws {
    for reason in ["ImagePullBackOff", "CrashLoopBackOff"] {
      var rollout = Rollout()
      let bad = Rollout.Seen(pods: try pods(["a": reason]))
      #expect(isWaiting(rollout.step(bad, now: .seconds(5))))
      #expect(isWaiting(rollout.step(bad, now: .seconds(25) - .milliseconds(1))))
      #expect(rollout.step(bad, now: .seconds(25)) == .failed("pod a: \(reason): m"))
    }
    var rollout = Rollout()
    for second in stride(from: 0, to: 200, by: 10) {
      let trouble = second % 20 == 0 ? "ErrImagePull" : "ContainerCreating"
      let seen = Rollout.Seen(pods: try pods(["a": trouble]))
      #expect(isWaiting(rollout.step(seen, now: .seconds(second))))
    }
  }

  @Test func whatARegistryOrTheSchedulerSaysForGoodFailsAtOnce() throws {
    for trouble in [
      "InvalidImageName:x", "ErrImagePull:manifest unknown", "ImagePullBackOff:x not found",
      "Unschedulable:0/0 nodes are available",
    ] {
      var rollout = Rollout()
      let step = rollout.step(Rollout.Seen(pods: try pods(["a": trouble])), now: .seconds(1))
      #expect(step == .failed("pod a: " + trouble.replacing(":", with: ": ")), "\(trouble)")
    }
    // The event says what the state of the pod does not.
    var rollout = Rollout()
    let seen = Rollout.Seen(
      pods: try pods(["a": "ImagePullBackOff:Back-off"]),
      events: [event("Pod", "a", "Failed", "403: denied")])
    #expect(
      rollout.step(seen, now: .zero)
        == .failed("pod a: ImagePullBackOff: Back-off; Failed: 403: denied"))
  }

  /// Lists of events are in the order of names, and some repeat what the pod says of itself.
  @Test func theEventThatSaysMostIsTold() throws {
    func event(_ name: String, _ message: String, _ time: String) -> String {
      """
      {"type":"Warning","reason":"Failed","message":"\(message)","involvedObject":{"kind":"Pod",\
      "name":"a"},"metadata":{"uid":"\(name)"},"lastTimestamp":\(time)}
      """
    }
    let list = """
      {"kind":"EventList","items":[\(event("3", "long ago", #""2026-01-01T00:00:00Z""#)),\
      \(event("2", "Failed to pull image: no such tag", #""2026-01-01T00:00:09Z""#)),\
      \(event("1", "Error: ImagePullBackOff", #""2026-01-01T00:00:11Z""#)),\
      {"type":"Warning","reason":"Failed","message":"before","involvedObject":{"kind":"Pod",\
      "name":"a"},"metadata":{"uid":"0","creationTimestamp":"2026-01-01T00:00:01Z"},\
      "lastTimestamp":null,"eventTime":"2026-01-01T00:00:03.5Z"}]}
      """
    let events = try ClusterEvent.all(in: Array(list.utf8))
    #expect(
      events.map(\.message) == [
        "long ago", "before", "Failed to pull image: no such tag", "Error: ImagePullBackOff",
      ])
    var rollout = Rollout()
    let seen = Rollout.Seen(
      pods: try pods(["a": "ImagePullBackOff:Back-off pulling image"]), events: events)
    #expect(isWaiting(rollout.step(seen, now: .zero)))
    #expect(
      rollout.step(seen, now: .seconds(20))
        == .failed(
          "pod a: ImagePullBackOff: Back-off pulling image; Failed: Failed to pull image: no such tag"
        ))
  }

  /// Of those that run and are not ready only they themselves know why.
  @Test func podsThatAreStuckAreFoundOneForEachComponent() throws {
    func pod(_ name: String, _ app: String, _ state: String, _ ready: String) -> String {
      """
      {"metadata":{"name":"\(name)","labels":{"app.kubeshark.com/app":"\(app)"}},\
      "status":{"phase":"Running","conditions":[{"type":"Ready","status":"\(ready)"}],\
      "containerStatuses":[{"state":{"\(state)":{}}}]}}
      """
    }
    let going = #"{"deletionTimestamp":"2026-01-01T00:00:00Z","name":"#
    let pods = [
      pod("a1", "worker", "running", "True"), pod("a2", "worker", "running", "False"),
      pod("a3", "worker", "running", "False"), pod("h2", "hub", "waiting", "False"),
      pod("h1", "hub", "running", "False").replacing(#"{"name":"#, with: going),
    ]
    let list = #"{"kind":"PodList","items":["# + pods.joined(separator: ",") + "]}"
    let stuck = ClusterPod.stuck(try ClusterPod.all(in: Array(list.utf8)))
    #expect(stuck.map(\.name) == ["a2"])
  }

  @Test func ofALogItsEndIsShownWithoutWhatTerminalsObey() {
    let log =
      (1...30).map { "line \($0)\r\n" }.joined() + "\u{1b}[2J\tx\u{202e}y\n   \n"
      + String(repeating: "é", count: 1_000)
    let end = LastWords.end(of: log)
    #expect(end.count == LastWords.lines)
    #expect(end[0] == "line 25" && end[5] == "line 30" && end[6] == " [2J xy")
    #expect(end[7] == String(repeating: "é", count: LastWords.width) + "…")
    #expect(LastWords.end(of: "\n \n").isEmpty)
  }

  @Test func aClusterThatGrowsGetsTime() throws {
    let pending = try pods(["a": "Unschedulable:0/3 nodes are available: 3 Insufficient cpu"])
    var rollout = Rollout()
    let grows = Rollout.Seen(
      pods: pending, events: [event("Pod", "a", "TriggeredScaleUp", "pod triggered scale-up")])
    #expect(isWaiting(rollout.step(grows, now: .zero)))
    #expect(isWaiting(rollout.step(grows, now: .seconds(299))))
    // Karpenter says so in a word of its own.
    var karpenter = Rollout()
    let nominated = event("Pod", "a", "Nominated", "Pod should schedule on: nodeclaim/default-x")
    let named = Rollout.Seen(pods: pending, events: [nominated])
    #expect(isWaiting(karpenter.step(named, now: .zero)))
    #expect(isWaiting(karpenter.step(named, now: .seconds(299))))
    // A volume is made.
    let claim = try pods(["a": "Unschedulable:pod has unbound immediate PersistentVolumeClaims"])
    var volume = Rollout()
    #expect(isWaiting(volume.step(Rollout.Seen(pods: claim), now: .zero)))
    #expect(isWaiting(volume.step(Rollout.Seen(pods: claim), now: .seconds(59))))
    var other = Rollout()
    #expect(isWaiting(other.step(Rollout.Seen(pods: pending), now: .zero)))
    guard case .failed = other.step(Rollout.Seen(pods: pending), now: .seconds(20)) else {
      Issue.record("nothing else would make room")
      return
    }
  }

  @Test func podsThatCannotBeMadeAreExplained() throws {
    let quota = event(
      "ReplicaSet", "hub-1", "FailedCreate", "pods \"x\" is forbidden: exceeded quota: q")
    var rollout = Rollout()
    #expect(
      rollout.step(Rollout.Seen(pods: [], events: [quota]), now: .seconds(1))
        == .failed("ReplicaSet/hub-1: FailedCreate: " + quota.message))
    // One that was told before explains nothing, until it is told again.
    rollout = Rollout(before: [quota])
    #expect(
      isWaiting(rollout.step(Rollout.Seen(pods: [], events: [quota]), now: .seconds(500))))
    let again = event("ReplicaSet", "hub-1", "FailedCreate", quota.message, count: 2)
    guard
      case .failed = rollout.step(Rollout.Seen(pods: [], events: [again]), now: .seconds(501))
    else {
      Issue.record("it was told again")
      return
    }
    // What the API server has not heard of yet comes in a moment.
    let early = event(
      "DaemonSet", "kubeshark-agent", "FailedCreate",
      "pods is forbidden: error looking up service account: serviceaccount \"x\" not found")
    rollout = Rollout()
    let seen = Rollout.Seen(
      pods: [], workloads: [daemons(2, made: 0, ready: 0)], events: [early])
    #expect(isWaiting(rollout.step(seen, now: .zero)))
    guard case .failed = rollout.step(seen, now: .seconds(20)) else {
      Issue.record("it never came")
      return
    }
    // The pods were made after all.
    let made = Rollout.Seen(
      pods: [], workloads: [daemons(2, made: 2, ready: 0)], events: [early])
    #expect(isWaiting(rollout.step(made, now: .seconds(30))))
  }

  @Test func aClusterWithoutNodesForAgentsIsTold() throws {
    var rollout = Rollout()
    let seen = Rollout.Seen(
      pods: try pods(["hub": ""]), workloads: [daemons(0, made: 0, ready: 0)])
    #expect(isWaiting(rollout.step(seen, now: .zero)))
    guard case .failed(let reason) = rollout.step(seen, now: .seconds(5)) else {
      Issue.record("no node will come")
      return
    }
    #expect(reason.hasPrefix("DaemonSet/kubeshark-agent: no node has the labels"))
  }

  @Test func nodesAreWaitedForByName() {
    let agents = AgentState.all(in: [
      "agents": [
        ["node": "a", "state": "capturing"], ["node": "b", "state": "late", "shedding": true],
      ]
    ])
    #expect(
      AgentState.missing(["a", "b", "c"], agents ?? []) == [
        "b (late)", "c (the Hub has not heard of it)",
      ])
    #expect(AgentState.all(in: ["error": "x"]) == nil)
  }

  @Test func argumentsOfHelmCannotBecomeFlags() throws {
    let targets = try Targets(namespaces: ["a", "b"], pattern: "--set=x,y\"")
    #expect(
      Helm.installing("--chart", "ks", targets) == [
        "upgrade", "--install", "--create-namespace", "--namespace=ks", "--set=headless=true",
        #"--set-json=tap.namespaces=["a","b"]"#, #"--set-json=tap.regex="--set=x,y\"""#, "--",
        "kubeshark", "--chart",
      ])
    #expect(throws: ToolError.self) { try Targets(namespaces: ["-A"], pattern: nil) }
    for pattern in ["(", "a\u{0}b", "[z-a]", "(?=x)", String(repeating: "x", count: 1_001)] {
      #expect(throws: ToolError.self) { try Targets(namespaces: [], pattern: pattern) }
    }
  }
}
