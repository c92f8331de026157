import Bytes
import Dissectors
import Entries
import Identity
import KFL
import Query
import ToolKit

/// The window of a question, with what its answer rests on.
struct TrafficWindow {
  var range: Range<Timestamp>?
  var coverage: Coverage
}

extension Traffic {
  func window(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) throws(ToolError) -> TrafficWindow {
    TrafficWindow(range: try window(arguments), coverage: coverage)
  }

  /// Everybody who is known by name or was seen: by kind, namespace and name.
  ///
  /// - Parameter moment: with it, addresses are those held at that time.
  func workloads(
    _ window: TrafficWindow, at moment: Timestamp? = nil
  ) async throws(ToolError) -> [ObservedWorkload] {
    let seen = try await sightings(window)
    let holders = moment.map(holders) ?? [:]
    var workloads: [ObservedWorkload] = []
    var named: Set<String> = []
    for item in items {
      let isShown = { (address: IPAddress) in
        moment == nil || item.usesHostNetwork || holders[address] == item
      }
      let held = item.addresses.filter(isShown)
      guard !held.isEmpty || item.addresses.isEmpty else { continue }
      let addresses = held.map(\.description)
      if !item.usesHostNetwork { named.formUnion(addresses) }
      var workload = ObservedWorkload(
        kind: item.kind.rawValue, name: item.name, namespace: item.namespace, labels: item.labels,
        addresses: addresses.map { ($0, item.since) }, node: item.node, owner: item.owner,
        services: item.kind == .pod ? services(of: item) : [])
      workload.observed =
        item.kind == .service
        ? seen.services[ServiceName(namespace: item.namespace, name: item.name)]
        : addresses.compactMap { seen.addresses[$0] }.reduce(nil) { sum, next in
          sum?.merged(next) ?? next
        }
      workloads.append(workload)
    }
    workloads += namespaces(of: workloads, seen.links)
    // Addresses without a name are workloads too, as far as anybody can tell.
    for (address, observed) in seen.addresses.sorted(by: { $0.key < $1.key })
    where !named.contains(address) {
      workloads.append(
        ObservedWorkload(
          kind: "Address", name: address, namespace: "",
          addresses: [(address, .distantPast)], observed: observed))
    }
    return workloads
  }

  private func namespaces(
    of workloads: [ObservedWorkload], _ links: [Link]
  ) -> [ObservedWorkload] {
    var sums: [String: ObservedWorkload.Observed?] = [:]
    var holders: [String: String] = [:]
    for workload in workloads where !workload.namespace.isEmpty {
      // Services are seen through their pods; counting both would count calls twice.
      guard workload.kind == "Pod" else {
        sums[workload.namespace] = sums[workload.namespace] ?? .some(nil)
        continue
      }
      let before = sums[workload.namespace] ?? nil
      sums[workload.namespace] = .some(
        workload.observed.map { before?.merged($0) ?? $0 } ?? before)
      for pair in workload.addresses { holders[pair.address] = workload.namespace }
    }
    // What two of its pods said to each other was counted by both.
    var within: [String: Int64] = [:]
    for link in links {
      guard let name = holders[link.client], holders[link.server] == name else { continue }
      within[name, default: 0] += link.bytes
    }
    return sums.sorted { $0.key < $1.key }.map { name, sum in
      var observed = sum
      observed?.bytes -= within[name] ?? 0
      return ObservedWorkload(kind: "Namespace", name: name, namespace: "", observed: observed)
    }
  }

  struct ServiceName: Hashable {
    var namespace: String
    var name: String
  }

  struct Sightings {
    var addresses: [String: ObservedWorkload.Observed] = [:]
    /// DNS names last seen for addresses.
    var dns: [String: String] = [:]
    var services: [ServiceName: ObservedWorkload.Observed] = [:]
    /// Bytes between two pods of one namespace.
    var links: [Link] = []
  }

  struct Link {
    var client: String
    var server: String
    var bytes: Int64
  }

  /// What was seen of each address and service, by adding up calls and flows.
  func sightings(_ window: TrafficWindow) async throws(ToolError) -> Sightings {
    let flowQuery = FlowQuery([], window: window.range, limit: FlowQuery.maxFlows)
    let flows = try await ask { (source) throws(QueryError) in try await source.flows(flowQuery) }
    var sightings = Sightings()
    for flow in flows.flows {
      let observed = ObservedWorkload.Observed(
        first: flow.first, last: flow.last, bytes: flow.bytes, protocols: Set(flow.protocols))
      let ends = [flow.client, flow.server]
      // Who talks to itself moves each byte once: over a loopback interface, for one.
      for address in Set(ends.map(\.ip)) {
        sightings.addresses.merge([address: observed]) { $0.merged($1) }
      }
      for end in ends where !end.dns.isEmpty { sightings.dns[end.ip] = end.dns }
      let services = ends.filter { !$0.service.isEmpty }.map {
        ServiceName(namespace: $0.namespace, name: $0.service)
      }
      for name in Set(services) {
        sightings.services.merge([name: observed]) { $0.merged($1) }
      }
      if flow.client.ip != flow.server.ip, flow.client.namespace == flow.server.namespace,
        !flow.client.namespace.isEmpty
      {
        sightings.links.append(
          Link(client: flow.client.ip, server: flow.server.ip, bytes: flow.bytes))
      }
    }
    // Calls are counted where they are served.
    let aggregation = Aggregation(
      window: window.range,
      by: [
        .field(.destinationIP), .field(.destinationServiceNamespace),
        .field(.destinationServiceName),
      ], limit: Aggregation.maxGroups, measures: .counts)
    let calls = try await ask { (source) throws(QueryError) in
      try await source.aggregate(aggregation)
    }
    for group in calls.groups {
      guard case .text(let address) = group.keys[0] else { continue }
      sightings.addresses[address]?.count(group.metrics)
      if case .text(let namespace) = group.keys[1], case .text(let name) = group.keys[2] {
        sightings.services[ServiceName(namespace: namespace, name: name)]?.count(group.metrics)
      }
    }
    try await addSecrecy(window, to: &sightings)
    return sightings
  }

  /// Counts the connections over TLS by whether they could be read, at both of their ends.
  private func addSecrecy(
    _ window: TrafficWindow, to sightings: inout Sightings
  ) async throws(ToolError) {
    let aggregation = Aggregation(
      window: window.range, families: .connections,
      by: [
        .field(.connTLS), .field(.sourceIP), .field(.destinationIP),
        .field(.destinationServiceNamespace), .field(.destinationServiceName),
      ], limit: Aggregation.maxGroups, measures: .count)
    let connections = try await ask { (source) throws(QueryError) in
      try await source.aggregate(aggregation)
    }
    for group in connections.groups {
      guard case .text(let word) = group.keys[0], let secrecy = Secrecy(rawValue: word) else {
        continue
      }
      let count = Int64(group.metrics.count)
      // Both ends may be one address.
      for end in Set(group.keys[1...2]) {
        if case .text(let address) = end {
          sightings.addresses[address]?.tls[secrecy, default: 0] += count
        }
      }
      if case .text(let namespace) = group.keys[3], case .text(let name) = group.keys[4] {
        let service = ServiceName(namespace: namespace, name: name)
        sightings.services[service]?.tls[secrecy, default: 0] += count
      }
    }
  }

  /// Who held each address at that time: the latest of those not after it, else the first known,
  /// as entries are named.
  func holders(at moment: Timestamp) -> [IPAddress: Inventory.Item] {
    var holders: [IPAddress: Inventory.Item] = [:]
    for item in items.sorted(by: { $0.since < $1.since }) where !item.usesHostNetwork {
      for address in item.addresses where item.since <= moment || holders[address] == nil {
        holders[address] = item
      }
    }
    return holders
  }

  /// Why nothing goes by a name.
  var whyNoNames: String {
    """
    Addresses have no names here: start with --workloads FILE, made by \
    kubectl get pods,services,endpointslices,nodes -A -o json.
    """
  }
}
