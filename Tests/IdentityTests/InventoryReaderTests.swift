import Bytes
import Entries
import Foundation
import Identity
import JSON
import TestSupport
import Testing

@Suite struct InventoryReaderTests {
  private func inventory(_ text: String) throws -> Inventory {
    try InventoryReader.inventory(of: Array(text.utf8), path: "workloads")
  }

  private func workload(_ inventory: Inventory, _ address: String) throws -> Workload {
    let address = try #require(IPAddress(address))
    return try #require(inventory.names.workload(at: address, when: Timestamp(nanoseconds: 0)))
  }

  @Test func whatIsKeptIsReadAgain() throws {
    var items = try inventory(Self.kubectl).items
    items[0].isGone = true
    items.append(
      Inventory.Item(
        kind: .service, name: "x", namespace: "n", since: Timestamp(nanoseconds: 5),
        annotations: ["a": "\"\n"], pods: ["p"], selector: ["k": "v"]))
    let kept = Inventory(items)
    #expect(Inventory(json: kept.json)?.items == kept.items)
    #expect(Inventory(json: ["version": 2, "items": []]) == nil)
    let damaged = Inventory(json: [
      "version": 1, "items": [["kind": "Pod"], 5, ["kind": "Odd", "name": "x"]],
    ])
    #expect(damaged?.items == [])
  }

  /// Calls to a service without them are refused at its own address.
  @Test func podsThatAreNotReadyAreNotBehindAService() throws {
    let inventory = try inventory(
      """
      {"kind":"List","items":[
        {"kind":"Service","metadata":{"name":"web","namespace":"shop"},
         "spec":{"clusterIP":"10.96.0.12","clusterIPs":["10.96.0.12"],"selector":{"app":"web"}}},
        {"kind":"EndpointSlice","metadata":{"name":"web-1","namespace":"shop",
          "labels":{"kubernetes.io/service-name":"web"}},
         "endpoints":[
          {"targetRef":{"kind":"Pod","name":"ready"},"conditions":{"ready":true}},
          {"targetRef":{"kind":"Pod","name":"starting"},"conditions":{"ready":false}},
          {"targetRef":{"kind":"Pod","name":"unknown"},"conditions":{}}]}]}
      """)
    #expect(inventory.items.map(\.pods) == [["ready", "unknown"]])
  }

  /// A pod that is being replaced serves until it is gone, while no other is ready.
  @Test func podsOnTheirWayOutAreBehindAServiceWithoutOthers() throws {
    func slice(_ name: String, _ endpoints: String) -> String {
      """
      {"kind":"EndpointSlice","metadata":{"name":"\(name)","namespace":"shop",
        "labels":{"kubernetes.io/service-name":"web"}},"endpoints":[\(endpoints)]}
      """
    }
    let service = """
      {"kind":"Service","metadata":{"name":"web","namespace":"shop"},
       "spec":{"clusterIP":"10.96.0.12","selector":{"app":"web"}}}
      """
    let ending = """
      {"targetRef":{"kind":"Pod","name":"old"},
       "conditions":{"ready":false,"serving":true,"terminating":true}},
      {"targetRef":{"kind":"Pod","name":"dead"},
       "conditions":{"ready":false,"serving":false,"terminating":true}}
      """
    func pods(_ slices: String...) throws -> [[String]] {
      let objects = [service] + slices
      return try inventory(
        "{\"kind\":\"List\",\"items\":[\(objects.joined(separator: ","))]}"
      ).items.map(\.pods)
    }
    #expect(try pods(slice("web-1", ending)) == [["old"]])
    let other = #"{"targetRef":{"kind":"Pod","name":"new"},"conditions":{"ready":true}}"#
    #expect(try pods(slice("web-1", ending), slice("web-2", other)) == [["new"]])
    // The same when slices come one by one, as they are watched.
    let facts = try [service, slice("web-1", ending), slice("web-2", "")].compactMap {
      try InventoryReader.fact(of: JSONReader.value(of: Array($0.utf8)))
    }
    #expect(facts.count == 3)
    #expect(InventoryReader.inventory(of: facts).items.map(\.pods) == [["old"]])
  }

  /// By that it is known that nothing has to be named anew.
  @Test func whatHappensToAPodIsANewFactOnlyWhenItSaysSomethingNew() throws {
    func fact(_ version: Int, isReady: Bool, _ address: String) throws -> InventoryReader.Fact {
      try #require(
        InventoryReader.fact(of: [
          "kind": "Pod",
          "metadata": [
            "name": "web", "namespace": "shop", "resourceVersion": .string("\(version)"),
          ],
          "spec": ["nodeName": "node-1"],
          "status": [
            "phase": "Running", "podIP": .string(address),
            "conditions": [["type": "Ready", "status": isReady ? "True" : "False"]],
          ],
        ]))
    }
    let first = try fact(1, isReady: false, "10.0.0.1")
    #expect(try first == fact(2, isReady: true, "10.0.0.1"))
    #expect(try first != fact(2, isReady: false, "10.0.0.2"))
  }

  private static let kubectl = """
    {"kind":"List","items":[
      {"kind":"Pod","metadata":{"name":"orders-5d8f-x2","namespace":"shop",
        "labels":{"app":"orders","pod-template-hash":"5d8f"},
        "ownerReferences":[{"kind":"ReplicaSet","name":"orders-5d8f","controller":true}]},
       "spec":{"nodeName":"node-1"},
       "status":{"podIP":"10.244.1.12","podIPs":[{"ip":"10.244.1.12"},{"ip":"fd00::12"}],
        "startTime":"2026-03-14T20:00:00Z"}},
      {"kind":"Pod","metadata":{"name":"proxy","namespace":"kube-system"},
       "spec":{"nodeName":"node-1","hostNetwork":true},"status":{"podIP":"10.0.0.11"}},
      {"kind":"Service","metadata":{"name":"orders","namespace":"shop"},
       "spec":{"clusterIP":"10.96.0.12","clusterIPs":["10.96.0.12"],"selector":{"app":"orders"}}},
      {"kind":"Service","metadata":{"name":"headless","namespace":"shop"},
       "spec":{"clusterIP":"None"}},
      {"kind":"EndpointSlice","metadata":{"name":"headless-1","namespace":"shop",
        "labels":{"kubernetes.io/service-name":"headless"}},
       "endpoints":[{"addresses":["10.244.1.12"],"targetRef":{"kind":"Pod","name":"orders-5d8f-x2"}}]},
      {"kind":"Node","metadata":{"name":"node-1"},
       "status":{"addresses":[{"type":"InternalIP","address":"10.0.0.11"},
        {"type":"Hostname","address":"node-1"}]}},
      {"kind":"ConfigMap","metadata":{"name":"x"}}]}
    """

  @Test func kubectlListsNamePodsServicesAndNodes() throws {
    let inventory = try inventory(Self.kubectl)
    for address in ["10.244.1.12", "fd00::12"] {
      let pod = try workload(inventory, address)
      #expect(pod.pod == "orders-5d8f-x2" && pod.namespace == "shop" && pod.node == "node-1")
      #expect(pod.owner == Workload.Owner(kind: "Deployment", name: "orders"))
      #expect(pod.service == "headless", "the first of its services by name")
    }
    let service = try workload(inventory, "10.96.0.12")
    #expect(service.service == "orders" && service.pod == nil && service.name == "orders")
    let node = try workload(inventory, "10.0.0.11")
    #expect(
      node.node == "node-1" && node.pod == nil, "a pod on the host's network does not name it")
  }

  /// Agents may not look at nodes; probes of the kubelet and pods on the host's network come from there.
  @Test func nodesAreKnownByTheirPods() throws {
    let texts = [
      """
      {"kind":"Pod","metadata":{"name":"web","namespace":"shop"},"spec":{"nodeName":"node-1"},
       "status":{"podIP":"10.244.1.12","hostIP":"10.0.0.11",
        "hostIPs":[{"ip":"10.0.0.11"},{"ip":"fd00::b"}]}}
      """,
      """
      {"kind":"Pod","metadata":{"name":"proxy","namespace":"kube-system"},
       "spec":{"nodeName":"node-2","hostNetwork":true},
       "status":{"podIP":"10.0.0.12","hostIP":"10.0.0.12"}}
      """,
      """
      {"kind":"Pod","metadata":{"name":"job","namespace":"shop"},"spec":{"nodeName":"node-0"},
       "status":{"phase":"Succeeded","hostIP":"10.0.0.10"}}
      """,
    ]
    let facts = try texts.compactMap {
      try InventoryReader.fact(of: JSONReader.value(of: Array($0.utf8)))
    }
    let whole = try inventory("{\"items\":[\(texts.joined(separator: ","))]}")
    for known in [InventoryReader.inventory(of: facts), whole] {
      for (address, node) in [
        ("10.0.0.11", "node-1"), ("fd00::b", "node-1"), ("10.0.0.12", "node-2"),
      ] {
        let workload = try workload(known, address)
        #expect(workload.node == node && workload.pod == nil, "\(address)")
      }
      #expect(known.items.filter { $0.kind == .node }.map(\.name) == ["node-1", "node-2"])
    }
  }

  /// They go with every call, to whoever asks: no place for copies of whole objects.
  @Test func annotationsThatAreDocumentsAreLeftOut() throws {
    let long = String(repeating: "x", count: 1_025)
    for kind in ["Pod", "Service", "Node"] {
      let object: JSONValue = [
        "kind": .string(kind),
        "metadata": [
          "name": "web", "namespace": "shop",
          "annotations": [
            "team": "a", "status": .string(long), "note": .string(String(long.dropLast())),
            "kubectl.kubernetes.io/last-applied-configuration": #"{"env":"secret"}"#,
          ],
        ],
      ]
      let fact = try #require(InventoryReader.fact(of: object))
      let item = try #require(InventoryReader.inventory(of: [fact]).items.first)
      #expect(item.annotations.keys.sorted() == ["note", "team"], "\(kind)")
    }
  }

  /// The pods of a job stay listed when they have ended, with addresses that others get.
  @Test func aPodThatHasEndedHoldsItsAddressNoMore() throws {
    func pod(_ name: String, _ phase: String, _ start: String) -> String {
      """
      {"kind":"Pod","metadata":{"name":"\(name)","namespace":"shop"},
       "status":{"phase":"\(phase)","podIP":"10.244.1.9","startTime":"\(start)"}}
      """
    }
    let inventory = try inventory(
      """
      {"kind":"List","items":[
        \(pod("dump-1", "Succeeded", "2026-03-14T20:00:00Z")),
        \(pod("dump-2", "Failed", "2026-03-14T20:10:00Z")),
        \(pod("web", "Running", "2026-03-14T20:20:00Z"))]}
      """)
    let gone = inventory.items.filter(\.isGone).map(\.name)
    #expect(gone == ["dump-1", "dump-2"])
    let address = try #require(IPAddress("10.244.1.9"))
    func name(_ instant: String) throws -> String? {
      inventory.names.workload(at: address, when: try #require(Timestamp(rfc3339: instant)))?.pod
    }
    #expect(try name("2026-03-14T20:05:00Z") == "dump-1", "its traffic keeps its name")
    #expect(try name("2026-03-14T20:30:00Z") == "web")
  }

  @Test func servicesKnowTheirPods() throws {
    let inventory = try inventory(Self.kubectl)
    let pod = try #require(inventory.items.first { $0.name == "orders-5d8f-x2" })
    #expect(inventory.services(of: pod) == ["headless", "orders"])
  }

  @Test func ownYAMLIsRead() throws {
    let text = try String(
      contentsOf: checkout.appendingPathComponent("Samples/workloads.yaml"), encoding: .utf8)
    let inventory = try inventory(text)
    #expect(inventory.items.contains { $0.kind == .service && $0.namespace == "kube-system" })
    #expect(!inventory.names.isEmpty)
  }

  @Test func oldTrafficKeepsItsNames() throws {
    let inventory = try inventory(
      """
      workloads:
        - {kind: Pod, name: old, namespace: a, ips: [10.0.0.1], since: "2026-01-01T00:00:00Z"}
        - {kind: Pod, name: new, namespace: a, ips: [10.0.0.1], since: "2026-02-01T00:00:00Z"}
      """)
    let address = try #require(IPAddress("10.0.0.1"))
    func name(_ instant: String) throws -> String? {
      inventory.names.workload(at: address, when: try #require(Timestamp(rfc3339: instant)))?.pod
    }
    #expect(try name("2026-01-15T00:00:00Z") == "old")
    #expect(try name("2026-03-01T00:00:00Z") == "new")
    #expect(try name("2025-01-01T00:00:00Z") == "old", "before all records the oldest serves")
  }

  @Test(arguments: [
    ("{", "is not JSON"), ("a: [", "is not YAML"), ("a: 1", "neither \"workloads\" nor \"items\""),
    ("workloads: []", "names no pod"), ("", "neither \"workloads\""),
    ("{\"items\":[{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"x\"}}]}", "names no pod"),
  ])
  func uselessFilesSaySo(text: String, part: String) {
    do {
      _ = try inventory(text)
      Issue.record("accepted")
    } catch let error as InventoryError {
      #expect(error.message.contains(part), "\(error.message)")
    } catch { Issue.record("\(error)") }
  }

  /// Nine aliases of nine aliases, and so on: a few lines that stand for billions of values.
  @Test func aliasesOfAliasesAreRefused() {
    var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in 1..<12 {
      let inner = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      lines.append("a\(level): &a\(level) [\(inner)]")
    }
    lines.append("workloads: *a11")
    let error = #expect(throws: InventoryError.self) {
      try inventory(lines.joined(separator: "\n"))
    }
    #expect(error?.message.contains("aliases") == true)
  }

  @Test func anErrorShowsAPieceOfALongLineOnly() {
    let error = #expect(throws: InventoryError.self) {
      try inventory("workloads: " + String(repeating: "[", count: 100_000))
    }
    #expect(error.map { $0.message.utf8.count < 1_000 } == true)
  }
}
