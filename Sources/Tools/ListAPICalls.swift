import Bytes
import Entries
import JSON
import Query
import ToolKit

/// Calls that match a filter.
struct ListAPICalls: Tool {
  /// Groups that `group_by` tells apart.
  static let maxGroups = 100
  static let limit = Parameter("limit", .count(1...1_000, default: 100), "How many to return")
  static let format = Parameter(
    "format", .choice(["compact", "full", "raw"], default: "compact"),
    "full adds headers, body previews and ids; raw is the whole record")
  static let order = Parameter(
    "order", .choice(["desc", "asc", "latency"], default: "desc"),
    "desc: newest first; latency: slowest first")
  static let groupBy = Parameter(
    "group_by", .choice(["node", "ns", "worker"], default: nil), "List by group")
  static let db = Parameter("db", .text, "Ask <snapshot>/<dissection> instead")
  static let snapshot = Parameter("snapshot_id", .text, "Ask this snapshot instead")

  static let row = ToolRow(
    name: "list_api_calls", title: "List API calls",
    doc: """
      L7 calls (HTTP, DNS and all other protocols) that match a KFL filter, newest first: who \
      called whom, what, with which status and latency. get_api_stats has totals, get_api_call \
      headers and bodies. Filters tcp_conn and udp_conn list connections.
      """,
    parameters: [.kfl, limit, order, format, groupBy, .start, .end, .cursor]
      + Shorthand.rows.map(\.parameter) + [db, snapshot, .maxTokens],
    answer: AnswerSchema.list(
      "calls", AnswerSchema.call,
      extra: [
        "groups": .list(
          .schema([
            "key": .text(), "count": .integer(), "errors": .integer(), "calls": .list([:]),
          ])),
        "suggestions": .anyObject,
      ], required: ["total", "truncated"]),
    route: "GET calls")

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    var asked = try traffic.query(arguments)
    asked.query.limit = min(arguments.count(Self.limit), asked.rowLimit ?? .max)
    asked.query.cursor = arguments.text(.cursor)
    asked.query.order =
      switch arguments.text(Self.order) {
      case "asc": .oldest
      case "latency": .latency
      default: .newest
      }
    let format = arguments.text(Self.format) ?? "compact"
    if format == "compact" { asked.query.fields = CallRow.compactFields }
    let query = asked.query
    let result = try await traffic.ask { (source) throws(QueryError) in
      try await source.query(query)
    }
    var answer = Answer(arguments)
    for warning in asked.warnings { answer.warn(warning) }
    answer.note(result.failures, of: result.coverage)
    answer.say(heading(result, asked))
    let rows = result.rows.map { CallRow($0, traffic.redactor) }
    if let group = arguments.text(Self.groupBy) {
      let groups = try await counted(query, by: group)
      show(rows, groups, by: group, format: format, in: &answer)
    } else {
      answer.structured["calls"] = .array(rows.map { .object($0.json(format)) })
      show(rows, in: &answer)
    }
    answer.structured["total"] = JSONValue(result.total)
    answer.structured["truncated"] = .bool(result.isTruncated)
    if !result.isTotalExact { answer.structured["total_is_lower_bound"] = true }
    if format != "compact", !rows.isEmpty { answer.say(Self.restOfFormat) }
    if let next = result.nextCursor { answer.structured["next_cursor"] = .string(next) }
    if result.rows.isEmpty, asked.query.cursor == nil {
      try await traffic.explainEmpty(query, words: asked.conditionWords, in: &answer)
    }
    return answer.finish(traffic.coverage)
  }

  private func heading(_ result: QueryResult, _ asked: FilteredQuery) -> String {
    let number = (result.isTotalExact ? "" : "at least ") + Shown.count(Int64(result.total))
    let what = result.total == 1 ? "call matches" : "calls match"
    let filter = asked.text.map { " " + $0 } ?? " (no filter)"
    let order =
      switch asked.query.order {
      case .newest: "newest first"
      case .oldest: "oldest first"
      case .latency: "slowest first"
      }
    guard !result.rows.isEmpty else { return "No call matches\(filter)." }
    let shown =
      result.rows.count == result.total ? "all" : "\(result.rows.count)"
    return "\(number) \(what)\(filter); \(shown) listed, \(order)."
  }

  private func show(_ rows: [CallRow], in answer: inout Answer) {
    guard !rows.isEmpty else { return }
    answer.say(Answer.fence)
    answer.show(
      CallRow.table(rows),
      next: "Narrow the filter or raise max_tokens; get_api_call with an id shows one in full.")
  }

  /// Where the rest of a format is that a line has no room for.
  private static let restOfFormat =
    "Headers, bodies and ids are in the structured answer; get_api_call has one call as text."

  /// All that match, by group: also those that are not on the page.
  private func counted(
    _ query: Query, by group: String
  ) async throws(ToolError) -> [AggregationResult.Group] {
    let key: GroupKey =
      switch group {
      case "node": .field(.nodeID)
      case "worker": .field(.worker)
      default:
        .field(
          .destinationPodNamespace, .destinationServiceNamespace, .sourcePodNamespace,
          .sourceServiceNamespace)
      }
    let aggregation = Aggregation(
      query.filters, window: query.window, families: query.families, by: [key],
      limit: Self.maxGroups, measures: .counts)
    return try await traffic.ask { (source) throws(QueryError) in
      try await source.aggregate(aggregation)
    }.groups
  }

  /// The group's name, as `CallRow.group` has it.
  private static func key(of group: AggregationResult.Group, by name: String) -> String {
    let key = group.keys[0].plainText
    return name == "node" && key.isEmpty ? EntryID.defaultNode : key
  }

  private func show(
    _ rows: [CallRow], _ groups: [AggregationResult.Group], by group: String, format: String,
    in answer: inout Answer
  ) {
    let members = Dictionary(grouping: rows) { $0.group(group) }
    answer.structured["groups"] = .array(
      groups.map { found in
        let key = Self.key(of: found, by: group)
        return [
          "key": .string(Shown.text(key)), "count": JSONValue(found.metrics.count),
          "errors": JSONValue(found.metrics.errors),
          "calls": .array((members[key] ?? []).map { .object($0.json(format)) }),
        ]
      })
    for found in groups {
      let key = Self.key(of: found, by: group)
      answer.say(
        """
        \(group) \(key.isEmpty ? "(none)" : Shown.text(key)): \
        \(Shown.count(Int64(found.metrics.count))) calls, \
        \(Shown.count(Int64(found.metrics.errors))) failed.
        """)
    }
    for found in groups {
      let key = Self.key(of: found, by: group)
      guard let rows = members[key] else { continue }
      answer.say("\(group) \(Shown.text(key)):")
      show(rows, in: &answer)
    }
  }
}
