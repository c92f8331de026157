import Bytes

/// A column of 64-bit integers; instants are nanoseconds since 1970.
package struct IntColumn: Sendable {
  /// Nil when every row has a value.
  package let presence: Presence?
  private let packed: PackedInts

  init(parsing section: SectionBytes, presence: Presence?, count: Int) throws(WireError) {
    var offset = 0
    packed = try PackedInts(parsing: section, at: &offset, count: count)
    guard offset == section.count else { throw WireError(.invalid, at: offset) }
    self.presence = presence
  }

  /// The value of every row; `absent` where there is none. About a nanosecond a row: keep it.
  package func values(absent: Int64 = 0) -> [Int64] {
    let dense = packed.decoded()
    return presence.map { $0.spread(dense, absent: absent) } ?? dense
  }

  /// The values of the rows that have one, in order.
  package func denseValues() -> [Int64] { packed.decoded() }

  /// How many rows have a value.
  package var count: Int { packed.count }

  /// Whether the values of the rows that have one are other than 0, a bit each, the first in the
  /// lowest bit of the first word; bits past the last are 0.
  func words() -> [UInt64] { packed.words() }

  /// Which values of the rows that have one lie in `range`, a bit each; nil where the column has to
  /// be unpacked to tell.
  package func words(in range: ClosedRange<Int64>) -> [UInt64]? { packed.words(in: range) }

  /// The value of one row, for reading a few; nil when it has none.
  package func value(at row: Int) -> Int64? {
    if let presence, !presence[row] { return nil }
    return packed[presence?.rank(row) ?? row]
  }
}

/// A column of truth values.
package struct BoolColumn: Sendable {
  private let ints: IntColumn

  init(_ ints: IntColumn) { self.ints = ints }

  /// Nil when every row has a value.
  package var presence: Presence? { ints.presence }

  /// Rows that have a value.
  package var count: Int { ints.count }

  /// The values of the rows that have one, a bit each, the first in the lowest bit of the first
  /// word; bits past the last are 0.
  package func words() -> [UInt64] { ints.words() }

  /// The value of every row; `absent` where there is none.
  package func values(absent: Bool = false) -> [Bool] {
    ints.values(absent: absent ? 1 : 0).map { $0 != 0 }
  }

  /// The value of one row, nil when it has none.
  package func value(at row: Int) -> Bool? { ints.value(at: row).map { $0 != 0 } }
}
