import Bytes
import Entries

/// Which rows got a value so far.
struct PresenceBuilder: Equatable, Sendable {
  private(set) var count = 0
  /// Not every row from the first on has a value. Most columns never need what follows.
  private var hasGaps = false
  /// Bit r % 64 of word r / 64 is row r, up to the word of the last row.
  private var words: [UInt64] = []
  /// The word of the last row, at hand: rows come one after the other.
  private var word: UInt64 = 0

  /// Rows come in ascending order.
  ///
  /// - Returns: false when the row has a value already.
  @inline(__always)
  @discardableResult
  mutating func insert(_ row: Int) -> Bool {
    if !hasGaps {
      if row == count {
        count += 1
        return true
      }
      spellOut()
    }
    if row >> 6 > words.count { reach(row) }
    let bit: UInt64 = 1 &<< UInt64(truncatingIfNeeded: row & 63)
    guard word & bit == 0 else { return false }
    word |= bit
    count += 1
    return true
  }

  /// All of these rows, which come after those that are there.
  mutating func insert(_ rows: Range<Int>) {
    if hasGaps || rows.lowerBound != count {
      spellOut()
      set(rows)
    }
    count += rows.count
  }

  /// Those of these rows that have a value by the presence of a block; nil is all of them.
  mutating func insert(_ presence: Presence?, _ rows: Range<Int>) {
    guard let presence else { return insert(rows) }
    guard presence.count > 0 else { return }
    spellOut()
    let shift = UInt64(rows.lowerBound & 63)
    for (index, bits) in presence.words.enumerated() where bits != 0 {
      let row = rows.lowerBound + index * 64
      reach(row)
      word |= bits << shift
      // A shift by 64 gives 0, as it must.
      let rest = bits >> (64 - shift)
      if rest != 0 {
        reach(row + 64)
        word |= rest
      }
    }
    count += presence.count
  }

  /// Goes on to the word of a row.
  private mutating func reach(_ row: Int) {
    while words.count < row >> 6 {
      words.append(word)
      word = 0
    }
  }

  /// Makes the words of rows that all have a value.
  private mutating func spellOut() {
    if hasGaps { return }
    hasGaps = true
    set(0..<count)
  }

  private mutating func set(_ rows: Range<Int>) {
    var row = rows.lowerBound
    while row < rows.upperBound {
      reach(row)
      let last = min(rows.upperBound - 1, row | 63)
      word |= UInt64.max << UInt64(row & 63) & UInt64.max >> UInt64(63 - last & 63)
      row = last + 1
    }
  }

  /// The words for that many rows, at least as many as there are.
  func words(rows: Int) -> [UInt64] {
    var presence = self
    presence.spellOut()
    presence.reach(max(rows - 1, 0))
    return presence.words + CollectionOfOne(presence.word)
  }
}

/// Integers, instants or truth values of some rows, in order of arrival.
struct IntColumnBuilder: Sendable {
  let id: FieldID
  let type: FieldType
  private(set) var values: [Int64] = []
  private(set) var presence = PresenceBuilder()

  /// - Parameter room: values it is expected to get.
  init(_ id: FieldID, _ type: FieldType, room: Int = 0) {
    (self.id, self.type) = (id, type)
    values.reserveCapacity(room)
  }

  /// - Returns: false when the row has a value already: that one stays.
  @inline(__always)
  mutating func append(_ value: Int64, row: Int) -> Bool {
    guard presence.insert(row) else { return false }
    values.append(value)
    return true
  }
}

/// Texts, byte strings or lists of some rows, in order of arrival.
struct CodedColumnBuilder: Sendable {
  let id: FieldID
  let type: FieldType
  private(set) var values: [UInt32] = []
  private(set) var presence = PresenceBuilder()
  private(set) var interner = Interner()
  /// Equal byte strings are no longer looked for: messages as they came off the wire nearly all
  /// differ, and nobody asks for one by what it is.
  private var isDiverse = false

  /// Values after which it is decided whether equal ones are worth looking for.
  private static let sample = 512

  init(
    _ id: FieldID, _ type: FieldType, room: BlockBuilder.Room = BlockBuilder.Room()
  ) {
    (self.id, self.type) = (id, type)
    values.reserveCapacity(room.values)
    interner.reserve(values: room.distinct, bytes: room.bytes)
  }

  /// - Returns: bytes by which the dictionary has grown; nil when the row has a value already: that
  ///   one stays.
  @inline(__always)
  mutating func append(_ value: RawSpan, row: Int) -> Int? {
    guard presence.insert(row) else { return nil }
    let before = interner.bytes.count
    if isDiverse {
      interner.append(value)
      values.append(UInt32(interner.count))
    } else {
      values.append(interner.code(value))
      if type == .bytes, values.count == Self.sample { judge() }
    }
    return interner.bytes.count - before
  }

  /// Fewer than one value in sixteen was there before: most of the rest will not be, either.
  private mutating func judge() {
    guard interner.count > Self.sample - Self.sample / 16 else { return }
    isDiverse = true
    interner.forget()
  }
}

/// Values of some rows, in the order of the block.
struct Arranged<Value: Sendable>: Sendable {
  var values: [Value]
  /// Nil when every row has one.
  var words: [UInt64]?
}

/// How rows of arrival become rows of the block.
struct RowOrder: Sendable {
  let rows: Int
  /// Row of arrival of each row of the block; nil when they came in order.
  private let order: [UInt32]?
  /// Row of the block of each row of arrival; empty when they came in order.
  private let places: [UInt32]

  /// The rows by time, then stream, then index, then mark, or arrival where there are no marks.
  init(instants: [Int64], streams: [Int64], indices: [Int64], marks: [Int64] = []) {
    rows = instants.count
    func isBefore(_ a: Int, _ b: Int) -> Bool {
      if instants[a] != instants[b] { return instants[a] < instants[b] }
      if streams[a] != streams[b] {
        return UInt64(bitPattern: streams[a]) < UInt64(bitPattern: streams[b])
      }
      if indices[a] != indices[b] { return indices[a] < indices[b] }
      return marks.isEmpty ? a < b : marks[a] < marks[b]
    }
    guard (1..<max(rows, 1)).contains(where: { isBefore($0, $0 - 1) }) else {
      (order, places) = (nil, [])
      return
    }
    let sorted =
      Self.insertedRows(rows, isBefore) ?? (0..<rows).sorted(by: isBefore).map { UInt32($0) }
    var places = [UInt32](repeating: 0, count: rows)
    for (place, row) in sorted.enumerated() { places[Int(row)] = UInt32(place) }
    (order, self.places) = (sorted, places)
  }

  /// The rows in their order: each put among those before it, mostly a few places from their end, for
  /// conversations go on at the same time. Nil when there is more to move than sorting would cost.
  @inline(__always)
  private static func insertedRows(_ rows: Int, _ isBefore: (Int, Int) -> Bool) -> [UInt32]? {
    /// Places that are looked at one by one.
    let near = 8
    var order: [UInt32] = []
    order.reserveCapacity(rows)
    var moves = 0
    for row in 0..<rows {
      var place = row
      let far = max(0, row - near)
      while place > far, isBefore(row, Int(order[place - 1])) { place -= 1 }
      if place == far, far > 0 {
        var first = 0
        while first < place {
          let middle = (first + place) / 2
          if isBefore(row, Int(order[middle])) { place = middle } else { first = middle + 1 }
        }
      }
      moves += row - place
      if moves > 256 * rows { return nil }
      if row - place > near {
        order.insert(UInt32(truncatingIfNeeded: row), at: place)
        continue
      }
      order.append(UInt32(truncatingIfNeeded: row))
      for later in stride(from: row, to: place, by: -1) { order.swapAt(later, later - 1) }
    }
    return order
  }

  /// One value a row, put in the order of the block.
  func arranged<Value>(_ values: [Value]) -> [Value] {
    guard let order else { return values }
    return order.map { values[Int($0)] }
  }

  /// How values of the rows that have one get into the order of the block.
  func arrangement(of presence: PresenceBuilder) -> RowArrangement {
    guard presence.count < rows else { return RowArrangement(words: nil, order: order) }
    let words = presence.words(rows: rows)
    guard order != nil else { return RowArrangement(words: words, order: nil) }
    var placed = [UInt64](repeating: 0, count: words.count)
    var ranks = [UInt32](repeating: 0, count: rows)
    var next: UInt32 = 0
    forEachBit(of: words) { row in
      let place = Int(places[row])
      placed[place >> 6] |= 1 << UInt64(place & 63)
      ranks[place] = next
      next += 1
    }
    var sorted: [UInt32] = []
    sorted.reserveCapacity(presence.count)
    forEachBit(of: placed) { sorted.append(ranks[$0]) }
    return RowArrangement(words: placed, order: sorted)
  }
}

/// How the values of some rows of arrival become those of a block.
struct RowArrangement: Sendable {
  /// Rows of the block that have a value; nil for all.
  fileprivate let words: [UInt64]?
  /// For each value of the block its place among those of arrival; nil when they came in order.
  fileprivate let order: [UInt32]?

  func arranged<Value: Sendable>(_ values: [Value]) -> Arranged<Value> {
    Arranged(values: order.map { $0.map { values[Int($0)] } } ?? values, words: words)
  }
}

/// How values of some rows get into the order of the block: worked out once for the columns that
/// have the same rows, as those of one protocol mostly do.
struct Arrangements {
  /// Arrangements that are remembered: each may take four bytes a row.
  private static let most = 16

  private let order: RowOrder
  private var known: [(presence: PresenceBuilder, arrangement: RowArrangement)] = []

  init(_ order: RowOrder) { self.order = order }

  mutating func of(_ presence: PresenceBuilder) -> RowArrangement {
    for place in known.indices where known[place].presence == presence {
      return known[place].arrangement
    }
    let made = order.arrangement(of: presence)
    if known.count == Self.most { known.removeFirst() }
    known.append((presence, made))
    return made
  }
}

/// Calls `body` with the number of each bit that is set, ascending.
@inline(__always)
private func forEachBit(of words: [UInt64], _ body: (Int) -> Void) {
  for (index, word) in words.enumerated() {
    var bits = word
    while bits != 0 {
      body(index << 6 + bits.trailingZeroBitCount)
      bits &= bits - 1
    }
  }
}
