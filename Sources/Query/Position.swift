import KFL

/// Where an entry stands in an order. No two entries of a store have equal positions, and an
/// entry keeps its position for good, also when its block is merged with others: what a cursor
/// needs to stay right while entries arrive.
struct Position: Sendable {
  /// Latency in µs, -1 without one; 0 in orders by time.
  var latency: Int64
  /// Nanoseconds since 1970.
  var instant: Int64
  var stream: Int64
  var index: Int64
  /// When it came into the store: settles ties between nodes.
  var arrival: Int64
  /// The row in its block at the moment, which is no part of the order.
  var row: Int

  /// Whether this comes before `other` on the way through the pages.
  func precedes(_ other: Position, in order: Query.Order) -> Bool {
    switch order {
    case .oldest: key < other.key
    case .newest: other.key < key
    case .latency:
      latency != other.latency ? latency > other.latency : other.key < key
    }
  }

  private var key: (Int64, Int64, Int64, Int64) { (instant, stream, index, arrival) }
}

/// A cursor as text: version, a mark of the query it belongs to, and the last position shown.
enum PageCursor {
  private static let version = "2"

  static func text(_ position: Position, mark: UInt32) -> String {
    var text = version + "." + String(mark, radix: 36)
    for number in [
      position.latency, position.instant, position.stream, position.index, position.arrival,
    ] {
      text += "."
      text += String(number, radix: 36)
    }
    return text
  }

  /// - Throws: a sentence on what is wrong with it.
  static func position(_ text: String, mark: UInt32) throws(QueryError) -> Position {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let numbers = parts.dropFirst(2).compactMap { Int64($0, radix: 36) }
    guard parts.first.map(String.init) == version, parts.count == 7, numbers.count == 5,
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
      arrival: numbers[4], row: 0)
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
