/// Which rows of a block have a value.
package struct Presence: Sendable {
  /// Bit r % 64 of word r / 64 is row r. Bits past the last row are 0.
  package let words: [UInt64]
  /// Rows of the block.
  package let rows: Int
  /// Rows that have a value.
  package let count: Int
  /// Values in the rows before each word.
  private let before: [UInt32]

  /// - Parameter words: as many as `rows` needs; bits past the last row are ignored.
  init(words: [UInt64], rows: Int) {
    var words = words
    if rows % 64 != 0, let last = words.indices.last { words[last] &= 1 << UInt64(rows % 64) - 1 }
    var before: [UInt32] = []
    before.reserveCapacity(words.count)
    var count = 0
    for word in words {
      before.append(UInt32(count))
      count += word.nonzeroBitCount
    }
    (self.words, self.rows, self.count, self.before) = (words, rows, count, before)
  }

  package subscript(row: Int) -> Bool { words[row >> 6] >> UInt64(row & 63) & 1 == 1 }

  /// How many rows before `row` have a value: where the value of `row` lies.
  func rank(_ row: Int) -> Int {
    let below = words[row >> 6] & (1 << UInt64(row & 63) - 1)
    return Int(before[row >> 6]) + below.nonzeroBitCount
  }

  /// `dense`, one value for each row that has one, spread over all rows; `absent` elsewhere.
  func spread<Value>(_ dense: [Value], absent: Value) -> [Value] {
    var result = [Value](repeating: absent, count: rows)
    var next = 0
    for (index, word) in words.enumerated() {
      var bits = word
      while bits != 0 {
        result[index << 6 + bits.trailingZeroBitCount] = dense[next]
        next += 1
        bits &= bits - 1
      }
    }
    return result
  }
}
