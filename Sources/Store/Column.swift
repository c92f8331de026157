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
  ///   - section: the integers, or the codes.
  ///   - dictionary: what codes stand for; nil for integers.
  ///   - info: from the block's header.
  init(
    parsing section: SectionBytes, dictionary: ValueDictionary?, _ info: ColumnInfo,
    presence: Presence?
  ) throws(WireError) {
    func ints() throws(WireError) -> IntColumn {
      try IntColumn(parsing: section, presence: presence, count: info.present)
    }
    func coded<Value>() throws(WireError) -> CodedColumn<Value> {
      guard let dictionary else { throw WireError(.invalid) }
      return try CodedColumn(
        dictionary: dictionary, codes: section, presence: presence, count: info.present)
    }
    switch info.type {
    case .bool: self = .bools(BoolColumn(try ints()))
    case .int: self = .ints(try ints())
    case .instant: self = .instants(try ints())
    case .text: self = .texts(try coded())
    case .bytes: self = .bytes(try coded())
    case .texts: self = .textLists(try coded())
    case .pairs: self = .pairs(try coded())
    case .numbers: self = .numbers(try coded())
    case .record: throw WireError(.unsupported)
    }
  }

  /// The value of one row, below the block's `rows`; `.none` when it has none.
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

extension Column {
  /// Codes by row; nil for a column of numbers.
  package func codes() -> [UInt32]? {
    switch self {
    case .bools, .ints, .instants: nil
    case .texts(let column): column.codes()
    case .bytes(let column): column.codes()
    case .textLists(let column): column.codes()
    case .pairs(let column): column.codes()
    case .numbers(let column): column.codes()
    }
  }

  /// Length of a table by code.
  package var codeCount: Int {
    switch self {
    case .bools, .ints, .instants: 1
    case .texts(let column): column.codeCount
    case .bytes(let column): column.codeCount
    case .textLists(let column): column.codeCount
    case .pairs(let column): column.codeCount
    case .numbers(let column): column.codeCount
    }
  }

  /// The value of a code; `.none` for 0.
  package func fieldValue(code: UInt32) -> FieldValue {
    switch self {
    case .bools, .ints, .instants: .none
    case .texts(let column): column.value(code: code).map(FieldValue.text) ?? .none
    case .bytes(let column): column.value(code: code).map(FieldValue.bytes) ?? .none
    case .textLists(let column): column.value(code: code).map { .texts($0.texts) } ?? .none
    case .pairs(let column): column.value(code: code).map { .pairs($0.pairs) } ?? .none
    case .numbers(let column): column.value(code: code).map { .numbers($0.numbers) } ?? .none
    }
  }
}
