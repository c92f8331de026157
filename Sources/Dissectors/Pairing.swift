import Bytes
import Flows

/// The unfinished exchanges of one conversation, oldest first.
///
/// Finding by key is a scan that begins with the oldest: where replies come in order it ends at
/// once. Where many wait, as in a capture of one direction, keys are looked up in an index. A
/// position holds until the next exchange is inserted or taken.
struct Pairing {
  private var keys: [UInt64] = []
  /// Nil where an exchange was taken.
  private var exchanges: [Exchange?] = []
  /// Positions before this one are taken.
  private var head = 0
  /// Positions from this one on, of which there may be memory, are free.
  private var end = 0
  private(set) var count = 0
  /// Nil while a scan is short.
  private var index: PairingIndex?
  /// Positions before these hold no open message of that side: a gap ends all there are, and many
  /// gaps with many exchanges would look at each of them again and again.
  private var settled = BySide(client: 0, server: 0)

  /// Positions up to which a scan is short.
  private static let shortScan = 16
  /// Positions that may be holes whatever the number of exchanges, and for which memory is kept.
  private static let spare = 64

  /// Files an exchange and gives its position.
  mutating func insert(_ exchange: consuming Exchange, key: UInt64) {
    if end > 2 * count + Self.spare { compact() }
    if end < keys.count {
      keys[end] = key
      exchanges[end] = consume exchange
    } else {
      keys.append(key)
      exchanges.append(consume exchange)
    }
    end += 1
    count += 1
    if index != nil {
      index?.append(end - 1, of: keys)
    } else if end - head > Self.shortScan {
      // What is taken does not go into the index.
      if head > 0 { compact() }
      if index == nil {
        keys.removeSubrange(end...)
        exchanges.removeSubrange(end...)
        index = PairingIndex(keys)
      }
    }
  }

  /// Position of the oldest exchange of `key` that satisfies `matches`.
  @inline(__always)
  func position(of key: UInt64, where matches: (borrowing Exchange) -> Bool) -> Int? {
    // Looked at where they lie: each reference that is held meanwhile would be counted.
    let exchanges = exchanges.span
    var at = index == nil ? scanned(key, from: head) : indexed(key, from: 0)
    while at < end {
      if exchanges[at] != nil, matches(exchanges[at]!) { return at }
      at = index == nil ? scanned(key, from: at + 1) : indexed(key, from: at + 1)
    }
    return nil
  }

  /// Whether an exchange of `key` may be there: else there is none.
  @inline(__always)
  func mayHold(_ key: UInt64) -> Bool {
    count > 0 && (index == nil ? scanned(key, from: head) : indexed(key, from: 0)) < end
  }

  /// The first position from `start` on with that key; beyond all positions when there is none.
  private func scanned(_ key: UInt64, from start: Int) -> Int {
    let keys = keys.span
    var at = start
    while at < end, keys[at] != key { at += 1 }
    return at
  }

  /// Where `key` stands next, at `start` or behind; beyond all positions when it does not.
  private func indexed(_ key: UInt64, from start: Int) -> Int {
    (start == 0 ? index?.first(key, of: keys) : index?.next(start - 1)) ?? end
  }

  /// The exchange at a position; nil when it was taken.
  subscript(position: Int) -> Exchange? { exchanges[position] }

  /// Takes out the exchange at a position.
  mutating func take(_ position: Int) -> Exchange? {
    guard let taken = exchanges[position] else { return nil }
    remove(position)
    return taken
  }

  /// Lends the exchange that is at a position, which stays its own: `giveBack` or `remove` comes next.
  mutating func lend(_ position: Int) -> Exchange {
    var lent: Exchange?
    swap(&lent, &exchanges[position])
    guard let lent else { preconditionFailure("no exchange at \(position)") }
    return lent
  }

  /// Takes back what `lend` gave.
  mutating func giveBack(_ exchange: consuming Exchange, to position: Int) {
    exchanges[position] = consume exchange
  }

  /// Takes out the exchange that is at a position, or was lent from there.
  mutating func remove(_ position: Int) {
    exchanges[position] = nil
    count -= 1
    if count == 0 {
      // What is there is overwritten, which costs less than to clear it away.
      if keys.count >= Self.spare { (keys, exchanges) = ([], []) }
      (head, end) = (0, 0)
      if index != nil { index = nil }
      settled = BySide(client: 0, server: 0)
    } else {
      index?.remove(position, of: keys)
      while head < end, exchanges[head] == nil { head += 1 }
    }
  }

  /// Position of the oldest exchange.
  var oldest: Int? { count == 0 ? nil : head }

  /// Positions that may hold an exchange, oldest first.
  var positions: Range<Int> { head..<end }

  /// Positions that may hold an open message of `side`, oldest first.
  func unsettled(_ side: Side) -> Range<Int> {
    min(max(head, settled[side]), end)..<end
  }

  /// All messages of `side` that were open have ended.
  mutating func settle(_ side: Side) { settled[side] = end }

  /// The exchange at a position got another message.
  mutating func resumed(_ position: Int) {
    settled.client = min(settled.client, position)
    settled.server = min(settled.server, position)
  }

  /// Key of the exchange at a position.
  func key(_ position: Int) -> UInt64 { keys[position] }

  /// Closes the holes that taken exchanges left.
  private mutating func compact() {
    var kept = 0
    for at in head..<end where exchanges[at] != nil {
      keys[kept] = keys[at]
      exchanges.swapAt(kept, at)
      kept += 1
    }
    keys.removeSubrange(kept...)
    exchanges.removeSubrange(kept...)
    (head, end) = (0, kept)
    settled = BySide(client: 0, server: 0)
    index = kept > Self.shortScan ? PairingIndex(keys) : nil
  }
}

/// Where each key stands in a list of keys that grows at its end.
///
/// An open-addressing table of positions, which holds no keys of its own. What was removed keeps its
/// place in it until the key comes again or the table grows.
private struct PairingIndex {
  /// One more than the first position of a key; 0 is a free place.
  private var table: [UInt32]
  /// By position: the next one with the same key, 0 when there is none, or `gone`.
  private var following: [UInt32] = []
  /// By position, for the first one of a key: the last one of it.
  private var lasts: [UInt32] = []

  /// Nothing of that key is left.
  private static let gone = UInt32.max

  init(_ keys: [UInt64]) {
    var places = 64
    while places < keys.count * 4 { places *= 2 }
    table = [UInt32](repeating: 0, count: places)
    following.reserveCapacity(keys.count * 2)
    lasts.reserveCapacity(keys.count * 2)
    for position in keys.indices { append(position, of: keys) }
  }

  /// Adds the position that follows on those that are here.
  mutating func append(_ position: Int, of keys: [UInt64]) {
    following.append(0)
    lasts.append(UInt32(position))
    if following.count * 2 > table.count { grow(keys) }
    let place = place(of: keys[position], keys)
    let first = Int(table[place]) - 1
    if first < 0 || following[first] == Self.gone {
      table[place] = UInt32(position + 1)
    } else {
      following[Int(lasts[first])] = UInt32(position)
      lasts[first] = UInt32(position)
    }
  }

  func first(_ key: UInt64, of keys: [UInt64]) -> Int? {
    let first = Int(table[place(of: key, keys)]) - 1
    return first < 0 || following[first] == Self.gone ? nil : first
  }

  func next(_ position: Int) -> Int? {
    let next = following[position]
    return next == 0 || next == Self.gone ? nil : Int(next)
  }

  /// The first of its key need not be looked at again; one between others is passed over.
  mutating func remove(_ position: Int, of keys: [UInt64]) {
    let place = place(of: keys[position], keys)
    guard Int(table[place]) == position + 1 else { return }
    let next = following[position]
    if next == 0 {
      following[position] = Self.gone
    } else {
      table[place] = next + 1
      lasts[Int(next)] = lasts[position]
    }
  }

  /// Where in the table the key stands, or would stand.
  private func place(of key: UInt64, _ keys: [UInt64]) -> Int {
    // Keys are a stranger's choice: the seed keeps them from falling together.
    let hash = folded(folded(key ^ hashSeed, hashMultiplier), hashSeed)
    let mask = table.count - 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while table[place] != 0, keys[Int(table[place]) - 1] != key { place = (place + 1) & mask }
    return place
  }

  private mutating func grow(_ keys: [UInt64]) {
    let old = table
    table = [UInt32](repeating: 0, count: old.count * 2)
    for first in old where first != 0 && following[Int(first) - 1] != Self.gone {
      table[place(of: keys[Int(first) - 1], keys)] = first
    }
  }
}
