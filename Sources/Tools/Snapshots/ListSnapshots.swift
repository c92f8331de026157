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
            ["used_bytes": .integer(), "limit_bytes": .integer()],
            required: ["used_bytes", "limit_bytes"]))
      ], required: ["snapshots", "total", "storage"]),
    route: "GET snapshots")

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let rows = library.store.all.map { SnapshotRow($0, library.shelf) }
    var answer = Answer(arguments)
    let (used, limit) = (library.store.usedBytes, library.store.limit)
    answer.structured = [
      "snapshots": .array(rows.map { .object($0.json) }), "total": JSONValue(rows.count),
      "truncated": false,
      "storage": ["used_bytes": JSONValue(used), "limit_bytes": JSONValue(limit)],
    ]
    if rows.isEmpty {
      answer.say("There are no snapshots. create_snapshot makes one.")
    } else {
      answer.say(
        "\(rows.count) snapshots, \(Shown.bytes(Int64(clamping: used))) of "
          + "\(Shown.bytes(Int64(clamping: limit))).")
      var table = SnapshotRow.table
      for row in rows { table.add(row.cells) }
      answer.show(table, next: "Raise max_tokens to see them.")
    }
    return answer.finish(library.coverage(try await library.nodes()))
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
    let row = SnapshotRow(try library.snapshot(arguments), library.shelf)
    var answer = Answer(arguments)
    answer.structured = row.json
    var table = SnapshotRow.table
    table.add(row.cells)
    answer.show(table, next: "")
    if let error = row.snapshot.error { answer.say("It failed: \(error).") }
    return answer.finish(library.coverage(try await library.nodes()))
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
    let snapshot = try library.snapshot(arguments)
    let (store, shelf) = (library.store, library.shelf)
    _ = try await onThread { () throws(SnapshotError) in
      shelf.forget(snapshot.id)
      return try store.delete(snapshot.id)
    }
    var answer = Answer(arguments)
    answer.structured = [
      "success": true, "id": .string(snapshot.id), "name": .string(snapshot.name),
      "freed_bytes": JSONValue(snapshot.bytes),
    ]
    answer.say("The snapshot \(snapshot.name) and what was dissected of it are gone.")
    return answer.finish(library.coverage(try await library.nodes()))
  }
}

extension SnapshotLibrary {
  /// The snapshot that the argument `id` names.
  func snapshot(_ arguments: Arguments) throws(ToolError) -> Snapshot {
    do throws(SnapshotError) {
      return try store.find(arguments.text(.snapshotKey) ?? "")
    } catch { throw error.toolError }
  }
}
