import Bytes
import Dissectors
import Entries
import Flows
import Layers
import Packets
import Store
import Synchronization

/// The workers of a pipeline and the work that waits for them.
///
/// All packets of a conversation go to the same worker, so that it has one owner: see `Rota`.
final class Crew: Sendable {
  private let posts: [Locked<Worker>]
  private let board: WorkBoard
  private let desk: TopicDesk
  /// Chunks that were handed out.
  private let chunks = Atomic<UInt64>(0)
  private let failed = Mutex<StoreError?>(nil)
  /// Flows of conversations that ended before this crew began.
  private let earlier: FlowBook
  /// Open conversations that were not shown at the latest settlement.
  private let openLeftOut = Mutex<UInt64>(0)
  /// Conversations that are in no flow record, there being too many flows.
  private let flowsLeftOut = Mutex<UInt64>(0)

  /// - Parameters:
  ///   - threads: those that work beside the one that hands out.
  ///   - earlier: flows of what was read before.
  ///   - topics: topics of Kafka that were told there.
  init(
    _ settings: PipelineSettings, threads: Int, store: EntryStore, firstStream: UInt64,
    earlier: FlowBook = FlowBook(), topics: KafkaTopicBook = KafkaTopicBook()
  ) {
    self.earlier = earlier
    let desk = TopicDesk(topics, workers: settings.workers)
    self.desk = desk
    board = WorkBoard(
      lanes: settings.workers, threads: threads, enough: settings.waitingChunks,
      limit: settings.mostWaitingChunks)
    posts = (0..<settings.workers).map { number in
      Locked {
        Worker(settings, store: store, firstStream: firstStream, number: number, desk: desk)
      }
    }
  }

  /// The first thing that went wrong with the store.
  var failure: StoreError? { failed.withLock { $0 } }

  /// Decodes the packets of a chunk that come before a checkpoint, and gives each worker those it
  /// has to follow again.
  func hand(out chunk: PacketChunk, again replay: inout Replay, reception: inout Reception) {
    guard let last = chunk.packets.last else { return }
    var shares = [Worker.Share](repeating: Worker.Share(expecting: 0), count: posts.count)
    var heard: [HeardNames.Item] = []
    let memory = chunk.store.bytes
    var decoded = Decoded.none
    for packet in chunk.packets {
      guard reception.take(packet, in: memory, into: &decoded, &heard), replay.follows(decoded)
      else { continue }
      shares[reception.worker(of: decoded)].add(decoded, in: reception.datagram)
    }
    send(shares, heard, of: chunk, now: last.timestamp, isReplay: true)
  }

  /// Decodes the packets of a chunk and gives each worker its own.
  func hand(
    out chunk: PacketChunk, reception: inout Reception, counting statistics: inout Statistics,
    effort: Effort = .whole
  ) {
    guard let last = chunk.packets.last else { return }
    // Nobody has much more than his part: an array that grows is copied.
    let count = chunk.packets.count
    let expected = min(count, count / posts.count * 3 / 2)
    var shares = posts.map { _ in Worker.Share(expecting: expected) }
    var heard: [HeardNames.Item] = []
    let memory = chunk.store.bytes
    var decoded = Decoded.none
    statistics.count(chunk.packets)
    for packet in chunk.packets {
      guard reception.take(packet, in: memory, into: &decoded, &heard) else { continue }
      shares[reception.worker(of: decoded)].add(decoded, in: reception.datagram)
    }
    send(shares, heard, of: chunk, now: last.timestamp, isReplay: false, effort)
  }

  private func send(
    _ shares: [Worker.Share], _ heard: [HeardNames.Item], of chunk: PacketChunk, now: Timestamp,
    isReplay: Bool, _ effort: Effort = .whole
  ) {
    let number = chunks.add(1, ordering: .relaxed).newValue
    let all = shares.reduce(0) { $0 + $1.packets.count }
    work(
      shares.map { share in
        Worker.Batch(
          chunk: number, store: chunk.store, share: share, now: now, isReplay: isReplay,
          effort: effort, isLight: share.packets.count * shares.count <= all, heard: heard)
      }
    ) { (worker, batch) throws(StoreError) in try worker.take(batch) }
    board.makeRoom()
  }

  /// Gives each worker something to do.
  private func work<Value: Sendable>(
    _ values: [Value],
    _ work: @escaping @Sendable (inout Worker, Value) throws(StoreError) -> Void
  ) {
    board.add(
      zip(posts, values).map { post, value in
        { [self] in note(post) { (worker) throws(StoreError) in try work(&worker, value) } }
      })
  }

  /// Waits until all is done and ends every conversation.
  func finish() {
    work(posts) { (worker, _) throws(StoreError) in try worker.finish() }
    wait()
    keepFlows()
    openLeftOut.withLock { $0 = 0 }
  }

  /// Waits until all that was handed out is done and what came of it is in the store.
  func wait() {
    // What waits for the topics of others is ready when all of them are done.
    board.finish()
    work(posts) { (worker, _) throws(StoreError) in try worker.prepareFlush() }
    board.finish()
  }

  /// Numbers of the first packets of all conversations that are open, ascending.
  var openStreams: [UInt64] {
    posts.flatMap { post in post.withLock { $0.openStreams } }.sorted()
  }

  /// Topics of Kafka that were told up to now.
  var topics: KafkaTopicBook { desk.book }

  /// The flows of all conversations that ended.
  var flows: FlowBook {
    var book = earlier
    for post in posts { book.merge(post.withLock { $0.flows }) }
    return book
  }

  /// Makes all that was handed out visible in `store`: finished entries for good, records of what
  /// is still open until the next time.
  func settle(into store: EntryStore) {
    wait()
    var open: [Entry] = []
    var book = FlowBook()
    var leftOut: UInt64 = 0
    for post in posts {
      let going = post.withLock { $0.openEntries() }
      open += going.entries
      book.merge(going.flows)
      leftOut += going.leftOut
    }
    openLeftOut.withLock { $0 = leftOut }
    if let first = posts.first {
      let records = book.entries
      open += first.withLock { $0.named(records) }
    }
    do throws(StoreError) { try store.flush() } catch {
      failed.withLock { $0 = $0 ?? error }
    }
    store.show(open: open)
  }

  /// Lets time pass for conversations that get no packets.
  func pass(to now: Timestamp) {
    work(posts) { (worker, _) throws(StoreError) in try worker.pass(to: now) }
  }

  /// Writes a record for each flow: its conversations may have been with several workers.
  private func keepFlows() {
    let book = flows
    guard let first = posts.first else { return }
    book.forEachRecord(atATime: 1_024) { records in
      note(first) { (worker) throws(StoreError) in
        try worker.keep(records)
        try worker.settle()
      }
    }
    flowsLeftOut.withLock { $0 = book.leftOut }
  }

  /// What the workers counted.
  var counted: Statistics {
    var statistics = Statistics()
    var dissection = DissectionCounters()
    var leftToOthers: UInt64 = 0
    var leftUnnamed: UInt64 = 0
    // Each worker hears all names.
    let forgotten = posts.first?.withLock { $0.forgottenNames } ?? 0
    for post in posts {
      post.withLock { worker in
        statistics.add(worker.flowCounters)
        statistics.entries += worker.entries
        leftToOthers += worker.leftToOthers
        leftUnnamed += worker.leftUnnamed
        dissection.add(worker.dissectionCounters)
      }
    }
    statistics.take(dissection)
    for (name, count) in [
      ("entries left to the node of their server", leftToOthers),
      ("conversations without a flow record", flowsLeftOut.withLock { $0 }),
      ("open conversations not shown yet", openLeftOut.withLock { $0 }),
      ("addresses whose names from DNS were forgotten", forgotten),
      ("topics of Kafka not remembered", desk.book.refused),
      ("calls of Kafka that did not wait for names", leftUnnamed),
    ] where count > 0 {
      statistics.flowTroubles.append(Statistics.Named(name: name, count: count))
    }
    return statistics
  }

  private func note(_ post: Locked<Worker>, _ work: (inout Worker) throws(StoreError) -> Void) {
    let failure: StoreError? = post.withLock { worker in
      do throws(StoreError) {
        try work(&worker)
        return nil
      } catch { return error }
    }
    if let failure { failed.withLock { $0 = $0 ?? failure } }
  }
}

/// A value that belongs to whoever holds its lock.
///
/// A worker's jobs are done one after the other, so the lock is never waited for while packets flow;
/// it is what lets the compiler see that the worker has one owner at a time.
final class Locked<Value>: Sendable {
  private let mutex: Mutex<Value>

  init(_ make: () -> sending Value) { mutex = Mutex(make()) }

  func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
    mutex.withLock { value in body(&value) }
  }
}
