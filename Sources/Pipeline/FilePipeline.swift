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

  /// Opens the files and looks at their beginnings.
  ///
  /// - Parameter paths: read as one capture, in order of time; `-` is standard input.
  /// - Throws: why one of them cannot be read at all.
  package init(
    paths: [String], settings: PipelineSettings
  ) throws(CaptureError) {
    self.settings = settings
    files = Mutex(try CaptureMerger(paths: paths))
    var statistics = Statistics()
    statistics.sources = paths.map(lastComponent)
    published = Mutex(statistics)
  }

  /// What has been seen so far. Any thread may ask.
  package var statistics: Statistics { published.withLock { $0 } }

  /// Reads everything into `store`, once. Blocks its thread, so give it one of its own.
  ///
  /// - Parameter isCancelled: asked once per chunk; true ends the reading early.
  /// - Throws: what could not be read or written; what came before is in the store.
  package func run(
    into store: EntryStore, isCancelled: () -> Bool = { false }
  ) throws(PipelineError) {
    guard var reader = files.withLock({ $0.take() }) else { return }
    let crew = Crew(settings, store: store)
    var decapsulator = Decapsulator(checksums: .sample)
    var progress = statistics
    var failure: PipelineError?
    do throws(CaptureError) {
      while let chunk = try reader.next() {
        crew.hand(out: chunk, decapsulator: &decapsulator, counting: &progress)
        published.withLock { $0 = progress }
        if isCancelled() || crew.failure != nil { break }
      }
    } catch {
      failure = .capture(error)
    }
    crew.finish()
    do throws(StoreError) { try store.flush() } catch { failure = failure ?? .store(error) }
    crew.count(into: &progress)
    progress.take(decapsulator.counters)
    progress.take(reader.summaries)
    progress.isComplete = true
    published.withLock { $0 = progress }
    if let failure = crew.failure.map(PipelineError.store) ?? failure { throw failure }
  }
}
