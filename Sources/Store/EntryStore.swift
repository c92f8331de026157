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

  /// The open blocks.
  private struct Builders: ~Copyable {
    var calls: BlockBuilder
    var connections: BlockBuilder
  }

  package let limits: StoreLimits
  private let database: BlockDatabase?
  private let builders: Mutex<Builders>
  private let shelf: Mutex<BlockShelf>
  /// Held while a block is written, so that blocks become visible in order of arrival.
  private let writing = Mutex(())
  private let damage = DamageLog()

  /// Opens or makes the store; blocks that were there are visible at once.
  package init(_ place: Place, limits: StoreLimits = StoreLimits()) throws(StoreError) {
    self.limits = limits
    builders = Mutex(
      Builders(
        calls: BlockBuilder(.calls, limits: limits),
        connections: BlockBuilder(.connections, limits: limits)))
    var shelf = BlockShelf()
    switch place {
    case .memory: database = nil
    case .file(let path):
      let database = try BlockDatabase(path: path, cacheBytes: limits.cacheBytes)
      let (summaries, broken) = try database.summaries()
      for summary in summaries {
        shelf.add(Block(summary: summary, source: .database(database), damage: damage))
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
    var next = 0
    while next < entries.count {
      let full: BlockBuilder? = builders.withLock { builders in
        while next < entries.count {
          let place = next
          next += 1
          // In place: a copy of an entry counts a dozen references.
          if entries[place].kind.isCall {
            builders.calls.append(entries[place])
            if builders.calls.isFull { return builders.calls.taken() }
          } else {
            builders.connections.append(entries[place])
            if builders.connections.isFull { return builders.connections.taken() }
          }
        }
        return nil
      }
      if let full {
        do throws(StoreError) { try close(full) } catch { failure = failure ?? error }
      }
    }
    shelf.withLock { $0.counters.entriesAppended += Int64(entries.count) }
    if let failure { throw failure }
  }

  /// Closes and writes the open blocks, so that all entries taken in so far are visible and safe.
  /// (A block that another thread is just closing becomes visible when its `append` returns.)
  package func flush() throws(StoreError) {
    let calls = builders.withLock { $0.calls.taken() }
    let connections = builders.withLock { $0.connections.taken() }
    var failure: StoreError?
    do throws(StoreError) { try close(calls) } catch { failure = error }
    do throws(StoreError) { try close(connections) } catch { failure = failure ?? error }
    if let failure { throw failure }
  }

  /// Entries that wait in open blocks.
  package var waiting: Int { builders.withLock { $0.calls.rows + $0.connections.rows } }

  private func close(_ builder: consuming BlockBuilder) throws(StoreError) {
    let counters = builder.counters
    let rows = builder.rows
    shelf.withLock { $0.counters.add(counters) }
    guard let block = builder.finish() else { return }
    do throws(StoreError) {
      try insert(block)
    } catch {
      shelf.withLock { $0.counters.entriesLost += Int64(rows) }
      throw error
    }
  }

  /// Shows these entries in place of those given before: records of what is still going on, which
  /// will be appended when it is over. They are kept in memory only.
  package func show(open entries: [Entry]) {
    var builder = BlockBuilder(.connections, limits: limits)
    var blocks: [EncodedBlock] = []
    for entry in entries {
      builder.append(entry)
      guard builder.isFull else { continue }
      if let block = builder.taken().finish() { blocks.append(block) }
    }
    if let block = builder.finish() { blocks.append(block) }
    shelf.withLock { shelf in
      shelf.passing = blocks.map { encoded in
        // Numbered from below, apart from the blocks that stay.
        shelf.passingSequence -= 1
        return Block(
          summary: BlockSummary(sequence: shelf.passingSequence, header: encoded.header),
          source: .memory(encoded), damage: damage)
      }
    }
  }

  /// Takes a whole block in, as another store or builder made it.
  ///
  /// - Returns: false when it was there already; nothing has changed then.
  @discardableResult
  package func insert(_ encoded: EncodedBlock) throws(StoreError) -> Bool {
    let inserted = try writing.withLock { (_) throws(StoreError) -> Bool in
      try insertWhileWriting(encoded)
    }
    try enforceBytes()
    return inserted
  }

  private func insertWhileWriting(_ encoded: EncodedBlock) throws(StoreError) -> Bool {
    let (known, next) = shelf.withLock { shelf in
      (shelf.ids[encoded.id] != nil, shelf.sequence + 1)
    }
    var summary: BlockSummary?
    if !known {
      summary =
        if let database { try database.insert(encoded) } else {
          BlockSummary(sequence: next, header: encoded.header)
        }
    }
    guard let summary else {
      shelf.withLock { $0.counters.blocksRepeated += 1 }
      return false
    }
    let source: BlockSource = database.map { .database($0) } ?? .memory(encoded)
    let block = Block(summary: summary, source: source, damage: damage)
    shelf.withLock { shelf in
      shelf.add(block)
      shelf.settleLast()
      shelf.counters.blocksInserted += 1
    }
    return true
  }

  /// The blocks at this moment.
  package func snapshot() -> StoreSnapshot {
    shelf.withLock { StoreSnapshot(lists: $0.listed(), sequence: $0.sequence, log: damage) }
  }

  /// Lets blocks go that are older than the limits allow. Call it now and then for live traffic.
  package func expire(now: Timestamp) throws(StoreError) {
    if let age = limits.ageNanoseconds {
      let border = now.advanced(by: -age)
      shelf.withLock { shelf in shelf.retire { block, _ in block.last < border } }
    }
    try enforceBytes()
  }

  private func enforceBytes() throws(StoreError) {
    if let limit = limits.bytes {
      shelf.withLock { shelf in shelf.retire { _, bytes in bytes > limit } }
    }
    try removeRetired()
  }

  /// Removes from the file what was let go and what no snapshot holds any more.
  private func removeRetired() throws(StoreError) {
    let removable = shelf.withLock { $0.takeUnheld() }
    if let database, !removable.isEmpty { try database.remove(removable) }
  }

  package var counters: StoreCounters {
    var counters = shelf.withLock { $0.counters }
    let open = builders.withLock { ($0.calls.counters, $0.connections.counters) }
    counters.add(open.0)
    counters.add(open.1)
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
