import Bytes
import JSON
import Snapshots
import ToolKit

/// All snapshots, and how full their store is.
struct ListSnapshots: Tool {
  static let row = ToolRow(
    name: "list_snapshots", title: "List snapshots",
    doc: "Snapshots of raw packets: their windows, sizes, nodes, and what was dissected of them.",
    parameters: [.maxTokens],
    answer: AnswerSchema.list(
      "snapshots", SnapshotRow.brief,
      extra: [
        "storage": .object(
          .schema(
            ["used_bytes": .integer(), "limit_bytes": .integer()], required: ["limit_bytes"]))
      ], required: ["snapshots", "total", "storage"]),
    route: "GET snapshots")

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    var answer = Answer(arguments)
    let rows = await rows(&answer)
    let (used, limit) = (library.store.usedBytes, library.store.limit)
    answer.structured = [
      "snapshots": .array(rows.map { .object($0.json) }), "total": JSONValue(rows.count),
      "truncated": false,
      "storage": library.hidesTotals
        ? ["limit_bytes": JSONValue(limit)]
        : ["used_bytes": JSONValue(used), "limit_bytes": JSONValue(limit)],
    ]
    if rows.isEmpty {
      answer.say("There are no snapshots. create_snapshot makes one.")
    } else {
      let size = library.hidesTotals ? "at most " : "\(Shown.bytes(Int64(clamping: used))) of "
      let count = Shown.counted(rows.count, "snapshot")
      answer.say("\(count), \(size)\(Shown.bytes(Int64(clamping: limit))).")
      var table = SnapshotRow.table
      for row in rows { table.add(row.cells) }
      answer.show(table, next: "Raise max_tokens to see them.")
    }
    return try await library.finish(answer)
  }

  /// Those on this machine, then those that are kept elsewhere only.
  private func rows(_ answer: inout Answer) async -> [SnapshotRow] {
    var kept: [String: SnapshotManifest] = [:]
    do throws(ToolError) { kept = try await library.cloud?.kept() ?? [:] } catch {
      answer.warn("What the cloud storage keeps is not known: \(error.message)")
    }
    let local = library.store.all.map {
      library.row($0, location: kept[$0.id] == nil ? .local : .both)
    }
    let known = Set(local.map(\.snapshot.id))
    return local
      + kept.values.map(\.snapshot).filter { !known.contains($0.id) }
      .sorted { ($0.created, $0.id) < ($1.created, $1.id) }
      .map { library.row($0, location: .cloud) }
  }
}

/// One snapshot.
struct GetSnapshot: Tool {
  static let row = ToolRow(
    name: "get_snapshot", title: "Get a snapshot",
    doc:
      "One snapshot by id or name: status, window, sizes and dissections. Poll it until completed.",
    parameters: [.snapshotKey],
    answer: AnswerSchema.answer(
      JSONObject(members: SnapshotRow.schema["properties"]?.object?.members ?? []),
      required: ["id", "name", "status"]),
    route: "GET snapshots/:name")

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let row = try await row(arguments)
    var answer = Answer(arguments)
    answer.structured = row.json
    var table = SnapshotRow.table
    table.add(row.cells)
    answer.show(table, next: "")
    if let error = row.snapshot.error { answer.say("It failed: \(error).") }
    return try await library.finish(answer)
  }

  /// Wherever it is kept.
  private func row(_ arguments: Arguments) async throws(ToolError) -> SnapshotRow {
    let key = arguments.text(.snapshotKey) ?? ""
    let local = try? library.store.find(key)
    let kept = try? await library.cloud?.find(local?.id ?? key)
    if local == nil, let kept {
      return library.row(kept.snapshot, location: .cloud)
    }
    return library.row(
      try await library.snapshot(arguments), location: kept == nil ? .local : .both)
  }
}

/// Removes a snapshot.
struct DeleteSnapshot: Tool {
  static let row = ToolRow(
    name: "delete_snapshot", title: "Delete a snapshot",
    doc:
      "Removes a snapshot with everything dissected of it, for good. One in progress is given up.",
    parameters: [.snapshotKey],
    answer: AnswerSchema.answer(
      ["success": .flag(), "id": .text(), "name": .text(), "freed_bytes": .integer()],
      required: ["success", "name"]),
    annotations: ToolAnnotations(readOnly: false, destructive: true, idempotent: false),
    route: "DELETE snapshots/:name")

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let snapshot = try await library.snapshot(arguments)
    let (store, shelf) = (library.store, library.shelf)
    _ = try await onThread { () throws(SnapshotError) in
      shelf.forget(snapshot.id)
      return try store.delete(snapshot.id)
    }
    var answer = Answer(arguments)
    answer.structured = [
      "success": true, "id": .string(snapshot.id), "name": .string(snapshot.name),
    ]
    if !library.hidesTotals { answer.structured["freed_bytes"] = JSONValue(snapshot.bytes) }
    answer.say("The snapshot \(snapshot.name) and what was dissected of it are gone.")
    return try await library.finish(answer)
  }
}

extension SnapshotLibrary {
  /// The snapshot that the argument `id` names.
  func snapshot(_ arguments: Arguments) async throws(ToolError) -> Snapshot {
    try await find(arguments.text(.snapshotKey) ?? "")
  }
}
