package import Bytes

/// The blocks of a store at one moment: immutable, consistent, ordered by time.
///
/// Blocks that arrive or expire later change nothing in it. Ordered by first row, then last row,
/// then arrival; the time ranges of neighbours may overlap.
package struct StoreSnapshot: Sendable {
  private let lists: BlockLists
  /// The largest sequence number in it, 0 when empty: blocks beyond it came later.
  package let sequence: Int64
  private let log: DamageLog

  init(lists: BlockLists, sequence: Int64, log: DamageLog) {
    (self.lists, self.sequence, self.log) = (lists, sequence, log)
  }

  /// All blocks, oldest first.
  package var blocks: [Block] { lists.everything.oldestFirst }

  /// Blocks of one family, oldest first.
  package func blocks(_ family: BlockFamily) -> [Block] { list(family).oldestFirst }

  /// Blocks of one family, or all, from either end of time.
  package func list(_ family: BlockFamily? = nil) -> BlockList {
    switch family {
    case .calls: lists.calls
    case .connections: lists.connections
    case nil: lists.everything
    }
  }

  /// The block of that sequence number; nil when it is not (or no longer) there.
  package func block(sequence: Int64) -> Block? { blocks.first { $0.sequence == sequence } }

  /// Rows of all blocks, or of one family.
  package func rows(_ family: BlockFamily? = nil) -> Int {
    list(family).rows
  }

  /// First and last timestamp; nil when empty.
  package var range: ClosedRange<Timestamp>? { lists.everything.range }

  /// Bytes of all blocks.
  package var byteCount: Int64 { blocks.reduce(0) { $0 + Int64($1.byteCount) } }

  /// Blocks that could not be read so far, with what is wrong with them. Grows while columns are
  /// read: ask at the end of a query.
  package var damage: [BlockDamage] {
    let all = log.all
    guard !all.isEmpty else { return [] }
    let here = Set(blocks.lazy.map(\.sequence))
    return all.filter { $0.block == nil || here.contains($0.sequence) }
  }
}
