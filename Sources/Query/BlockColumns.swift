import Entries
import Store
import Synchronization

/// The columns of one block, each taken apart once and kept for the next who asks.
final class BlockColumns: Sendable {
  let block: Block
  private let columns = Mutex<[FieldID: Column?]>([:])

  init(_ block: Block) { self.block = block }

  /// A column; nil when no row of the block has a value for that field.
  func column(_ id: FieldID) throws(StoreError) -> Column? {
    if let known = columns.withLock({ $0[id] }) { return known }
    let column = try block.column(id)
    columns.withLock { $0[id] = .some(column) }
    return column
  }

  /// The value of one row; `.none` also where the column cannot be read, which the store notes as
  /// damage.
  func value(_ id: FieldID, _ row: Int) -> FieldValue {
    (try? column(id))?.value(at: row) ?? .none
  }
}
