import Bytes
import Dispatch
import Dissectors
import Entries
import Identity
import JSON
import KFL
import Pipeline
import Query
import Ring
import Snapshots
import Store
import Synchronization
import ToolKit

/// The dissections of all snapshots. One runs at a time; others wait for their turn.
final class DissectionShelf: Sendable {
  /// Dissections of one snapshot.
  static let maxJobs = 32
  static let defaultName = "default"

  private let snapshots: SnapshotStore
  /// Inventories of snapshots that are kept ready.
  private static let maxInventories = 8
  /// Who holds which address now.
  private let inventory: @Sendable () -> Inventory
  /// Who held them, by the snapshot's id.
  private let inventories = Mutex<[String: Inventory]>([:])
  private let redactor: Redactor
  private let workers: Int
  private let keyLogs: KeyLogs
  /// By the snapshot's id, oldest first.
  private let shelves: Mutex<[String: [DissectionJob]]>
  private let queue = DispatchQueue(label: "dissections", qos: .utility)

  init(
    _ snapshots: SnapshotStore, inventory: @escaping @Sendable () -> Inventory,
    redactor: Redactor, workers: Int, keyLogs: KeyLogs
  ) {
    (self.snapshots, self.inventory, self.redactor) = (snapshots, inventory, redactor)
    (self.workers, self.keyLogs) = (workers, keyLogs)
    var found: [String: [DissectionJob]] = [:]
    for snapshot in snapshots.all {
      let folder = snapshots.folder(of: snapshot.id) + "/dissections"
      let jobs = FileSystem.names(in: folder).compactMap { name in
        DissectionJob(snapshot, name: name, folder: folder + "/" + name)
      }
      found[snapshot.id] = jobs.sorted { $0.view.created < $1.view.created }
    }
    shelves = Mutex(found)
  }

  /// The dissections of a snapshot, oldest first.
  func jobs(of snapshot: String) -> [DissectionJob.View] {
    shelves.withLock { $0[snapshot] ?? [] }.map(\.view)
  }

  /// The dissection of that name; without one the newest.
  func find(_ snapshot: Snapshot, _ name: String?) throws(ToolError) -> DissectionJob {
    let jobs = shelves.withLock { $0[snapshot.id] ?? [] }
    if let found = name.map({ name in jobs.first { $0.name == name } }) ?? jobs.last {
      return found
    }
    throw ToolError(
      status: 404, code: "not_found",
      message: name.map {
        "The snapshot \(snapshot.name) has no dissection \(JSONValue.string(String($0.prefix(64))).text)."
      } ?? "The snapshot \(snapshot.name) was not dissected yet.",
      hint: jobs.isEmpty
        ? "Begin one with start_snapshot_dissection {\"snapshot_id\": \"\(snapshot.name)\"}."
        : "It has \(jobs.map(\.name).joined(separator: ", ")).", argument: "name")
  }

  /// Puts a dissection into the queue.
  func start(
    _ snapshot: Snapshot, name: String, protocols: [String] = [], kfl: String? = nil
  ) throws(ToolError) -> DissectionJob {
    guard Ring.isName(name) else {
      throw .invalid(
        "name", "\(JSONValue.string(String(name.prefix(64))).text) cannot be a dissection's name",
        hint: "A name has 1 to 128 letters, digits, '.', '_' and '-', and does not begin with '.'.")
    }
    var settings = PipelineSettings(names: keptInventory(of: snapshot).names, workers: workers)
    // A job has secrets of its own: those of live traffic go on growing.
    settings.keyLogs.take(snapshots.extras(of: snapshot).secrets + keyLogs.carried())
    if !protocols.isEmpty {
      guard let switches = DissectorSwitches(names: protocols) else {
        throw .invalid(
          "protocols", "one of the protocols \(protocols.joined(separator: ", ")) is unknown",
          hint: "Write http, http2, grpc, dns, redis, kafka and so on, or leave protocols out.")
      }
      settings.switches = switches
    }
    if let kfl {
      let compiled = Query.compile(kfl, now: snapshot.window.upperBound)
      if let first = compiled.errors.first {
        throw KFLErrors.error(compiled, first: first, argument: "kfl")
      }
      if let filter = compiled.filter {
        settings.keeps = {
          filter.evaluate(PlainRecord(EntryRow($0, decoder: .standard))).isSelected
        }
      }
    }
    // What cannot be dissected is told at once.
    do throws(SnapshotError) { _ = try snapshots.files(of: snapshot) } catch {
      throw error.toolError
    }
    let folder = snapshots.folder(of: snapshot.id) + "/dissections/" + name
    let job = DissectionJob(
      snapshot, name: name, protocols: protocols, kfl: kfl, folder: folder, created: .now)
    try add(job, to: snapshot)
    do throws(RingError) { try FileSystem.makeFolder(folder) } catch {
      throw SnapshotError(error).toolError
    }
    job.save()
    let prepared = settings
    queue.async { [snapshots] in job.run(snapshots, prepared) }
    return job
  }

  private func add(_ job: DissectionJob, to snapshot: Snapshot) throws(ToolError) {
    let problem: ToolError? = shelves.withLock { shelves in
      let jobs = shelves[snapshot.id] ?? []
      if jobs.contains(where: { $0.name == job.name }) {
        return ToolError(
          status: 409, code: "name_taken",
          message: "The snapshot \(snapshot.name) has a dissection \(job.name) already.",
          hint: """
            Ask it with "db": "\(snapshot.name)/\(job.name)", give another name, or remove it with \
            delete_snapshot_dissection.
            """, argument: "name")
      }
      guard jobs.count < Self.maxJobs else {
        return ToolError(
          status: 409, code: "too_many",
          message: "The snapshot \(snapshot.name) has \(Self.maxJobs) dissections.",
          hint: "Remove one with delete_snapshot_dissection.")
      }
      shelves[snapshot.id, default: []].append(job)
      return nil
    }
    if let problem { throw problem }
  }

  func delete(_ job: DissectionJob, of snapshot: Snapshot) {
    shelves.withLock { $0[snapshot.id]?.removeAll { $0 === job } }
    job.close()
    let folder = snapshots.folder(of: snapshot.id) + "/dissections/" + job.name
    // One that runs has its files open until it notices; they go when it ends.
    queue.async { FileSystem.removeFolder(folder) }
  }

  /// Ends the dissections of a snapshot that is to be removed.
  func forget(_ snapshot: String) {
    let jobs = shelves.withLock { $0.removeValue(forKey: snapshot) ?? [] }
    for job in jobs { job.close() }
    inventories.withLock { $0[snapshot] = nil }
  }

  // MARK: Asking what was dissected

  /// All there is to ask, snapshot by snapshot.
  var all: [DissectionJob.View] {
    snapshots.all.flatMap { jobs(of: $0.id) }
  }

  /// The traffic of `<snapshot>/<dissection>`, or of a snapshot's newest completed dissection.
  ///
  /// - Throws: 409 with the call that has to come first when it is not dissected.
  func traffic(_ snapshot: Snapshot, _ name: String?) throws(ToolError) -> Traffic {
    let jobs = shelves.withLock { $0[snapshot.id] ?? [] }
    let job: DissectionJob
    if let name {
      job = try find(snapshot, name)
    } else if let newest = jobs.last(where: { $0.view.status == .completed }) ?? jobs.last {
      job = newest
    } else {
      throw notDissected(snapshot)
    }
    let view = job.view
    guard view.status == .completed else {
      var error = notDissected(snapshot)
      if !view.status.isOver {
        error.message =
          "The dissection \(view.db) is \(view.status.rawValue): \(view.progress) % are done."
        error.hint =
          "Ask get_snapshot_dissection_status {\"snapshot_id\": \"\(snapshot.name)\"} "
          + "until it is completed."
        error.details = [
          "next_step": [
            "tool": "get_snapshot_dissection_status",
            "arguments": ["snapshot_id": .string(snapshot.name), "name": .string(view.name)],
          ]
        ]
      }
      throw error
    }
    do throws(StoreError) { _ = try job.entries() } catch {
      throw ToolError(status: 500, code: "store", message: "\(error)")
    }
    var statistics = view.statistics
    statistics.sources = [view.db]
    let seen = statistics
    return Traffic(
      {
        // It was open a moment ago; if it cannot be opened now, there is nothing to see.
        let store = (try? job.entries()) ?? (try? EntryStore(.memory))
        guard let store else { preconditionFailure("there is no memory for a store") }
        return StoreSource(store, decoder: .standard, kept: job.kept)
      }, inventory: keptInventory(of: snapshot), redactor: redactor,
      packets: .window(isNumbered: true) { [snapshots] (_) throws(ToolError) in
        do throws(SnapshotError) { return try snapshots.packets(of: snapshot) } catch {
          throw error.toolError
        }
      }, database: view.db, statistics: { seen },
      ready: { _ async throws(ToolError) in })
  }

  /// Who held which address when the snapshot was made; of one that does not say so, who does now.
  private func keptInventory(of snapshot: Snapshot) -> Inventory {
    if let known = inventories.withLock({ $0[snapshot.id] }) { return known }
    guard let bytes = snapshots.workloads(of: snapshot),
      let object = try? JSONReader.value(of: bytes).object,
      let found = Inventory(json: object)
    else { return inventory() }
    inventories.withLock { kept in
      if kept.count >= Self.maxInventories { kept.removeAll() }
      kept[snapshot.id] = found
    }
    return found
  }

  /// Who held which address in a snapshot of which nothing is dissected, without anything of what was
  /// seen; nil when something is.
  func names(_ snapshot: Snapshot) throws(ToolError) -> Traffic? {
    guard !jobs(of: snapshot.id).contains(where: { $0.status == .completed }) else { return nil }
    let store: EntryStore
    do throws(StoreError) { store = try EntryStore(.memory) } catch {
      throw ToolError(status: 500, code: "store", message: "\(error)")
    }
    var statistics = Statistics()
    statistics.sources = [snapshot.name]
    statistics.packets = snapshot.packets
    (statistics.oldest, statistics.newest) = (
      snapshot.window.lowerBound, snapshot.window.upperBound
    )
    statistics.isComplete = true
    statistics.warnings = ["not dissected: names and addresses, and nothing of what was seen"]
    let seen = statistics
    return Traffic(
      { StoreSource(store, decoder: .standard) }, inventory: keptInventory(of: snapshot),
      redactor: redactor, database: snapshot.name, statistics: { seen },
      ready: { _ async throws(ToolError) in })
  }

  /// The same of a snapshot that nobody dissected: begun now, and waited for.
  func dissectedTraffic(_ snapshot: Snapshot, _ name: String?) async throws(ToolError) -> Traffic {
    let jobs = shelves.withLock { $0[snapshot.id] ?? [] }
    let job: DissectionJob
    if let known = name.map({ name in jobs.first { $0.name == name } })
      ?? jobs.last(where: { $0.view.status == .completed || !$0.view.status.isOver })
    {
      job = known
    } else {
      job = try start(snapshot, name: name ?? Self.freeName(among: jobs))
    }
    while !job.view.status.isOver {
      do { try await Task.sleep(for: .milliseconds(20)) } catch {
        throw ToolError(status: 499, code: "cancelled", message: "The call was cancelled.")
      }
    }
    return try traffic(snapshot, job.name)
  }

  /// A dissection that failed keeps its name.
  private static func freeName(among jobs: [DissectionJob]) -> String {
    let taken = Set(jobs.map(\.name))
    return ([defaultName] + (2...(maxJobs + 1)).map { "\(defaultName)-\($0)" })
      .first { !taken.contains($0) } ?? defaultName
  }

  private func notDissected(_ snapshot: Snapshot) -> ToolError {
    ToolError(
      status: 409, code: "not_dissected",
      message: "The snapshot \(snapshot.name) was not dissected yet: it holds packets, not calls.",
      hint: """
        Call start_snapshot_dissection {"snapshot_id": "\(snapshot.name)"} first, then ask again when \
        get_snapshot_dissection_status says completed; or ask with "auto_dissect": true, which waits.
        """,
      details: [
        "next_step": [
          "tool": "start_snapshot_dissection",
          "arguments": ["snapshot_id": .string(snapshot.name)],
        ]
      ])
  }
}
