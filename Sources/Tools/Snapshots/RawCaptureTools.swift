import Bytes
import Entries
import JSON
import Pipeline
import Query
import Snapshots
import ToolKit

private let boundaries: JSONObject = .schema(
  [
    "name": .text(), "oldest_ts": ["type": ["integer", "null"]],
    "newest_ts": ["type": ["integer", "null"]], "packets": .integer(), "bytes": .integer(),
  ], required: ["oldest_ts", "newest_ts"])

private func boundary(_ times: ClosedRange<Timestamp>?) -> JSONObject {
  [
    "oldest_ts": times.map { .int($0.lowerBound.milliseconds) } ?? .null,
    "newest_ts": times.map { .int($0.upperBound.milliseconds) } ?? .null,
  ]
}

/// From when to when there are raw packets.
struct GetDataBoundaries: Tool {
  static let row = ToolRow(
    name: "get_data_boundaries", title: "Get the boundaries of raw packets",
    doc: """
      From when to when raw packets are kept, per node and over all: what snapshots and PCAP \
      exports can cover. get_l7_data_boundaries says the same of calls.
      """,
    parameters: [.maxTokens],
    answer: AnswerSchema.answer(
      ["cluster": .object(boundaries), "nodes": .list(boundaries)],
      required: ["cluster", "nodes"]),
    route: "GET data-boundaries", set: .all)

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let nodes = try await library.nodes()
    var answer = Answer(arguments)
    answer.structured = [
      "cluster": .object(boundary(nodes.times)),
      "nodes": .array(
        nodes.map { node in
          var row: JSONObject = ["name": .string(node.name)]
          for member in boundary(node.times).members { row[member.name] = member.value }
          if !library.hidesTotals {
            row["packets"] = JSONValue(node.packets)
            row["bytes"] = JSONValue(node.bytes)
          }
          return .object(row)
        }),
    ]
    guard nodes.times != nil else {
      answer.say(
        library.capture == nil
          ? "No raw packets are kept: \(SnapshotStore.noRawCapture.hint)"
          : "There is no packet yet.")
      return answer.finish(library.coverage(nodes))
    }
    var table = Table([
      // Asked for by its whole name.
      .init("node", limit: .max), .init("from (UTC)"), .init("to (UTC)"),
      .init("packets", right: true), .init("size", right: true),
    ])
    for node in nodes {
      table.add([
        node.name, node.times.map { Shown.date($0.lowerBound) } ?? "-",
        node.times.map { Shown.date($0.upperBound) } ?? "-",
        library.hidesTotals ? "-" : Shown.count(Int64(clamping: node.packets)),
        library.hidesTotals ? "-" : Shown.bytes(Int64(clamping: node.bytes)),
      ])
    }
    answer.show(table, next: "Raise max_tokens to see them.")
    return answer.finish(library.coverage(nodes))
  }
}

/// From when to when there are calls.
struct GetL7DataBoundaries: Tool {
  static let row = ToolRow(
    name: "get_l7_data_boundaries", title: "Get the boundaries of calls",
    doc: """
      From when to when traffic was dissected, per node and over all: what list_api_calls and \
      get_api_stats can cover without a snapshot.
      """,
    parameters: [ListAPICalls.db, ListAPICalls.snapshot],
    answer: AnswerSchema.answer(
      [
        "cluster": .object(boundaries), "nodes": .list(boundaries), "dissection_enabled": .flag(),
      ], required: ["cluster", "nodes", "dissection_enabled"]),
    route: "GET l7-data-boundaries", set: .all)

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let coverage = traffic.coverage
    let statistics = coverage.statistics
    var times: ClosedRange<Timestamp>?
    if let oldest = statistics.oldest, let newest = statistics.newest, oldest <= newest {
      times = oldest...newest
    }
    let nodes = try await traffic.nodes()
    var answer = Answer(arguments)
    answer.structured = [
      "cluster": .object(boundary(times)),
      "nodes": .array(
        nodes.map { name in
          var row: JSONObject = ["name": .string(Shown.text(name))]
          for member in boundary(times).members { row[member.name] = member.value }
          return .object(row)
        }), "dissection_enabled": coverage.json["dissection_enabled"] ?? true,
    ]
    answer.say(
      times.map {
        "Calls from \(Shown.date($0.lowerBound)) to \(Shown.date($0.upperBound)) UTC, nodes "
          + nodes.map { Shown.text($0) }.joined(separator: ", ") + "."
      } ?? "There is no packet yet.")
    return answer.finish(coverage)
  }
}

/// Whether raw packets are kept, and how many.
struct GetRawCaptureStatus: Tool {
  static let row = ToolRow(
    name: "get_raw_capture_status", title: "Get the status of raw capture",
    doc:
      "Whether raw packets are kept (snapshots need them), how much, and what was dropped or lost.",
    parameters: [],
    answer: AnswerSchema.answer(
      [
        "enabled": .flag(), "session_id": .text("Another one after each start"), "live": .flag(),
        "used_bytes": .integer(), "storage_size": .integer("Bytes that each node may use"),
        "nodes": .list(
          .schema(
            [
              "name": .text(), "bytes": .integer(), "packets": .integer(),
              "segments": .integer(), "packets_dropped": .integer("Left by age or size"),
              "packets_lost": .integer("Could not be written"), "failure": .text(),
            ], required: ["name"])),
      ], required: ["enabled", "nodes"]),
    route: "GET raw-capture", set: .all)

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let nodes = try await library.nodes()
    let used = nodes.reduce(0) { $0 + $1.bytes }
    var answer = Answer(arguments)
    answer.structured = [
      "enabled": .bool(library.capture != nil), "live": .bool(library.capture?.isLive ?? false),
      "nodes": .array(nodes.map { .object(Self.shown($0, hidesTotals: library.hidesTotals)) }),
    ]
    if !library.hidesTotals { answer.structured["used_bytes"] = JSONValue(used) }
    if let capture = library.capture {
      answer.structured["session_id"] = .string(capture.session)
      if let bytes = capture.storageBytes { answer.structured["storage_size"] = JSONValue(bytes) }
    }
    let size = library.hidesTotals ? "those" : Shown.bytes(Int64(clamping: used))
    answer.say(
      library.capture == nil
        ? "No raw packets are kept. \(SnapshotStore.noRawCapture.hint)"
        : """
        Raw packets are kept: \(size) of \(Shown.counted(nodes.count, "node"))\
        \(library.capture?.isLive == true ? ", live" : ", from capture files").
        """)
    for node in nodes where node.lost > 0 {
      let count = library.hidesTotals ? "" : Shown.count(Int64(clamping: node.lost)) + " "
      answer.warn(
        "\(count)packets of \(node.name) could not be written: \(node.failure ?? "unknown")")
    }
    return answer.finish(library.coverage(nodes))
  }

  private static func shown(_ node: RawNode, hidesTotals: Bool) -> JSONObject {
    var row: JSONObject = ["name": .string(node.name)]
    if !hidesTotals {
      row["bytes"] = JSONValue(node.bytes)
      row["packets"] = JSONValue(node.packets)
      row["segments"] = JSONValue(node.segments)
      row["packets_dropped"] = JSONValue(node.dropped)
      row["packets_lost"] = JSONValue(node.lost)
    }
    if let failure = node.failure { row["failure"] = .string(failure) }
    return row
  }
}

/// What can be asked: the traffic itself, and every dissection.
struct ListDatabases: Tool {
  static let row = ToolRow(
    name: "list_databases", title: "List databases",
    doc: "What calls can be asked of: this traffic, and dissections of snapshots (argument db).",
    parameters: [.maxTokens],
    answer: AnswerSchema.list(
      "databases",
      .schema(
        [
          "type": .text("realtime or dissection"), "node": .text(), "snapshot": .text(),
          "name": .text(), "db": .text(), "status": .text(), "entry_count": .integer(),
          "first_ts": ["type": ["integer", "null"]], "last_ts": ["type": ["integer", "null"]],
        ], required: ["type"])),
    route: "GET databases", set: .all)

  let traffic: Traffic
  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    var rows: [JSONObject] = []
    var table = Table([
      .init("db", limit: 60), .init("status"), .init("entries", right: true), .init("from (UTC)"),
      .init("to (UTC)"),
    ])
    func add(
      _ row: JSONObject, _ statistics: Statistics, _ entries: UInt64?, db: String, status: String
    ) {
      var row = row
      if let entries { row["entry_count"] = JSONValue(entries) }
      row["status"] = .string(status)
      row["first_ts"] = statistics.oldest.map { .int($0.milliseconds) } ?? .null
      row["last_ts"] = statistics.newest.map { .int($0.milliseconds) } ?? .null
      rows.append(row)
      table.add([
        db, status, entries.map { Shown.count(Int64(clamping: $0)) } ?? "-",
        statistics.oldest.map(Shown.date) ?? "-", statistics.newest.map(Shown.date) ?? "-",
      ])
    }
    let coverage = traffic.coverage
    var entries = coverage.statistics.entries
    if traffic.isScoped {
      entries = UInt64(
        try await traffic.ask { (source) throws(QueryError) in
          try await source.count(families: .everything)
        })
    }
    for node in try await traffic.nodes() {
      add(
        ["type": "realtime", "node": .string(Shown.text(node))], coverage.statistics, entries,
        db: "(no db: this traffic)", status: "completed")
    }
    for view in await library.shown(library.shelf.all) {
      add(
        [
          "type": "dissection", "snapshot": .string(view.snapshot.name),
          "name": .string(view.name), "db": .string(view.db),
        ], view.statistics, view.entries, db: view.db, status: view.status.rawValue)
    }
    var answer = Answer(arguments)
    answer.structured = [
      "databases": .array(rows.map { .object($0) }), "total": JSONValue(rows.count),
      "truncated": false,
    ]
    answer.show(table, next: "Raise max_tokens to see them.")
    return answer.finish(coverage)
  }
}

extension Traffic {
  /// Names of the nodes whose traffic was dissected.
  func nodes() async throws(ToolError) -> [String] {
    let aggregation = Aggregation(
      families: .everything, by: [.field(.nodeID)], limit: 1_000, measures: .counts)
    let result = try await ask { (source) throws(QueryError) in
      try await source.aggregate(aggregation)
    }
    let names = result.groups.compactMap { group -> String? in
      if case .text(let name) = group.keys[0], !name.isEmpty { name } else { nil }
    }
    return names.isEmpty ? [EntryID.defaultNode] : names.sorted()
  }
}
