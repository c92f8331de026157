import JSON
import ObjectStorage
import Snapshots
import ToolKit

/// Whether snapshots can be kept elsewhere.
struct GetCloudStorageStatus: Tool {
  static let row = ToolRow(
    name: "get_cloud_storage_status", title: "Get the status of cloud storage",
    doc: "Whether snapshots can be kept in storage elsewhere (S3 or a folder), and if it answers.",
    parameters: [],
    answer: AnswerSchema.answer(
      [
        "enabled": .flag(), "connected": .flag(), "provider": .text("s3 or file"),
        "bucket": .text(), "prefix": .text(), "error": .text(),
      ], required: ["enabled", "connected"]),
    annotations: ToolAnnotations(
      readOnly: true, destructive: false, idempotent: true, openWorld: true),
    route: "GET cloud-storage", set: .all)

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    var answer = Answer(arguments)
    var failure: StorageError?
    answer.structured = ["enabled": .bool(library.cloud != nil)]
    switch library.cloud?.storage {
    case nil:
      answer.say(
        """
        Snapshots stay on this machine. Start with --cloud-storage s3://BUCKET/PREFIX or \
        file:///FOLDER to keep them elsewhere.
        """)
    case .failure(let error)?: failure = error
    case .success(let storage)?:
      do throws(StorageError) { try await storage.check() } catch { failure = error }
      answer.structured["provider"] = .string(storage.place.provider)
      answer.structured["bucket"] = .string(storage.place.bucket)
      answer.structured["prefix"] = .string(storage.place.prefix)
      answer.say(
        """
        \(storage.place.provider) \(storage.place.bucket), prefix \
        \(JSONValue.string(storage.place.prefix).text): \(failure == nil ? "it answers." : "")
        """)
    }
    answer.structured["connected"] = .bool(library.cloud != nil && failure == nil)
    if let failure {
      answer.structured["error"] = .string("\(failure.message) \(failure.hint)")
      answer.say("\(failure.message) \(failure.hint)")
    }
    return try await library.finish(answer)
  }
}

/// Begins to keep a snapshot elsewhere.
struct UploadSnapshotToCloud: Tool {
  static let row = ToolRow(
    name: "upload_snapshot_to_cloud", title: "Upload a snapshot",
    doc: """
      Copies a completed snapshot to the cloud storage, in the background; get_cloud_job_status says \
      how far it is. Asked again after a failure, it goes on where it was.
      """,
    parameters: [.snapshotKey], answer: SnapshotLibrary.transferAnswer,
    annotations: .transfer, route: "POST snapshots/:name/upload", set: .all)

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let cloud = try library.cloudShelf()
    let job = try cloud.upload(try await library.snapshot(arguments))
    return try await library.answer(job.view, arguments)
  }
}

/// Begins to fetch a snapshot that is kept elsewhere.
struct DownloadSnapshotFromCloud: Tool {
  static let row = ToolRow(
    name: "download_snapshot_from_cloud", title: "Download a snapshot",
    doc: """
      Fetches a snapshot from the cloud storage, in the background, so that it can be exported and \
      dissected here; get_cloud_job_status says how far it is. list_snapshots lists what is there.
      """,
    parameters: [.snapshotKey], answer: SnapshotLibrary.transferAnswer,
    annotations: .transfer, route: "POST snapshots/:name/download", set: .all)

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let cloud = try library.cloudShelf()
    let key = arguments.text(.snapshotKey) ?? ""
    if let known = try? library.store.find(key) {
      throw ToolError(
        status: 409, code: "already_local",
        message: "The snapshot \(known.name) is on this machine already.",
        hint: "Ask it as it is, or delete it first with delete_snapshot.", argument: "id")
    }
    guard let manifest = try await cloud.find(key, fresh: true) else {
      let names = try await cloud.kept().values.map(\.snapshot.name).sorted().prefix(20)
      throw ToolError(
        status: 404, code: "not_found",
        message:
          "The cloud storage has no snapshot \(JSONValue.string(String(key.prefix(128))).text).",
        hint: names.isEmpty
          ? "There are none yet; upload_snapshot_to_cloud copies one there."
          : "It has \(names.joined(separator: ", ")).", argument: "id")
    }
    return try await library.answer(try cloud.download(manifest).view, arguments)
  }
}

/// How far a transfer has come.
struct GetCloudJobStatus: Tool {
  static let job = Parameter(
    "job_id", .text, "As upload_snapshot_to_cloud or download_snapshot_from_cloud gave it",
    required: true, aliases: ["id", "job"])

  static let row = ToolRow(
    name: "get_cloud_job_status", title: "Get the status of a transfer",
    doc: "How far an upload or download of a snapshot has come, and what went wrong.",
    parameters: [job],
    answer: AnswerSchema.answer(
      CloudJob.View.schema,
      required: ["job_id", "snapshot_id", "operation", "status", "started_at"]),
    route: "GET cloud-storage/jobs/:job_id", set: .all)

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let view = try library.cloudShelf().job(arguments.text(Self.job) ?? "")
    var answer = Answer(arguments)
    answer.structured = view.json(hidesTotals: library.hidesTotals)
    answer.say(view.line(hidesTotals: library.hidesTotals))
    return try await library.finish(answer)
  }
}

extension ToolAnnotations {
  /// Copies something over the network; once is as good as twice.
  fileprivate static let transfer = ToolAnnotations(
    readOnly: false, destructive: false, idempotent: true, openWorld: true)
}

extension SnapshotLibrary {
  static let transferAnswer = AnswerSchema.answer(
    ["success": .flag(), "job_id": .text(), "snapshot_id": .text()],
    required: ["success", "job_id"])

  /// - Throws: 409 where no storage is named.
  func cloudShelf() throws(ToolError) -> CloudShelf {
    guard let cloud else {
      throw ToolError(
        status: 409, code: "no_cloud_storage", message: "No cloud storage is set up.",
        hint: "Start with --cloud-storage s3://BUCKET/PREFIX or file:///FOLDER.")
    }
    return cloud
  }

  /// The answer when a transfer has begun.
  func answer(
    _ job: CloudJob.View, _ arguments: Arguments
  ) async throws(ToolError) -> ToolAnswer {
    var answer = Answer(arguments)
    answer.structured = [
      "success": true, "job_id": .string(job.id), "snapshot_id": .string(job.snapshot),
    ]
    answer.say(
      "The \(job.operation.rawValue) of \(job.name) has begun. "
        + "Next: get_cloud_job_status {\"job_id\": \"\(job.id)\"} until it is completed.")
    return try await finish(answer)
  }

  /// The snapshot of that id or name on this machine.
  ///
  /// - Throws: 404, or 409 with the call to make when it is kept elsewhere only.
  func find(_ key: String) async throws(ToolError) -> Snapshot {
    let missing: SnapshotError
    do throws(SnapshotError) { return try store.find(key) } catch { missing = error }
    // A storage that does not answer makes nothing of it.
    guard let kept = try? await cloud?.find(key) else { throw missing.toolError }
    throw ToolError(
      status: 409, code: "not_local",
      message: "The snapshot \(kept.snapshot.name) is in the cloud storage only.",
      hint: "Call download_snapshot_from_cloud {\"id\": \"\(kept.snapshot.id)\"} first.",
      argument: "id",
      details: [
        "next_step": [
          "tool": "download_snapshot_from_cloud",
          "arguments": ["id": .string(kept.snapshot.id)],
        ]
      ])
  }
}
