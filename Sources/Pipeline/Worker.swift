import Bytes
import Dissectors
import Entries
import Flows
import Layers
import Packets
import Store

/// One worker: the conversations that fall to it, from packets to entries.
///
/// It shares nothing but the store, where it fills blocks of its own. Both directions of a conversation
/// come here, in capture order.
struct Worker {
  private var table: FlowTable
  private let dissection: Dissection
  private var names: NameTable
  /// Which entries are kept, by their ends; nil keeps all.
  private var keeps: Guide.Choice?
  private let guide: Guide?
  private var guidePage = 0
  private let node: String?
  private let store: EntryStore
  private let firstStream: UInt64
  private let openRecords: Int
  /// Which calls are kept, by what they say; nil keeps all.
  private let wants: (@Sendable (Entry) -> Bool)?
  /// The last few names looked up: most packets are between few addresses.
  private var known: [IPAddress: Workload?] = [:]
  /// Names that DNS replies gave up to now.
  private var heard = HeardNames()
  /// Topics of Kafka that connections told up to now, of all workers.
  private var topics = KafkaTopicBook()
  private let desk: TopicDesk
  private var deskEdition = 0
  /// Place of this one among the workers.
  private let number: Int
  /// The chunk at hand.
  private var chunk: UInt64 = 0
  /// Calls whose topics other connections may tell by the end of their chunk.
  private var unnamed: [(chunk: UInt64, entry: Entry)] = []
  /// Calls that went without, because too many waited.
  private(set) var leftUnnamed: UInt64 = 0
  private(set) var entries: UInt64 = 0
  /// Entries that are somebody else's.
  private(set) var leftToOthers: UInt64 = 0

  /// Entries that go to the store when no other worker is at the same open blocks.
  private var pending: [[Entry]] = []
  private var pendingCount = 0

  /// Entries held before they go to the store: of a few hostile bytes they may be large, and the memory
  /// of few is near the processor yet when the next ones take it.
  private static let mostReady = 64
  /// Entries that wait for another worker to be done with the store; with more this one waits.
  private static let mostPending = 2_048
  /// Calls that wait for the names of their topics.
  private static let mostUnnamed = 8_192

  /// Packets that belong to one worker.
  struct Share: Sendable {
    private(set) var packets: [Decoded] = []
    /// What the payloads of those lie in that were put together from fragments, one after the other.
    private(set) var datagrams: [ByteStore] = []

    init(expecting count: Int) { packets.reserveCapacity(count) }

    /// - Parameter datagram: what its payload lies in when it is not the chunk.
    @inline(__always)
    mutating func add(_ packet: borrowing Decoded, in datagram: @autoclosure () -> ByteStore?) {
      packets.append(copy packet)
      if packet.isReassembled, let datagram = datagram() { datagrams.append(datagram) }
    }
  }

  /// What one worker has to do for one chunk.
  struct Batch: Sendable {
    /// Number of the chunk, from 1; a later one has a higher one.
    var chunk: UInt64
    var store: ByteStore
    var share: Share
    /// The chunk's last instant: time passes for a worker also while it has no packets.
    var now: Timestamp
    /// What comes of it is in the store already.
    var isReplay = false
    var effort = Effort.whole
    /// Whether others have more packets of the chunk.
    var isLight = false
    /// What DNS replies in the chunk say, whoever has to follow them.
    var heard: [HeardNames.Item] = []
  }

  /// - Parameters:
  ///   - firstStream: added to stream numbers, so that they do not repeat those of earlier captures
  ///     in the same store.
  ///   - number: its place among those who share the desk.
  init(
    _ settings: PipelineSettings, store: EntryStore, firstStream: UInt64, number: Int,
    desk: TopicDesk
  ) {
    table = FlowTable(limits: settings.flows)
    dissection = Dissection(
      limits: settings.dissection, switches: settings.switches, secrets: settings.keyLogs.secrets)
    names = settings.names
    (guide, node) = (settings.guide, settings.node)
    self.store = store
    self.firstStream = firstStream
    (openRecords, wants) = (settings.openRecords, settings.keeps)
    (self.number, self.desk) = (number, desk)
  }

  /// The flows of conversations that ended.
  var flows: FlowBook { dissection.flows }

  mutating func take(_ batch: Batch) throws(StoreError) {
    // Packets are looked at where they lie, and the chunk's memory is asked for once.
    if dissection.effort != batch.effort { dissection.effort = batch.effort }
    heard.add(batch.heard)
    chunk = batch.chunk
    let packets = batch.share.packets.span
    let memory = batch.store.bytes
    var datagrams = batch.share.datagrams[...]
    for index in packets.indices {
      if packets[index].isReassembled, let datagram = datagrams.popFirst() {
        let payload = datagram.bytes.slice(packets[index].payload)
        table.receive(packets[index], payload: payload, into: dissection)
      } else {
        let payload = memory.slice(packets[index].payload)
        table.receive(packets[index], payload: payload, into: dissection)
      }
      if dissection.readyCount >= Self.mostReady { try emit(isReplay: batch.isReplay) }
    }
    // Also what waits for packets that went to nobody: a replay must come as far as the first reading.
    table.pass(to: batch.now, into: dissection)
    dissection.advance(to: batch.now)
    try emit(isReplay: batch.isReplay)
    desk.done(chunk, by: number, told: dissection.drainTopics())
    try release()
    if batch.isLight { try store.closeFull() }
  }

  /// No more packets come: everything open becomes entries. Those that wait for others to finish
  /// follow with `settle`.
  mutating func finish() throws(StoreError) {
    chunk = .max
    for slot in table.openSlots {
      table.finish(slot, into: dissection)
      if dissection.readyCount >= Self.mostReady { try emit(isReplay: false) }
    }
    dissection.finish()
    try emit(isReplay: false)
    desk.done(chunk, by: number, told: dissection.drainTopics())
    try settle()
  }

  private mutating func emit(isReplay: Bool) throws(StoreError) {
    var ready = dissection.drain()
    if isReplay {
      entries += UInt64(ready.count)
    } else {
      setAside(&ready)
      try keep(consume ready)
    }
  }

  /// Names topics of calls of Kafka, and takes out those calls that others may still name.
  private mutating func setAside(_ ready: inout [Entry]) {
    if let book = desk.book(after: &deskEdition) { topics = book }
    var aside: Set<Int> = []
    for index in ready.indices where ready[index].kind == .kafka {
      if topics.name(&ready[index], isFinal: false) { continue }
      if unnamed.count < Self.mostUnnamed {
        unnamed.append((chunk, ready[index]))
        aside.insert(index)
      } else {
        leftUnnamed += 1
        _ = topics.name(&ready[index], isFinal: true)
      }
    }
    if aside.isEmpty { return }
    ready = ready.indices.filter { !aside.contains($0) }.map { ready[$0] }
  }

  /// Lets go of calls when all that was told before they ended is known.
  private mutating func release() throws(StoreError) {
    guard let first = unnamed.first else { return }
    let settled = desk.settled
    guard first.chunk <= settled else { return }
    if let book = desk.book(after: &deskEdition) { topics = book }
    let count = unnamed.firstIndex { $0.chunk > settled } ?? unnamed.count
    var ready = unnamed[..<count].map { $0.entry }
    unnamed.removeFirst(count)
    for index in ready.indices { _ = topics.name(&ready[index], isFinal: true) }
    try keep(ready)
  }

  /// Names the ends of entries and puts them into the store.
  mutating func keep(_ entries: consuming [Entry]) throws(StoreError) {
    let count = entries.count
    guard count > 0 else { return try handOver(waits: false) }
    var kept = named(consume entries)
    leftToOthers += UInt64(count - kept.count)
    if let wants { kept.removeAll { $0.kind.isCall && !wants($0) } }
    self.entries += UInt64(kept.count)
    pending.append(kept)
    pendingCount += kept.count
    try handOver(waits: pendingCount > Self.mostPending)
  }

  /// Puts all that is ready into the store.
  mutating func settle() throws(StoreError) {
    try release()
    try handOver(waits: true)
  }

  /// The same before the store is flushed: each worker closes what is large of its own blocks.
  mutating func prepareFlush() throws(StoreError) {
    try settle()
    try store.closeLarge(by: number)
  }

  private mutating func handOver(waits: Bool) throws(StoreError) {
    while let next = pending.first {
      // What the store could not write is lost and counted there.
      var isDone = true
      defer {
        if isDone {
          pending.removeFirst()
          pendingCount -= next.count
        }
      }
      if waits {
        try store.appendLeaving(next, by: number)
      } else {
        isDone = try store.appendIfFree(next, by: number)
      }
      if !isDone { return }
    }
  }

  /// Time passes without packets: what has waited long enough ends.
  mutating func pass(to now: Timestamp) throws(StoreError) {
    table.expire(at: now, into: dissection)
    dissection.advance(to: now)
    try emit(isReplay: false)
    try settle()
  }

  /// Records of the conversations that are still open, and the flows with those.
  mutating func openEntries() -> Dissection.Open {
    var open = dissection.open(in: table, limit: openRecords)
    var entries: [Entry] = []
    swap(&entries, &open.entries)
    open.entries = named(consume entries)
    return open
  }

  /// The entries that are ours, with the names of their ends and of the node.
  mutating func named(_ entries: consuming [Entry]) -> [Entry] {
    if let page = guide?.page(after: &guidePage) {
      (names, keeps) = (page.names, page.keeps)
      known.removeAll(keepingCapacity: true)
      heard.forgetHolders()
    }
    let hasNames = !names.isEmpty || !heard.isEmpty
    guard hasNames || firstStream > 0 || keeps != nil || node != nil else { return consume entries }
    // Changed where they lie.
    var ready = consume entries
    if let keeps {
      ready.removeAll { !keeps($0.source.address, $0.destination.address) }
    }
    for index in ready.indices {
      ready[index].stream &+= firstStream
      if let node {
        ready[index].fields.add(.nodeID, .text(node))
        ready[index].fields.add(.nodeName, .text(node))
      }
    }
    guard hasNames else { return ready }
    for index in ready.indices {
      let when = ready[index].timestamp
      // They have none up to now.
      if let holder = name(ready[index].source.address, when) {
        ready[index].source.workload = holder
      }
      if let holder = name(ready[index].destination.address, when) {
        ready[index].destination.workload = holder
      }
    }
    return ready
  }

  private mutating func name(_ address: IPAddress, _ when: Timestamp) -> Workload? {
    let holder = holder(of: address, when)
    return heard.isEmpty ? holder : heard.workload(holder, at: address, when: when)
  }

  private mutating func holder(of address: IPAddress, _ when: Timestamp) -> Workload? {
    if names.isEmpty { return nil }
    // An address with one holder has it for all times; only those are remembered.
    if let found = known[address] { return found }
    let workload = names.workload(at: address, when: when)
    if names.records(of: address).count <= 1, known.count < 65_536 { known[address] = workload }
    return workload
  }

  /// Numbers of the first packets of the conversations that are open.
  var openStreams: [UInt64] {
    var streams: [UInt64] = []
    table.forEachOpen { streams.append($1.stream) }
    return streams
  }

  var forgottenNames: UInt64 { heard.forgotten }
  var flowCounters: FlowCounters { table.counters }
  var dissectionCounters: DissectionCounters { dissection.counters }
}
