/// The unfinished exchanges of one conversation, oldest first.
///
/// Finding by key costs a scan that begins with the oldest: where replies come in order it ends at
/// once. A position holds until the next exchange is inserted or taken.
struct Pairing {
  private var keys: [UInt64] = []
  /// Nil where an exchange was taken.
  private var exchanges: [Exchange?] = []
  /// Positions before this one are taken.
  private var head = 0
  private(set) var count = 0

  /// Files an exchange and gives its position.
  mutating func insert(_ exchange: Exchange, key: UInt64) {
    if keys.count > 2 * count + 64 { compact() }
    keys.append(key)
    exchanges.append(exchange)
    count += 1
  }

  /// Position of the oldest exchange of `key` that satisfies `matches`.
  @inline(__always)
  func position(of key: UInt64, where matches: (Exchange) -> Bool) -> Int? {
    var at = head
    while at < keys.count {
      if keys[at] == key, let exchange = exchanges[at], matches(exchange) { return at }
      at += 1
    }
    return nil
  }

  /// The exchange at a position; nil when it was taken.
  subscript(position: Int) -> Exchange? { exchanges[position] }

  /// Takes out the exchange at a position.
  mutating func take(_ position: Int) -> Exchange? {
    guard let taken = exchanges[position].take() else { return nil }
    count -= 1
    if count == 0 {
      let isSmall = keys.count < 64
      keys.removeAll(keepingCapacity: isSmall)
      exchanges.removeAll(keepingCapacity: isSmall)
      head = 0
    } else {
      while head < exchanges.count, exchanges[head] == nil { head += 1 }
    }
    return taken
  }

  /// Position of the oldest exchange.
  var oldest: Int? { count == 0 ? nil : head }

  /// Positions that may hold an exchange, oldest first.
  var positions: Range<Int> { head..<keys.count }

  /// Key of the exchange at a position.
  func key(_ position: Int) -> UInt64 { keys[position] }

  /// Closes the holes that taken exchanges left.
  private mutating func compact() {
    var kept = 0
    for at in head..<keys.count where exchanges[at] != nil {
      keys[kept] = keys[at]
      exchanges.swapAt(kept, at)
      kept += 1
    }
    keys.removeSubrange(kept...)
    exchanges.removeSubrange(kept...)
    head = 0
  }
}
