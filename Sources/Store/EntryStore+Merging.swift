import Bytes
import Entries
import Synchronization

// Live traffic makes a block for every half second. Merging keeps their number small, so that
// queries do not slow down with them.
extension EntryStore {
  /// Merges small blocks as long as some are due; returns at once when another thread does.
  ///
  /// Readers see the small blocks or the large one, never both, and the process may be killed at
  /// any moment: a merge is one transaction. Sources that cannot be read are left as they are.
  ///
  /// - Parameters:
  ///   - sequence: blocks up to that number are left alone.
  ///   - notes: what is noted down together with each merge, given the number of the new block: for
  ///     whoever remembers how far the store was filled by the number of its last block.
  ///   - isCancelled: asked before each merge; true leaves the rest for another time.
  package func merge(
    after sequence: Int64 = .min, noting notes: (Int64) -> [String: [UInt8]?] = { _ in [:] },
    isCancelled: () -> Bool = { false }
  ) throws(StoreError) {
    let result: Result<Void, StoreError>? = merging.withLockIfAvailable { _ in
      Result { () throws(StoreError) in try mergeAll(sequence, notes, isCancelled) }
    }
    try result?.get()
    try removeRetired()
  }

  /// Merges small blocks until no more than `count` are left or none is due, once the thread that
  /// merges just now has let go.
  package func merge(downTo count: Int) throws(StoreError) {
    let result: Result<Void, StoreError> = merging.withLock { _ in
      Result { () throws(StoreError) in
        try mergeAll(.min, { _ in [:] }, { smallBlocks <= count })
      }
    }
    try result.get()
    try removeRetired()
  }

  private func mergeAll(
    _ sequence: Int64, _ notes: (Int64) -> [String: [UInt8]?], _ isCancelled: () -> Bool
  ) throws(StoreError) {
    while !isCancelled(),
      let sources = shelf.withLock({ $0.dueForMerge(limits, after: sequence) })
    { try merge(sources, notes) }
  }

  /// Blocks that wait to be merged. Whoever brings more of them than are merged meanwhile does well
  /// to wait: each costs memory, and every question time.
  package var smallBlocks: Int { shelf.withLock { $0.smallBlocks(limits) } }

  private func merge(
    _ sources: [Block], _ notes: (Int64) -> [String: [UInt8]?]
  ) throws(StoreError) {
    // Rows that are equal in all else stay in order of arrival.
    let sources = sources.sorted { $0.sequence < $1.sequence }
    let merged: (block: EncodedBlock, marks: [Int64])
    do throws(MergeFailure) {
      var arrivals: [Int64] = []
      for (place, source) in sources.enumerated() {
        guard let numbers = try? source.arrivals() else { throw MergeFailure(source: place) }
        arrivals += (0..<source.rows).map { numbers[$0] }
      }
      merged = try BlockMerge.merged(sources, arrivals)
    } catch {
      return shelf.withLock { $0.note(unmergeable: sources[error.source].sequence) }
    }
    try writing.withLock { (_) throws(StoreError) in
      // Retention may have been faster.
      let (areThere, next) = shelf.withLock { shelf in
        (sources.allSatisfy { shelf.ids[$0.id] == $0.sequence }, shelf.sequence + 1)
      }
      guard areThere else { return }
      guard let summary = try replace(sources, with: merged, next, notes) else {
        // A block of the same content is there: these rows were sent in two ways.
        return shelf.withLock { shelf in
          for source in sources { shelf.note(unmergeable: source.sequence) }
        }
      }
      let block = block(summary, merged.block)
      shelf.withLock { $0.replace(sources, with: block, keepsIDs: database == nil) }
    }
  }

  private func replace(
    _ sources: [Block], with merged: (block: EncodedBlock, marks: [Int64]), _ next: Int64,
    _ notes: (Int64) -> [String: [UInt8]?]
  ) throws(StoreError) -> BlockSummary? {
    guard let database else {
      return BlockSummary(
        sequence: next, header: merged.block.header, arrivals: .inMemory(merged.marks))
    }
    var encoded: [UInt8] = []
    PackedInts.encode(merged.marks, into: &encoded)
    return try database.merge(
      merged.block, arrivals: encoded, replacing: sources.map(\.sequence), noting: notes)
  }
}
