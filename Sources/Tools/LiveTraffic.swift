import Bytes
package import Capture
import Dispatch
import FoundationEssentials
package import Identity
import Packets
package import Pipeline
import Query
package import Ring
package import Store
import Synchronization
import ToolKit

/// Live interfaces as a Hub's traffic: questions are answered at once, with what was seen so far.
///
/// Raw packets go into the ring, whether they are dissected or not.
package final class LiveTraffic: Sendable {
  /// Bytes of entries that are kept unless the user says otherwise.
  package static let standardBytes: Int64 = 500 << 20

  private let pipeline: LivePipeline
  private let capture: LiveCapture
  private let inventory: Mutex<Inventory>
  private let guide: Guide
  private let store: EntryStore
  private let data: DataFolder?
  private let keeper: RingKeeper?
  private let ring: Ring?
  private let temporaryRing: String?
  private let state: Mutex<DissectionState>
  private let protocols: [String]
  private let isStopped = Atomic(false)
  private let running = DispatchGroup()
  /// Merging and expiring take their time, and packets do not wait for it.
  private let upkeep = DispatchQueue(label: "store upkeep", qos: .utility)
  private let isTidying = Atomic(false)
  /// When the statistics were last noted.
  private let noted = Mutex(ContinuousClock.now)

  /// - Parameters:
  ///   - data: where calls are kept; without one they are kept in memory, within `limits`.
  ///   - ring: where raw packets are kept.
  ///   - temporaryRing: its folder, when that is removed at the end.
  ///   - keyLogs: TLS secrets of the traffic, which may still grow.
  ///   - stopAfter: nanoseconds without a tool call after which dissection pauses; nil never.
  ///   - tell: gets a sentence without its full stop when an interface goes or comes.
  /// - Throws: when no store opens.
  package init(
    _ capture: LiveCapture, inventory: Inventory, workers: Int, limits: StoreLimits,
    data: DataFolder? = nil, ring: Ring? = nil, temporaryRing: String? = nil,
    keyLogs: KeyLogs = KeyLogs(), stopAfter: Int64?,
    tell: @escaping @Sendable (String) -> Void
  ) throws(StoreError) {
    (self.capture, self.data) = (capture, data)
    self.inventory = Mutex(inventory)
    guide = Guide(Guide.Page(names: inventory.names))
    if let data { store = data.store } else { store = try EntryStore(.memory, limits: limits) }
    let keeper = ring.flatMap { RingKeeper($0, node: "local", capture) }
    self.keeper = keeper
    (self.ring, self.temporaryRing) = (ring, temporaryRing)
    state = Mutex(DissectionState(stopAfter: stopAfter, now: .now))
    var settings = PipelineSettings(names: inventory.names, workers: workers)
    (settings.keyLogs, settings.guide) = (keyLogs, guide)
    protocols = settings.protocols
    var keep: (@Sendable (PacketChunk) -> Void)?
    if let keeper { keep = { keeper.append($0) } }
    pipeline = LivePipeline(capture, settings: settings, keep: keep, tell: tell)
  }

  /// Captures on threads of its own. Call it once.
  package func start() {
    DispatchQueue(label: "live traffic", qos: .userInitiated).async(group: running) { [self] in
      data?.prepare(for: nil)
      let first = (try? store.lastStream()) ?? 0
      pipeline.run(into: store, firstStream: first) {
        self.isStopped.load(ordering: .relaxed)
      } settled: {
        self.settled()
      }
      keeper?.close()
      if let temporaryRing { try? FileManager.default.removeItem(atPath: temporaryRing) }
      data?.finish(statistics, captures: [])
    }
  }

  /// Ends the capture; returns when all that was captured is in the store.
  package func stop() {
    isStopped.store(true, ordering: .relaxed)
    running.wait()
    upkeep.sync {}
  }

  /// Names addresses by this from now on. Calls that are stored keep the names they have.
  package func name(by inventory: Inventory) {
    self.inventory.withLock { $0 = inventory }
    guide.turn(to: Guide.Page(names: inventory.names))
  }

  /// Who holds which address now.
  package var names: Inventory { inventory.withLock { $0 } }

  package var statistics: Statistics {
    var sum = pipeline.statistics
    if let data {
      let own = sum
      sum = data.statistics
      sum.add(own)
      (sum.isComplete, sum.isGrowing, sum.live) = (own.isComplete, own.isGrowing, own.live)
    }
    sum.take(store.counters, failure: store.lastWriteFailure)
    if sum.entriesExpired > 0, let oldest = store.snapshot().range?.lowerBound {
      sum.oldest = oldest
    }
    sum.live?.notKept = keeper?.lost ?? 0
    return sum
  }

  /// The traffic for the tools of a Hub.
  package func traffic(redactor: Redactor) -> Traffic {
    let kept = KeptWork()
    return Traffic(
      { StoreSource(self.store, decoder: .standard, kept: kept) },
      inventory: names, redactor: redactor, packets: packets,
      statistics: { self.statistics },
      ready: { (_) async throws(ToolError) in self.change { $0.ask(at: .now) } },
      now: { .now },
      dissection: DissectionControl(
        status: {
          let state = self.state.withLock { $0 }
          return DissectionControl.Status(
            mode: state.mode, since: state.since, asked: state.asked, stopAfter: state.stopAfter,
            protocols: self.protocols)
        },
        set: { isOn in
          self.change { $0.set(isOn, at: .now) }
          return []
        })
    ).with(inventory: { self.names })
  }

  /// The packets of calls are still in the ring, for as long as that keeps them.
  private var packets: PacketSource {
    guard let ring else { return .none("Raw packets are not kept here.") }
    return .window(isNumbered: false) { window in
      self.keeper?.flush()
      let files = ring.segments(in: window, nodes: nil, rolls: true).compactMap(RawFile.init)
      return WindowReader.merged(files, window: window)
    }
  }

  /// Traffic of which only the catalogue of tools is asked.
  package static func catalogue(inventory: Inventory) -> Traffic {
    Traffic(
      { preconditionFailure("a catalogue has no calls") }, inventory: inventory, redactor: .off,
      statistics: { Statistics() },
      ready: { (_) async throws(ToolError) in
        throw ToolError(status: 503, code: "not_capturing", message: "Nothing is captured.")
      })
  }

  private func change(_ work: (inout DissectionState) -> Void) {
    let isOn = state.withLock { state in
      work(&state)
      return state.mode == .active
    }
    pipeline.dissect(isOn)
  }

  private func settled() {
    change { $0.pass(to: .now) }
    keeper?.flush()
    guard !isTidying.exchange(true, ordering: .relaxed) else { return }
    upkeep.async { [self] in
      // What fails here is tried again the next time.
      try? store.merge()
      try? store.expire(now: .now)
      note()
      isTidying.store(false, ordering: .relaxed)
    }
  }
}

extension LiveTraffic {
  /// Time between two notes of the statistics: what a killed process has not noted is not counted.
  private static let noteInterval = Duration.seconds(1)

  /// Writes the statistics beside the calls.
  private func note() {
    guard let data else { return }
    let isDue = noted.withLock { noted in
      guard .now - noted >= Self.noteInterval else { return false }
      noted = .now
      return true
    }
    if isDue { data.finish(statistics, captures: []) }
  }
}
