import Bytes
package import Capture
import Dispatch
import Dissectors
import Layers
package import Packets
package import Store
import Synchronization

/// Packets of live interfaces into a store, until it is stopped.
///
/// The threads of the capture bring chunks: each goes to whoever keeps raw packets, then, while
/// dissection is on, to a queue. One thread hands out what is in the queue to the workers. When they
/// cannot keep up the queue fills, and less is done with what is in it: from a half on calls are read
/// without bodies, from three quarters on only connections are followed. When it is full, what comes
/// is shed. Packets are counted at each step; raw packets are kept all the same, and the memory in
/// use stays bounded.
package final class LivePipeline: Sendable {
  /// Time between two looks into key logs: what waits for its secrets waits about as long.
  private static let keyInterval = Duration.milliseconds(100)
  /// Settlements take at most this part of the time, however much there is to show.
  private static let share = 5
  /// How long a packet may be under way from the kernel to a worker when little happens: time passes
  /// for idle conversations that much later.
  private static let lag = Duration.seconds(1)

  private let capture: LiveCapture
  private let settings: PipelineSettings
  private let keep: (@Sendable (PacketChunk) -> Void)?
  private let tell: @Sendable (String) -> Void
  private let queue: ChunkQueue
  private let dissects: Atomic<Bool>
  private let sheds = Atomic(false)
  private let restarts = Atomic(false)
  private let shed = Atomic<UInt64>(0)
  private let withoutBodies = Atomic<UInt64>(0)
  private let withoutCalls = Atomic<UInt64>(0)
  private let whileOff = Atomic<UInt64>(0)
  private let published: Mutex<Statistics>
  /// Topics of Kafka that were told in earlier stretches.
  private let topics = Mutex(KafkaTopicBook())

  /// - Parameters:
  ///   - dissects: whether dissection is on from the beginning.
  ///   - keep: gets every chunk, dissected or not, on the threads of the capture.
  ///   - tell: gets a sentence without its full stop when an interface goes or comes, and when
  ///     entries cannot be stored.
  package init(
    _ capture: LiveCapture, settings: PipelineSettings, dissects: Bool = true,
    keep: (@Sendable (PacketChunk) -> Void)? = nil, tell: @escaping @Sendable (String) -> Void
  ) {
    (self.capture, self.settings, self.keep, self.tell) = (capture, settings, keep, tell)
    queue = ChunkQueue(bytes: settings.waitingBytes)
    self.dissects = Atomic(dissects)
    var statistics = Statistics()
    statistics.sources = capture.settings.interfaces
    statistics.isGrowing = true
    statistics.live = Statistics.Live()
    published = Mutex(statistics)
  }

  /// Switches dissection on or off, from the packets on that are fetched next. Off, what is open
  /// becomes entries.
  package func dissect(_ on: Bool) { dissects.store(on, ordering: .relaxed) }

  package var isDissecting: Bool { dissects.load(ordering: .relaxed) }

  /// While it is on, packets are kept raw and not dissected, and are counted as shed: for want of
  /// memory or of anything else that somebody watches.
  package func shed(_ on: Bool) { sheds.store(on, ordering: .relaxed) }

  package var isShedding: Bool { sheds.load(ordering: .relaxed) }

  /// Makes entries of everything that is open and lets go of its memory, once, soon.
  package func startAfresh() { restarts.store(true, ordering: .relaxed) }

  /// What has been settled, with what became of packets up to now. Any thread may ask.
  package var statistics: Statistics { published.withLock { withCapture($0) } }

  /// One stretch of time with dissection on.
  private struct Stretch {
    var crew: Crew
    var reception: Reception
    var seen = Statistics()

    mutating func hand(out chunk: PacketChunk, _ effort: Effort = .whole) {
      crew.hand(out: chunk, reception: &reception, counting: &seen, effort: effort)
    }
  }

  /// Captures into `store` until it is cancelled, once. Blocks its thread, so give it one of its own.
  ///
  /// - Parameters:
  ///   - firstStream: added to stream numbers.
  ///   - isCancelled: asked some times a second.
  ///   - settled: called about twice a second, when all that was handed out is in the store.
  package func run(
    into store: EntryStore, firstStream: UInt64 = 0,
    isCancelled: @escaping @Sendable () -> Bool, settled: @escaping @Sendable () -> Void
  ) {
    capture.start(take: { self.bring($0) }, tell: tell)
    var past = Statistics()
    var news = WriteNews()
    var stretch: Stretch?
    var lastChunk = ContinuousClock.now
    var due = ContinuousClock.now + settings.settling
    var keysDue = ContinuousClock.now
    let keyLogs = settings.keyLogs
    keyLogs.secrets.mayGrow(!keyLogs.isEmpty)
    func followSwitch() {
      guard isDissecting != (stretch != nil) else { return }
      turn(&stretch, &past, store, firstStream)
      settled()
    }
    while !isCancelled() {
      if !keyLogs.isEmpty, ContinuousClock.now >= keysDue {
        if keyLogs.read() {
          stretch?.crew.pass(to: .now.advanced(by: -Self.lag.wholeNanoseconds))
        }
        keysDue = .now + Self.keyInterval
      }
      let isAfresh = restarts.exchange(false, ordering: .relaxed)
      if isAfresh, stretch != nil { turn(&stretch, &past, store, firstStream) }
      followSwitch()
      let wake = keyLogs.isEmpty ? due : min(due, keysDue)
      if let chunk = queue.take(until: Self.deadline(wake)) {
        // It may have come just after dissection was switched on.
        if stretch == nil { followSwitch() }
        hand(out: chunk, &stretch)
        lastChunk = .now
      }
      let now = ContinuousClock.now
      guard now >= due else { continue }
      if now - lastChunk >= Self.lag {
        stretch?.crew.pass(to: .now.advanced(by: -Self.lag.wholeNanoseconds))
      }
      settle(stretch, past, store)
      settled()
      if let sentence = news.sentence(store.counters, store.lastWriteFailure) { tell(sentence) }
      due = .now + max(settings.settling, (.now - now) * (Self.share - 1))
    }
    capture.stop()
    keyLogs.read(isFinal: true)
    keyLogs.secrets.mayGrow(false)
    if stretch != nil { turn(&stretch, &past, store, firstStream) }
    published.withLock { ($0.isComplete, $0.isGrowing) = (true, false) }
  }

  private static func deadline(_ due: ContinuousClock.Instant) -> DispatchTime {
    .now() + .nanoseconds(Int(max(.zero, due - .now).wholeNanoseconds))
  }

  /// Takes a chunk from a thread of the capture.
  private func bring(_ chunk: PacketChunk) {
    keep?(chunk)
    if !isDissecting {
      whileOff.add(UInt64(chunk.packets.count), ordering: .relaxed)
    } else if isShedding || !queue.put(chunk) {
      shed.add(UInt64(chunk.packets.count), ordering: .relaxed)
    }
  }

  private func hand(out chunk: PacketChunk, _ stretch: inout Stretch?) {
    if stretch == nil { whileOff.add(UInt64(chunk.packets.count), ordering: .relaxed) }
    guard stretch != nil else { return }
    let effort = Self.effort(atFill: queue.fill)
    switch effort {
    case .whole: break
    case .withoutBodies: withoutBodies.add(UInt64(chunk.packets.count), ordering: .relaxed)
    case .flowsOnly: withoutCalls.add(UInt64(chunk.packets.count), ordering: .relaxed)
    }
    stretch?.hand(out: chunk, effort)
  }

  /// What is done with packets while the queue is that full.
  static func effort(atFill fill: Double) -> Effort {
    switch fill {
    case ..<0.5: .whole
    case ..<0.75: .withoutBodies
    default: .flowsOnly
    }
  }

  /// Begins a stretch, or ends the one there is.
  private func turn(
    _ stretch: inout Stretch?, _ past: inout Statistics, _ store: EntryStore,
    _ firstStream: UInt64
  ) {
    guard var last = stretch else {
      let topics = topics.withLock { $0 }
      stretch = Stretch(
        // The calling thread waits for packets, and cannot be counted on.
        crew: Crew(
          settings, threads: settings.workers, store: store, firstStream: firstStream,
          topics: topics),
        reception: Reception(workers: settings.workers, readerWorks: false))
      return
    }
    while let chunk = queue.take(until: .now()) {
      last.hand(out: chunk)
    }
    last.crew.finish()
    let told = last.crew.topics
    topics.withLock { $0 = told }
    stretch = nil
    // Entries that cannot be written are counted by the store.
    try? store.flush()
    store.show(open: [])
    past.add(counted(last))
    publish(past)
  }

  private func settle(_ stretch: Stretch?, _ past: Statistics, _ store: EntryStore) {
    guard let stretch else { return publish(past) }
    stretch.crew.settle(into: store)
    var sum = past
    sum.add(counted(stretch))
    publish(sum)
  }

  private func counted(_ stretch: Stretch) -> Statistics {
    var counted = stretch.crew.counted
    var seen = stretch.seen
    seen.take(stretch.reception.counters)
    counted.takeReading(seen)
    return counted
  }

  private func publish(_ statistics: Statistics) {
    var statistics = statistics
    statistics.sources = capture.settings.interfaces
    statistics.isGrowing = true
    statistics.warnings += settings.keyLogs.warnings
    published.withLock { $0 = statistics }
  }

  private func withCapture(_ settled: Statistics) -> Statistics {
    var (sum, live) = (settled, Statistics.Live())
    for counters in capture.counters {
      live.captured += counters.received
      live.others += counters.others
      sum.droppedPackets += counters.dropped
      if counters.state != .up { live.away.append("\(counters.name) is \(counters.state)") }
    }
    live.shed = shed.load(ordering: .relaxed)
    live.withoutBodies = withoutBodies.load(ordering: .relaxed)
    live.withoutCalls = withoutCalls.load(ordering: .relaxed)
    live.whileOff = whileOff.load(ordering: .relaxed)
    live.isDissecting = isDissecting
    sum.live = live
    return sum
  }
}

extension Duration {
  fileprivate var wholeNanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}
