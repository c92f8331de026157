import Bytes
package import Entries

/// One column of one block, ready to be scanned or to be asked for single rows.
package enum Column: Sendable {
  case bools(BoolColumn)
  case ints(IntColumn)
  /// Nanoseconds since 1970.
  case instants(IntColumn)
  case texts(TextColumn)
  case bytes(BytesColumn)
  case textLists(TextListColumn)
  case pairs(PairsColumn)
  case numbers(NumbersColumn)

  /// - Parameters:
  ///   - type: from the block's header.
  ///   - count: rows that have a value.
  init(
    parsing section: SectionBytes, type: FieldType, presence: Presence?, count: Int
  ) throws(WireError) {
    switch type {
    case .bool:
      self = .bools(
        BoolColumn(try IntColumn(parsing: section, presence: presence, count: count)))
    case .int: self = .ints(try IntColumn(parsing: section, presence: presence, count: count))
    case .instant:
      self = .instants(try IntColumn(parsing: section, presence: presence, count: count))
    case .text: self = .texts(try TextColumn(parsing: section, presence: presence, count: count))
    case .bytes: self = .bytes(try BytesColumn(parsing: section, presence: presence, count: count))
    case .texts:
      self = .textLists(try TextListColumn(parsing: section, presence: presence, count: count))
    case .pairs: self = .pairs(try PairsColumn(parsing: section, presence: presence, count: count))
    case .numbers:
      self = .numbers(try NumbersColumn(parsing: section, presence: presence, count: count))
    case .record: throw WireError(.unsupported)
    }
  }

  /// The value of one row; `.none` when it has none.
  package func value(at row: Int) -> FieldValue {
    switch self {
    case .bools(let column): column.value(at: row).map(FieldValue.bool) ?? .none
    case .ints(let column): column.value(at: row).map(FieldValue.int) ?? .none
    case .instants(let column):
      column.value(at: row).map { .instant(Timestamp(nanoseconds: $0)) } ?? .none
    case .texts(let column): column.value(at: row).map(FieldValue.text) ?? .none
    case .bytes(let column): column.value(at: row).map(FieldValue.bytes) ?? .none
    case .textLists(let column): column.value(at: row).map { .texts($0.texts) } ?? .none
    case .pairs(let column): column.value(at: row).map { .pairs($0.pairs) } ?? .none
    case .numbers(let column): column.value(at: row).map { .numbers($0.numbers) } ?? .none
    }
  }

  /// Which rows have a value; nil when all have.
  package var presence: Presence? {
    switch self {
    case .bools(let column): column.presence
    case .ints(let column), .instants(let column): column.presence
    case .texts(let column): column.presence
    case .bytes(let column): column.presence
    case .textLists(let column): column.presence
    case .pairs(let column): column.presence
    case .numbers(let column): column.presence
    }
  }
}
