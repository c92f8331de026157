import Entries
import Store
import Synchronization

/// The columns of one block, each taken apart once and kept for the next who asks.
final class BlockColumns: Sendable {
  let block: Block
  private let known = Mutex(Known())

  /// Few, so plain lists; a look-up is a search among small numbers.
  private struct Known {
    var ids: [FieldID] = []
    var columns: [Held?] = []
  }

  /// A column that is looked at where it is: a copy would count a dozen references.
  private final class Held: Sendable {
    let column: Column

    init(_ column: Column) { self.column = column }
  }

  init(_ block: Block) { self.block = block }

  /// A column; nil when no row of the block has a value for that field.
  func column(_ id: FieldID) throws(StoreError) -> Column? { try held(id)?.column }

  private func held(_ id: FieldID) throws(StoreError) -> Held? {
    let found = known.withLock { known in known.ids.firstIndex(of: id).map { known.columns[$0] } }
    if let found { return found }
    let made = try block.column(id).map { Held($0) }
    known.withLock { known in
      known.ids.append(id)
      known.columns.append(made)
    }
    return made
  }

  /// The value of one row; `.none` also where the column cannot be read, which the store notes as
  /// damage.
  func value(_ id: FieldID, _ row: Int) -> FieldValue {
    (try? held(id))?.column.value(at: row) ?? .none
  }
}

/// Columns of the blocks that were asked last, kept from query to query: small calls one after the
/// other take them apart once.
package final class ColumnShelf: Sendable {
  /// Rows of all blocks on the shelf, at most: bounds what they hold in memory.
  static let maxRows = 65_536
  /// Blocks on the shelf, at most.
  static let maxBlocks = 64

  /// The latest asked is the last.
  private let held = Mutex<[BlockColumns]>([])

  package init() {}

  func columns(of block: Block) -> BlockColumns {
    held.withLock { held in
      if let place = held.lastIndex(where: { $0.block === block }) {
        let found = held.remove(at: place)
        held.append(found)
        return found
      }
      let made = BlockColumns(block)
      guard block.rows <= Self.maxRows / 2 else { return made }
      held.append(made)
      var rows = held.reduce(0) { $0 + $1.block.rows }
      while rows > Self.maxRows || held.count > Self.maxBlocks {
        rows -= held.removeFirst().block.rows
      }
      return made
    }
  }
}
