import Store

/// A set of rows of one block.
struct Bitmap: Sendable {
  /// Bit r % 64 of word r / 64 is row r; bits past the last row are 0.
  private(set) var words: [UInt64]
  /// Rows of the block.
  let rows: Int

  /// No row, or every row.
  init(rows: Int, filled: Bool) {
    self.rows = rows
    words = [UInt64](repeating: filled ? .max : 0, count: (rows + 63) / 64)
    if filled, rows % 64 != 0, let last = words.indices.last {
      words[last] = 1 << UInt64(rows % 64) - 1
    }
  }

  /// The rows whose bits are set in `words`, which are as many as `rows` needs.
  init(words: [UInt64], rows: Int) {
    self.rows = rows
    self.words = words
    if rows % 64 != 0, let last = words.indices.last {
      self.words[last] &= 1 << UInt64(rows % 64) - 1
    }
  }

  /// The rows of `base` for which `isIn` holds; no other row is asked about.
  @inline(__always)
  init(in base: Bitmap, where isIn: (Int) -> Bool) {
    rows = base.rows
    words = base.words
    for index in words.indices {
      var rest = words[index]
      guard rest != 0 else { continue }
      let start = index << 6
      var kept: UInt64 = 0
      while rest != 0 {
        let bit = rest.trailingZeroBitCount
        if isIn(start + bit) { kept |= 1 << UInt64(bit) }
        rest &= rest - 1
      }
      words[index] = kept
    }
  }

  /// The same for conditions that are quick and may be asked of any row: without a branch a row
  /// where many are left.
  @inline(__always)
  init(inWords base: Bitmap, where isIn: (Int) -> Bool) {
    rows = base.rows
    words = base.words
    for index in words.indices {
      var rest = words[index]
      guard rest != 0 else { continue }
      let start = index << 6
      var kept: UInt64 = 0
      if rest.nonzeroBitCount > 12, start + 64 <= rows {
        for bit in 0..<64 { kept |= (isIn(start + bit) ? 1 : 0) << UInt64(bit) }
        kept &= rest
      } else {
        while rest != 0 {
          let bit = rest.trailingZeroBitCount
          if isIn(start + bit) { kept |= 1 << UInt64(bit) }
          rest &= rest - 1
        }
      }
      words[index] = kept
    }
  }

  /// The rows of `base` that have a value, and whose value is in `dense`: bit n of that is the
  /// nth value there is.
  init(spreading dense: Bitmap, over presence: Presence, in base: Bitmap) {
    rows = base.rows
    words = base.words
    var next = 0
    for index in words.indices {
      let present = presence.words[index]
      let count = present.nonzeroBitCount
      defer { next += count }
      var bits = dense.bits(from: next, count: count)
      guard bits != 0 else {
        words[index] = 0
        continue
      }
      if present == .max {
        words[index] &= bits
        continue
      }
      var rest = present
      var kept: UInt64 = 0
      while bits != 0 {
        let row = rest & ~(rest &- 1)
        if bits & 1 == 1 { kept |= row }
        rest &= rest &- 1
        bits >>= 1
      }
      words[index] &= kept
    }
  }

  /// Up to 64 bits from that row on.
  private func bits(from row: Int, count: Int) -> UInt64 {
    guard count > 0 else { return 0 }
    let (index, shift) = (row >> 6, UInt64(row & 63))
    var bits = words[index] >> shift
    if shift > 0, index + 1 < words.count { bits |= words[index + 1] << (64 - shift) }
    return count == 64 ? bits : bits & (1 << UInt64(count) - 1)
  }

  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
  var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
  subscript(row: Int) -> Bool { words[row >> 6] >> UInt64(row & 63) & 1 == 1 }

  mutating func insert(_ row: Int) { words[row >> 6] |= 1 << UInt64(row & 63) }
  mutating func formUnion(_ other: Bitmap) {
    for index in words.indices { words[index] |= other.words[index] }
  }
  mutating func formIntersection(_ other: Bitmap) {
    for index in words.indices { words[index] &= other.words[index] }
  }
  mutating func subtract(_ other: Bitmap) {
    for index in words.indices { words[index] &= ~other.words[index] }
  }

  /// Takes out the rows outside `range`.
  mutating func keep(_ range: Range<Int>) {
    for index in words.indices {
      let start = index << 6
      let low = min(max(range.lowerBound - start, 0), 64)
      let high = min(max(range.upperBound - start, 0), 64)
      // A shift by 64 gives 0, as it must.
      let below = (1 as UInt64) << UInt64(low) &- 1
      let within = (1 as UInt64) << UInt64(high) &- 1
      words[index] &= within & ~below
    }
  }

  /// Takes out the rows of a set that is as long, given by its words.
  mutating func subtract(_ other: [UInt64]) {
    for index in words.indices { words[index] &= ~other[index] }
  }

  /// Runs `body` with each row, ascending.
  @inline(__always)
  func forEach(_ body: (Int) -> Void) {
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        body(index << 6 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
  }

  /// Runs `body` with each row, ascending, until it gives false.
  @inline(__always)
  func forEachAscending(_ body: (Int) -> Bool) {
    for index in words.indices {
      var rest = words[index]
      while rest != 0 {
        guard body(index << 6 + rest.trailingZeroBitCount) else { return }
        rest &= rest - 1
      }
    }
  }

  /// Runs `body` with each row, descending, until it gives false.
  @inline(__always)
  func forEachDescending(_ body: (Int) -> Bool) {
    for index in words.indices.reversed() {
      var rest = words[index]
      while rest != 0 {
        let bit = 63 - rest.leadingZeroBitCount
        guard body(index << 6 + bit) else { return }
        rest &= ~(1 << UInt64(bit))
      }
    }
  }

  /// The first row; nil when there is none.
  var first: Int? {
    guard let index = words.firstIndex(where: { $0 != 0 }) else { return nil }
    return index << 6 + words[index].trailingZeroBitCount
  }
}
