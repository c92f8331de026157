import Dispatch
package import Identity
package import Packets
package import Pipeline
import Query
import Store
import Synchronization
package import ToolKit

/// Capture files as a Hub's traffic: reading begins at once, and questions wait until it is done;
/// with a capture that still grows, until what there is has been read.
///
/// With a cache, captures that were indexed before are opened instead of read, and reading that was
/// interrupted goes on where it got to. With a data folder, calls are added to those in it.
package final class CaptureTraffic: Sendable {
  private let paths: [String]
  private let pipeline: FilePipeline
  private let inventory: Mutex<Inventory>
  /// Of a capture that grows: what its next packets are named by.
  private let guide: Guide?
  private let cache: IndexCache?
  private let data: DataFolder?
  private let state = Mutex(State.reading)
  /// Rings when `state` has changed.
  private let changes = Doorbell()
  private let follows: Bool
  private let keyLogs: KeyLogs
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
  /// - Parameters:
  ///   - paths: may be empty with a data folder.
  ///   - data: where calls are kept; takes the place of the cache.
  ///   - follows: the capture still grows; for one path, and without the cache.
  ///   - keyLogs: TLS secrets of the traffic.
  ///   - adjust: changes how it is read.
  /// - Throws: `CaptureError` when one cannot be read at all.
  package init(
    _ paths: [String], inventory: Inventory, workers: Int, cache: IndexCache? = nil,
    data: DataFolder? = nil, follows: Bool = false,
    keyLogs: KeyLogs = KeyLogs(),
    adjust: (inout PipelineSettings) -> Void = { _ in }
  ) throws(CaptureError) {
    self.data = data
    (self.paths, self.follows) = (paths, follows)
    self.inventory = Mutex(inventory)
    guide = follows ? Guide(Guide.Page(names: inventory.names)) : nil
    self.cache = follows ? nil : cache
    self.keyLogs = keyLogs
    var settings = PipelineSettings(names: inventory.names, workers: workers)
    (settings.keyLogs, settings.guide) = (keyLogs, guide)
    adjust(&settings)
    pipeline = try FilePipeline(paths: paths, settings: settings, follows: follows)
  }

  /// Reads on a thread of its own. Call it once.
  package func start() {
    DispatchQueue(label: "reader", qos: .userInitiated).async { [self] in
      let result = read()
      state.withLock { $0 = result }
      changes.ring()
    }
  }

  /// Ends the reading early.
  package func stop() { isStopped.store(true, ordering: .relaxed) }

  /// Names addresses by this from now on. Calls that are stored keep the names they have.
  ///
  /// - Returns: whether it can be done: finished captures are named while they are read, which they
  ///   are once.
  package func name(by inventory: Inventory) -> Bool {
    guard guide != nil || paths.isEmpty else { return false }
    self.inventory.withLock { $0 = inventory }
    guide?.turn(to: Guide.Page(names: inventory.names))
    return true
  }

  /// Who holds which address now.
  package var names: Inventory { inventory.withLock { $0 } }

  package var statistics: Statistics {
    switch state.withLock({ $0 }) {
    case .done(let store, let statistics): sum(statistics, store)
    case .growing(let store): sum(pipeline.statistics, store)
    case .reading, .failed: pipeline.statistics
    }
  }

  /// What was seen, with what earlier runs saw and what the store let go.
  private func sum(_ own: Statistics, _ store: EntryStore) -> Statistics {
    var sum = own
    if let data {
      sum = data.statistics
      sum.add(own)
      (sum.isComplete, sum.isGrowing) = (own.isComplete, own.isGrowing)
    }
    sum.take(store.counters, failure: store.lastWriteFailure)
    if sum.entriesExpired > 0, let oldest = store.snapshot().range?.lowerBound {
      sum.oldest = oldest
    }
    return sum
  }

  /// Whether questions are answered without waiting.
  package var isReady: Bool {
    if case .reading = state.withLock({ $0 }) { false } else { true }
  }

  /// How far reading has got; nil when there is nothing to wait for.
  package var progress: Progress? {
    guard case .reading = state.withLock({ $0 }) else { return nil }
    let packets = Shown.count(Int64(clamping: pipeline.statistics.packets))
    return Progress(
      done: Double(pipeline.bytesRead), total: pipeline.byteCount.map { Double($0) },
      message: "reading the capture: \(packets) packets")
  }

  /// The traffic for the tools of a Hub.
  package func traffic(redactor: Redactor) -> Traffic {
    let kept = KeptWork()
    return Traffic(
      { StoreSource(self.store, decoder: .standard, kept: kept) },
      inventory: names, redactor: redactor, packets: packets,
      statistics: { self.statistics },
      ready: { (progress) async throws(ToolError) in try await self.ready(progress: progress) }
    ).with(inventory: { self.names })
  }

  private var packets: PacketSource {
    if data != nil {
      return .none(
        """
        The data folder keeps calls, not packets. Read the capture itself with --pcap and without \
        --data to cut them from it.
        """)
    }
    if follows || paths.contains(where: { CaptureReader.byteCount(of: $0) == nil }) {
      return .none(
        "The capture came through a pipe or still grows; packets are cut from finished files only.")
    }
    return .files(paths)
  }

  private var store: EntryStore {
    switch state.withLock({ $0 }) {
    case .done(let store, _), .growing(let store): return store
    case .reading, .failed: preconditionFailure("asked before the traffic was ready")
    }
  }

  private func read() -> State {
    if let data { return read(into: data) }
    guard let cache,
      let key = cache.key(
        paths: paths, names: names.fingerprint, keyLogs: keyLogs.paths)
    else {
      return readIntoMemory()
    }
    if let hit = cache.find(key) { return .done(hit.store, hit.statistics) }
    guard let draft = cache.begin(key), let store = open(draft, of: cache) else {
      return readIntoMemory()
    }
    let result = index(
      store, resumingAs: key, finished: { _ in try? store.setNote(Checkpoint.note, nil) })
    // What was interrupted is kept: the next start goes on with it.
    guard case .done(let store, var statistics) = result, !isInterrupted else { return result }
    statistics.indexesRemoved = UInt64(cache.finish(key, draft, statistics))
    return .done(store, statistics)
  }

  private func readIntoMemory() -> State {
    guard let store = try? EntryStore(.memory) else { return .failed(Self.noStore) }
    return index(store)
  }

  /// The store of a draft. What an earlier process left there without a checkpoint is of no use.
  private func open(_ draft: IndexCache.Draft, of cache: IndexCache) -> EntryStore? {
    if let store = try? EntryStore(.file(path: draft.path)) {
      if store.snapshot().sequence == 0 || ((try? store.note(Checkpoint.note)) ?? nil) != nil {
        return store
      }
      try? store.close()
    }
    cache.empty(draft)
    return try? EntryStore(.file(path: draft.path))
  }

  private func read(into data: DataFolder) -> State {
    var nothing = Statistics()
    nothing.isComplete = true
    guard !paths.isEmpty else {
      if let interrupted = data.interrupted { return .done(data.store, interrupted) }
      if data.statistics.sources.isEmpty { nothing.sources = [data.path] }
      return .done(data.store, nothing)
    }
    let content = follows ? nil : IndexCache.contentKey(paths: paths)
    // What an earlier process has read while it grew is gone on with, whether it still does or not.
    let growing = paths.count == 1 ? GrowingCapture(paths[0]) : nil
    let earlier = data.unfinishedCapture.flatMap { key in
      growing?.has(key) == true ? key : nil
    }
    let key = earlier ?? content ?? (follows ? growing?.key : nil)
    for known in [key, content] {
      guard let reason = known.flatMap(data.reasonToSkip) else { continue }
      nothing.warnings = [reason]
      return .done(data.store, nothing)
    }
    data.prepare(for: key)
    return index(
      data.store, resumingAs: key, naming: follows ? { growing?.key } : nil,
      finished: { statistics in
        let keys = [key, content == key ? nil : content].compactMap(\.self)
        data.finish(self.sum(statistics, data.store), captures: keys)
      })
  }

  private var isInterrupted: Bool { isStopped.load(ordering: .relaxed) }

  /// Reads the captures into `store`.
  ///
  /// - Parameters:
  ///   - key: of the captures, when reading may go on where an earlier process got to.
  ///   - naming: the key by now, of a capture that grows.
  ///   - finished: notes that they were read to their end, with what was seen. Until then the
  ///     blocks behind a checkpoint must be told from those before: nothing is merged.
  private func index(
    _ store: EntryStore, resumingAs key: String? = nil, naming: (() -> String?)? = nil,
    finished: (Statistics) -> Void = { _ in }
  ) -> State {
    do throws(PipelineError) {
      let start: Checkpoint?
      let first: UInt64
      do throws(StoreError) {
        start = try key.flatMap { (key) throws(StoreError) in try checkpoint(in: store, key) }
        first = try store.lastStream()
      } catch { throw .store(error) }
      // Blocks behind it may be taken back: they are merged among themselves only.
      let noted = Atomic(start?.sequence ?? (key == nil ? .min : .max))
      let note: ((Checkpoint) -> Void)? = key.map { key in
        { place in
          guard
            (try? store.setNote(Checkpoint.note, place.stored(of: naming?() ?? key))) != nil
          else { return }
          noted.store(place.sequence, ordering: .relaxed)
          // All blocks are before it now.
          guard naming != nil else { return }
          try? store.merge(noting: place.merged)
          noted.store(max(place.sequence, store.snapshot().sequence), ordering: .relaxed)
        }
      }
      try pipeline.run(
        into: store, from: start, firstStream: first, isCancelled: { self.isInterrupted },
        settled: {
          Self.tidy(store, after: noted.load(ordering: .relaxed))
          self.state.withLock { $0 = .growing(store) }
          self.changes.ring()
        }, note: note)
      if key == nil || !isInterrupted {
        finished(pipeline.statistics)
        Self.tidy(store)
      }
      return .done(store, pipeline.statistics)
    } catch { return .failed(error.toolError) }
  }

  /// Where an earlier process got to with these captures. What it wrote behind that place is
  /// taken back.
  private func checkpoint(in store: EntryStore, _ key: String) throws(StoreError) -> Checkpoint? {
    guard let (capture, place) = try Checkpoint.noted(in: store), capture == key else {
      return nil
    }
    try store.discard(after: place.sequence)
    return place
  }

  /// Merges small blocks, those up to that number left out, and lets old ones go. What fails here
  /// is tried again the next time.
  private static func tidy(_ store: EntryStore, after sequence: Int64 = .min) {
    try? store.merge(after: sequence)
    if let newest = store.snapshot().range?.upperBound { try? store.expire(now: newest) }
  }

  private static let noStore = ToolError(
    status: 500, code: "store", message: "The store for the capture's entries did not open.")

  /// Returns when everything has been read, and reports on the way how far that is.
  private func ready(progress: @escaping ProgressReport) async throws(ToolError) {
    while true {
      let seen = changes.count
      switch state.withLock({ $0 }) {
      case .done, .growing: return
      case .failed(let error): throw error
      case .reading: break
      }
      await changes.wait(beyond: seen, atMost: Self.reportInterval)
      if Task.isCancelled { throw .cancelled }
      if changes.count == seen, let here = self.progress { progress(here) }
    }
  }

  private static let reportInterval = Duration.milliseconds(100)
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
