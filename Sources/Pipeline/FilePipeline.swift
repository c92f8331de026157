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
  /// What the reader has counted so far: of a growing capture more than what has been settled.
  private let read: Mutex<Statistics>
  /// Set when the capture still grows.
  private let growth: Growth?
  private let progress = Atomic<UInt64>(0)
  /// Bytes of all files; nil when it is not known, as of a pipe.
  package let byteCount: UInt64?

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
    byteCount =
      follows
      ? nil
      : paths.reduce(0 as UInt64?) { sum, path in
        sum.flatMap { sum in CaptureReader.byteCount(of: path).map { sum + $0 } }
      }
    var statistics = Statistics()
    statistics.sources = paths.map(lastComponent)
    published = Mutex(statistics)
    read = Mutex(statistics)
  }

  /// What has been seen so far; of a growing capture what has been settled, so that it never speaks
  /// of packets whose entries are not in the store yet. Any thread may ask.
  package var statistics: Statistics { published.withLock { $0 } }

  /// Bytes of the files that were read so far. Any thread may ask.
  package var bytesRead: UInt64 { progress.load(ordering: .relaxed) }

  /// Reads everything into `store`, once. Blocks its thread, so give it one of its own.
  ///
  /// - Parameters:
  ///   - firstStream: added to stream numbers.
  ///   - isCancelled: asked once per chunk and while nothing arrives; true ends the reading early.
  ///   - settled: called each time when all that was read of a growing capture is in the store.
  /// - Throws: what could not be read or written; what came before is in the store.
  package func run(
    into store: EntryStore, firstStream: UInt64 = 0,
    isCancelled: @escaping @Sendable () -> Bool = { false },
    settled: @escaping @Sendable () -> Void = {}
  ) throws(PipelineError) {
    guard var reader = files.withLock({ $0.take() }) else { return }
    let crew = Crew(settings, store: store, firstStream: firstStream)
    var decapsulator = Decapsulator(checksums: .sample)
    var seen = statistics
    growth?.begin(isCancelled: isCancelled) { [self] in
      crew.settle(into: store)
      publishGrowth(of: crew)
      settled()
    }
    defer { growth?.end() }
    var failure: PipelineError?
    do throws(CaptureError) {
      while let chunk = try reader.next() {
        crew.hand(out: chunk, decapsulator: &decapsulator, counting: &seen)
        seen.take(decapsulator.counters)
        show(seen)
        progress.store(reader.bytesRead, ordering: .relaxed)
        growth?.arrived()
        if isCancelled() || crew.failure != nil { break }
      }
    } catch {
      failure = .capture(error)
    }
    crew.finish()
    store.show(open: [])
    do throws(StoreError) { try store.flush() } catch { failure = failure ?? .store(error) }
    crew.count(into: &seen)
    seen.take(decapsulator.counters)
    seen.take(reader.summaries)
    seen.isComplete = true
    seen.isGrowing = false
    published.withLock { $0 = seen }
    if let failure = crew.failure.map(PipelineError.store) ?? failure { throw failure }
  }

  /// Tells how far the reader has got, unless settlements do.
  private func show(_ seen: Statistics) {
    guard let growth else { return published.withLock { $0.takeReading(seen) } }
    read.withLock { $0.takeReading(seen) }
    if !growth.hasSettled { published.withLock { $0.takeReading(seen) } }
  }

  /// What the workers have counted up to now, beside what the reader has.
  private func publishGrowth(of crew: Crew) {
    var counted = Statistics()
    crew.count(into: &counted)
    counted.takeReading(read.withLock { $0 })
    counted.isGrowing = true
    published.withLock { $0 = counted }
  }
}
