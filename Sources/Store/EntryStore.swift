package import Bytes
package import Entries
import Synchronization

/// Entries in, blocks kept, snapshots out.
///
/// Safe to use from any thread. Entries wait in an open block until it is full or `flush()` is
/// called, and are visible to snapshots from then on. Reading never waits for writing longer than
/// it takes to copy a list of references.
package final class EntryStore: Sendable {
  package enum Place: Sendable, Hashable {
    case memory
    /// An SQLite file, made when it is not there. Its folder must exist.
    case file(path: String)
  }

  package let limits: StoreLimits
  let database: BlockDatabase?
  /// By writer, as far as there are enough.
  private let openBlocks: [OpenBlocks]
  /// A full block that a thread with less to do may close.
  private let full = Mutex<BlockBuilder?>(nil)
  let shelf: Mutex<BlockShelf>
  /// Held while blocks are written or let go, so that they become visible in order of arrival.
  let writing = Mutex(())
  /// Held while blocks are merged.
  let merging = Mutex(())
  private let damage = DamageLog()
  private let texts: TextPool
  /// When `advance(to:)` last closed the open blocks.
  private let flushed = Mutex<Timestamp?>(nil)
  private let writeFailure = Mutex<StoreError?>(nil)
  /// What the last block was put together in.
  private let spareMemory = Mutex<[UInt8]>([])
  private static let mostSpareMemory = 16 << 20

  /// Opens or makes the store; blocks that were there are visible at once.
  package init(_ place: Place, limits: StoreLimits = StoreLimits()) throws(StoreError) {
    self.limits = limits
    texts = TextPool(limit: limits.textBytes, minRows: limits.textRows)
    openBlocks = (0..<max(1, limits.openBlocks)).map { _ in OpenBlocks(limits) }
    var shelf = BlockShelf()
    switch place {
    case .memory: database = nil
    case .file(let path):
      let database = try BlockDatabase(path: path, cacheBytes: limits.cacheBytes)
      let garbage = try database.garbage()
      if !garbage.isEmpty { try database.remove(garbage) }
      let (summaries, broken) = try database.summaries()
      for summary in summaries {
        shelf.add(
          Block(summary: summary, source: .database(database), damage: damage, pool: texts))
      }
      shelf.sort()
      for damage in broken { self.damage.note(damage) }
      self.database = database
    }
    self.shelf = Mutex(shelf)
  }

  /// Takes entries in, in any order of time; closes and writes each block that gets full.
  ///
  /// - Throws: what went wrong with writing a full block. Its entries are lost and counted; the
  ///   other entries are taken in all the same.
  package func append(_ entries: [Entry]) throws(StoreError) {
    var failure: StoreError?
    do throws(StoreError) { try appendLeaving(entries) } catch { failure = error }
    try closeFull()
    if let failure { throw failure }
  }

  /// The same for one of several threads that share their work: a block that gets full is left to
  /// `closeFull()` until there is another one.
  ///
  /// - Parameter writer: the number of who gives them, from 0: different ones fill different blocks,
  ///   `StoreLimits.openBlocks` of them.
  package func appendLeaving(_ entries: [Entry], by writer: Int = 0) throws(StoreError) {
    try take(entries, by: writer, waits: true)
  }

  /// Takes entries in like `appendLeaving(_:by:)`, unless another thread is at the same blocks just
  /// now: who has other work does that instead of waiting.
  ///
  /// - Returns: whether they were taken in.
  package func appendIfFree(_ entries: [Entry], by writer: Int = 0) throws(StoreError) -> Bool {
    try take(entries, by: writer, waits: false)
  }

  /// Closes and writes the block that was left full, if there is one.
  package func closeFull() throws(StoreError) {
    var left: BlockBuilder?
    full.withLock { swap(&$0, &left) }
    guard let left = left.take() else { return }
    var failure: StoreError?
    try write([encoded(left, &failure)])
    if let failure { throw failure }
  }

  /// - Parameter waits: whether to wait for the open blocks. Once they were had, the rest of the
  ///   entries is waited for in any case.
  @discardableResult
  private func take(
    _ entries: [Entry], by writer: Int, waits: Bool
  ) throws(StoreError) -> Bool {
    let open = openBlocks[writer % openBlocks.count]
    var failure: StoreError?
    var next = 0
    while next < entries.count {
      var full: BlockBuilder?
      guard open.fill(entries, from: &next, waits: waits || next > 0, &full) else { return false }
      // It takes the place of the one that was left before, which is closed here.
      if full != nil { self.full.withLock { swap(&$0, &full) } }
      if let full = full.take() {
        do throws(StoreError) {
          try write([encoded(full, &failure)])
        } catch { failure = failure ?? error }
      }
    }
    shelf.withLock { $0.counters.entriesAppended += Int64(entries.count) }
    if let failure { throw failure }
    return true
  }

  /// Closes and writes the open blocks, all or none of them, so that all entries taken in so far
  /// are visible and safe. Small ones of several writers become one.
  /// (A block that another thread is just closing becomes visible when its `append` returns.)
  package func flush() throws(StoreError) {
    var failure: StoreError?
    do throws(StoreError) { try closeFull() } catch { failure = error }
    let blocks = openBlocks.flatMap { closed($0, atLeast: 1, &failure) }
    try write(joined(blocks).map(\.block))
    if let failure { throw failure }
  }

  /// Closes and writes the open blocks of that writer that are too large to be joined with those of
  /// others: so several of them are closed at once before `flush()` does the rest.
  package func closeLarge(by writer: Int) throws(StoreError) {
    var failure: StoreError?
    try write(closed(openBlocks[writer % openBlocks.count], atLeast: limits.leastAlone, &failure))
    if let failure { throw failure }
  }

  /// The blocks among those that have so many rows.
  private func closed(
    _ open: OpenBlocks, atLeast rows: Int, _ failure: inout StoreError?
  ) -> [EncodedBlock] {
    var blocks: [EncodedBlock] = []
    for family in BlockFamily.allCases {
      guard let builder = open.taken(family, atLeast: rows) else { continue }
      if let block = encoded(builder, &failure) { blocks.append(block) }
    }
    return blocks
  }

  /// Lets the time of live traffic pass: what waits is written every `flushNanoseconds`, and small
  /// blocks are merged. Call it some times a second.
  ///
  /// - Parameter now: any clock that does not go backwards.
  package func advance(to now: Timestamp) throws(StoreError) {
    let isDue = flushed.withLock { last in
      if let last, now.nanoseconds(since: last) < limits.flushNanoseconds, last <= now {
        return false
      }
      last = now
      return true
    }
    guard isDue else { return }
    try flush()
    try merge()
  }

  /// Entries that wait in open blocks.
  package var waiting: Int {
    let left = full.withLock { $0?.rows ?? 0 }
    return openBlocks.reduce(left) { $0 + $1.rows }
  }

  private func encoded(
    _ builder: consuming BlockBuilder, _ failure: inout StoreError?
  ) -> EncodedBlock? {
    let (counters, rows) = (builder.counters, builder.rows)
    shelf.withLock { $0.counters.add(counters) }
    do throws(WireError) {
      // Fresh memory costs a page fault for every four kilobytes: that of the block before is mapped.
      var memory: [UInt8] = []
      spareMemory.withLock { swap(&memory, &$0) }
      defer {
        if memory.capacity <= Self.mostSpareMemory {
          spareMemory.withLock { swap(&memory, &$0) }
        }
      }
      return try builder.finish(in: &memory)
    } catch {
      failure = lost(rows, StoreError(.unsound, "closing a block", underlying: "\(error)"))
      return nil
    }
  }

  private func write(_ blocks: [EncodedBlock?]) throws(StoreError) {
    let blocks = blocks.compactMap { $0 }
    guard !blocks.isEmpty else { return }
    do throws(StoreError) {
      try insert(blocks)
    } catch {
      throw lost(blocks.reduce(0) { $0 + $1.header.rows }, error)
    }
  }

  /// Notes that entries were lost, and why.
  private func lost(_ rows: Int, _ error: StoreError) -> StoreError {
    shelf.withLock { $0.counters.entriesLost += Int64(rows) }
    writeFailure.withLock { $0 = error }
    return error
  }

  /// Shows these entries in place of those given before: records of what is still going on, which
  /// will be appended when it is over. They are kept in memory only.
  ///
  /// Records of flows are in blocks of their own: they change in fewer places than those of
  /// connections.
  package func show(open entries: [Entry]) {
    var builder = BlockBuilder(.connections, limits: limits)
    var blocks: [EncodedBlock] = []
    var ofFlows = false
    // Those that cannot be shown now will be appended all the same.
    for place in entries.indices {
      let isFlow = entries[place].kind.isFlow
      if isFlow != ofFlows || builder.rows >= limits.shownRows || builder.isFull {
        if let block = try? builder.taken().finish() { blocks.append(block) }
        ofFlows = isFlow
      }
      builder.append(entries, at: place)
    }
    if let block = try? builder.finish() { blocks.append(block) }
    shelf.withLock { shelf in
      show(blocks, by: "", on: &shelf)
      shelf.noteSettled()
    }
  }

  private func show(_ blocks: [EncodedBlock], by owner: String, on shelf: inout BlockShelf) {
    shelf.show(blocks, by: owner) { encoded, sequence in
      Block(
        summary: BlockSummary(sequence: sequence, header: encoded.header),
        source: .memory(encoded), damage: damage)
    }
  }

  /// Why entries were lost lately; nil when none were.
  package var lastWriteFailure: StoreError? { writeFailure.withLock { $0 } }

  /// Takes a whole block in, as another store or builder made it.
  ///
  /// - Returns: false when it was there already; nothing has changed then.
  @discardableResult
  package func insert(_ encoded: EncodedBlock) throws(StoreError) -> Bool {
    try insert([encoded])[0]
  }

  /// Takes blocks in, all of them or none.
  ///
  /// - Parameters:
  ///   - open: what other stores show as still going on, by their names. From the same moment on it
  ///     is shown here in place of what they showed before.
  ///   - joins: whether small blocks are merged before they are written, as far as they come together.
  ///     They are known by their ids all the same.
  /// - Returns: for each block, whether it was not there yet.
  @discardableResult
  package func insert(
    _ blocks: [EncodedBlock], showing open: [String: [EncodedBlock]] = [:],
    joining joins: Bool = false
  ) throws(StoreError) -> [Bool] {
    let areWritten = try writing.withLock { (_) throws(StoreError) -> [Bool] in
      let new = zip(blocks, try areNew(blocks)).filter(\.1).map(\.0)
      let parts = joins ? joined(new) : new.map { StoredPart($0) }
      let written = parts.isEmpty ? [] : try written(parts)
      var rest = Set(written.flatMap { part, _ in part.members.map(\.id) + [part.block.id] })
      let areWritten = blocks.map { rest.remove($0.id) != nil }
      let count = areWritten.count { $0 }
      shelf.withLock { shelf in
        for (part, sequence) in written {
          shelf.add(block(BlockSummary(sequence: sequence, header: part.block.header), part.block))
          shelf.settleLast()
          if database == nil { shelf.note(part.members, in: sequence) }
        }
        for (owner, blocks) in open { show(blocks, by: owner, on: &shelf) }
        shelf.counters.blocksInserted += Int64(count)
        shelf.counters.blocksRepeated += Int64(blocks.count - count)
      }
      return areWritten
    }
    try enforceBytes()
    return areWritten
  }

  /// For each block, whether it is neither there, alone or as a part of another, nor before among
  /// these.
  private func areNew(_ blocks: [EncodedBlock]) throws(StoreError) -> [Bool] {
    var seen: Set<BlockID> = []
    let known = shelf.withLock { shelf in
      blocks.map { shelf.ids[$0.id] != nil || !seen.insert($0.id).inserted }
    }
    guard let database else { return known.map { !$0 } }
    let merged = try database.merged(blocks.map(\.id))
    return zip(blocks, known).map { !$1 && !merged.contains($0.id) }
  }

  /// Writes blocks that are not there, and gives them their numbers.
  private func written(
    _ parts: [StoredPart]
  ) throws(StoreError) -> [(part: StoredPart, sequence: Int64)] {
    if let database { return try database.insert(parts) }
    let last = shelf.withLock { $0.sequence }
    return parts.enumerated().map { ($1, last + 1 + Int64($0)) }
  }

  /// A block just written.
  func block(_ summary: BlockSummary, _ encoded: EncodedBlock) -> Block {
    let source: BlockSource = database.map { .database($0) } ?? .memory(encoded)
    return Block(summary: summary, source: source, damage: damage, pool: texts)
  }

  /// The largest stream number of all entries that ever were in the file; 0 in memory. Numbers
  /// beyond it are free.
  package func lastStream() throws(StoreError) -> UInt64 {
    UInt64(max(0, try database?.lastStream() ?? 0))
  }

  /// The blocks at this moment.
  package func snapshot() -> StoreSnapshot {
    shelf.withLock { StoreSnapshot(lists: $0.listed(), sequence: $0.sequence, log: damage) }
  }

  /// Lets blocks go that are older than the limits allow. Call it now and then for live traffic.
  package func expire(now: Timestamp) throws(StoreError) {
    if let age = limits.ageNanoseconds {
      let border = now.advanced(by: -age)
      writing.withLock { _ in
        shelf.withLock { shelf in shelf.retire { block, _ in block.last < border } }
      }
    }
    try enforceBytes()
  }

  private func enforceBytes() throws(StoreError) {
    if let limit = limits.bytes {
      writing.withLock { _ in
        shelf.withLock { shelf in shelf.retire { _, bytes in bytes > limit } }
      }
    }
    try removeRetired()
  }

  /// Removes from the file what was let go and what no snapshot holds any more.
  func removeRetired() throws(StoreError) {
    let removable = shelf.withLock { $0.takeUnheld() }
    if let database, !removable.isEmpty { try database.remove(removable) }
  }

  package var counters: StoreCounters {
    var counters = shelf.withLock { $0.counters }
    for open in openBlocks { for counted in open.counters { counters.add(counted) } }
    counters.blocksDamaged = Int64(damage.count)
    return counters
  }

  /// Writes what waits and closes the file. Snapshots taken from a file cannot be read after it.
  package func close() throws(StoreError) {
    try flush()
    try removeRetired()
    try database?.close()
  }
}
