import Bytes
import JSON
import Testing
import ToolKit

@testable import Cluster

struct ClusterConditionTests {
  private static let catalogue = Catalogue(
    name: "Hub", version: "1", description: "", tools: [], prompts: [])
  private static let services = [ClusterService(name: "kubeshark-front", port: 80)]

  private func pods(_ ready: Bool...) throws -> [ClusterPod] {
    let items = ready.enumerated().map { index, isReady in
      JSONValue.object([
        "metadata": ["name": .string("p\(index)"), "labels": ["app.kubeshark.com/app": "hub"]],
        "status": [
          "phase": "Running",
          "conditions": [["type": "Ready", "status": .string(isReady ? "True" : "False")]],
        ],
      ])
    }
    return try ClusterPod.all(
      in: Array(JSONValue.object(["kind": "PodList", "items": .array(items)]).text.utf8))
  }

  private func condition(
    _ pods: [ClusterPod]?, _ answer: ClusterCondition.Answer?,
    _ services: [ClusterService] = Self.services
  ) -> ClusterCondition {
    ClusterCondition(
      namespace: "ks", services: services, pods: pods, answer: answer, origin: "/k")
  }

  @Test func theStateFollowsFromWhatWasSeen() throws {
    let good = ClusterCondition.Answer.catalogue(Self.catalogue, milliseconds: 2.5)
    func bad(_ code: String) -> ClusterCondition.Answer {
      .error(ToolError(status: 503, code: code, message: "m"))
    }
    let cases: [(ClusterCondition, ClusterCondition.State)] = [
      (condition([], nil, []), .notInstalled),
      (condition(try pods(true), good), .running), (condition(nil, good), .running),
      (condition(try pods(true, false), good), .degraded),
      (condition(try pods(true), bad("hub_timeout")), .degraded),
      (condition(try pods(false), bad("not_ready")), .starting), (condition([], nil), .starting),
      (condition(try pods(true), bad("authentication_required")), .authRequired),
      (condition(try pods(true), bad("cluster_forbidden")), .forbidden),
      (condition(try pods(true), bad("cluster_unreachable")), .unreachable),
    ]
    for (condition, state) in cases {
      #expect(condition.state == state)
      let answer = condition.toolAnswer(start: "Start it.")
      #expect(answer.structured["state"]?.string == state.rawValue)
      #expect(answer.text.contains("namespace 'ks'"))
    }
  }

  @Test func theWordsAreThoseThatScriptsLookFor() throws {
    let here = condition(
      try pods(true), .catalogue(Self.catalogue, milliseconds: 2.5)
    ).toolAnswer(start: "").text
    #expect(here.contains("running in namespace 'ks'") && !here.contains("not running"))
    #expect(
      condition([], nil, []).toolAnswer(start: "Start it.").text.contains(
        "not running in namespace 'ks'"))
  }

  @Test func whatIsCapturedIsSaid() throws {
    let answered: JSONValue = [
      "agents": [
        [
          "node": "a", "state": "capturing", "targets": "pods of shop", "pods": 3,
          "problem": .null,
        ],
        [
          "node": "b", "state": "starting", "targets": "pods of shop", "pods": 0,
          "problem": "the API server refuses /api/v1/pods (403)",
        ],
      ]
    ]
    let agents = try #require(AgentState.all(in: answered))
    #expect(
      AgentState.missing(["a", "b"], agents) == [
        "b (starting: the API server refuses /api/v1/pods (403))"
      ])
    var condition = condition(
      try pods(true), .catalogue(Self.catalogue, milliseconds: 2.5))
    condition.agents = agents
    let answer = condition.toolAnswer(start: "")
    #expect(answer.structured["targets"] == ["pods of shop"])
    #expect(answer.structured["captured_pods"] == 3)
    #expect(answer.text.contains("Captured: pods of shop (3 now)."))
    // A Hub that does not say so has no line of it.
    condition.agents = [AgentState(node: "a", state: "capturing", isShedding: false)]
    #expect(!condition.toolAnswer(start: "").text.contains("Captured:"))
  }

  @Test func nodesThatDoNotCaptureMakeItDegraded() throws {
    let items = ["a", "b"].map { node -> JSONValue in
      [
        "kind": "Pod", "spec": ["nodeName": .string(node)],
        "metadata": ["name": .string("w-" + node), "labels": ["app.kubeshark.com/app": "worker"]],
        "status": ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]],
      ]
    }
    let list: JSONValue = ["kind": "PodList", "items": .array(items)]
    var condition = condition(
      try ClusterPod.all(in: Array(list.text.utf8)),
      .catalogue(Self.catalogue, milliseconds: 2.5))
    #expect(condition.state == .running)
    condition.agents = [
      AgentState(node: "a", state: "capturing", isShedding: true),
      AgentState(node: "gone", state: "silent", isShedding: false),
    ]
    let answer = condition.toolAnswer(start: "")
    #expect(condition.state == .degraded)
    #expect(answer.text.contains("Not capturing: b (the Hub has not heard of it)."))
    #expect(answer.text.contains("Shedding traffic, because there is too much: a."))
    #expect(answer.structured["agents"]?[0]?["shedding"] == true)
    condition.agents?.append(AgentState(node: "b", state: "capturing", isShedding: false))
    #expect(condition.state == .running)
  }

  @Test func servicesAreFoundBestFirst() throws {
    func service(_ name: String, _ ports: [JSONValue]) -> JSONValue {
      ["kind": "Service", "metadata": ["name": .string(name)], "spec": ["ports": .array(ports)]]
    }
    let hub = service("kubeshark-hub", [["port": 53, "protocol": "UDP"], ["port": 8080]])
    let front = service("kubeshark-front", [["port": 443], ["port": 80]])
    let list: JSONValue = ["kind": "List", "items": [hub, front, service("other", [["port": 1]])]]
    let found = try ClusterService.all(in: Array(list.text.utf8))
    #expect(
      found == [
        ClusterService(name: "kubeshark-front", port: 80),
        ClusterService(name: "kubeshark-hub", port: 8_080),
      ])
    #expect(try ClusterService.all(in: Array(hub.text.utf8)).count == 1)
    #expect(try ClusterService.all(in: Array("\n".utf8)).isEmpty)
    #expect(throws: ClusterFault.self) { try ClusterService.all(in: Array("{".utf8)) }
  }

  @Test func aPodSaysWhyItIsNotReady() throws {
    let text = """
      {"kind":"PodList","items":[
       {"metadata":{"name":"a"},"status":{"phase":"Pending","containerStatuses":[
         {"state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off"}}}]}},
       {"metadata":{"name":"b"},"status":{"phase":"Pending","conditions":[
         {"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes"}]}},
       {"metadata":{"name":"c","deletionTimestamp":"2026-01-01T00:00:00Z"},"status":{"phase":"Running",
         "conditions":[{"type":"Ready","status":"True"}]}},
       {"metadata":{"name":"d"},"status":{"phase":"Succeeded"}},
       {"metadata":{"name":"e"}}, {}, 7]}
      """
    let pods = try ClusterPod.all(in: Array(text.utf8))
    #expect(pods.map(\.name) == ["a", "b", "c", "e"])
    #expect(
      pods.map(\.trouble) == [
        "ImagePullBackOff: Back-off", "Unschedulable: 0/1 nodes", "is being removed", "Unknown",
      ])
  }

  /// What ended a container is not in its log: the kernel kills it, and it is started again.
  @Test func containersThatEndAreTold() throws {
    let text = """
      {"kind":"PodList","items":[
       {"metadata":{"name":"a","labels":{"app.kubeshark.com/app":"hub"}},"status":{"phase":"Running",
         "conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"restartCount":3,
          "state":{"running":{}},"lastState":{"terminated":{"reason":"OOMKilled","exitCode":137}}}]}},
       {"metadata":{"name":"b","labels":{"app.kubeshark.com/app":"worker"}},"status":{"phase":"Running",
         "conditions":[{"type":"Ready","status":"False","reason":"ContainersNotReady",
          "message":"containers with unready status: [agent]"}],
         "containerStatuses":[{"restartCount":0,"state":{"running":{}}}]}},
       {"metadata":{"name":"c","labels":{"app.kubeshark.com/app":"worker"}},"status":{"phase":"Running",
         "containerStatuses":[{"restartCount":1,"state":{"waiting":{"reason":"CrashLoopBackOff",
          "message":"back-off 10s"}},"lastState":{"terminated":{"reason":"Error","exitCode":2}}}]}},
       {"metadata":{"name":"d","labels":{"app.kubeshark.com/app":"hub"}},"status":{"phase":"Failed",
         "reason":"Evicted","message":"The node was low on resource: memory."}}]}
      """
    let pods = try ClusterPod.all(in: Array(text.utf8))
    #expect(
      pods.map(\.trouble) == [
        nil, "Evicted: The node was low on resource: memory.",
        "ContainersNotReady: containers with unready status: [agent]",
        "CrashLoopBackOff: back-off 10s; it ended with Error, code 2",
      ])
    let answered = ClusterCondition.Answer.catalogue(Self.catalogue, milliseconds: 1)
    let whole = condition([pods[0], pods[1]], answered)
    // Another pod has the place of the one that was evicted.
    #expect(whole.state == .running)
    let answer = whole.toolAnswer(start: "")
    #expect(answer.structured["components"]?["hub"] == ["ready": 1, "total": 1])
    #expect(answer.text.contains("  d: Evicted: The node was low on resource: memory."))
    #expect(answer.text.contains("Started again: a 3 times (at last OOMKilled, code 137)."))
    #expect(answer.text.contains("tap.resources.hub.limits.memory raises it."))
    #expect(
      answer.structured["restarts"] == [
        ["pod": "a", "count": 3, "last_end": "OOMKilled, code 137"]
      ])
    #expect(condition(pods, answered).state == .degraded)
  }

  @Test func aTokenComesWithItsEnd() throws {
    let text = #"{"status":{"token":"abc","expirationTimestamp":"2026-11-28T12:00:00Z"}}"#
    let now = Timestamp(milliseconds: 5_000)
    let (token, end) = try ClusterToken.token(in: Array(text.utf8), askedAt: now)
    #expect(token == "abc" && end.milliseconds == 1_795_867_200_000)
    // Where its life is told, the API server's clock does not matter.
    let whole = """
      {"kind":"TokenRequest","spec":{"audiences":["kubeshark-hub"],"expirationSeconds":3600},
       "status":{"token":"abc","expirationTimestamp":"2001-01-01T00:00:00Z"}}
      """
    let other = try ClusterToken.token(in: Array(whole.utf8), askedAt: now)
    #expect(other.0 == "abc" && other.1.milliseconds == 3_605_000)
    for text in [
      "", "{}", #"{"status":{"token":"a b","expirationTimestamp":"2026-11-28T12:00:00Z"}}"#,
    ] {
      #expect(throws: ClusterFault.self) {
        try ClusterToken.token(in: Array(text.utf8), askedAt: now)
      }
    }
  }
}
