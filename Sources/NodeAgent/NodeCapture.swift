import Bytes
package import Capture
import Dispatch
import Dissectors
import Flows
import Packets
package import Pipeline
package import Ring
package import Shipping
package import Store
import Synchronization
import ToolKit

/// What an agent captures on its node: raw packets into its ring, calls into its outbox.
package final class NodeCapture: Sendable {
  /// How much of everything there may be.
  package struct Limits: Sendable {
    /// Bytes of memory of the process; nil leaves out the watch.
    package var memory: Int?
    /// Bytes of blocks that wait for the Hub on disk.
    package var buffer: Int64 = 512 << 20

    package init() {}
  }

  /// Entries of a block: small ones are made anew by the Hub when they are merged.
  private static let blockRows = 8_192
  private static let blockContentBytes = 4 << 20
  /// Records of a block of what is open: of those only the blocks that changed are sent.
  private static let shownRows = 1_024
  /// Time between two settlements, each of which makes a block.
  private static let settling = Duration.seconds(1)
  /// Milliseconds between two looks at the memory: in a second a flood takes a hundred megabytes.
  private static let looking = 50

  package let outbox: Outbox
  package let guide: Guide
  private let capture: LiveCapture
  private let pipeline: LivePipeline
  private let keeper: RingKeeper?
  let ring: Ring?
  private let memory: Mutex<MemoryWatch?>
  private let isStopped = Atomic(false)
  private let running = DispatchGroup()

  /// - Parameters:
  ///   - store: what the outbox is kept in.
  ///   - tell: gets a sentence without its full stop when an interface goes or comes, or memory
  ///     runs short.
  package init(
    _ capture: LiveCapture, node: String, workers: Int, into store: EntryStore, ring: Ring?,
    limits: Limits, tell: @escaping @Sendable (String) -> Void
  ) {
    (self.capture, outbox, guide) = (capture, Outbox(store), Guide())
    let keeper = ring.flatMap { RingKeeper($0, node: node, capture) }
    (self.keeper, self.ring) = (keeper, ring)
    memory = Mutex(limits.memory.map { MemoryWatch(limit: $0) })
    let settings = Self.settings(guide, node: node, workers: workers, memory: limits.memory)
    var keep: (@Sendable (PacketChunk) -> Void)?
    if let keeper { keep = { keeper.append($0) } }
    pipeline = LivePipeline(capture, settings: settings, keep: keep, tell: tell)
    self.tell = tell
  }

  private let tell: @Sendable (String) -> Void

  /// The limits of a store that serves as outbox.
  package static func storeLimits(_ limits: Limits) -> StoreLimits {
    var store = StoreLimits()
    store.blockRows = blockRows
    store.blockContentBytes = blockContentBytes
    store.shownRows = shownRows
    store.bytes = limits.buffer
    // Blocks are read once, to be sent.
    store.cacheBytes = 1 << 20
    return store
  }

  /// Memory for each worker, in bytes: each has queues and tables of its own.
  private static let memoryForAWorker = 64 << 20

  /// One for each core, as far as there is memory for them; two wherever there are two cores. Nodes
  /// have a hundred cores, and a pod's limit is the same on all of them.
  ///
  /// - Parameter memory: bytes; nil for as much as the machine has.
  package static func workers(cores: Int, memory: Int?) -> Int {
    let most = memory.map { max(2, $0 / memoryForAWorker) } ?? cores
    return max(1, min(cores, most))
  }

  /// With little memory everything that may wait is small.
  static func settings(
    _ guide: Guide, node: String, workers: Int, memory: Int?
  ) -> PipelineSettings {
    var settings = PipelineSettings(workers: workers)
    (settings.guide, settings.node, settings.settling) = (guide, node, Self.settling)
    guard let memory else { return settings }
    // Together they stay below a half: what becomes of them needs room as well.
    func part(_ standard: Int) -> Int { min(standard, max(1 << 20, memory / 16)) }
    settings.waitingBytes = part(settings.waitingBytes)
    // About a megabyte each.
    settings.mostWaitingChunks = min(
      settings.mostWaitingChunks, max(settings.waitingChunks, (memory / 16) >> 20))
    settings.openRecords = min(settings.openRecords, memory / 16_384)
    settings.flows.pendingBytes = part(settings.flows.pendingBytes)
    settings.flows.conversations = min(settings.flows.conversations, memory / 16_384)
    settings.dissection.waitingInAll = part(settings.dissection.waitingInAll)
    settings.dissection.bodiesInAll = part(settings.dissection.bodiesInAll)
    settings.dissection.messagesInAll = part(settings.dissection.messagesInAll)
    return settings
  }

  /// Captures on threads of its own. Call it once.
  package func start() {
    DispatchQueue(label: "node capture", qos: .userInitiated).async(group: running) { [self] in
      let first = (try? outbox.store.lastStream()) ?? 0
      pipeline.run(into: outbox.store, firstStream: first) {
        self.isStopped.load(ordering: .relaxed)
      } settled: {
        self.settled()
      }
      keeper?.close()
    }
    guard memory.withLock({ $0 != nil }) else { return }
    running.enter()
    startThread { [self] in
      defer { running.leave() }
      while !isStopped.load(ordering: .relaxed) {
        look()
        _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .milliseconds(Self.looking))
      }
    }
  }

  /// Ends the capture; returns when all that was captured is in the outbox.
  package func stop() {
    isStopped.store(true, ordering: .relaxed)
    running.wait()
  }

  package func dissect(_ on: Bool) { pipeline.dissect(on) }
  package var isDissecting: Bool { pipeline.isDissecting }
  package var isShedding: Bool { pipeline.isShedding }

  /// Captures what this filter lets pass from now on; nil is everything.
  package func change(_ filter: CaptureFilter?) throws(LiveError) { try capture.change(filter) }

  package var statistics: Statistics {
    var sum = pipeline.statistics
    sum.take(outbox.store.counters, failure: outbox.store.lastWriteFailure)
    sum.live?.notKept = keeper?.lost ?? 0
    return sum
  }

  /// Raw packets there are.
  package var raw: AgentReport.Raw {
    var raw = AgentReport.Raw()
    guard let status = keeper?.status else { return raw }
    raw.times = status.times
    (raw.bytes, raw.packets) = (status.bytes, status.packets)
    raw.segments = UInt64(status.segments)
    (raw.dropped, raw.lost) = (status.packetsDropped, status.packetsLost)
    return raw
  }

  private func settled() {
    keeper?.flush()
    if pipeline.isShedding { giveBackFreedMemory() }
  }

  /// Sheds while memory runs short.
  private func look() {
    let advice = memory.withLock { $0?.look(MemoryWatch.used, at: .now) } ?? .nothing
    let wasShedding = pipeline.isShedding
    pipeline.shed(advice != .nothing)
    if advice == .startAfresh { pipeline.startAfresh() }
    if advice != .nothing {
      if !wasShedding || advice == .startAfresh { giveBackFreedMemory() }
      if !wasShedding { tell("memory runs short; packets are kept raw and not read as calls") }
    } else if wasShedding {
      tell("there is memory again; packets are read as calls")
    }
  }
}
