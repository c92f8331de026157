import Bytes
import Entries
import JSON
import Pipeline
import Query
import ToolKit

/// Totals, error rates and latency percentiles, over everything or by group.
struct GetAPIStats: Tool {
  static let groupBy = Parameter(
    "group_by", .text,
    "What makes a group: \(StatsKeys.names.joined(separator: ", ")), or any KFL field, such as "
      + "http_version; default endpoint, which is method, path and service")
  static let interval = Parameter(
    "interval", .text,
    "Length of the spans for group_by=time, such as 10s (default: about 20 spans)")
  static let limit = Parameter("limit", .count(1...1_000, default: 20), "Groups to return")
  static let sort = Parameter(
    "sort", .choice(["count", "errors", "error_rate", "bytes", "latency"], default: "count"),
    "Which groups come first")
  static let rawPaths = Parameter(
    "raw_paths", .flag(default: false), "Keep /users/42 apart from /users/97")

  private static let metrics: JSONObject = [
    "count": .integer(), "errors": .integer(), "error_rate": .number("0 to 1"),
    "bytes_in": .integer(), "bytes_out": .integer(), "latency_ms": .anyObject,
  ]

  static let row = ToolRow(
    name: "get_api_stats", title: "Get API statistics",
    doc: """
      Counts, error rates, bytes and latency percentiles of L7 calls, over all that match and by \
      group. Begin here: it says where to look before any call is listed.
      """,
    parameters: [
      groupBy, .kfl, .start, .end, limit, sort, interval, rawPaths,
    ] + Shorthand.inFilter + [ListAPICalls.db, ListAPICalls.snapshot, .maxTokens],
    answer: AnswerSchema.answer(
      [
        "stats": .object(
          .schema(
            [
              "total_calls": .integer(), "error_count": .integer(), "error_rate": .number(),
              "throughput_rps": .number(), "bytes_in": .integer(), "bytes_out": .integer(),
              "latency_ms": .anyObject, "status_classes": .anyObject, "by_proto": .anyObject,
              "endpoints": .list(
                .schema(
                  [
                    "method": .text(), "path": .text(), "service": .text(), "count": .integer(),
                    "errors": .integer(), "p99": .number(),
                  ], required: ["path", "count"])),
              "groups": .list(.schema(["key": .text()], required: ["key"])),
              "window": .anyObject,
            ], required: ["total_calls", "error_count", "error_rate"]))
      ], required: ["stats"]),
    route: "GET stats")

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let asked = try traffic.query(arguments)
    let group = try StatsKeys.checked(arguments.text(Self.groupBy) ?? "endpoint")
    let span = try spans(arguments, asked)
    let folds = !arguments.flag(Self.rawPaths)
    let main = try await aggregate(
      asked, by: StatsKeys.keys(of: group, span: span, folding: folds), arguments,
      order: group == "time" ? .key : order(arguments))
    var answer = Answer(arguments)
    for warning in asked.warnings { answer.warn(warning) }
    answer.note(main.failures, of: main.coverage)
    Self.warn(of: main, in: &answer)
    if span == nil, arguments.has(Self.interval) {
      answer.warn("interval counts with group_by=time alone.")
    }
    let total = main.total
    guard total.count > 0 else {
      var stats = Self.stats(total, nil)
      stats[group == "endpoint" ? "endpoints" : "groups"] = []
      answer.structured["stats"] = .object(stats)
      answer.structured["total"] = 0
      answer.structured["truncated"] = false
      answer.say("No call matches\(asked.text.map { " " + $0 } ?? "").")
      try await traffic.explainEmpty(asked.query, words: asked.conditionWords, in: &answer)
      return answer.finish(traffic.coverage)
    }
    let period = period(main, asked)
    var stats = Self.stats(total, period)
    let protocols = try await aggregate(
      asked, by: [.field(.kind)], arguments, order: .count, measures: .count)
    stats["by_proto"] = .object(StatsKeys.counts(protocols, "proto"))
    let statuses = try await aggregate(
      asked, by: StatsKeys.httpStatus, arguments, order: .count, limit: 1_000, measures: .count)
    stats["status_classes"] = .object(StatsKeys.classes(statuses))
    let rows = main.groups.map { StatsRow(group: group, $0, traffic.redactor) }
    if group == "endpoint" {
      stats["endpoints"] = .array(rows.map { .object($0.endpoint) })
    } else {
      stats["groups"] = .array(rows.map { .object($0.json) })
    }
    answer.structured["stats"] = .object(stats)
    // Of groups.
    answer.structured["total"] = JSONValue(main.groupCount)
    answer.structured["truncated"] = .bool(main.groupCount > rows.count)
    say(total, period, asked, in: &answer)
    if StatsKeys.areCaptured(group) { answer.say(Answer.fence) }
    let length = span.map { ", \(Shown.decimals(Double($0) / 1e9, 3)) s each" } ?? ""
    answer.say("By \(group)\(length):")
    var table = StatsRow.table(group)
    for row in rows { table.add(row.cells) }
    answer.show(table, next: "Narrow with kfl, or raise max_tokens.")
    if let span, main.groupCount == rows.count {
      let gaps = Self.gaps(main.groups, span)
      // Silence may be what is looked for.
      if gaps > 0 { answer.say("\(Shown.counted(gaps, "span")) between these had no call.") }
    }
    if main.groupCount > rows.count {
      answer.say(
        "\(Shown.count(Int64(main.groupCount - rows.count))) more groups; raise limit to see them.")
    }
    return answer.finish(traffic.coverage)
  }

  /// How many spans of that many nanoseconds between the first and the last are not there.
  private static func gaps(_ groups: [AggregationResult.Group], _ span: Int64) -> Int {
    let starts = groups.compactMap { (group) -> Int64? in
      guard case .instant(let start)? = group.keys.first else { return nil }
      return start.nanoseconds
    }
    guard let first = starts.min(), let last = starts.max() else { return 0 }
    return Int((last - first) / span) + 1 - starts.count
  }

  private func aggregate(
    _ asked: FilteredQuery, by keys: [GroupKey], _ arguments: Arguments, order: Aggregation.Order,
    limit: Int? = nil, measures: Aggregation.Measures = .everything
  ) async throws(ToolError) -> AggregationResult {
    let aggregation = Aggregation(
      asked.query.filters, window: asked.query.window, families: asked.query.families, by: keys,
      order: order, limit: limit ?? arguments.count(Self.limit), measures: measures)
    return try await traffic.ask { (source) throws(QueryError) in
      try await source.aggregate(aggregation)
    }
  }

  /// What did not fit into the memory of a query.
  private static func warn(of result: AggregationResult, in answer: inout Answer) {
    if result.ungrouped.count > 0 {
      answer.warn(
        """
        \(Shown.count(Int64(result.ungrouped.count))) calls are of groups beyond the \
        \(Shown.count(Int64(result.groupCount))) that a query may keep, and count in the totals \
        only; narrow the filter or the window, or group by less.
        """)
    }
    let borders = result.groups.compactMap(\.metrics.latency.collapsedBelow)
    if let border = borders.max() {
      answer.warn(
        """
        With so many groups, percentiles below \(Shown.milliseconds(Int64(border))) ms are upper \
        bounds; narrow the filter or the window.
        """)
    }
  }

  private func order(_ arguments: Arguments) -> Aggregation.Order {
    switch arguments.text(Self.sort) {
    case "errors": .errors
    case "error_rate": .errorRate
    case "bytes": .bytes
    case "latency": .slowest
    default: .count
    }
  }

  /// Nanoseconds of the spans of time: as given, else a round length that makes about twenty.
  private func spans(
    _ arguments: Arguments, _ asked: FilteredQuery
  ) throws(ToolError) -> Int64? {
    let isByTime = arguments.text(Self.groupBy) == "time"
    if let text = arguments.text(Self.interval) {
      guard let length = Instant.duration(text), length > 0 else {
        throw .invalid(
          "interval", "interval is not a duration: \(JSONValue.string(text).text)",
          hint: "For example interval=10s.")
      }
      return isByTime ? length : nil
    }
    guard isByTime else { return nil }
    let statistics = traffic.coverage.statistics
    let start = asked.query.window.map(\.lowerBound) ?? .distantPast
    let end = asked.query.window.map(\.upperBound) ?? .distantFuture
    let from = max(start, statistics.oldest ?? start)
    let to = min(end, statistics.newest ?? end)
    let wanted = max(1, to.nanoseconds(since: from) / 20)
    let round: [Int64] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600]
    return round.map { $0 * 1_000_000_000 }.first { $0 >= wanted } ?? 86_400_000_000_000
  }

  /// The time that was asked about, as far as there is traffic of it: rates are of this time, and
  /// not of that between the first and the last call, which for two of them says nothing.
  private func period(
    _ result: AggregationResult, _ asked: FilteredQuery
  ) -> ClosedRange<Timestamp>? {
    guard let span = result.span else { return nil }
    let statistics = traffic.coverage.statistics
    var start = statistics.oldest ?? span.lowerBound
    var end = statistics.newest ?? span.upperBound
    if let window = asked.query.window {
      start = max(start, window.lowerBound)
      end = min(end, window.upperBound)
    }
    return min(start, span.lowerBound)...max(end, span.upperBound)
  }

  private func say(
    _ total: Metrics, _ period: ClosedRange<Timestamp>?, _ asked: FilteredQuery,
    in answer: inout Answer
  ) {
    var line =
      "\(Shown.counted(total.count, "call"))\(asked.text.map { " matching " + $0 } ?? "")"
    line += ", \(Shown.count(Int64(total.errors))) failed (\(Shown.percent(total.errorRate)))"
    if let period {
      let seconds = Double(period.upperBound.nanoseconds(since: period.lowerBound)) / 1e9
      if seconds > 0 { line += ", \(Shown.rate(Double(total.count) / seconds)) per second" }
    }
    if let p50 = total.latency.quantile(0.5), let p99 = total.latency.quantile(0.99) {
      line +=
        "; latency p50 \(Shown.milliseconds(Int64(p50))) ms, "
        + "p99 \(Shown.milliseconds(Int64(p99))) ms, max \(Shown.milliseconds(total.latency.maximum)) ms"
    }
    answer.say(line + ".")
    if total.errors > 0 {
      answer.say(
        "Calls without a reply failed, too; list_api_calls with status=error lists what failed.")
    }
    if !total.latency.isExact {
      answer.say(
        "Percentiles are within \(Shown.percent(LatencySketch.relativeError)) of their values.")
    }
  }

  private static func stats(_ total: Metrics, _ span: ClosedRange<Timestamp>?) -> JSONObject {
    var stats: JSONObject = [
      "total_calls": JSONValue(total.count), "error_count": JSONValue(total.errors),
      "error_rate": StatsRow.share(total.errorRate), "bytes_in": .int(total.bytesIn),
      "bytes_out": .int(total.bytesOut),
    ]
    if let latency = StatsRow.latency(total) { stats["latency_ms"] = .object(latency) }
    if let span {
      let seconds = Double(span.upperBound.nanoseconds(since: span.lowerBound)) / 1e9
      if seconds > 0 {
        stats["throughput_rps"] = JSONValue((Double(total.count) / seconds * 100).rounded() / 100)
      }
      stats["window"] = [
        "start": .int(span.lowerBound.milliseconds), "end": .int(span.upperBound.milliseconds),
      ]
    }
    return stats
  }
}
