import Dispatch
package import Identity
package import Packets
package import Pipeline
import Query
import Store
import Synchronization
import ToolKit

/// Capture files as a Hub's traffic: reading begins at once, and questions wait until it is done.
package final class CaptureTraffic: Sendable {
  private let pipeline: FilePipeline
  private let store: EntryStore
  private let state = Mutex(State.reading)
  private let cancelled = Atomic(false)

  private enum State: Sendable {
    case reading
    case done
    case failed(ToolError)
  }

  /// Opens the files and looks at their beginnings.
  ///
  /// - Throws: `CaptureError` when one cannot be read at all.
  package init(
    _ paths: [String], inventory: Inventory, workers: Int
  ) throws(CaptureError) {
    do { store = try EntryStore(.memory) } catch {
      // A store in memory has nothing that could be missing.
      preconditionFailure("the store in memory did not open: \(error)")
    }
    pipeline = try FilePipeline(
      paths: paths, store: store,
      settings: PipelineSettings(names: inventory.names, workers: workers))
  }

  /// Reads on a thread of its own. Call it once.
  package func start() {
    DispatchQueue(label: "reader", qos: .userInitiated).async { [self] in
      let result: State
      do throws(PipelineError) {
        try pipeline.run(isCancelled: { self.cancelled.load(ordering: .relaxed) })
        result = .done
      } catch { result = .failed(error.toolError) }
      state.withLock { $0 = result }
    }
  }

  /// Ends the reading early.
  package func stop() { cancelled.store(true, ordering: .relaxed) }

  package var statistics: Statistics { pipeline.statistics }

  /// The traffic for the tools of a Hub.
  package func traffic(_ inventory: Inventory, redactor: Redactor) -> Traffic {
    Traffic(
      StoreSource(store, decoder: { ContentCoding.decode($0, list: $1).bytes }),
      inventory: inventory, redactor: redactor, statistics: { self.statistics },
      ready: { (progress) async throws(ToolError) in try await self.ready(progress: progress) })
  }

  /// Returns when everything has been read. Looks often at first: small files take milliseconds.
  private func ready(progress: @escaping ProgressReport) async throws(ToolError) {
    var pause = 1
    while true {
      switch state.withLock({ $0 }) {
      case .done: return
      case .failed(let error): throw error
      case .reading: break
      }
      do { try await Task.sleep(for: .milliseconds(pause)) } catch {
        throw ToolError(status: 499, code: "cancelled", message: "The call was cancelled.")
      }
      if pause >= 100 {
        progress(
          Progress(
            done: Double(statistics.packets),
            message:
              "reading the capture: \(Shown.count(Int64(clamping: statistics.packets))) packets"))
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
