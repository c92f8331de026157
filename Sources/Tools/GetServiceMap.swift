import Bytes
import Entries
import JSON
import KFL
import Query
import ToolKit

/// Who talks to whom as a graph: from calls where they were read, from connections everywhere.
struct GetServiceMap: Tool {
  static let level = Parameter(
    "group_by", .choice(NamedEnd.Level.allCases.map(\.rawValue), default: "service"),
    "What a node of the map is", aliases: ["level"])
  static let namespace = Parameter(
    "ns", .text, "Only edges with this namespace on either side", aliases: ["namespace"])
  static let service = Parameter(
    "svc", .text, "Only edges of this service, on either side", aliases: ["service"])
  static let external = Parameter(
    "include_external", .flag(default: true), "Public addresses outside the cluster")
  static let limit = Parameter("limit", .count(1...1_000, default: 60), "Edges to return")

  static let row = ToolRow(
    name: "get_service_map", title: "Get the service map",
    doc: """
      Who talks to whom, as nodes and edges: protocols, calls, errors, latency p50 and p99, bytes, \
      connections. Edges whose calls could not be read (encrypted, unknown protocol) are there with \
      their bytes.
      """,
    parameters: [
      level, namespace, service, .kfl, external, limit, .start, .end, ListAPICalls.db,
      ListAPICalls.snapshot, .maxTokens,
    ],
    answer: AnswerSchema.answer(
      [
        "nodes": .list(
          .schema(
            [
              "id": .text(), "kind": .text(), "name": .text(), "ns": .text(), "external": .flag(),
              "calls_in": .integer(), "calls_out": .integer(), "errors_in": .integer(),
              "bytes": .integer(),
            ], required: ["id", "kind", "name"])),
        "edges": .list(
          .schema(
            [
              "src": .text("id of the client"), "dst": .text("id of the server"),
              "protocols": .texts, "calls": .integer(), "errors": .integer(),
              "error_rate": .number("0 to 1"), "p50_ms": .number(), "p99_ms": .number(),
              "bytes": .integer(), "connections": .integer(), "unanswered": .integer(),
              "l4_only": .flag("no call was read"), "cross_namespace": .flag(),
            ], required: ["src", "dst", "protocols", "calls", "errors", "bytes"])),
        "total": .integer("Edges in all"), "truncated": .flag(), "suggestions": .anyObject,
      ], required: ["nodes", "edges", "total", "truncated"]),
    route: "GET service-map", set: .all)

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    var asked = try traffic.query(arguments)
    asked.query.families = .calls
    let level = NamedEnd.Level(rawValue: arguments.text(Self.level) ?? "") ?? .service
    var map = ServiceMap(level)
    let aggregation = Aggregation(
      asked.query.filters, window: asked.query.window,
      by: NamedEnd.keys(.client, level) + NamedEnd.keys(.server, level) + [.field(.kind)],
      limit: Aggregation.maxGroups)
    let calls = try await traffic.ask { (source) throws(QueryError) in
      try await source.aggregate(aggregation)
    }
    for group in calls.groups { map.add(group) }
    var answer = Answer(arguments)
    for warning in asked.warnings { answer.warn(warning) }
    answer.note(calls.failures, of: calls.coverage)
    if calls.ungrouped.count > 0 {
      answer.warn("\(calls.ungrouped.count) calls of further edges are not on the map.")
    }
    // A filter on calls says nothing about connections.
    if arguments.text(.kfl) == nil {
      let flowQuery = FlowQuery(
        try connections(arguments), window: asked.query.window, limit: FlowQuery.maxFlows)
      let flows = try await traffic.ask { (source) throws(QueryError) in
        try await source.flows(flowQuery)
      }
      for flow in flows.flows { map.add(flow) }
      if flows.connectionsLeftOut > 0 {
        answer.warn("\(flows.connectionsLeftOut) connections of further flows are not on the map.")
      }
    } else {
      answer.warn("With kfl the map shows calls only; bytes are those of their messages.")
    }
    if !arguments.flag(Self.external) { map.removeExternal() }
    try await show(map, asked, limit: arguments.count(Self.limit), in: &answer)
    return answer.finish(traffic.coverage)
  }

  /// The conditions of the arguments, on connection records.
  private func connections(_ arguments: Arguments) throws(ToolError) -> [Filter] {
    var filters: [Filter] = []
    for condition in ["conn"] + (try Shorthand.conditions(arguments)).map(\.text) {
      if let filter = try traffic.compile(condition, argument: "ns").filter {
        filters.append(filter)
      }
    }
    return filters
  }

  private func show(
    _ map: ServiceMap, _ asked: FilteredQuery, limit: Int, in answer: inout Answer
  ) async throws(ToolError) {
    let all = map.sortedEdges
    let shown = Array(all.prefix(limit))
    let nodes = map.nodes(of: shown)
    answer.structured["nodes"] = .array(nodes.map { .object($0) })
    answer.structured["edges"] = .array(shown.map { .object($0.json) })
    answer.structured["total"] = JSONValue(all.count)
    answer.structured["truncated"] = .bool(shown.count < all.count)
    guard !all.isEmpty else {
      answer.say("Nobody talks to anybody here.")
      var query = asked.query
      query.families = query.filters.isEmpty ? .everything : .calls
      return try await traffic.explainEmpty(query, words: asked.conditionWords, in: &answer)
    }
    answer.say(
      "\(nodes.count) nodes, \(Shown.count(Int64(all.count))) edges; client → server, busiest first."
    )
    if shown.contains(where: \.showsNames) { answer.say(Answer.fence) }
    var table = ServiceMap.table
    for edge in shown { table.add(edge.cells) }
    answer.show(table, next: "Narrow with ns or svc, group_by namespace, or raise max_tokens.")
    if shown.count < all.count {
      answer.say("\(all.count - shown.count) more edges; raise limit to see them.")
    }
  }
}
