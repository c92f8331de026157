package import Bytes
import Entries
package import Identity
package import KFL
import Pipeline
import Shipping

/// Which pods are captured, by their namespace and name.
package struct TargetRule: Sendable {
  /// Empty for all.
  package let namespaces: [String]
  /// None of these, whatever the others say.
  package let excludedNamespaces: [String]
  package let podRegex: String?
  private let pattern: Pattern?
  /// The only namespaces there are for it, whichever it names; empty for all.
  private let bounds: [String]

  /// - Throws: what RE2 says of a pattern it does not take.
  package init(
    namespaces: [String] = [], excludedNamespaces: [String] = [], podRegex: String? = nil
  ) throws(Pattern.Refused) {
    try self.init(namespaces, excludedNamespaces, podRegex, within: [])
  }

  private init(
    _ namespaces: [String], _ excludedNamespaces: [String], _ podRegex: String?,
    within bounds: [String]
  ) throws(Pattern.Refused) {
    (self.namespaces, self.podRegex, self.bounds) = (namespaces, podRegex, bounds)
    self.excludedNamespaces = excludedNamespaces
    pattern = try podRegex.map { (text) throws(Pattern.Refused) in try Pattern(text) }
  }

  /// Another choice among the namespaces of this one.
  func changed(to wanted: AgentOrders.Targets) throws(Pattern.Refused) -> TargetRule {
    try TargetRule(
      wanted.namespaces,
      Set(wanted.excludedNamespaces).union(excludedNamespaces).sorted(), wanted.podRegex,
      within: namespaces)
  }

  func includes(_ pod: Inventory.Item) -> Bool {
    (namespaces.isEmpty || namespaces.contains(pod.namespace))
      && (bounds.isEmpty || bounds.contains(pod.namespace))
      && !excludedNamespaces.contains(pod.namespace) && pattern?.isFound(in: pod.name) ?? true
  }

  /// As it is told: `pods of shop, payments whose name matches ^web`.
  var sentence: String {
    var place = namespaces.isEmpty ? "all namespaces" : namespaces.joined(separator: ", ")
    if !excludedNamespaces.isEmpty {
      place += " but \(excludedNamespaces.joined(separator: ", "))"
    }
    return "pods of \(place)" + (podRegex.map { " whose name matches \($0)" } ?? "")
  }
}

/// What the agent of one node captures and keeps.
///
/// A call between two nodes is seen on both. It belongs to the node of its server when that is a
/// target, else to the node of its client: so each is kept once, and no agent has to know what
/// another has seen. A call to a service is seen once more with the address of the pod that the
/// node chose for it, and belongs where that is seen.
package struct Targets: Sendable {
  /// Pods with this label are our own.
  private static let ownLabel = (name: "app.kubernetes.io/name", value: "kubeshark")

  /// Addresses of targeted pods of this node.
  package let local: Set<IPAddress>
  /// Addresses of targeted pods of other nodes, and of services: the calls they serve are kept with
  /// the addresses of the pods behind them. Services behind which there is anything but known pods
  /// with addresses of their own are not among them.
  package let elsewhere: Set<IPAddress>
  /// Names of the targeted pods of this node, with their namespaces.
  package let pods: [String]
  /// Targeted pods of this node in its own network: they have no address of their own, and cannot
  /// be told from the node.
  package let hostPods: Int

  package init(_ rule: TargetRule, in inventory: Inventory, on node: String) {
    var (local, elsewhere) = (Set<IPAddress>(), Set<IPAddress>())
    var (pods, hostPods) = ([String](), 0)
    // Of each namespace, whose addresses are seen behind those of services.
    var behind: [String: Set<String>] = [:]
    let holders = Self.holders(inventory)
    for pod in inventory.items where pod.kind == .pod && !pod.isGone {
      if !pod.usesHostNetwork, !pod.addresses.isEmpty {
        behind[pod.namespace, default: []].insert(pod.name)
      }
      guard rule.includes(pod), pod.labels[Self.ownLabel.name] != Self.ownLabel.value else {
        continue
      }
      guard !pod.usesHostNetwork else {
        if pod.node == node { hostPods += 1 }
        continue
      }
      let addresses = pod.addresses.filter { holders[$0] == pod.since }
      if pod.node == node {
        local.formUnion(addresses)
        pods.append("\(pod.namespace)/\(pod.name)")
      } else {
        elsewhere.formUnion(addresses)
      }
    }
    for service in inventory.items where service.kind == .service && !service.pods.isEmpty {
      if behind[service.namespace]?.isSuperset(of: service.pods) ?? false {
        elsewhere.formUnion(service.addresses)
      }
    }
    (self.local, self.elsewhere) = (local, elsewhere)
    (self.pods, self.hostPods) = (pods, hostPods)
  }

  /// When the pods started that hold addresses now. One that is on its way out shows its address until
  /// it is gone, also when a newer pod has got it meanwhile.
  private static func holders(_ inventory: Inventory) -> [IPAddress: Timestamp] {
    var holders: [IPAddress: Timestamp] = [:]
    for pod in inventory.items where pod.kind == .pod && !pod.isGone && !pod.usesHostNetwork {
      for address in pod.addresses {
        holders[address] = max(holders[address] ?? .distantPast, pod.since)
      }
    }
    return holders
  }

  /// Whether an entry between these ends is this node's.
  package func keeps(client: IPAddress, server: IPAddress) -> Bool {
    local.contains(server) || local.contains(client) && !elsewhere.contains(server)
  }

  /// What workers go by.
  func page(_ names: NameTable) -> Guide.Page {
    Guide.Page(names: names) { keeps(client: $0, server: $1) }
  }
}
