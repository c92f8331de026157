import Bytes
import Entries
import JSON
import KFL
import Query
import ToolKit

/// Connectivity at a glance: top talkers, namespaces, what crosses them, what fails.
struct GetL4FlowSummary: Tool {
  static let namespace = Parameter(
    "ns", .text, "Only flows with this namespace on either side", aliases: ["namespace"])
  static let top = Parameter("top", .count(1...100, default: 10), "Length of the top lists")

  static let row = ToolRow(
    name: "get_l4_flow_summary", title: "Get L4 flow summary",
    doc: """
      Connectivity at a glance: flows and bytes in all, who moves most, which namespaces talk, \
      which destinations lie outside, where connections fail. A good first question.
      """,
    parameters: [
      namespace, .start, .end, top, ListAPICalls.db, ListAPICalls.snapshot, .maxTokens,
    ],
    answer: AnswerSchema.answer(
      [
        "total_flows": .integer(), "tcp_flows": .integer(), "udp_flows": .integer(),
        "total_bytes": .integer(), "total_pkts": .integer(), "unique_clients": .integer(),
        "unique_servers": .integer(), "top_by_bytes": .list([:]), "top_by_pkts": .list([:]),
        "by_namespace": .anyObject, "cross_namespace": .list([:]), "external": .list([:]),
        "slowest_handshakes": .list([:]), "failed": .list([:]), "suggestions": .anyObject,
      ],
      required: ["total_flows", "total_bytes", "top_by_bytes"]),
    route: "GET flows/summary")

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    var conditions = [ListL4Flows.connections]
    if let namespace = arguments.text(Self.namespace) {
      conditions.append(
        ["src.namespace", "dst.namespace"].map { Shorthand.match($0, namespace) }
          .joined(separator: " || "))
    }
    var filters: [Filter] = []
    var words: [String: String] = [:]
    for condition in conditions {
      if let filter = try traffic.compile(condition, argument: "ns").filter {
        filters.append(filter)
        words[filter.normalForm] = arguments.text(Self.namespace).map {
          Shorthand.given(Self.namespace, $0)
        }
      }
    }
    let query = FlowQuery(
      filters, window: try traffic.window(arguments), limit: FlowQuery.maxFlows)
    let result = try await traffic.ask { (source) throws(QueryError) in
      try await source.flows(query)
    }
    let summary = FlowSummary(result.flows, top: arguments.count(Self.top))
    var answer = Answer(arguments)
    answer.note(result.failures, of: result.coverage)
    if result.connectionsLeftOut > 0 {
      answer.warn("\(result.connectionsLeftOut) connections of further flows are not included.")
    }
    answer.structured = summary.json
    guard !result.flows.isEmpty else {
      answer.say("No conversation matches.")
      try await traffic.explainEmpty(
        Query(query.filters, window: query.window, families: .connections), words: words,
        base: ListL4Flows.connections, in: &answer)
      return answer.finish(traffic.coverage)
    }
    summary.say(in: &answer)
    return answer.finish(traffic.coverage)
  }
}

/// Flows added up in the ways the summary shows.
struct FlowSummary {
  private let flows: [Flow]
  private let top: Int

  init(_ flows: [Flow], top: Int) { (self.flows, self.top) = (flows, top) }

  private func pair(_ flow: Flow) -> JSONObject {
    [
      "client_pod": .string(FlowRow.label(flow.client)),
      "server_pod": .string(FlowRow.label(flow.server)),
    ]
  }

  private var byPackets: [Flow] {
    flows.sorted { $0.packets > $1.packets }.prefix(top).map(\.self)
  }

  private struct Crossing: Hashable {
    var source: String
    var destination: String
  }

  private var crossings: [(key: Crossing, flows: Int, bytes: Int64)] {
    var sums: [Crossing: (Int, Int64)] = [:]
    for flow in flows where !flow.client.namespace.isEmpty && !flow.server.namespace.isEmpty {
      guard flow.client.namespace != flow.server.namespace else { continue }
      let key = Crossing(source: flow.client.namespace, destination: flow.server.namespace)
      sums[key, default: (0, 0)].0 += 1
      sums[key, default: (0, 0)].1 &+= flow.bytes
    }
    return sums.map { ($0.key, $0.value.0, $0.value.1) }.sorted {
      ($1.2, $0.0.source, $0.0.destination) < ($0.2, $1.0.source, $1.0.destination)
    }
  }

  private var namespaces: [(name: String, flows: Int)] {
    var counts: [String: Int] = [:]
    for flow in flows {
      for name in Set([flow.client.namespace, flow.server.namespace]) where !name.isEmpty {
        counts[name, default: 0] += 1
      }
    }
    return counts.map { ($0.key, $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }

  private struct Outside {
    var address: String
    var dns: String
    var flows = 0
    var bytes: Int64 = 0
  }

  /// Servers with public addresses, by bytes.
  private var external: [Outside] {
    var sums: [String: Outside] = [:]
    for flow in flows {
      guard IPAddress(flow.server.ip)?.isPublic ?? false else { continue }
      sums[flow.server.ip, default: Outside(address: flow.server.ip, dns: flow.server.dns)].flows +=
        1
      sums[flow.server.ip]?.bytes &+= flow.bytes
    }
    return sums.values.sorted { ($1.bytes, $0.address) < ($0.bytes, $1.address) }
  }
  private var failing: [Flow] { flows.filter { $0.unanswered > 0 || $0.resets > 0 } }
  private var slowest: [(Flow, Double)] {
    let timed: [(Flow, Double)] = flows.compactMap { flow in
      flow.clientHandshake.quantile(0.5).map { (flow, $0) }
    }
    return timed.sorted { $0.1 > $1.1 }.prefix(top).map(\.self)
  }

  var json: JSONObject {
    var object: JSONObject = [
      "total_flows": JSONValue(flows.count),
      "tcp_flows": JSONValue(flows.count { $0.transport == "tcp" }),
      "udp_flows": JSONValue(flows.count { $0.transport == "udp" }),
      "total_bytes": .int(flows.reduce(0) { $0 &+ $1.bytes }),
      "total_pkts": .int(flows.reduce(0) { $0 &+ $1.packets }),
      "unique_clients": JSONValue(Set(flows.map(\.client.ip)).count),
      "unique_servers": JSONValue(Set(flows.map(\.server.ip)).count),
    ]
    object["top_by_bytes"] = .array(
      flows.prefix(top).map { flow in
        var row = pair(flow)
        row["bytes"] = .int(flow.bytes)
        return .object(row)
      })
    object["top_by_pkts"] = .array(
      byPackets.map { flow in
        var row = pair(flow)
        row["pkts"] = .int(flow.packets)
        return .object(row)
      })
    object["by_namespace"] = .object(
      JSONObject(
        members: namespaces.map { .init(name: Shown.text($0.name), value: JSONValue($0.flows)) }))
    object["cross_namespace"] = .array(
      crossings.map {
        [
          "src_ns": .string(Shown.text($0.key.source)),
          "dst_ns": .string(Shown.text($0.key.destination)), "flows": JSONValue($0.flows),
          "bytes": .int($0.bytes),
        ]
      })
    object["external"] = .array(
      external.prefix(top).map { outside in
        var row: JSONObject = [
          "server_ip": .string(outside.address), "flows": JSONValue(outside.flows),
          "bytes": .int(outside.bytes),
        ]
        if !outside.dns.isEmpty { row["dns"] = .string(Shown.text(outside.dns)) }
        return .object(row)
      })
    object["slowest_handshakes"] = .array(
      slowest.map { flow, median in
        var row = pair(flow)
        row["p50_us"] = .int(Int64(median.rounded()))
        return .object(row)
      })
    object["failed"] = .array(
      failing.prefix(top).map { flow in
        var row = pair(flow)
        row["port"] = .int(flow.server.port)
        row["unanswered"] = JSONValue(flow.unanswered)
        row["resets"] = .int(flow.resets)
        return .object(row)
      })
    return object
  }

  func say(in answer: inout Answer) {
    let bytes = flows.reduce(0) { $0 &+ $1.bytes }
    let packets = flows.reduce(0) { $0 &+ $1.packets }
    let transports = ["tcp", "udp", "sctp", "icmp"].compactMap { (name) -> String? in
      let count = flows.count { $0.transport == name }
      return count > 0 ? "\(Shown.count(Int64(count))) \(name.uppercased())" : nil
    }
    answer.say(
      """
      \(Shown.counted(flows.count, "flow")) (\(transports.joined(separator: ", "))), \
      \(Shown.bytes(bytes)) in \(Shown.counted(Int(packets), "packet")), \
      \(Shown.counted(Set(flows.map(\.client.ip)).count, "client")), \
      \(Shown.counted(Set(flows.map(\.server.ip)).count, "server")).
      """)
    if !namespaces.isEmpty {
      answer.say(
        "Flows by namespace: "
          + namespaces.prefix(top).map { "\(Shown.text($0.name)) \($0.flows)" }
          .joined(separator: ", ") + ".")
    }
    for crossing in crossings.prefix(top) {
      answer.say(
        """
        Crossing: \(Shown.text(crossing.key.source)) → \(Shown.text(crossing.key.destination)), \
        \(Shown.counted(crossing.flows, "flow")), \(Shown.bytes(crossing.bytes)).
        """)
    }
    let failing = failing
    let external = external
    if (flows.prefix(top) + failing.prefix(top)).contains(where: FlowRow.showsNames)
      || external.prefix(top).contains(where: { !$0.dns.isEmpty })
    {
      answer.say(Answer.fence)
    }
    answer.say("Top by bytes:")
    var table = FlowRow.table
    for flow in flows.prefix(top) { table.add(FlowRow(flow, isAggregate: false).cells) }
    answer.show(table, next: "list_l4_flows has all of them.")
    if !failing.isEmpty {
      answer.say(
        "Failing: "
          + failing.prefix(top).map { flow in
            "\(FlowRow.label(flow.client)) → \(FlowRow.place(flow.server)) "
              + (flow.unanswered > 0
                ? "\(flow.unanswered) refused or unanswered" : "\(flow.resets) RST")
          }.joined(separator: "; ") + ".")
    }
    if !external.isEmpty {
      let flows = external.reduce(0) { $0 + $1.flows }
      let addresses = external.prefix(top).map { outside in
        Shown.text(outside.dns.isEmpty ? outside.address : "\(outside.dns) (\(outside.address))")
          + " \(Shown.bytes(outside.bytes))"
      }
      answer.say(
        """
        \(Shown.counted(flows, "flow")) to \(Shown.counted(external.count, "public address", "es")): \
        \(addresses.joined(separator: ", "))\(external.count > top ? ", …" : ".")
        """)
    }
  }
}
