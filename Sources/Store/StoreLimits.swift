/// How much the store keeps, and how it cuts what it is given.
package struct StoreLimits: Sendable {
  /// Rows at which a block is closed; at most `BlockLimits.rows`.
  package var blockRows = 16_384
  /// Rows of a block of what is still going on: where only those that changed are sent elsewhere,
  /// small ones cost less.
  package var shownRows = 16_384
  /// Bytes of headers and bodies, compressed, at which a block is closed.
  package var blockContentBytes = 16 << 20
  /// Bytes of all blocks; beyond that the oldest leave. Nil keeps everything.
  package var bytes: Int64?
  /// How far back the store reaches, in nanoseconds; `expire(now:)` lets older blocks leave.
  package var ageNanoseconds: Int64?
  /// Bytes of sections read from a file that are kept in memory for the next query.
  package var cacheBytes = 128 << 20
  /// Bytes of texts that blocks share, and of what says which block has which of them, in memory.
  package var textBytes = 64 << 20
  /// Fewest rows of a block whose texts are shared with others: smaller ones are merged soon.
  package var textRows = 4_096
  /// Open blocks of each family: writers beyond that share them.
  package var openBlocks = 4
  /// Longest time in nanoseconds that entries wait in an open block while `advance(to:)` is called.
  package var flushNanoseconds: Int64 = 500_000_000
  /// Blocks of about the same size that are merged to one: so many and no more wait for it.
  package var mergedBlocks = 8

  package init() {}

  /// Rows of a block, at most.
  var rowLimit: Int { min(blockRows, BlockLimits.rows) }

  /// Whether a block is to be merged with others: two halves would gain little by becoming one.
  func isSmall(rows: Int, bytes: Int) -> Bool {
    rows * 2 < rowLimit && bytes * 2 < blockContentBytes
  }

  /// Whether a block is joined with others that come together with it. Half a full block is not worth
  /// that: two of them wait until there is leisure for merging.
  func isJoined(rows: Int, bytes: Int) -> Bool { isSmall(rows: rows * 2, bytes: bytes * 2) }

  /// Rows from which on a block is not joined, whatever its bytes.
  var leastAlone: Int { max(1, (rowLimit + 3) / 4) }
}

/// What the block format allows; a reader refuses what is beyond.
package enum BlockLimits {
  /// Rows of a block. Codes and row numbers fit 32 bits with room to spare.
  package static let rows = 65_536
  /// Sections of a block.
  package static let sections = 65_534
  /// Chunks of headers, or of bodies, that a writer makes: beside those of both there is room for the
  /// sections of all columns.
  static let chunks = sections / 4
  /// Bytes of the header with its small sections.
  package static let headerBytes = 16 << 20
  /// Bytes of one section other than a chunk.
  package static let sectionBytes = 256 << 20
  /// Raw bytes after which a chunk of headers or bodies is closed.
  package static let chunkBytes = 128 << 10
  /// Raw bytes of one chunk: one row may exceed `chunkBytes` by its own length.
  package static let rawChunkBytes = 64 << 20
  /// Bytes of one body, and of one block of header fields, that are kept.
  package static let contentBytes = 8 << 20
  /// Bytes of one text, list or byte string that are kept.
  package static let valueBytes = 1 << 20
  /// Bytes of all distinct values of one column of a block.
  package static let dictionaryBytes = 128 << 20
}

/// What the store did and what it turned away, since it was opened.
package struct StoreCounters: Hashable, Sendable {
  /// Entries given to `append`.
  package var entriesAppended: Int64 = 0
  /// Blocks written, by `append` or `insert`.
  package var blocksInserted: Int64 = 0
  /// Blocks given to `insert` that were there already.
  package var blocksRepeated: Int64 = 0
  /// Blocks that retention removed, and what was in them.
  package var blocksExpired: Int64 = 0
  package var rowsExpired: Int64 = 0
  package var bytesExpired: Int64 = 0
  /// Small blocks that were merged into larger ones.
  package var blocksMerged: Int64 = 0
  /// Blocks that could not be read and are skipped.
  package var blocksDamaged: Int64 = 0
  /// Values longer than `BlockLimits.valueBytes`, cut.
  package var valuesCut: Int64 = 0
  /// Bodies and header blocks longer than `BlockLimits.contentBytes`, cut.
  package var contentsCut: Int64 = 0
  /// Values left out because their field holds another type in the same block.
  package var valuesMismatched: Int64 = 0
  /// Values left out because their entry has one of that field already: the first stays.
  package var valuesRepeated: Int64 = 0
  /// Entries lost because their block could not be written.
  package var entriesLost: Int64 = 0

  package init() {}

  mutating func add(_ other: BlockBuilder.Counters) {
    valuesCut += other.valuesCut
    contentsCut += other.contentsCut
    valuesMismatched += other.valuesMismatched
    valuesRepeated += other.valuesRepeated
  }
}
