package import Bytes
package import Entries

/// The pods, services and nodes somebody told us of, and the addresses they hold.
package struct Inventory: Sendable {
  /// One object of the cluster.
  package struct Item: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
      case pod = "Pod"
      case service = "Service"
      case node = "Node"
    }
    package var kind: Kind
    package var name: String
    /// Empty for nodes.
    package var namespace: String
    package var addresses: [IPAddress]
    /// Time from which it held its addresses; `.distantPast` when nobody says.
    package var since: Timestamp
    package var node: String?
    package var owner: Workload.Owner?
    package var labels: [String: String]
    package var annotations: [String: String]
    /// Of a service: names of the pods behind it, in its namespace.
    package var pods: [String]
    /// Of a service: labels that its pods must carry; empty selects nothing.
    package var selector: [String: String]
    /// A pod in its node's network namespace: its address is the node's, and names the node.
    package var usesHostNetwork: Bool
    /// It is not there any more or has ended for good, and is known for what it was.
    package var isGone = false

    package init(
      kind: Kind, name: String, namespace: String = "", addresses: [IPAddress] = [],
      since: Timestamp = .distantPast, node: String? = nil, owner: Workload.Owner? = nil,
      labels: [String: String] = [:], annotations: [String: String] = [:], pods: [String] = [],
      selector: [String: String] = [:], usesHostNetwork: Bool = false
    ) {
      (self.kind, self.name, self.namespace) = (kind, name, namespace)
      (self.addresses, self.since) = (addresses, since)
      (self.node, self.owner, self.labels) = (node, owner, labels)
      (self.annotations, self.pods, self.selector) = (annotations, pods, selector)
      self.usesHostNetwork = usesHostNetwork
    }
  }

  /// Ordered by kind, namespace and name.
  package private(set) var items: [Item]
  /// Services by their namespace, in order: a cluster has too many to look through for each pod.
  private let services: [String: [Item]]

  package init(_ items: [Item] = []) {
    self.items = items.sorted {
      ($0.kind.rawValue, $0.namespace, $0.name, $0.since) < (
        $1.kind.rawValue, $1.namespace, $1.name, $1.since
      )
    }
    services = Dictionary(grouping: self.items.filter { $0.kind == .service }, by: \.namespace)
  }

  /// Names of the services in front of a pod, in order.
  package func services(of pod: Item) -> [String] {
    services[pod.namespace, default: []].filter { service in
      service.pods.contains(pod.name)
        || !service.selector.isEmpty
          && service.selector.allSatisfy { pod.labels[$0.key] == $0.value }
    }.map(\.name)
  }

  /// The table that names addresses by this inventory.
  ///
  /// A pod that several services select is shown with the first of them by name.
  package var names: NameTable {
    var list: [(address: IPAddress, record: NameTable.Record)] = []
    for item in items where !item.usesHostNetwork {
      let workload = workload(of: item)
      for address in item.addresses where !address.isUnspecified {
        list.append((address, NameTable.Record(workload: workload, since: item.since)))
      }
    }
    return NameTable(list)
  }

  private func workload(of item: Item) -> Workload {
    switch item.kind {
    case .pod:
      let service = services(of: item).first
      return Workload(
        pod: item.name, podNamespace: item.namespace, service: service,
        serviceNamespace: service == nil ? nil : item.namespace, node: item.node,
        owner: item.owner, labels: item.labels, annotations: item.annotations)
    case .service:
      return Workload(
        service: item.name, serviceNamespace: item.namespace, labels: item.labels,
        annotations: item.annotations)
    case .node:
      return Workload(node: item.name, labels: item.labels, annotations: item.annotations)
    }
  }
}

extension Inventory {
  /// Equal for equal inventories, in every process: what names depend on, as bytes.
  package var fingerprint: [UInt8] {
    var text = ""
    for item in items {
      text += "\(item.kind.rawValue)\n\(item.namespace)\n\(item.name)\n\(item.since.nanoseconds)\n"
      text += item.addresses.map(\.description).joined(separator: ",") + "\n"
      text += "\(item.node ?? "")\n\(item.owner?.kind ?? "")/\(item.owner?.name ?? "")\n"
      for values in [item.labels, item.annotations, item.selector] {
        text +=
          values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
          .joined(separator: ",") + "\n"
      }
      text += item.pods.joined(separator: ",") + "\(item.usesHostNetwork)\n"
    }
    return Array(text.utf8)
  }
}
