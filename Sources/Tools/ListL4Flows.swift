import Bytes
import JSON
import KFL
import Query
import ToolKit

/// Flows of all transports: who talks to whom, how much, with which round trip.
struct ListL4Flows: Tool {
  static let format = Parameter(
    "format", .choice(["compact", "full", "raw"], default: "compact"),
    "full adds rates and times; raw is one flat record a flow")
  static let aggregate = Parameter(
    "aggregate", .choice(["pod", "namespace", "node", "service"], default: nil),
    "Add up flows between the same two pods, namespaces, nodes or services")
  static let l4proto = Parameter(
    "l4proto", .choice(["tcp", "udp", "sctp", "icmp"], default: nil), "Only this transport")
  static let ip = Parameter("ip", .text, "Either side's, or its network: 10.0.0.0/8")
  static let sort = Parameter(
    "sort", .choice(["bytes", "pkts", "rtt", "recent"], default: "bytes"), "Which flows come first")
  static let limit = Parameter("limit", .count(1...1_000, default: 100), "How many to return")
  static let sourceFilter = Parameter("src_filter", .text, "In the client's name or address")
  static let targetFilter = Parameter("dst_filter", .text, "In the server's name or address")
  static let minimum = Parameter(
    "min_bytes", .count(0...Int.max, default: nil), "Leave out flows with fewer bytes")
  static let external = Parameter(
    "external", .flag(default: false), "Only flows to or from public addresses")
  static let namespace = Parameter(
    "ns", .text, "Either side's; trailing * for a prefix", aliases: ["namespace"])
  static let pod = Parameter("pod", .text, "Either side's, or its workload")
  static let service = Parameter(
    "svc", .text, "Either side's; trailing * for a prefix", aliases: ["service"])

  static let row = ToolRow(
    name: "list_l4_flows", title: "List L4 flows",
    doc: """
      TCP, UDP, SCTP and ICMP flows with bytes, packets, connections and handshake times, largest \
      first; encrypted and unknown protocols too. RTT p50 below 1 ms is the same node, 1 to 10 ms \
      normal, 10 to 100 ms elevated.
      """,
    parameters: [
      format, aggregate, l4proto, ip, namespace, pod, service, sourceFilter, targetFilter, sort,
      limit, .cursor, minimum, external, .start, .end, ListAPICalls.db,
      ListAPICalls.snapshot, .maxTokens,
    ],
    answer: AnswerSchema.list(
      "flows",
      .schema(
        [
          "proto": .text(), "client": .anyObject, "server": .anyObject, "client_stats": .anyObject,
          "server_stats": .anyObject, "totals": .anyObject, "connections": .integer(),
          "flow_count": .integer(), "l7": .texts,
        ]), extra: ["suggestions": .anyObject]),
    route: "GET flows")

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let conditions = try conditions(arguments)
    var query = FlowQuery(conditions.map(\.filter), window: try traffic.window(arguments))
    query.level =
      switch arguments.text(Self.aggregate) {
      case "pod": .pod
      case "service": .service
      case "namespace": .namespace
      case "node": .node
      default: .address
      }
    query.order =
      switch arguments.text(Self.sort) {
      case "pkts": .packets
      case "rtt": .handshake
      case "recent": .newest
      default: .bytes
      }
    let least = arguments.has(Self.minimum) ? Int64(arguments.count(Self.minimum)) : 0
    let mark = arguments.text(leavingOut: [.cursor, .maxTokens, Self.limit, Self.format])
    let offset = try OffsetCursor.offset(arguments, mark: mark)
    query.limit = least > 0 ? FlowQuery.maxFlows : offset + arguments.count(Self.limit)
    let asked = query
    let result = try await traffic.ask { (source) throws(QueryError) in
      try await source.flows(asked)
    }
    let matching = result.flows.filter { $0.bytes >= least }
    let total = least > 0 ? matching.count : result.total
    let rows = matching.dropFirst(offset).prefix(arguments.count(Self.limit)).map {
      FlowRow($0, isAggregate: query.level != .address)
    }
    let next = offset + rows.count
    var answer = Answer(arguments)
    answer.note(result.failures, of: result.coverage)
    answer.structured["flows"] = .array(
      rows.map { .object($0.json(arguments.text(Self.format) ?? "compact")) })
    answer.structured["total"] = JSONValue(total)
    answer.structured["truncated"] = .bool(next < total)
    if next < total, !rows.isEmpty {
      answer.structured["next_cursor"] = .string(OffsetCursor.text(next, mark: mark))
    }
    if result.connectionsLeftOut > 0 {
      answer.warn("\(result.connectionsLeftOut) connections of further flows were only counted.")
    }
    guard !rows.isEmpty else {
      answer.say(offset > 0 ? "No more flows." : "No flow matches.")
      if offset == 0 {
        let words = Dictionary(conditions.map { ($0.filter.normalForm, $0.given) }) { _, last in
          last
        }
        try await explain(asked, result, least, words, in: &answer)
      }
      return answer.finish(traffic.coverage)
    }
    say(rows, total, arguments, in: &answer)
    return answer.finish(traffic.coverage)
  }

  private func say(
    _ rows: [FlowRow], _ total: Int, _ arguments: Arguments, in answer: inout Answer
  ) {
    let order = arguments.text(Self.sort) ?? "bytes"
    answer.say(
      "\(Shown.counted(total, "flow")), \(rows.count == total ? "all" : String(rows.count)) "
        + "listed, by \(order). RTT is SYN to SYN-ACK.")
    if rows.contains(where: \.showsNames) { answer.say(Answer.fence) }
    var table = FlowRow.table
    for row in rows { table.add(row.cells) }
    answer.show(table, next: "Narrow with ns, pod, svc or ip, or raise max_tokens.")
  }

  /// Why no flow is there.
  private func explain(
    _ query: FlowQuery, _ result: FlowResult, _ least: Int64, _ words: [String: String],
    in answer: inout Answer
  ) async throws(ToolError) {
    if let largest = result.flows.map(\.bytes).max() {
      answer.say(
        "min_bytes \(least) removes all of them; the largest has \(Shown.bytes(largest)).")
      return
    }
    try await traffic.explainEmpty(
      Query(query.filters, window: query.window, families: .connections), words: words,
      base: Self.connections, in: &answer)
  }

  /// What all flows are made of.
  static let connections = "conn"

  /// The conditions that the arguments stand for, on connection records, and how they were given.
  private func conditions(
    _ arguments: Arguments
  ) throws(ToolError) -> [(filter: Filter, given: String)] {
    var conditions: [(text: String, given: String)] = [(Self.connections, Self.connections)]
    func add(_ parameter: Parameter, _ value: String, _ texts: [String]) {
      conditions.append((texts.joined(separator: " || "), Shorthand.given(parameter, value)))
    }
    if let transport = arguments.text(Self.l4proto) {
      add(Self.l4proto, transport, ["l4proto == \(quoted(transport))"])
    }
    if let text = arguments.text(Self.ip) {
      guard IPNetwork(text) != nil else {
        throw .invalid(
          "ip", "\(JSONValue.string(String(text.prefix(64))).text) is no address or network",
          hint: "For example ip=10.244.1.15 or ip=10.0.0.0/8.")
      }
      // As entries write it: `2001:DB8::1` is `2001:db8::1`.
      let address = quoted(IPAddress(text)?.description ?? text)
      add(
        Self.ip, text,
        ["src.ip", "dst.ip"].map {
          text.contains("/") ? "in_cidr(\($0), \(address))" : "\($0) == \(address)"
        })
    }
    let sides = ["src", "dst"]
    if let value = arguments.text(Self.namespace) {
      add(Self.namespace, value, sides.map { Shorthand.match("\($0).namespace", value) })
    }
    if let value = arguments.text(Self.service) {
      add(Self.service, value, sides.map { Shorthand.service(of: $0, value) })
    }
    if let value = arguments.text(Self.pod) {
      add(Self.pod, value, sides.map { Shorthand.pod(of: $0, value) })
    }
    for (parameter, side) in [(Self.sourceFilter, "src"), (Self.targetFilter, "dst")] {
      guard let value = arguments.text(parameter) else { continue }
      let fields = ["\(side).name", "\(side).service.name", "\(side).ip"]
      add(parameter, value, fields.map { "\($0).contains(\(quoted(value)))" })
    }
    if arguments.flag(Self.external) { add(Self.external, "true", [Self.isExternal]) }
    var filters: [(filter: Filter, given: String)] = []
    for condition in conditions {
      if let filter = try traffic.compile(condition.text, argument: "filter").filter {
        filters.append((filter, condition.given))
      }
    }
    return filters
  }

  /// One side has a public address.
  private static let isExternal: String = {
    let privateNetworks = [
      "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
      "127.0.0.0/8", "0.0.0.0/8", "224.0.0.0/3", "fc00::/7", "fe80::/10", "ff00::/8", "::/127",
    ]
    return ["src.ip", "dst.ip"].map { side in
      "!(" + privateNetworks.map { "in_cidr(\(side), \(quoted($0)))" }.joined(separator: " || ")
        + ")"
    }.joined(separator: " || ")
  }()
}
