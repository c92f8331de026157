import Bytes
import JSON
import ObjectStorage
import Snapshots
import Synchronization
import ToolKit

/// Snapshots that are kept elsewhere, and the transfers there and back: one at a time.
///
/// Of a snapshot its files lie under `files/ID/`, and last of all comes `snapshots/ID.json`: what has
/// that is whole.
final class CloudShelf: Sendable {
  /// Jobs that are remembered.
  private static let maxJobs = 100
  /// How long a listing counts as new.
  private static let lifetime = Duration.seconds(10)

  private struct Kept: Sendable {
    var tag: String
    var manifest: SnapshotManifest
  }

  /// The storage, or why there is none though one is named.
  let storage: Result<any ObjectStorage, StorageError>
  private let snapshots: SnapshotStore
  private let jobs = Mutex<[CloudJob]>([])
  private let latest = Mutex<Task<Void, Never>?>(nil)
  private let known = Mutex<(at: ContinuousClock.Instant, kept: [String: Kept])?>(nil)

  init(_ storage: Result<any ObjectStorage, StorageError>, _ snapshots: SnapshotStore) {
    (self.storage, self.snapshots) = (storage, snapshots)
  }

  func place() throws(ToolError) -> any ObjectStorage {
    do throws(StorageError) { return try storage.get() } catch { throw error.toolError }
  }

  // MARK: What is there

  /// The snapshots that are kept there, by id.
  ///
  /// - Parameter fresh: whether a listing that is not new will not do.
  func kept(fresh: Bool = false) async throws(ToolError) -> [String: SnapshotManifest] {
    if !fresh, let known = known.withLock({ $0 }), ContinuousClock.now - known.at < Self.lifetime {
      return known.kept.mapValues(\.manifest)
    }
    let storage = try place()
    let old = known.withLock { $0?.kept } ?? [:]
    var kept: [String: Kept] = [:]
    do throws(StorageError) {
      let prefix = storage.place.prefix + "snapshots/"
      for object in try await storage.list(prefix) where object.key.hasSuffix(".json") {
        let id = String(object.key.dropFirst(prefix.count).dropLast(".json".count))
        if let same = old[id], same.tag == object.tag {
          kept[id] = same
        } else {
          let bytes = try await storage.read(object.key, limit: SnapshotManifest.maxBytes)
          // What is no manifest of ours is none of our business.
          guard let manifest = SnapshotManifest(encoded: bytes), manifest.snapshot.id == id else {
            continue
          }
          kept[id] = Kept(tag: object.tag, manifest: manifest)
        }
      }
    } catch { throw error.toolError }
    let found = kept
    known.withLock { $0 = (ContinuousClock.now, found) }
    return found.mapValues(\.manifest)
  }

  /// The snapshot of that id or name that is kept there; nil when there is none.
  func find(_ key: String, fresh: Bool = false) async throws(ToolError) -> SnapshotManifest? {
    let kept = try await kept(fresh: fresh)
    return kept[key] ?? kept.values.first { $0.snapshot.name == key }
  }

  // MARK: Transfers

  func job(_ id: String) throws(ToolError) -> CloudJob.View {
    let jobs = jobs.withLock { $0 }.map(\.view)
    guard let found = jobs.first(where: { $0.id == id }) else {
      throw ToolError(
        status: 404, code: "not_found",
        message: "There is no job \(JSONValue.string(String(id.prefix(64))).text).",
        hint: jobs.isEmpty
          ? "There were none since this Hub started. Begin again: what was transferred stays."
          : "The jobs are \(jobs.suffix(10).map(\.id).joined(separator: ", ")).",
        argument: "job_id")
    }
    return found
  }

  func upload(_ snapshot: Snapshot) throws(ToolError) -> CloudJob {
    let storage = try place()
    guard snapshot.status == .completed else {
      throw ToolError(
        status: 409, code: "not_completed",
        message: "The snapshot \(snapshot.name) is \(snapshot.status.rawValue).",
        hint: "Ask get_snapshot until its status is completed.")
    }
    return try begin(CloudJob(.upload, snapshot.id, name: snapshot.name)) {
      (job) async throws(ToolError) in
      try await self.send(snapshot, to: storage, job)
    }
  }

  func download(_ manifest: SnapshotManifest) throws(ToolError) -> CloudJob {
    let storage = try place()
    do throws(SnapshotError) { _ = try snapshots.arrivals(manifest) } catch {
      throw error.toolError
    }
    let job = CloudJob(.download, manifest.snapshot.id, name: manifest.snapshot.name)
    return try begin(job) { (job) async throws(ToolError) in
      try await self.fetch(manifest, from: storage, job)
    }
  }

  private func begin(
    _ job: CloudJob, _ work: @escaping @Sendable (CloudJob) async throws(ToolError) -> Void
  ) throws(ToolError) -> CloudJob {
    let snapshot = job.view.snapshot
    let running: CloudJob? = jobs.withLock { jobs in
      if let same = jobs.first(where: {
        $0.view.snapshot == snapshot && $0.view.status == .inProgress
      }) {
        return same
      }
      jobs.append(job)
      if jobs.count > Self.maxJobs, let old = jobs.firstIndex(where: { $0.view.completed != nil }) {
        jobs.remove(at: old)
      }
      return nil
    }
    if let running {
      throw ToolError(
        status: 409, code: "under_way",
        message: "The \(running.view.operation.rawValue) of this snapshot is under way.",
        hint: "Ask get_cloud_job_status {\"job_id\": \"\(running.view.id)\"}.")
    }
    latest.withLock { latest in
      let before = latest
      latest = Task.detached {
        await before?.value
        do throws(ToolError) {
          try await work(job)
          job.end(nil)
        } catch { job.end(error) }
        self.known.withLock { $0 = nil }
      }
    }
    return job
  }

  private func send(
    _ snapshot: Snapshot, to storage: any ObjectStorage, _ job: CloudJob
  ) async throws(ToolError) {
    let snapshots = snapshots
    let found = try await onThread { () throws(SnapshotError) in
      try snapshots.manifest(of: snapshot) { _ in true }
    }
    guard let (manifest, paths) = found else { return }
    let total = manifest.bytes
    var done: UInt64 = 0
    job.progress(0, of: total)
    do throws(StorageError) {
      for (part, path) in zip(manifest.parts, paths) {
        let base = done
        try await storage.upload(
          StoredFile(path: path, bytes: part.bytes, digest: part.digest),
          at: Self.key(part, of: manifest, storage)
        ) { job.progress(base + $0, of: total) }
        done += part.bytes
      }
      try await storage.write(
        manifest.encoded, at: "\(storage.place.prefix)snapshots/\(snapshot.id).json")
    } catch { throw error.toolError }
    job.progress(total, of: total)
  }

  private func fetch(
    _ manifest: SnapshotManifest, from storage: any ObjectStorage, _ job: CloudJob
  ) async throws(ToolError) {
    let snapshots = snapshots
    let folder = try await onThread { () throws(SnapshotError) in try snapshots.arrivals(manifest) }
    let total = manifest.bytes
    var done: UInt64 = 0
    job.progress(0, of: total)
    for part in manifest.parts {
      let base = done
      let path = folder + "/" + part.name
      do throws(StorageError) {
        try await storage.download(
          Self.key(part, of: manifest, storage), to: path, bytes: part.bytes
        ) { job.progress(base + $0, of: total) }
      } catch { throw error.toolError }
      let sum = try await onThread { () throws(SnapshotError) in
        try SnapshotStore.digest(of: path)
      }
      guard let sum, sum.bytes == part.bytes, sum.digest == part.digest else {
        snapshots.dropArrivals(manifest.snapshot.id)
        throw StorageError(
          .changed, "The bytes of \(part.name) are not those that were uploaded.",
          hint: "Upload the snapshot again where it is still kept."
        ).toolError
      }
      done += part.bytes
    }
    try await onThread { () throws(SnapshotError) in try snapshots.adopt(manifest) }
  }

  private static func key(
    _ part: SnapshotManifest.Part, of manifest: SnapshotManifest, _ storage: any ObjectStorage
  ) -> String {
    "\(storage.place.prefix)files/\(manifest.snapshot.id)/\(part.name)"
  }
}

extension StorageError {
  var toolError: ToolError {
    let (status, word) =
      switch code {
      case .settings: (409, "cloud_storage_settings")
      case .unreachable: (502, "cloud_storage_unreachable")
      case .denied: (502, "cloud_storage_denied")
      case .notFound: (404, "not_found")
      case .refused: (502, "cloud_storage_refused")
      case .file: (500, "store")
      case .changed: (502, "cloud_storage_changed")
      case .cancelled: (499, "cancelled")
      }
    return ToolError(status: status, code: word, message: message, hint: hint)
  }
}
