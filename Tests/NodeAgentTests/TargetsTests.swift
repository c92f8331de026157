import Bytes
import Identity
import KFL
import Shipping
import Testing

@testable import NodeAgent

struct TargetsTests {
  private func address(_ text: String) -> IPAddress { IPAddress(text)! }

  private func pod(
    _ name: String, _ namespace: String, on node: String, _ ip: String,
    labels: [String: String] = [:], usesHost: Bool = false
  ) -> Inventory.Item {
    Inventory.Item(
      kind: .pod, name: name, namespace: namespace, addresses: [address(ip)], node: node,
      labels: labels, usesHostNetwork: usesHost)
  }

  private var inventory: Inventory {
    Inventory([
      pod("web-1", "shop", on: "n1", "10.0.1.1"), pod("web-2", "shop", on: "n2", "10.0.2.1"),
      pod("db-1", "data", on: "n2", "10.0.2.2"),
      pod("host", "shop", on: "n1", "192.0.2.1", usesHost: true),
      pod("agent", "shop", on: "n1", "10.0.1.9", labels: ["app.kubernetes.io/name": "kubeshark"]),
      Inventory.Item(
        kind: .service, name: "web", namespace: "shop", addresses: [address("10.96.0.1")],
        pods: ["web-1", "web-2"]),
      Inventory.Item(
        kind: .service, name: "mixed", namespace: "shop", addresses: [address("10.96.0.2")],
        pods: ["web-1", "elsewhere"]),
      Inventory.Item(
        kind: .service, name: "db", namespace: "data", addresses: [address("10.96.0.3")],
        pods: ["db-1"]),
      Inventory.Item(
        kind: .service, name: "host", namespace: "shop", addresses: [address("10.96.0.4")],
        pods: ["host"]),
    ])
  }

  @Test func podsAreChosenByNamespaceAndName() throws {
    let all = Targets(try TargetRule(), in: inventory, on: "n2")
    #expect(all.pods.sorted() == ["data/db-1", "shop/web-2"])
    let shop = Targets(try TargetRule(namespaces: ["shop"]), in: inventory, on: "n1")
    #expect(shop.pods == ["shop/web-1"] && shop.hostPods == 1)
    let none = Targets(try TargetRule(podRegex: "^db-"), in: inventory, on: "n1")
    #expect(none.local.isEmpty && none.elsewhere.contains(address("10.0.2.2")))
  }

  /// The network frees an address before the API server has heard that its pod is gone.
  @Test func anAddressIsOfThePodThatStartedLast() throws {
    var (old, new) = (
      pod("web-1", "shop", on: "n1", "10.0.1.1"), pod("db-1", "data", on: "n1", "10.0.1.1")
    )
    (old.since, new.since) = (Timestamp(nanoseconds: 1), Timestamp(nanoseconds: 2))
    let rule = try TargetRule(namespaces: ["shop"])
    #expect(Targets(rule, in: Inventory([old, new]), on: "n1").local.isEmpty)
    #expect(Targets(rule, in: Inventory([old, new]), on: "n2").elsewhere.isEmpty)
    new.isGone = true
    #expect(Targets(rule, in: Inventory([old, new]), on: "n1").local == [address("10.0.1.1")])
    let all = try TargetRule()
    #expect(Targets(all, in: Inventory([old, new]), on: "n1").local == [address("10.0.1.1")])
  }

  /// Whatever the targets, exactly one node keeps a call that any of them sees.
  @Test func everyCallBelongsToOneNode() throws {
    let addresses = ["10.0.1.1", "10.0.2.1", "10.0.2.2", "198.51.100.1"].map(address)
    for rule in [
      try TargetRule(), try TargetRule(namespaces: ["shop"]), try TargetRule(podRegex: "1$"),
    ] {
      let nodes = ["n1", "n2"].map { Targets(rule, in: inventory, on: $0) }
      let targeted = nodes[0].local.union(nodes[1].local)
      for client in addresses {
        for server in addresses where client != server {
          let keepers = nodes.count { $0.keeps(client: client, server: server) }
          let isSeen = targeted.contains(client) || targeted.contains(server)
          #expect(keepers == (isSeen ? 1 : 0), "\(client) to \(server)")
        }
      }
    }
  }

  /// Behind a service's address a call goes on to that of a pod, whether that is a target or not.
  @Test func aCallToAServiceIsKeptOnce() throws {
    let rule = try TargetRule(namespaces: ["shop"])
    let targets = Targets(rule, in: inventory, on: "n1")
    let client = address("10.0.1.1")
    #expect(!targets.keeps(client: client, server: address("10.96.0.1")))
    #expect(!targets.keeps(client: client, server: address("10.96.0.3")))
    #expect(targets.keeps(client: client, server: address("10.0.2.2")))
    // Where a pod is not known, or has its node's address, only the service's may be seen.
    #expect(targets.keeps(client: client, server: address("10.96.0.2")))
    #expect(targets.keeps(client: client, server: address("10.96.0.4")))
  }

  /// Names of other namespaces may be known; what an agent was started to leave alone it leaves alone.
  @Test func anotherChoiceStaysWithinTheNamespacesOfTheFirst() throws {
    let started = try TargetRule(namespaces: ["shop", "kept"], excludedNamespaces: ["kept"])
    let all = try started.changed(to: AgentOrders.Targets())
    #expect(Targets(all, in: inventory, on: "n2").pods == ["shop/web-2"])
    let others = try started.changed(to: AgentOrders.Targets(namespaces: ["data", "kept"]))
    #expect(Targets(others, in: inventory, on: "n2").pods.isEmpty)
    let without = try TargetRule(excludedNamespaces: ["data"])
      .changed(to: AgentOrders.Targets(excludedNamespaces: ["shop"]))
    #expect(Targets(without, in: inventory, on: "n2").pods.isEmpty)
    #expect(without.excludedNamespaces == ["data", "shop"])
  }
}
