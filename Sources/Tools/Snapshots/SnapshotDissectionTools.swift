import Bytes
import JSON
import Snapshots
import ToolKit

extension Parameter {
  static let dissectedSnapshot = Parameter(
    "snapshot_id", .text, "Id or name of the snapshot", required: true,
    aliases: ["snapshot", "id", "snapshot_name"])
  static let dissection = Parameter(
    "name", .text, "Name of the dissection (default: the newest)",
    aliases: ["dissection", "dissection_name", "dissection_id"])
}

extension SnapshotLibrary {
  /// The dissection that the arguments name; `dissection_id` may be the whole `snapshot/name`.
  func job(_ arguments: Arguments) async throws(ToolError) -> (Snapshot, DissectionJob) {
    let snapshot = try await dissected(arguments)
    let name = arguments.text(.dissection)?.split(separator: "/").last.map(String.init)
    return (snapshot, try shelf.find(snapshot, name))
  }

  func dissected(_ arguments: Arguments) async throws(ToolError) -> Snapshot {
    try await find(arguments.text(.dissectedSnapshot) ?? "")
  }

  /// An answer about one dissection.
  func answer(
    _ job: DissectionJob, _ arguments: Arguments, success: Bool = false, next: String? = nil
  ) async throws(ToolError) -> ToolAnswer {
    let view = await shown(job.view)
    var answer = Answer(arguments)
    answer.structured = view.json
    if success { answer.structured["success"] = true }
    var table = DissectionJob.View.table
    table.add(view.cells)
    answer.show(table, next: "")
    if let next { answer.say(next) }
    return try await finish(answer)
  }

  static let jobAnswer = AnswerSchema.answer(
    JSONObject(
      members: [.init(name: "success", value: .flag())]
        + (DissectionJob.View.schema["properties"]?.object?.members ?? [])),
    required: ["snapshot", "name", "status"])
}

/// Begins the dissection of a snapshot.
struct StartSnapshotDissection: Tool {
  static let name = Parameter(
    "name", .text, "Name of the dissection (default \"default\")",
    aliases: ["dissection", "dissection_name"])
  static let protocols = Parameter(
    "protocols", .names, "Only these, such as http, dns (default: all)")
  static let kfl = Parameter(
    "kfl", .text, "Only calls that match; connections and flows are kept all the same")

  static let row = ToolRow(
    name: "start_snapshot_dissection", title: "Dissect a snapshot",
    doc: """
      Dissects the packets of a snapshot into calls and flows, in the background. Poll \
      get_snapshot_dissection_status until it is completed; then ask list_api_calls, get_api_stats \
      and the others with snapshot_id, or with db=<snapshot>/<name>.
      """,
    parameters: [.dissectedSnapshot, name, protocols, kfl],
    answer: SnapshotLibrary.jobAnswer,
    annotations: ToolAnnotations(readOnly: false, destructive: false, idempotent: false),
    route: "POST dissections", set: .all)

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let snapshot = try await library.dissected(arguments)
    let job = try library.shelf.start(
      snapshot, name: arguments.text(Self.name) ?? DissectionShelf.defaultName,
      protocols: arguments.names(Self.protocols), kfl: arguments.text(Self.kfl))
    return try await library.answer(
      job, arguments, success: true,
      next: """
        Next: get_snapshot_dissection_status {"snapshot_id": "\(snapshot.name)"} until it is \
        completed.
        """)
  }
}

/// How far a dissection has come.
struct GetSnapshotDissectionStatus: Tool {
  static let row = ToolRow(
    name: "get_snapshot_dissection_status", title: "Get the status of a dissection",
    doc: "How far the dissection of a snapshot has come, what it found, and what went wrong.",
    parameters: [.dissectedSnapshot, .dissection], answer: SnapshotLibrary.jobAnswer,
    route: "GET dissections/:snapshot/:name", set: .all)

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let (snapshot, job) = try await library.job(arguments)
    let next =
      job.view.status == .completed
      ? "Ask its calls with \"snapshot_id\": \"\(snapshot.name)\" or \"db\": \"\(job.view.db)\"."
      : nil
    return try await library.answer(job, arguments, next: next)
  }
}

/// All dissections.
struct ListSnapshotDissections: Tool {
  static let snapshot = Parameter(
    "snapshot_id", .text, "Only those of this snapshot (id or name)",
    aliases: ["snapshot", "id", "snapshot_name"])

  static let row = ToolRow(
    name: "list_snapshot_dissections", title: "List dissections",
    doc: "Dissections of snapshots: their status, progress and what they found.",
    parameters: [snapshot, .maxTokens],
    answer: AnswerSchema.list("dissections", DissectionJob.View.schema),
    route: "GET dissections", set: .all)

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    var views = library.shelf.all
    if let key = arguments.text(Self.snapshot) {
      let snapshot = try await library.find(key)
      views = library.shelf.jobs(of: snapshot.id)
    }
    views = await library.shown(views)
    var answer = Answer(arguments)
    answer.structured = [
      "dissections": .array(views.map { .object($0.json) }), "total": JSONValue(views.count),
      "truncated": false,
    ]
    if views.isEmpty {
      answer.say("Nothing was dissected. start_snapshot_dissection begins with a snapshot.")
    } else {
      var table = DissectionJob.View.table
      for view in views { table.add(view.cells) }
      answer.show(table, next: "Name a snapshot, or raise max_tokens.")
    }
    return try await library.finish(answer)
  }
}

/// Ends a dissection.
struct StopSnapshotDissection: Tool {
  static let row = ToolRow(
    name: "stop_snapshot_dissection", title: "Stop a dissection",
    doc: "Ends a dissection that waits or runs; what it found so far is dropped.",
    parameters: [.dissectedSnapshot, .dissection], answer: SnapshotLibrary.jobAnswer,
    annotations: ToolAnnotations(readOnly: false, destructive: false, idempotent: true),
    route: "POST dissections/:snapshot/:name/stop", set: .all)

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let (_, job) = try await library.job(arguments)
    let before = job.view
    if before.status.isOver, before.status != .cancelled {
      throw ToolError(
        status: 409, code: "not_running",
        message: "The dissection \(before.db) is \(before.status.rawValue) already.",
        hint: "delete_snapshot_dissection removes it.")
    }
    job.stop()
    var answer = Answer(arguments)
    answer.structured = await library.shown(before).json
    answer.structured["success"] = true
    answer.structured["status"] = "cancelled"
    answer.structured["active"] = false
    answer.say("The dissection \(before.db) ends.")
    return try await library.finish(answer)
  }
}

/// Removes a dissection.
struct DeleteSnapshotDissection: Tool {
  static let row = ToolRow(
    name: "delete_snapshot_dissection", title: "Delete a dissection",
    doc: "Removes a dissection and the calls it found; the snapshot's packets stay.",
    parameters: [.dissectedSnapshot, .dissection],
    answer: AnswerSchema.answer(
      ["success": .flag(), "snapshot": .text(), "name": .text()],
      required: ["success", "snapshot", "name"]),
    annotations: ToolAnnotations(readOnly: false, destructive: true, idempotent: false),
    route: "DELETE dissections/:snapshot/:name", set: .all)

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let (snapshot, job) = try await library.job(arguments)
    library.shelf.delete(job, of: snapshot)
    var answer = Answer(arguments)
    answer.structured = [
      "success": true, "snapshot": .string(snapshot.name), "name": .string(job.name),
    ]
    answer.say("The dissection \(snapshot.name)/\(job.name) is gone.")
    return try await library.finish(answer)
  }
}
