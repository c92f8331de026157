import Bytes
import Entries
import JSON
import KFL
import Query
import ToolKit

/// One request on its way through the services.
struct TraceRequest: Tool {
  static let id = Parameter("id", .text, "Entry id of any call on the way")
  static let value = Parameter(
    "trace_id", .text,
    "Value of traceparent, x-request-id, b3, uber-trace-id and the like, whole or its identifier",
    aliases: ["value"])
  static let path = Parameter("path", .text, "Path of the request; the newest such call is taken")
  static let method = Parameter("method", .text, "With path: its method")
  static let service = Parameter(
    "svc", .text, "With path: service of either side", aliases: ["service"])
  static let hops = Parameter("max_hops", .count(1...20, default: 10), "How deep to follow")
  static let least = Parameter(
    "min_confidence", .count(0...100, default: 30),
    "Leave out hops less likely than this, in percent")
  static let limit = Parameter("limit", .count(1...1_000, default: 100), "Hops to return")

  /// Calls around the request that are looked at.
  static let maxNearby = 5_000
  /// How far from the call asked for others with its identifiers are looked for, in nanoseconds.
  static let reach: Int64 = 300 * 1_000_000_000

  static let row = ToolRow(
    name: "trace_request", title: "Trace a request",
    doc: """
      Follows one request through the services: calls with the same traceparent, x-request-id, b3, \
      uber-trace-id or x-amzn-trace-id, and, where there is no header (databases, caches, DNS), calls \
      that lie within the time of the one that made them. Each hop says how sure it is and how much \
      time it spent itself. Give id, trace_id or path.
      """,
    parameters: [
      id, value, path, method, service, hops, least, limit, .start, .end, ListAPICalls.db,
      ListAPICalls.snapshot, .maxTokens,
    ],
    answer: AnswerSchema.answer(
      [
        "hops": .list(
          .schema(
            [
              "id": .text(), "parent": .text("id of the call that made it"), "depth": .integer(),
              "offset_ms": .number("After the first call"), "own_ms": .number("Not spent below"),
              "evidence": ["type": "string", "enum": ["given", "header", "time"]],
              "header": .text("The header that proves it"),
              "inferred": .flag("Not proven: told from time alone"),
              "confidence": .number("0 to 1; below 1 where it is inferred"),
              "reason": .text("What an inferred hop is inferred from"),
              "src": .anyObject, "dst": .anyObject, "proto": .text(), "method": .text(),
              "path": .text(), "status": .integer(), "latency_ms": .number(), "error": .flag(),
            ],
            required: [
              "id", "depth", "offset_ms", "own_ms", "evidence", "inferred", "confidence", "proto",
            ])),
        "correlation": .list(.schema(["header": .text(), "value": .text()])),
        "total": .integer(), "truncated": .flag(), "total_ms": .number(),
        "slowest": .text("id of the hop with most time of its own"),
        "first_error": .text("id of the deepest failing hop, where the error began"),
        "doubtful": .integer("Calls less likely than min_confidence"), "suggestions": .anyObject,
      ], required: ["hops", "correlation", "total", "truncated"]),
    route: "GET trace", moreRoutes: ["GET trace/:id"], set: .all)

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    var answer = Answer(arguments)
    let window = try traffic.window(arguments)
    let seed = try await seed(arguments, window)
    let marks =
      seed?.marks.map(\.mark) ?? Correlation.marks(given: arguments.text(Self.value) ?? "")
    var marked = try await calls(with: marks, window ?? seed.map(Self.around))
    if let seed, !marked.contains(where: { $0.id == seed.id }) { marked.append(seed) }
    guard !marked.isEmpty else {
      return try await nothing(marks, window, in: &answer)
    }
    let nearby = try await nearby(marked, in: &answer)
    let tree = TraceTree(
      proven: marked.map { Self.proven($0, seed, Set(marks)) }, marks: Set(marks), nearby: nearby,
      depth: arguments.count(Self.hops), least: Double(arguments.count(Self.least)) / 100,
      limit: arguments.count(Self.limit))
    show(tree, seed, in: &answer)
    return answer.finish(traffic.coverage)
  }

  // MARK: Finding

  /// The call to begin with; nil when an identifier was given instead.
  private func seed(
    _ arguments: Arguments, _ window: Range<Timestamp>?
  ) async throws(ToolError) -> TraceTree.Call? {
    if arguments.has(Self.id) { return TraceTree.Call(try await traffic.entry(arguments)) }
    if arguments.has(Self.value) { return nil }
    guard arguments.has(Self.path) else {
      throw .invalid(
        "id", "one of id, trace_id and path is required",
        hint: "For example id=local/42/0 from list_api_calls, or path=/api/checkout.")
    }
    // path, method and svc are shorthands.
    var asked = try traffic.query(arguments)
    asked.query.families = .calls
    asked.query.limit = 1
    let query = asked.query
    let found = try await traffic.ask { (source) throws(QueryError) in
      try await source.query(query)
    }
    guard let row = found.rows.first else {
      throw .notFound(
        "No call has the path \(quoted(String((arguments.text(Self.path) ?? "").prefix(200)))).",
        hint: "list_api_calls shows the paths there are; a trailing * matches a beginning.")
    }
    return TraceTree.Call(row)
  }

  private static func around(_ call: TraceTree.Call) -> Range<Timestamp> {
    Timestamp(nanoseconds: call.start - reach)..<Timestamp(nanoseconds: call.end + reach)
  }

  /// The calls that carry one of these marks.
  private func calls(
    with marks: [Correlation.Mark], _ window: Range<Timestamp>?
  ) async throws(ToolError) -> [TraceTree.Call] {
    guard !marks.isEmpty else { return [] }
    let compiled = try traffic.compile(Correlation.condition(marks), argument: "trace_id")
    let query = Query(
      [compiled.filter].compactMap(\.self), window: window, families: .calls, order: .oldest,
      limit: 1_000, countBudget: 0)
    let found = try await traffic.ask { (source) throws(QueryError) in
      try await source.query(query)
    }
    let wanted = Set(marks)
    return found.rows.map { TraceTree.Call($0) }.filter { call in
      call.marks.contains { wanted.contains($0.mark) }
    }
  }

  /// All calls around these in time, oldest first.
  private func nearby(
    _ calls: [TraceTree.Call], in answer: inout Answer
  ) async throws(ToolError) -> [TraceTree.Call] {
    let start = calls.map(\.start).min() ?? 0
    let end = calls.map(\.end).max() ?? 0
    // Whoever asked for the first call began before it.
    let before = min(Self.reach, max(1_000_000_000, end - start))
    let window = Timestamp(nanoseconds: start - before)..<Timestamp(nanoseconds: end + 1)
    let query = Query(
      [], window: window, families: .calls, order: .newest, limit: Self.maxNearby, countBudget: 0)
    let found = try await traffic.ask { (source) throws(QueryError) in
      try await source.query(query)
    }
    if found.isTruncated {
      answer.warn(
        "Only the newest \(Self.maxNearby) calls of that time were looked at; hops may be missing.")
    }
    return found.rows.map { TraceTree.Call($0) }
  }

  private static func proven(
    _ call: TraceTree.Call, _ seed: TraceTree.Call?, _ marks: Set<Correlation.Mark>
  ) -> TraceTree.Hop {
    if call.id == seed?.id { return .init(call: call, evidence: .given, confidence: 1) }
    let header = call.marks.first { marks.contains($0.mark) }?.header ?? ""
    return .init(call: call, evidence: .header(header), confidence: 1)
  }

  private func nothing(
    _ marks: [Correlation.Mark], _ window: Range<Timestamp>?, in answer: inout Answer
  ) async throws(ToolError) -> ToolAnswer {
    answer.structured = ["hops": [], "correlation": [], "total": 0, "truncated": false]
    answer.say("No call carries this identifier in a header.")
    let names = Correlation.traceHeaders + Correlation.requestHeaders
    answer.say("Looked for it in \(names.joined(separator: ", ")).")
    let compiled = try traffic.compile(Correlation.condition(marks), argument: "trace_id")
    try await traffic.explainEmpty(
      Query([compiled.filter].compactMap(\.self), window: window, families: .calls), in: &answer)
    return answer.finish(traffic.coverage)
  }

  // MARK: Showing

  private func show(_ tree: TraceTree, _ seed: TraceTree.Call?, in answer: inout Answer) {
    let hops = tree.hops
    let first = hops.map(\.call.start).min() ?? 0
    let last = hops.map(\.call.end).max() ?? 0
    var seen: Set<String> = []
    var correlation: [JSONValue] = []
    for mark in (seed ?? hops[0].call).marks where seen.insert(mark.header).inserted {
      let value = Shown.text(traffic.redactor.header(mark.header, mark.mark.value))
      correlation.append(["header": .string(mark.header), "value": .string(value)])
    }
    answer.structured["hops"] = .array(
      hops.map { .object(json($0, in: hops, from: first)) })
    answer.structured["correlation"] = .array(correlation)
    answer.structured["total"] = JSONValue(hops.count)
    answer.structured["truncated"] = .bool(tree.isCut)
    answer.structured["total_ms"] = Self.milliseconds(last - first)
    let slowest = hops.max { ($0.own, $1.call.id) < ($1.own, $0.call.id) }
    if let slowest { answer.structured["slowest"] = .string(slowest.call.id) }
    let failing = hops.filter { CallRow($0.call.view, traffic.redactor).isError }
    let origin = failing.max { ($0.depth, $1.call.start) < ($1.depth, $0.call.start) }
    if let origin { answer.structured["first_error"] = .string(origin.call.id) }
    answer.structured["doubtful"] = JSONValue(tree.doubtful)
    answer.say(
      """
      \(Shown.counted(hops.count, "call")), \(Self.text(last - first)) ms from \
      \(Shown.date(Timestamp(nanoseconds: first))) UTC. \(Self.certainty(of: hops))
      """)
    answer.say(Answer.fence)
    var table = Table([
      .init("at ms", right: true), .init("call", limit: 60), .init("from", limit: 26),
      .init("to", limit: 26), .init("status", limit: CallRow.maxStatus), .init("ms", right: true),
      .init("own ms", right: true), .init("how", limit: 22), .init("id", limit: .max),
    ])
    for hop in hops { table.add(cells(hop, from: first)) }
    answer.show(table, next: "Lower max_hops, or raise max_tokens.")
    if let slowest {
      answer.say("Most time of its own: \(slowest.call.id), \(Self.text(slowest.own)) ms.")
    }
    if let origin { answer.say("The error began at \(origin.call.id).") }
    if tree.doubtful > 0 {
      answer.say("\(tree.doubtful) calls were too uncertain; lower min_confidence to see them.")
    }
    if tree.isCut { answer.say("There are more; raise limit to see them.") }
  }

  /// How many of the calls are known to belong together, and how sure that is of the others.
  private static func certainty(of hops: [TraceTree.Hop]) -> String {
    if hops.count == 1 { return "No other call was found to belong to it." }
    let inferred = hops.filter { $0.inference != nil }.map(\.confidence)
    let proven = hops.count - inferred.count
    let order = "Which call made which is told from time and workloads."
    guard let least = inferred.min(), let most = inferred.max() else {
      return "All are proven to belong to it. \(order)"
    }
    let range =
      percent(least) == percent(most) ? percent(least) : "\(percent(least)) to \(percent(most))"
    return """
      \(proven) \(proven == 1 ? "is" : "are") proven to belong to it, \
      \(inferred.count == 1 ? "one is" : "\(inferred.count) are") inferred: made while their workload \
      was serving it, \(range) sure. \(order)
      """
  }

  private static func percent(_ confidence: Double) -> String {
    "\(Shown.decimals(confidence * 100, 0)) %"
  }

  /// What an inferred hop is inferred from, and what speaks against it.
  private static func reason(_ inference: TraceTree.Inference) -> String {
    let others =
      inference.others == 0
      ? "no other request was served there all that time"
      : "\(Shown.counted(inference.others, "other request")) \(inference.others == 1 ? "was" : "were") "
        + "served there all that time"
    return """
      it lies within the time of its parent; \(others); \(inference.unserved) of \
      \(Shown.counted(inference.alike, "call")) like it lie within no request
      """
  }

  private func json(
    _ hop: TraceTree.Hop, in hops: [TraceTree.Hop], from first: Int64
  ) -> JSONObject {
    var object = CallRow(hop.call.view, traffic.redactor).compact
    if let parent = hop.parent { object["parent"] = .string(hops[parent].call.id) }
    object["depth"] = JSONValue(hop.depth)
    object["offset_ms"] = Self.milliseconds(hop.call.start - first)
    object["own_ms"] = Self.milliseconds(hop.own)
    switch hop.evidence {
    case .given: object["evidence"] = "given"
    case .header(let name):
      object["evidence"] = "header"
      object["header"] = .string(name)
    case .time(let inference):
      object["evidence"] = "time"
      object["reason"] = .string(Self.reason(inference))
    }
    object["inferred"] = .bool(hop.inference != nil)
    object["confidence"] = JSONValue((hop.confidence * 100).rounded() / 100)
    return object
  }

  private func cells(_ hop: TraceTree.Hop, from first: Int64) -> [String] {
    let row = CallRow(hop.call.view, traffic.redactor)
    let how =
      switch hop.evidence {
      case .given: "given"
      case .header(let name): name
      case .time: "inferred, \(Self.percent(hop.confidence))"
      }
    let indent = String(repeating: "  ", count: min(hop.depth, 10))
    return [
      Self.text(hop.call.start - first), indent + row.line, row.label(.client),
      row.label(.server), row.shortStatus, row.elapsed.map(Shown.milliseconds) ?? "-",
      Self.text(hop.own), how, row.id,
    ]
  }

  /// Nanoseconds as milliseconds with three decimals.
  private static func milliseconds(_ nanoseconds: Int64) -> JSONValue {
    JSONValue((Double(nanoseconds) / 1_000).rounded() / 1_000)
  }

  private static func text(_ nanoseconds: Int64) -> String {
    Shown.milliseconds(nanoseconds / 1_000)
  }
}
