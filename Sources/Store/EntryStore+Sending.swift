import Synchronization

// A store whose blocks are sent to another one and kept only until they have arrived.
extension EntryStore {
  /// The blocks that stay, in order of arrival: those shown for what is still open are not among
  /// them.
  package func arrived() -> [Block] {
    snapshot().blocks.filter { $0.sequence > 0 }.sorted { $0.sequence < $1.sequence }
  }

  /// What there is to send: the blocks that stay, in order of arrival, and those shown for what is
  /// still open. A connection is in one of them at most, or its block comes later.
  package func outgoing() -> (blocks: [Block], open: [EncodedBlock]) {
    let (blocks, settled, shown) = shelf.withLock { ($0.blocks, $0.settled, $0.shown(by: "")) }
    return (
      blocks.filter { $0.sequence <= settled ?? .max }.sorted { $0.sequence < $1.sequence },
      shown.compactMap { if case .memory(let encoded) = $0.source { encoded } else { nil } }
    )
  }

  /// A whole block, as it was made or came here.
  ///
  /// - Throws: `.damaged` when a checksum does not hold.
  package func encoded(_ block: Block) throws(StoreError) -> EncodedBlock {
    switch block.source {
    case .memory(let encoded): return encoded
    case .database(let database):
      return try block.noted { () throws(StoreError) -> EncodedBlock in
        try EncodedBlock(parsing: try database.whole(block.sequence))
      }
    }
  }

  /// Lets the blocks of these numbers go, which another store has now. They do not count as
  /// expired.
  package func remove(_ sequences: Set<Int64>) throws(StoreError) {
    guard !sequences.isEmpty else { return }
    writing.withLock { _ in shelf.withLock { $0.retire(sequences) } }
    try removeRetired()
  }
}
