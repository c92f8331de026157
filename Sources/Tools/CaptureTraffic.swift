import Dispatch
package import Identity
package import Packets
package import Pipeline
import Query
import Store
import Synchronization
import ToolKit

/// Capture files as a Hub's traffic: reading begins at once, and questions wait until it is done;
/// with a capture that still grows, until what there is has been read.
///
/// With a cache, captures that were indexed before are opened instead of read.
package final class CaptureTraffic: Sendable {
  private let paths: [String]
  private let pipeline: FilePipeline
  private let inventory: Inventory
  private let cache: IndexCache?
  private let state = Mutex(State.reading)
  private let follows: Bool
  private let isStopped = Atomic(false)

  private enum State: Sendable {
    case reading
    /// Caught up with a capture that still grows.
    case growing(EntryStore)
    case done(EntryStore, Statistics)
    case failed(ToolError)
  }

  /// Opens the files and looks at their beginnings.
  ///
  /// - Parameter follows: the capture still grows; for one path, and without the cache.
  /// - Throws: `CaptureError` when one cannot be read at all.
  package init(
    _ paths: [String], inventory: Inventory, workers: Int, cache: IndexCache? = nil,
    follows: Bool = false
  ) throws(CaptureError) {
    (self.paths, self.inventory, self.follows) = (paths, inventory, follows)
    self.cache = follows ? nil : cache
    pipeline = try FilePipeline(
      paths: paths, settings: PipelineSettings(names: inventory.names, workers: workers),
      follows: follows)
  }

  /// Reads on a thread of its own. Call it once.
  package func start() {
    DispatchQueue(label: "reader", qos: .userInitiated).async { [self] in
      let result = read()
      state.withLock { $0 = result }
    }
  }

  /// Ends the reading early.
  package func stop() { isStopped.store(true, ordering: .relaxed) }

  package var statistics: Statistics {
    if case .done(_, let statistics) = state.withLock({ $0 }) {
      statistics
    } else {
      pipeline.statistics
    }
  }

  /// The traffic for the tools of a Hub.
  package func traffic(redactor: Redactor) -> Traffic {
    Traffic(
      { StoreSource(self.store, decoder: { ContentCoding.decode($0, list: $1).bytes }) },
      inventory: inventory, redactor: redactor, statistics: { self.statistics },
      ready: { (progress) async throws(ToolError) in try await self.ready(progress: progress) })
  }

  private var store: EntryStore {
    switch state.withLock({ $0 }) {
    case .done(let store, _), .growing(let store): return store
    case .reading, .failed: preconditionFailure("asked before the traffic was ready")
    }
  }

  private func read() -> State {
    guard let cache, let key = cache.key(paths: paths, names: inventory.fingerprint) else {
      return index(into: .memory) ?? .failed(Self.noStore)
    }
    if let hit = cache.find(key) { return .done(hit.store, hit.statistics) }
    guard let path = cache.begin(key) else { return index(into: .memory) ?? .failed(Self.noStore) }
    let result = index(into: .file(path: path))
    guard case .done(_, let statistics) = result, !isStopped.load(ordering: .relaxed) else {
      cache.abandon(path)
      return result ?? index(into: .memory) ?? .failed(Self.noStore)
    }
    cache.finish(key, path: path, statistics)
    return result ?? .failed(Self.noStore)
  }

  /// Nil when no store opens there.
  private func index(into place: EntryStore.Place) -> State? {
    guard let store = try? EntryStore(place) else { return nil }
    do throws(PipelineError) {
      try pipeline.run(into: store) {
        self.isStopped.load(ordering: .relaxed)
      } settled: {
        self.state.withLock { $0 = .growing(store) }
      }
      return .done(store, pipeline.statistics)
    } catch { return .failed(error.toolError) }
  }

  private static let noStore = ToolError(
    status: 500, code: "store", message: "The store for the capture's entries did not open.")

  /// Returns when everything has been read. Looks often at first: small files take milliseconds.
  private func ready(progress: @escaping ProgressReport) async throws(ToolError) {
    var pause = 1
    while true {
      switch state.withLock({ $0 }) {
      case .done, .growing: return
      case .failed(let error): throw error
      case .reading: break
      }
      do { try await Task.sleep(for: .milliseconds(pause)) } catch {
        throw ToolError(status: 499, code: "cancelled", message: "The call was cancelled.")
      }
      if pause >= 100 {
        let packets = pipeline.statistics.packets
        progress(
          Progress(
            done: Double(packets),
            message: "reading the capture: \(Shown.count(Int64(clamping: packets))) packets"))
      }
      pause = min(250, pause * 2)
    }
  }
}

extension PipelineError {
  var toolError: ToolError {
    switch self {
    case .capture(let error):
      ToolError(status: 500, code: "capture", message: "\(error)")
    case .store(let error):
      ToolError(status: 500, code: "store", message: "\(error)")
    }
  }
}
