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
  private(set) var count = 0
  /// Nil while a scan is short.
  private var index: PairingIndex?
  /// Positions before these hold no open message of that side: a gap ends all there are, and many
  /// gaps with many exchanges would look at each of them again and again.
  private var settled = BySide(client: 0, server: 0)

  /// Positions up to which a scan is short.
  private static let shortScan = 64

  /// Files an exchange and gives its position.
  mutating func insert(_ exchange: Exchange, key: UInt64) {
    if keys.count > 2 * count + Self.shortScan { compact() }
    keys.append(key)
    exchanges.append(exchange)
    count += 1
    if index != nil {
      index?.append(key)
    } else if keys.count - head > Self.shortScan {
      index = PairingIndex(keys)
    }
  }

  /// Position of the oldest exchange of `key` that satisfies `matches`.
  @inline(__always)
  func position(of key: UInt64, where matches: (Exchange) -> Bool) -> Int? {
    var at = index == nil ? scanned(key, from: head) : indexed(key, from: 0)
    while at < keys.count {
      if let exchange = exchanges[at], matches(exchange) { return at }
      at = index == nil ? scanned(key, from: at + 1) : indexed(key, from: at + 1)
    }
    return nil
  }

  /// Whether an exchange of `key` may be there: else there is none.
  func mayHold(_ key: UInt64) -> Bool {
    (index == nil ? scanned(key, from: head) : indexed(key, from: 0)) < keys.count
  }

  /// The first position from `start` on with that key; beyond all positions when there is none.
  private func scanned(_ key: UInt64, from start: Int) -> Int {
    let keys = keys.span
    var at = start
    while at < keys.count, keys[at] != key { at += 1 }
    return at
  }

  /// Where `key` stands next, at `start` or behind; beyond all positions when it does not.
  private func indexed(_ key: UInt64, from start: Int) -> Int {
    (start == 0 ? index?.first(key) : index?.next(start - 1)) ?? keys.count
  }

  /// The exchange at a position; nil when it was taken.
  subscript(position: Int) -> Exchange? { exchanges[position] }

  /// Takes out the exchange at a position.
  mutating func take(_ position: Int) -> Exchange? {
    guard let taken = exchanges[position] else { return nil }
    remove(position)
    return taken
  }

  /// Takes out the exchange that is at a position.
  mutating func remove(_ position: Int) {
    exchanges[position] = nil
    count -= 1
    if count == 0 {
      let isSmall = keys.count < Self.shortScan
      keys.removeAll(keepingCapacity: isSmall)
      exchanges.removeAll(keepingCapacity: isSmall)
      head = 0
      index = nil
      settled = BySide(client: 0, server: 0)
    } else {
      index?.remove(keys[position], at: position)
      while head < exchanges.count, exchanges[head] == nil { head += 1 }
    }
  }

  /// Position of the oldest exchange.
  var oldest: Int? { count == 0 ? nil : head }

  /// Positions that may hold an exchange, oldest first.
  var positions: Range<Int> { head..<keys.count }

  /// Positions that may hold an open message of `side`, oldest first.
  func unsettled(_ side: Side) -> Range<Int> {
    min(max(head, settled[side]), keys.count)..<keys.count
  }

  /// All messages of `side` that were open have ended.
  mutating func settle(_ side: Side) { settled[side] = keys.count }

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
    for at in head..<keys.count where exchanges[at] != nil {
      keys[kept] = keys[at]
      exchanges.swapAt(kept, at)
      kept += 1
    }
    keys.removeSubrange(kept...)
    exchanges.removeSubrange(kept...)
    head = 0
    settled = BySide(client: 0, server: 0)
    index = kept > Self.shortScan ? PairingIndex(keys) : nil
  }
}

/// Where each key stands in a list of keys that grows at its end.
private struct PairingIndex {
  private struct Place {
    var first: Int
    var last: Int
  }

  private var places: [UInt64: Place] = [:]
  /// By position: the next one with the same key, 0 when there is none.
  private var following: [Int] = []

  init(_ keys: [UInt64]) {
    places.reserveCapacity(keys.count)
    following.reserveCapacity(keys.count)
    for key in keys { append(key) }
  }

  mutating func append(_ key: UInt64) {
    let position = following.count
    following.append(0)
    if let last = places[key]?.last {
      following[last] = position
      places[key]?.last = position
    } else {
      places[key] = Place(first: position, last: position)
    }
  }

  func first(_ key: UInt64) -> Int? { places[key]?.first }

  func next(_ position: Int) -> Int? { following[position] == 0 ? nil : following[position] }

  /// The first of its key need not be looked at again; one between others is passed over.
  mutating func remove(_ key: UInt64, at position: Int) {
    guard places[key]?.first == position else { return }
    if following[position] == 0 {
      places[key] = nil
    } else {
      places[key]?.first = following[position]
    }
  }
}
