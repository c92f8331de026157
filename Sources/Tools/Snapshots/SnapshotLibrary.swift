import Bytes
import Dispatch
package import Identity
import JSON
package import ObjectStorage
import Packets
package import Pipeline
import Query
package import Ring
package import Snapshots
import ToolKit

/// The snapshots of an embedded Hub, what was dissected of them, and the raw packets behind both.
package final class SnapshotLibrary: Sendable {
  let store: SnapshotStore
  let shelf: DissectionShelf
  /// What snapshots are cut from; nil when no raw packets are kept.
  let capture: (any RawCapture)?
  private let known: @Sendable () -> Inventory
  /// Nil where no storage elsewhere is named.
  let cloud: CloudShelf?
  /// The namespaces whose calls are shown; nil for all.
  private let scope: NamespaceScope?
  /// Whether sizes are left out: packets have no namespaces, so that each is one of all of them.
  var hidesTotals: Bool { scope != nil }

  /// - Parameters:
  ///   - folder: where snapshots are kept; made when it is not there.
  ///   - capture: what they are cut from.
  ///   - inventory: who holds which address now; a snapshot keeps what it says when it is made.
  ///   - redactor: of answers about what was dissected.
  ///   - workers: threads that dissect.
  ///   - keyLogs: TLS secrets, which travel with the packets.
  ///   - limit: bytes that snapshots may take.
  ///   - cloud: where snapshots are kept elsewhere, or why that cannot be.
  package init(
    _ folder: String, capture: (any RawCapture)?, inventory: @escaping @Sendable () -> Inventory,
    redactor: Redactor, workers: Int, keyLogs: KeyLogs = KeyLogs(),
    limit: UInt64 = SnapshotStore.standardLimit,
    cloud: Result<any ObjectStorage, StorageError>? = nil
  ) throws(RingError) {
    store = try SnapshotStore(
      folder, capture: capture, limit: limit, names: { SnapshotLibrary.captureNames(inventory()) },
      secrets: { keyLogs.carried() },
      workloads: {
        let now = inventory()
        return now.items.isEmpty ? [] : Array(JSONValue.object(now.json).text.utf8)
      })
    shelf = DissectionShelf(
      store, inventory: inventory, redactor: redactor, workers: workers, keyLogs: keyLogs)
    (self.capture, known) = (capture, inventory)
    let snapshots = store
    self.cloud = cloud.map { CloudShelf($0, snapshots) }
    scope = nil
  }

  private init(_ whole: SnapshotLibrary, _ scope: NamespaceScope) {
    (store, shelf, cloud) = (whole.store, whole.shelf, whole.cloud)
    (capture, known) = (whole.capture, whole.known)
    self.scope = scope
  }

  /// Bytes that further snapshots may take.
  package var room: UInt64 { store.limit - min(store.limit, store.usedBytes) }

  /// Who holds which address now. In a cluster that is known only a moment after the start.
  var inventory: Inventory { known() }

  /// What travels with packets. An address that several have held goes by whom it belongs to now.
  private static func captureNames(_ inventory: Inventory) -> [CaptureName] {
    let held = Set(inventory.items.filter { !$0.isGone }.flatMap(\.addresses))
    return inventory.items.flatMap { item in
      item.addresses.filter { !item.isGone || !held.contains($0) }.map { address in
        CaptureName(
          address: address,
          name: item.namespace.isEmpty ? item.name : "\(item.name).\(item.namespace)")
      }
    }
  }

  /// The same snapshots for somebody who sees the calls of some namespaces alone.
  func scoped(to scope: NamespaceScope) -> SnapshotLibrary { SnapshotLibrary(self, scope) }

  /// What was dissected of a snapshot under that name, or last.
  ///
  /// - Parameter dissects: whether that is done now where nobody did it.
  func traffic(
    _ snapshot: Snapshot, _ name: String?, dissects: Bool = false
  ) async throws(ToolError) -> Traffic {
    let traffic =
      dissects
      ? try await shelf.dissectedTraffic(snapshot, name) : try shelf.traffic(snapshot, name)
    return scope.map(traffic.scoped(to:)) ?? traffic
  }

  /// What there is to say of a dissection: its entries as far as their namespaces are shown.
  func shown(_ view: DissectionJob.View) async -> DissectionJob.View {
    guard let scope else { return view }
    var shown = view
    shown.hidesTotals = true
    shown.counts = []
    guard view.status == .completed,
      let traffic = try? shelf.traffic(view.snapshot, view.name).scoped(to: scope),
      let entries = try? await traffic.ask({ (source) throws(QueryError) in
        try await source.count(families: .everything)
      }),
      let counts = try? await traffic.ask({ (source) throws(QueryError) in
        try await DissectionJob.counts(of: source)
      })
    else { return shown }
    shown.entryCount = UInt64(entries)
    shown.counts = counts
    return shown
  }

  /// The same of each.
  func shown(_ views: [DissectionJob.View]) async -> [DissectionJob.View] {
    var all: [DissectionJob.View] = []
    for view in views { all.append(await shown(view)) }
    return all
  }

  /// A snapshot as answers show it.
  func row(_ snapshot: Snapshot, location: SnapshotRow.Location = .local) -> SnapshotRow {
    SnapshotRow(
      snapshot: snapshot, jobs: shelf.jobs(of: snapshot.id), location: location,
      hidesTotals: hidesTotals)
  }

  /// Who held which address in a snapshot that nobody dissected; nil once somebody has.
  func names(_ snapshot: Snapshot) throws(ToolError) -> Traffic? {
    guard let traffic = try shelf.names(snapshot) else { return nil }
    return scope.map(traffic.scoped(to:)) ?? traffic
  }

  /// The name of this machine's packets, where nobody gave one.
  package static let localNode = EntryID.defaultNode

  /// The tools about snapshots, in the order of `tools/list`.
  var tools: [any Tool] {
    [
      ListSnapshots(library: self), CreateSnapshot(library: self), GetSnapshot(library: self),
      DeleteSnapshot(library: self), ExportSnapshotPCAP(library: self),
      GetDataBoundaries(library: self), GetRawCaptureStatus(library: self),
      StartSnapshotDissection(library: self), GetSnapshotDissectionStatus(library: self),
      ListSnapshotDissections(library: self), StopSnapshotDissection(library: self),
      DeleteSnapshotDissection(library: self), GetCloudStorageStatus(library: self),
      UploadSnapshotToCloud(library: self), DownloadSnapshotFromCloud(library: self),
      GetCloudJobStatus(library: self),
    ]
  }

  /// What raw packets there are.
  func nodes() async throws(ToolError) -> [RawNode] {
    guard let capture else { return [] }
    return try await onThread { () throws(SnapshotError) in try capture.nodes() }
  }

  /// What "now" means for raw packets: the end of capture files, the time of day of live traffic.
  func now(_ nodes: [RawNode]) -> Timestamp {
    guard let capture, !capture.isLive, let last = nodes.times?.upperBound else { return .now }
    return last.advanced(by: 1)
  }

  /// The answer with what it rests on: the raw packets there are now.
  func finish(_ answer: Answer) async throws(ToolError) -> ToolAnswer {
    var answer = answer
    return answer.finish(coverage(try await nodes()))
  }

  /// What an answer about raw packets rests on.
  func coverage(_ nodes: [RawNode]) -> Coverage {
    var statistics = Statistics()
    statistics.sources = nodes.map(\.name)
    statistics.packets = nodes.reduce(0) { $0 + $1.packets }
    (statistics.oldest, statistics.newest) = (nodes.times?.lowerBound, nodes.times?.upperBound)
    (statistics.isComplete, statistics.isGrowing) = (true, capture?.isLive ?? false)
    let notes = capture == nil ? ["no raw packets are kept here"] : []
    return Coverage(statistics: statistics, notes: notes, hidesTotals: hidesTotals)
  }
}

/// Work that waits for the disk, on a thread that may wait.
func onThread<Value: Sendable>(
  _ work: @escaping @Sendable () throws(SnapshotError) -> Value
) async throws(ToolError) -> Value {
  let result: Result<Value, SnapshotError> = await withCheckedContinuation { continuation in
    DispatchQueue.global(qos: .userInitiated).async {
      do throws(SnapshotError) {
        continuation.resume(returning: .success(try work()))
      } catch { continuation.resume(returning: .failure(error)) }
    }
  }
  do throws(SnapshotError) { return try result.get() } catch { throw error.toolError }
}

extension SnapshotError {
  var toolError: ToolError {
    let (status, word) =
      switch code {
      case .notFound: (404, "not_found")
      case .nameTaken: (409, "name_taken")
      case .invalid: (400, "invalid_argument")
      case .badFilter: (400, "invalid_bpf")
      case .outside: (422, "outside_window")
      case .full: (507, "store_full")
      case .noRawCapture: (409, "no_raw_capture")
      case .notCompleted: (409, "not_completed")
      case .changed: (409, "capture_changed")
      case .mixedLinks: (422, "mixed_links")
      case .inputOutput: (500, "store")
      }
    var error = ToolError(
      status: status, code: word, message: message, hint: hint, argument: argument,
      position: position)
    if let available {
      error.details["oldest_ts"] = .int(available.lowerBound.milliseconds)
      error.details["newest_ts"] = .int(available.upperBound.milliseconds)
    }
    return error
  }
}
