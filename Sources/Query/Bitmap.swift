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

  /// The rows of `base` for which `isIn` holds.
  @inline(__always)
  init(in base: Bitmap, where isIn: (Int) -> Bool) {
    rows = base.rows
    words = base.words
    for index in words.indices {
      var rest = words[index]
      guard rest != 0 else { continue }
      let start = index << 6
      var kept: UInt64 = 0
      if rest == .max {
        // The usual case of a first condition: no search for the next bit.
        for bit in 0..<64 where isIn(start + bit) { kept |= 1 << UInt64(bit) }
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
