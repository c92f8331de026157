import Bytes
import Entries
import JSON
import KFL
import Query
import ToolKit

/// Two windows, filters or snapshots beside each other: what changed for sure, most certain first.
struct CompareAPIStats: Tool {
  static let a = Parameter(
    "a", .labels,
    """
    The baseline: start, end, kfl, db or snapshot_id, each optional, such as {"start": "-30m", \
    "end": "-15m"} or {"snapshot_id": "before"}
    """
  )
  static let b = Parameter("b", .labels, "What is compared with it, in the same form")
  static let pivot = Parameter(
    "pivot", .instant, "A moment such as a deployment: a is the window before it, b the one after")
  static let window = Parameter(
    "window", .text, "Length of both windows where a and b give none, such as 15m")
  static let groupBy = Parameter(
    "group_by",
    .choice(
      [
        "endpoint", "service", "src", "dst", "namespace", "pod", "node", "proto", "status",
        "method",
      ],
      default: "endpoint"), "What is compared one by one")
  static let limit = Parameter("limit", .count(1...1_000, default: 20), "Groups to return")
  static let least = Parameter(
    "min_calls", .count(1...1_000_000, default: 30),
    "Groups with fewer calls on both sides together are noise")
  static let threshold = Parameter(
    "threshold_pct", .count(0...10_000, default: 20), "Changes below this many percent are none")

  /// As tools that ask one snapshot take it: the error of one that was not dissected names it.
  static let autoDissect = Parameter(
    "auto_dissect", .flag(default: false), "Dissect snapshots that were not, and wait"
  ).unlisted

  private static let side = JSONObject.schema([
    "calls": .integer(), "calls_per_minute": .number(), "errors": .integer(),
    "error_rate": .number(), "p50_ms": .number(), "p99_ms": .number(), "bytes_per_call": .number(),
    "window": .anyObject, "kfl": .text(), "db": .text(),
  ])

  static let row = ToolRow(
    name: "compare_api_stats", title: "Compare API statistics",
    doc: """
      Compares two periods, filters or snapshots: which endpoints or services appeared, vanished or \
      changed in volume, error rate, latency or size, ranked by certainty. Rates are per minute, and \
      what could be chance is left out. Without arguments: the last 15 minutes against those before, \
      or the two halves of a shorter capture.
      """,
    parameters: [
      a, b, pivot, window, groupBy, .kfl, GetAPIStats.rawPaths, limit, least, threshold,
    ] + Shorthand.rows.map(\.parameter) + [autoDissect, .maxTokens],
    answer: AnswerSchema.answer(
      [
        "verdict": ["type": "string", "enum": ["better", "worse", "mixed", "same", "unknown"]],
        "a": .object(side), "b": .object(side),
        "changes": .list(
          .schema(
            [
              "key": .text(), "state": ["type": "string", "enum": ["new", "gone", "changed"]],
              "a": .object(side), "b": .object(side),
              "differences": .list(
                .schema(
                  [
                    "measure": .text(), "a": .number(), "b": .number(), "change_pct": .number(),
                    "z": .number("Standard errors"), "significant": .flag(),
                  ], required: ["measure", "a", "b", "significant"])),
            ], required: ["key", "state", "a", "b", "differences"])),
        "total": .integer("Changes in all"), "truncated": .flag(),
        "unchanged": .integer("Groups that did not change"),
        "noise": .integer("Groups with too few calls to say"),
        "whole": .list(
          .schema(
            [
              "measure": .text(), "a": .number(), "b": .number(), "change_pct": .number(),
              "z": .number("Standard errors"), "significant": .flag(),
              "like_for_like": .anyObject,
            ], required: ["measure", "a", "b", "significant"])),
        "comparisons": .integer("Differences that were judged"),
        "needed_z": .number("Standard errors from which one is no chance among so many"),
        "suggestions": .anyObject,
      ], required: ["verdict", "a", "b", "changes", "total", "truncated", "unchanged", "noise"]),
    route: "GET stats/compare", moreRoutes: ["POST stats/compare"], set: .all)

  let traffic: Traffic
  let library: SnapshotLibrary?

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let shared = try traffic.query(arguments)
    let sides = try await ComparedSides(arguments, shared, traffic, library)
    let group = arguments.text(Self.groupBy) ?? "endpoint"
    let keys = StatsKeys.keys(
      of: group, span: nil, folding: !arguments.flag(GetAPIStats.rawPaths))
    let before = try await aggregate(sides.a, keys)
    let after = try await aggregate(sides.b, keys)
    var answer = Answer(arguments)
    for warning in shared.warnings + sides.a.warnings + sides.b.warnings { answer.warn(warning) }
    answer.note(before.failures, of: before.coverage)
    answer.note(after.failures, of: after.coverage)
    let lost = before.ungrouped.count + after.ungrouped.count
    if lost > 0 { answer.warn("\(lost) calls of further groups are in the totals only.") }
    let changes = Self.changes(
      before, after, sides, group, arguments, traffic.redactor)
    let whole = StatsChange(
      key: "all", a: .init(metrics: before.total, minutes: sides.a.minutes),
      b: .init(metrics: after.total, minutes: sides.b.minutes),
      least: arguments.count(Self.least))
    let compared = ComparedStats(
      groups: changes, whole: whole, threshold: Double(arguments.count(Self.threshold)))
    show(compared, sides, group, arguments, in: &answer)
    if before.total.count == 0 || after.total.count == 0 {
      let empty = before.total.count == 0 ? sides.a : sides.b
      let name = before.total.count == 0 ? "a" : "b"
      answer.say(
        empty.isOutside
          ? "Side \(name) lies outside of the traffic, so that nothing can be said of changes."
          : "Side \(name) has no calls:")
      try await empty.traffic.explainEmpty(
        empty.query, words: shared.conditionWords, in: &answer)
    }
    return answer.finish(traffic.coverage)
  }

  private func aggregate(
    _ side: ComparedSides.Side, _ keys: [GroupKey]
  ) async throws(ToolError) -> AggregationResult {
    let aggregation = Aggregation(
      side.query.filters, window: side.query.window, by: keys, limit: Aggregation.maxGroups)
    return try await side.traffic.ask { (source) throws(QueryError) in
      try await source.aggregate(aggregation)
    }
  }

  private static func changes(
    _ before: AggregationResult, _ after: AggregationResult, _ sides: ComparedSides,
    _ group: String, _ arguments: Arguments, _ redactor: Redactor
  ) -> [StatsChange] {
    var metrics: [String: (a: Metrics, b: Metrics)] = [:]
    for row in before.groups {
      metrics[StatsRow(group: group, row, redactor).name, default: (Metrics(), Metrics())].a.add(
        row.metrics)
    }
    for row in after.groups {
      metrics[StatsRow(group: group, row, redactor).name, default: (Metrics(), Metrics())].b.add(
        row.metrics)
    }
    return metrics.map { key, both in
      StatsChange(
        key: key, a: .init(metrics: both.a, minutes: sides.a.minutes),
        b: .init(metrics: both.b, minutes: sides.b.minutes), least: arguments.count(least))
    }.sorted { ($1.weight, $0.key) < ($0.weight, $1.key) }
  }

  private func show(
    _ compared: ComparedStats, _ sides: ComparedSides, _ group: String, _ arguments: Arguments,
    in answer: inout Answer
  ) {
    let (all, whole) = (compared.groups, compared.whole)
    let isKnown = !sides.a.isOutside && !sides.b.isOutside
    let changes = isKnown ? all.filter(\.isChange) : []
    let shown = changes.prefix(arguments.count(Self.limit))
    let noise = isKnown ? all.count { $0.state == .noise } : all.count
    let verdict = compared.verdict
    answer.structured["verdict"] = .string(verdict)
    for (name, side, values) in [
      ("a", sides.a, whole.change.a), ("b", sides.b, whole.change.b),
    ] {
      var object = StatsChange.json(values)
      object["window"] = .object(side.windowJSON)
      if let text = side.text { object["kfl"] = .string(text) }
      if let database = side.database { object["db"] = .string(database) }
      answer.structured[name] = .object(object)
    }
    answer.structured["changes"] = .array(shown.map { .object($0.json) })
    answer.structured["total"] = JSONValue(changes.count)
    answer.structured["truncated"] = .bool(shown.count < changes.count)
    answer.structured["unchanged"] = JSONValue(all.count - changes.count - noise)
    answer.structured["noise"] = JSONValue(noise)
    if isKnown {
      answer.structured["whole"] = whole.json
      answer.structured["comparisons"] = JSONValue(compared.comparisons)
      answer.structured["needed_z"] = StatsChange.rounded(compared.needed)
    }
    answer.say("Verdict: \(verdict). a is \(sides.a.words); b is \(sides.b.words).")
    // Of a side without traffic the caller says why there is no more.
    guard isKnown else { return }
    let few = "fewer than \(Shown.counted(arguments.count(Self.least), "call"))"
    answer.say(
      """
      \(Shown.count(Int64(changes.count))) of \(Shown.count(Int64(all.count))) groups changed for \
      sure (|z| of \(Shown.decimals(compared.needed, 1)) or more and \
      \(arguments.count(Self.threshold)) % or more)\
      \(noise > 0 ? "; \(Shown.count(Int64(noise))) have \(few), which says nothing." : ".") \
      \(Shown.counted(compared.comparisons, "difference")) were judged: by chance one of them all \
      would be that far in \(Shown.decimals(Evidence.falseAlarms * 100, 0)) of 100 such answers.
      """)
    for sentence in whole.sentences { answer.say(sentence) }
    if verdict == "mixed", !compared.isJudged {
      answer.say("Nothing is better or worse for sure; it is not the same traffic.")
    }
    if StatsKeys.areCaptured(group), !shown.isEmpty { answer.say(Answer.fence) }
    var table = Table([
      .init(group, limit: 50), .init("calls/min a", right: true), .init("b", right: true),
      .init("errors a", right: true), .init("b", right: true), .init("p50 a", right: true),
      .init("b", right: true), .init("changed", limit: 70),
    ])
    table.add(Self.cells(whole.change, words: whole.words))
    for change in shown { table.add(Self.cells(change, words: change.words)) }
    answer.show(table, next: "Raise max_tokens, or group by something coarser.")
  }

  private static func cells(_ change: StatsChange, words: String) -> [String] {
    func time(_ side: StatsChange.Side) -> String {
      side.metrics.latency.quantile(0.5).map { Shown.milliseconds(Int64($0)) } ?? "-"
    }
    return [
      change.key, Shown.rate(change.a.perMinute), Shown.rate(change.b.perMinute),
      Shown.percent(change.a.metrics.errorRate), Shown.percent(change.b.metrics.errorRate),
      time(change.a), time(change.b), words,
    ]
  }
}
