import Bytes
import Dispatch
import Dissectors
import Entries
import JSON
import Pipeline
import Query
import Ring
import Snapshots
import Store
import Synchronization
import ToolKit

/// The dissection of a snapshot: its packets through the pipeline into a store of its own.
final class DissectionJob: Sendable {
  enum Status: String, Sendable {
    case pending, running, completed, failed, cancelled

    var isOver: Bool { self != .pending && self != .running }
  }

  /// What there is to say of a job at one moment.
  struct View: Sendable {
    var snapshot: Snapshot
    var name: String
    var created: Timestamp
    var protocols: [String]
    /// Of calls only those that match.
    var kfl: String?
    var status = Status.pending
    /// 0 to 100.
    var progress = 0
    var errors: [String] = []
    var files = 0
    var bytes: UInt64 = 0
    var statistics = Statistics()
    /// Entries by protocol.
    var counts: [(name: String, count: Int64)] = []
    /// Whether sums over more traffic than whoever asks may see are left out.
    var hidesTotals = false
    /// Entries that whoever asks may see, when not all; nil while that is not known.
    var entryCount: UInt64?
  }

  private let state: Mutex<View>
  private let folder: String
  private let isStopped = Atomic(false)
  private let pipeline = Mutex<FilePipeline?>(nil)
  private let opened = Mutex<EntryStore?>(nil)
  /// What queries of its entries leave to those that follow.
  let kept = KeptWork()

  init(
    _ snapshot: Snapshot, name: String, protocols: [String], kfl: String? = nil, folder: String,
    created: Timestamp
  ) {
    self.folder = folder
    state = Mutex(
      View(snapshot: snapshot, name: name, created: created, protocols: protocols, kfl: kfl))
  }

  /// A job of an earlier start; nil when its note is damaged.
  init?(_ snapshot: Snapshot, name: String, folder: String) {
    guard let bytes = FileSystem.read(folder + "/job.json", limit: 16 << 20),
      let object = try? JSONReader.value(of: bytes).object,
      let view = View(json: object, snapshot, name: name)
    else { return nil }
    self.folder = folder
    state = Mutex(view)
  }

  var name: String { state.withLock { $0.name } }

  var view: View {
    var view = state.withLock { $0 }
    if view.status == .running, let pipeline = pipeline.withLock({ $0 }) {
      view.statistics = pipeline.statistics
      if let total = pipeline.byteCount, total > 0 {
        view.progress = min(99, Int(pipeline.bytesRead * 100 / total))
      }
    }
    return view
  }

  /// Ends it at the next chunk, or before it begins.
  func stop() {
    isStopped.store(true, ordering: .relaxed)
    state.withLock { if $0.status == .pending { $0.status = .cancelled } }
  }

  /// Entries of a completed job.
  func entries() throws(StoreError) -> EntryStore {
    let result: Result<EntryStore, StoreError> = opened.withLock { opened in
      if let opened { return .success(opened) }
      do throws(StoreError) {
        let store = try EntryStore(.file(path: folder + "/entries.sqlite"))
        opened = store
        return .success(store)
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// Lets go of the store's file.
  func close() {
    stop()
    if let store = opened.withLock({ $0.take() }) { try? store.close() }
  }

  // MARK: Running

  /// Dissects; blocks its thread.
  func run(_ snapshots: SnapshotStore, _ settings: PipelineSettings) {
    guard state.withLock({ $0.status == .pending }) else { return }
    do throws(ToolError) {
      try dissect(snapshots, settings)
      state.withLock { $0.status = isStopped.load(ordering: .relaxed) ? .cancelled : .completed }
    } catch {
      state.withLock { view in
        view.status = .failed
        view.errors.append(error.message)
      }
    }
    pipeline.withLock { $0 = nil }
    if view.status == .completed {
      state.withLock { $0.progress = 100 }
    } else {
      // Half of the entries would answer questions wrongly.
      if let store = opened.withLock({ $0.take() }) { try? store.close() }
      for end in ["", "-wal", "-shm"] { FileSystem.remove(folder + "/entries.sqlite" + end) }
    }
    save()
  }

  private func dissect(
    _ snapshots: SnapshotStore, _ settings: PipelineSettings
  ) throws(ToolError) {
    let snapshot = view.snapshot
    let pipeline: FilePipeline
    do throws(SnapshotError) {
      let files = try snapshots.files(of: snapshot)
      let packets = try snapshots.packets(of: snapshot)
      let bytes = files.reduce(0) { $0 + $1.index.bytes }
      state.withLock { ($0.files, $0.bytes) = (files.count, bytes) }
      pipeline = FilePipeline(
        merging: packets, sources: [snapshot.name], byteCount: bytes, settings: settings)
    } catch { throw error.toolError }
    self.pipeline.withLock { $0 = pipeline }
    state.withLock { $0.status = .running }
    save()
    let store: EntryStore
    do throws(StoreError) { store = try entries() } catch {
      throw ToolError(status: 500, code: "store", message: "\(error)")
    }
    do throws(PipelineError) {
      try pipeline.run(into: store, isCancelled: { self.isStopped.load(ordering: .relaxed) })
    } catch { throw error.toolError }
    try? store.merge()
    // Before the job is called complete: who asks then finds all of it.
    let counts = Self.counts(of: store)
    state.withLock { ($0.statistics, $0.counts) = (pipeline.statistics, counts) }
  }

  /// The entries by protocol.
  private static func counts(of store: EntryStore) -> [(name: String, count: Int64)] {
    let source = StoreSource(store, decoder: .standard)
    let done = DispatchSemaphore(value: 0)
    let counts = Mutex<[(name: String, count: Int64)]>([])
    Task.detached {
      if let found = try? await DissectionJob.counts(of: source) { counts.withLock { $0 = found } }
      done.signal()
    }
    done.wait()
    return counts.withLock { $0 }
  }

  /// The calls by protocol.
  static func counts(
    of source: any CallSource
  ) async throws(QueryError) -> [(name: String, count: Int64)] {
    let aggregation = Aggregation(by: [.field(.kind)], limit: 100, measures: .counts)
    return try await source.aggregate(aggregation).groups.map {
      (StatsKeys.proto($0.keys[0]), Int64($0.metrics.count))
    }
  }

  /// So that the next start finds the job as it is.
  func save() {
    let bytes = Array(JSONValue.object(view.note).text.utf8)
    try? FileSystem.write(bytes, to: folder + "/job.json")
  }
}

// MARK: As JSON

extension DissectionJob.View {
  static let schema = JSONObject.schema(
    [
      "snapshot": .text(), "name": .text(), "dissection_id": .text("Give it as db"),
      "status": .text("pending, running, completed, failed or cancelled"),
      "progress": .integer("0 to 100"), "active": .flag(), "entry_count": .integer(),
      "errors": .texts, "kfl": .text("The calls that were kept; all without it"),
      "stats": .object(
        .schema([
          "pcap_files": .integer(), "pcap_bytes": .integer(), "packets_processed": .integer(),
          "entries_created": .integer(), "protocol_counts": .anyObject,
        ])),
    ], required: ["snapshot", "name", "status", "progress"])

  /// The argument `db` that asks its entries.
  var db: String { "\(snapshot.name)/\(name)" }

  var json: JSONObject {
    var object: JSONObject = [
      "snapshot": .string(snapshot.name), "name": .string(name), "dissection_id": .string(db),
      "status": .string(status.rawValue), "progress": JSONValue(progress),
      "active": .bool(!status.isOver), "errors": .array(errors.map { .string($0) }),
    ]
    if let entries { object["entry_count"] = JSONValue(entries) }
    object["stats"] = .object(statsJSON)
    if let kfl { object["kfl"] = .string(kfl) }
    return object
  }

  /// How many entries there are to see; nil when that is not known.
  var entries: UInt64? { hidesTotals ? entryCount : statistics.entries }

  /// What was read, and what came of it.
  private var statsJSON: JSONObject {
    var object = JSONObject()
    if !hidesTotals {
      object["pcap_files"] = JSONValue(files)
      object["pcap_bytes"] = JSONValue(bytes)
      object["packets_processed"] = JSONValue(statistics.packets)
    }
    if let entries {
      object["entries_created"] = JSONValue(entries)
      object["protocol_counts"] = .object(
        JSONObject(members: counts.map { .init(name: $0.name, value: .int($0.count)) }))
    }
    return object
  }

  static let table = Table([
    .init("db", limit: 60), .init("status"), .init("progress", right: true),
    .init("packets", right: true), .init("entries", right: true), .init("errors", limit: 60),
  ])

  var cells: [String] {
    [
      db, status.rawValue, "\(progress)%",
      hidesTotals ? "-" : Shown.count(Int64(clamping: statistics.packets)),
      entries.map { Shown.count(Int64(clamping: $0)) } ?? "-",
      errors.isEmpty ? "-" : errors.joined(separator: "; "),
    ]
  }

  fileprivate var note: JSONObject {
    [
      "kfl": kfl.map { .string($0) } ?? .null,
      "created": .int(created.nanoseconds), "status": .string(status.rawValue),
      "protocols": .array(protocols.map { .string($0) }),
      "errors": .array(errors.map { .string($0) }), "files": JSONValue(files),
      "bytes": JSONValue(bytes), "statistics": .object(statistics.json),
      "counts": .object(
        JSONObject(members: counts.map { .init(name: $0.name, value: .int($0.count)) })),
    ]
  }

  fileprivate init?(json: JSONObject, _ snapshot: Snapshot, name: String) {
    guard let created = json["created"]?.int,
      let status = json["status"]?.string.flatMap(DissectionJob.Status.init(rawValue:)),
      let statistics = json["statistics"]?.object.flatMap(Statistics.init(json:))
    else { return nil }
    (self.snapshot, self.name, self.statistics) = (snapshot, name, statistics)
    self.created = Timestamp(nanoseconds: created)
    kfl = json["kfl"]?.string
    protocols = json["protocols"]?.array?.compactMap(\.string) ?? []
    errors = json["errors"]?.array?.compactMap(\.string) ?? []
    files = json["files"]?.int.flatMap { Int(exactly: $0) } ?? 0
    bytes = json["bytes"]?.int.flatMap { UInt64(exactly: $0) } ?? 0
    counts = (json["counts"]?.object?.members ?? []).compactMap { member in
      member.value.int.map { (member.name, $0) }
    }
    self.status = status
    if !status.isOver {
      self.status = .failed
      errors.append("the program ended before it was complete")
    }
    progress = self.status == .completed ? 100 : 0
  }
}
