import Bytes
import Layers
package import Packets
package import Store
import Synchronization

/// Reads capture files into a store, on all cores.
///
/// The calling thread reads and decodes; packets go to the worker that owns their conversation.
/// Each worker is a serial queue, and a semaphore keeps the reader from running ahead of it.
package final class FilePipeline: Sendable {
  private let settings: PipelineSettings
  private let files: Mutex<CaptureMerger?>
  private let published: Mutex<Statistics>
  /// Set when the capture still grows.
  private let growth: Growth?

  /// Opens the files and looks at their beginnings.
  ///
  /// - Parameters:
  ///   - paths: read as one capture, in order of time; `-` is standard input.
  ///   - follows: the capture still grows: its end is not the end. For one path only.
  /// - Throws: why one of them cannot be read at all.
  package init(
    paths: [String], settings: PipelineSettings, follows: Bool = false
  ) throws(CaptureError) {
    self.settings = settings
    growth = follows ? Growth() : nil
    files = Mutex(try CaptureMerger(paths: paths, follow: growth?.follow))
    var statistics = Statistics()
    statistics.sources = paths.map(lastComponent)
    published = Mutex(statistics)
  }

  /// What has been seen so far. Any thread may ask.
  package var statistics: Statistics { published.withLock { $0 } }

  /// Reads everything into `store`, once. Blocks its thread, so give it one of its own.
  ///
  /// - Parameters:
  ///   - isCancelled: asked once per chunk and while nothing arrives; true ends the reading early.
  ///   - settled: called each time when all that was read of a growing capture is in the store.
  /// - Throws: what could not be read or written; what came before is in the store.
  package func run(
    into store: EntryStore, isCancelled: @escaping @Sendable () -> Bool = { false },
    settled: @escaping @Sendable () -> Void = {}
  ) throws(PipelineError) {
    guard var reader = files.withLock({ $0.take() }) else { return }
    let crew = Crew(settings, store: store)
    var decapsulator = Decapsulator(checksums: .sample)
    var progress = statistics
    growth?.begin(isCancelled: isCancelled) { [self] in
      crew.settle(into: store)
      publishGrowth(of: crew)
      settled()
    }
    defer { growth?.end() }
    var failure: PipelineError?
    do throws(CaptureError) {
      while let chunk = try reader.next() {
        crew.hand(out: chunk, decapsulator: &decapsulator, counting: &progress)
        progress.take(decapsulator.counters)
        published.withLock { $0.takeReading(progress) }
        growth?.arrived()
        if isCancelled() || crew.failure != nil { break }
      }
    } catch {
      failure = .capture(error)
    }
    crew.finish()
    store.show(open: [])
    do throws(StoreError) { try store.flush() } catch { failure = failure ?? .store(error) }
    crew.count(into: &progress)
    progress.take(decapsulator.counters)
    progress.take(reader.summaries)
    progress.isComplete = true
    progress.isGrowing = false
    published.withLock { $0 = progress }
    if let failure = crew.failure.map(PipelineError.store) ?? failure { throw failure }
  }

  /// What the workers have counted up to now, beside what the reader has.
  private func publishGrowth(of crew: Crew) {
    var counted = Statistics()
    crew.count(into: &counted)
    counted.takeReading(statistics)
    counted.isGrowing = true
    published.withLock { $0 = counted }
  }
}
