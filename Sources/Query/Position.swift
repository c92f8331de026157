import KFL

/// Where an entry stands in an order. No two entries of a store have equal positions, and an
/// entry keeps its position for good: what a cursor needs to stay right while entries arrive.
struct Position: Hashable, Sendable {
  /// Latency in µs, -1 without one; 0 in orders by time.
  var latency: Int64
  /// Nanoseconds since 1970.
  var instant: Int64
  var stream: Int64
  var index: Int64
  /// Of the block in its store, and the row in it: settles ties between nodes.
  var sequence: Int64
  var row: Int64

  /// Whether this comes before `other` on the way through the pages.
  func precedes(_ other: Position, in order: Query.Order) -> Bool {
    switch order {
    case .oldest: key < other.key
    case .newest: other.key < key
    case .latency:
      latency != other.latency ? latency > other.latency : other.key < key
    }
  }

  private var key: (Int64, Int64, Int64, Int64, Int64) { (instant, stream, index, sequence, row) }
}

/// A cursor as text: version, a mark of the query it belongs to, and the last position shown.
enum PageCursor {
  private static let version = "1"

  static func text(_ position: Position, mark: UInt32) -> String {
    let numbers = [
      position.latency, position.instant, position.stream, position.index, position.sequence,
      position.row,
    ]
    return ([version, String(mark, radix: 36)] + numbers.map { String($0, radix: 36) })
      .joined(separator: ".")
  }

  /// - Throws: a sentence on what is wrong with it.
  static func position(_ text: String, mark: UInt32) throws(QueryError) -> Position {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let numbers = parts.dropFirst(2).compactMap { Int64($0, radix: 36) }
    guard parts.first.map(String.init) == version, parts.count == 8, numbers.count == 6,
      let found = UInt32(parts[1], radix: 36)
    else {
      throw .badCursor("That is no cursor; give next_cursor of an earlier answer as it is.")
    }
    guard found == mark else {
      throw .badCursor(
        "The cursor belongs to another filter or order; ask again without it, or repeat the "
          + "arguments it came from.")
    }
    return Position(
      latency: numbers[0], instant: numbers[1], stream: numbers[2], index: numbers[3],
      sequence: numbers[4], row: numbers[5])
  }

  /// The mark of a query: a digest (FNV-1a) of what must not change between its pages.
  static func mark(_ query: Query) -> UInt32 {
    var hash: UInt32 = 0x811c_9dc5
    func add(_ byte: UInt8) { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
    for filter in query.filters {
      for byte in filter.normalForm.utf8 { add(byte) }
      add(0)
    }
    add(query.order.rawValue)
    return hash
  }
}
