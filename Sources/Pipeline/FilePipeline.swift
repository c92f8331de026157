import Bytes
import Dissectors
import Layers
package import Packets
package import Store
import Synchronization

/// Reads capture files into a store, on all cores.
///
/// The calling thread reads and decodes; packets go to the worker that owns their conversation. When
/// every worker has enough of them, it works as well: see `WorkBoard`.
package final class FilePipeline: Sendable {
  private let settings: PipelineSettings
  private let files: Mutex<CaptureMerger?>
  private let published: Mutex<Statistics>
  /// What the reader has counted so far: of a growing capture more than what has been settled.
  private let read: Mutex<Statistics>
  /// What the workers of earlier runs have counted, without what is counted again.
  private let earlier = Mutex(Statistics())
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
    files = Mutex(try CaptureMerger(paths: paths, limits: settings.reading, follow: growth?.follow))
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

  /// Reads what `merger` gives.
  ///
  /// - Parameters:
  ///   - sources: names of what is read, for the statistics.
  ///   - byteCount: bytes of all of it, when that is known.
  package init(
    merging merger: CaptureMerger, sources: [String], byteCount: UInt64?,
    settings: PipelineSettings
  ) {
    self.settings = settings
    growth = nil
    files = Mutex(merger)
    self.byteCount = byteCount
    var statistics = Statistics()
    statistics.sources = sources
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
  ///   - start: where an earlier run into this store got to; nil begins at the beginning.
  ///   - firstStream: added to stream numbers. A checkpoint has its own.
  ///   - isCancelled: asked once per chunk and while nothing arrives; true ends the reading early.
  ///   - settled: called each time when all that was read of a growing capture is in the store.
  ///   - note: is given a checkpoint before the first packet, and then now and then, when all
  ///     before it is in the store. Without it none are made.
  /// - Throws: what could not be read or written; what came before is in the store.
  package func run(
    into store: EntryStore, from start: Checkpoint? = nil, firstStream: UInt64 = 0,
    isCancelled: @escaping @Sendable () -> Bool = { false },
    settled: @escaping @Sendable () -> Void = {}, note: ((Checkpoint) -> Void)? = nil
  ) throws(PipelineError) {
    guard var reader = files.withLock({ $0.take() }) else { return }
    let start =
      start
      ?? Checkpoint(
        sequence: store.snapshot().sequence, firstStream: firstStream, read: statistics)
    let crew = Crew(
      settings, threads: settings.workers - 1, store: store, firstStream: start.firstStream,
      earlier: start.flows, topics: start.topics)
    var reception = Reception(workers: settings.workers, readerWorks: true)
    var seen = start.read
    var followed = start.followed
    let keyLogs = settings.keyLogs
    keyLogs.read(isFinal: growth == nil)
    // Of a capture that is written now, the secrets are as well.
    keyLogs.secrets.mayGrow(growth != nil && !keyLogs.isEmpty)
    growth?.begin(isCancelled: { [self] in
      if keyLogs.read() { stir(crew) }
      return isCancelled()
    }) { [self] in
      crew.settle(into: store)
      publishGrowth(of: crew)
      settled()
    }
    defer { growth?.end() }
    var failure: PipelineError?
    do throws(CaptureError) {
      var checkpoints = Checkpoints(from: start, settings, note: note)
      var next = try replay(start, &reader, crew, &reception, isCancelled, &followed)
      earlier.withLock { $0 = followed }
      if next == nil, !isCancelled() { next = try reader.next() }
      while let chunk = next {
        keyLogs.take(reader.summaries)
        crew.hand(out: chunk, reception: &reception, counting: &seen)
        seen.take(reception.counters)
        show(seen)
        progress.store(reader.bytesRead, ordering: .relaxed)
        growth?.arrived()
        if isCancelled() || crew.failure != nil { break }
        checkpoints.arrived(seen, followed, crew, store)
        next = try reader.next()
      }
    } catch {
      failure = .capture(error)
    }
    keyLogs.take(reader.summaries)
    if growth != nil { keyLogs.read(isFinal: true) }
    keyLogs.secrets.mayGrow(false)
    crew.finish()
    store.show(open: [])
    do throws(StoreError) { try store.flush() } catch { failure = failure ?? .store(error) }
    followed.add(crew.counted)
    followed.sortTroubles()
    seen.add(followed)
    reception.finish()
    seen.take(reception.counters)
    seen.take(reader.summaries)
    seen.warnings += keyLogs.warnings
    seen.isComplete = true
    seen.isGrowing = false
    published.withLock { $0 = seen }
    if let failure = crew.failure.map(PipelineError.store) ?? failure { throw failure }
  }

  /// Reads up to a checkpoint, and takes what its workers count there off `followed`: they will
  /// count it again.
  ///
  /// - Returns: the packets behind it in the last chunk.
  private func replay(
    _ start: Checkpoint, _ reader: inout CaptureMerger, _ crew: Crew,
    _ reception: inout Reception, _ isCancelled: () -> Bool, _ followed: inout Statistics
  ) throws(CaptureError) -> PacketChunk? {
    guard start.packets > 0 else { return nil }
    var replay = Replay(start)
    var last: UInt64 = 0
    var rest: PacketChunk?
    while last < replay.last, !isCancelled(), let chunk = try reader.next() {
      settings.keyLogs.take(reader.summaries)
      let border = chunk.packets.firstIndex { $0.number > replay.last } ?? chunk.packets.count
      let before = PacketChunk(store: chunk.store, packets: Array(chunk.packets[..<border]))
      crew.hand(out: before, again: &replay, reception: &reception)
      last = chunk.packets.last?.number ?? last
      if border < chunk.packets.count {
        rest = PacketChunk(store: chunk.store, packets: Array(chunk.packets[border...]))
      }
      published.withLock { $0.takeReading(start.read) }
      progress.store(reader.bytesRead, ordering: .relaxed)
    }
    crew.wait()
    followed.subtract(crew.counted)
    return rest
  }

  /// Tells how far the reader has got, unless settlements do.
  private func show(_ seen: Statistics) {
    guard let growth else { return published.withLock { $0.takeReading(seen) } }
    read.withLock { $0.takeReading(seen) }
    if !growth.hasSettled { published.withLock { $0.takeReading(seen) } }
  }

  /// Lets what waits for secrets be opened, although no packets come.
  private func stir(_ crew: Crew) {
    if let newest = read.withLock({ $0.newest }) { crew.pass(to: newest) }
    growth?.stir()
  }

  /// What the workers have counted up to now, beside what the reader has.
  private func publishGrowth(of crew: Crew) {
    var counted = crew.counted
    counted.add(earlier.withLock { $0 })
    counted.takeReading(read.withLock { $0 })
    counted.isGrowing = true
    counted.warnings += settings.keyLogs.warnings
    published.withLock { $0 = counted }
  }
}
