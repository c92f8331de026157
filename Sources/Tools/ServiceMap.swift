import Bytes
import Entries
import JSON
import Query
import ToolKit

/// The graph of who talks to whom, put together from calls and connections.
struct ServiceMap {
  struct Edge {
    var client: NamedEnd
    var server: NamedEnd
    var protocols: Set<String> = []
    /// Protocols that connections were found to carry, in upper case.
    var detected: Set<String> = []
    var metrics = Metrics()
    var flowBytes: Int64 = 0
    var connections = 0
    var unanswered = 0
    var isExternal = false

    /// Whole packets where connections are known, else the messages.
    var bytes: Int64 { flowBytes > 0 ? flowBytes : metrics.bytesIn &+ metrics.bytesOut }
    var names: [String] {
      protocols.isEmpty ? detected.map { $0.lowercased() }.sorted() : protocols.sorted()
    }
    var crosses: Bool {
      !client.namespace.isEmpty && !server.namespace.isEmpty && client.namespace != server.namespace
    }
  }

  private struct Key: Hashable {
    var client: NamedEnd
    var server: NamedEnd
  }

  private let level: NamedEnd.Level
  private var edges: [Key: Edge] = [:]

  init(_ level: NamedEnd.Level) { self.level = level }

  mutating func add(_ group: AggregationResult.Group) {
    let client = NamedEnd(group.keys[0..<3], level)
    let server = NamedEnd(group.keys[3..<6], level)
    let key = Key(client: client, server: server)
    edges[key, default: Edge(client: client, server: server)].metrics.add(group.metrics)
    edges[key]?.protocols.insert(StatsKeys.proto(group.keys[6]))
    if isOutside(client) || isOutside(server) { edges[key]?.isExternal = true }
  }

  mutating func add(_ flow: Flow) {
    let client = NamedEnd(flow.client, level)
    let server = NamedEnd(flow.server, level)
    let key = Key(client: client, server: server)
    var edge = edges[key] ?? Edge(client: client, server: server)
    edge.flowBytes &+= flow.bytes
    edge.connections += flow.connections
    edge.unanswered += flow.unanswered
    edge.detected.formUnion(flow.protocols.isEmpty ? [flow.transport] : flow.protocols)
    for end in [flow.client, flow.server] where IPAddress(end.ip)?.isPublic ?? false {
      edge.isExternal = true
    }
    edges[key] = edge
  }

  private func isOutside(_ end: NamedEnd) -> Bool {
    end.kind == .address && IPAddress(end.name)?.isPublic ?? false
  }

  mutating func removeExternal() { edges = edges.filter { !$0.value.isExternal } }

  /// By calls, then bytes, then names: the same every time.
  var sortedEdges: [Edge] {
    edges.values.sorted { a, b in
      if a.metrics.count != b.metrics.count { return a.metrics.count > b.metrics.count }
      if a.bytes != b.bytes { return a.bytes > b.bytes }
      return (a.client.id, a.server.id) < (b.client.id, b.server.id)
    }
  }

  /// The ends of these edges, by name.
  func nodes(of edges: [Edge]) -> [JSONObject] {
    struct Sums {
      var callsIn = 0
      var callsOut = 0
      var errorsIn = 0
      var bytes: Int64 = 0
    }
    var sums: [NamedEnd: Sums] = [:]
    for edge in edges {
      sums[edge.client, default: Sums()].callsOut += edge.metrics.count
      sums[edge.client]?.bytes &+= edge.bytes
      sums[edge.server, default: Sums()].callsIn += edge.metrics.count
      sums[edge.server]?.errorsIn += edge.metrics.errors
      if edge.client != edge.server { sums[edge.server]?.bytes &+= edge.bytes }
    }
    return sums.sorted { $0.key.id < $1.key.id }.map { end, sum in
      var object: JSONObject = [
        "id": .string(end.id), "kind": .string(end.kind.rawValue),
        "name": .string(Shown.text(end.name)),
      ]
      if !end.namespace.isEmpty { object["ns"] = .string(Shown.text(end.namespace)) }
      if isOutside(end) { object["external"] = true }
      object["calls_in"] = JSONValue(sum.callsIn)
      object["calls_out"] = JSONValue(sum.callsOut)
      object["errors_in"] = JSONValue(sum.errorsIn)
      object["bytes"] = .int(sum.bytes)
      return object
    }
  }

  static var table: Table {
    Table([
      .init("client", limit: 34), .init("server", limit: 34), .init("protocols", limit: 20),
      .init("calls", right: true), .init("failed", right: true), .init("p50 ms", right: true),
      .init("p99 ms", right: true), .init("bytes", right: true), .init("conns", right: true),
      .init("remark", limit: 60),
    ])
  }
}

extension ServiceMap.Edge {
  /// Whether an end goes by a name that DNS gave it, which are captured words.
  var showsNames: Bool {
    [client, server].contains { $0.kind == .address && IPAddress($0.name) == nil }
  }

  var json: JSONObject {
    var object: JSONObject = [
      "src": .string(client.id), "dst": .string(server.id),
      "protocols": .array(names.map { .string($0) }), "calls": JSONValue(metrics.count),
      "errors": JSONValue(metrics.errors), "error_rate": StatsRow.share(metrics.errorRate),
    ]
    if let value = metrics.latency.quantile(0.5) { object["p50_ms"] = StatsRow.milliseconds(value) }
    if let value = metrics.latency.quantile(0.99) {
      object["p99_ms"] = StatsRow.milliseconds(value)
    }
    object["bytes"] = .int(bytes)
    object["connections"] = JSONValue(connections)
    if unanswered > 0 { object["unanswered"] = JSONValue(unanswered) }
    if metrics.count == 0 { object["l4_only"] = true }
    if crosses { object["cross_namespace"] = true }
    return object
  }

  var cells: [String] {
    func time(_ share: Double) -> String {
      metrics.latency.quantile(share).map { Shown.milliseconds(Int64($0)) } ?? "-"
    }
    var remarks: [String] = []
    if metrics.count == 0 { remarks.append("L4 only") }
    if crosses { remarks.append("crosses namespaces") }
    if unanswered > 0 { remarks.append("\(unanswered) refused or unanswered") }
    if isExternal { remarks.append("external") }
    return [
      client.label, server.label, names.joined(separator: ","),
      Shown.count(Int64(metrics.count)), Shown.count(Int64(metrics.errors)), time(0.5), time(0.99),
      Shown.bytes(bytes), Shown.count(Int64(connections)), remarks.joined(separator: ", "),
    ]
  }
}
