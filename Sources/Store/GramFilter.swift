import Bytes

/// Which three bytes follow each other in the texts of a column: says of a part of a text that it is
/// in none of them, from a few KB instead of all of them.
///
/// As stored: 2^n bits, a whole number of bytes. Three neighbouring bytes a, b, c of a text set the
/// bit `(a + 256 b + 65,536 c) × 0x9e3779b1 mod 2^32`, of which the upper n bits count.
package struct GramFilter: Sendable {
  /// Bytes that are looked at together.
  static let length = 3
  /// Least and largest binary logarithm of the number of bits.
  static let logarithms = 10...17
  /// Bits for each bit that is set, at least, as far as the largest number allows.
  private static let spread = 8

  private let data: SectionBytes
  private let shift: UInt32

  init(parsing data: SectionBytes, logarithm: Int) throws(WireError) {
    guard data.count == 1 << (logarithm - 3) else { throw WireError(.invalid) }
    self.data = data
    shift = UInt32(32 - logarithm)
  }

  /// Whether a text may contain `part`. "No" is certain.
  package func mayContain(_ part: [UInt8]) -> Bool {
    let bits = data.array.rawSpan.slice(data.range)
    var isPossible = true
    Self.forEachHash(of: part.rawSpan) { hash in
      let bit = Int(hash >> shift)
      if bits.byte(bit >> 3) >> UInt8(bit & 7) & 1 == 0 { isPossible = false }
    }
    return isPossible
  }

  /// The filter for the values of an interner, and the logarithm of its bits.
  static func encoded(_ interner: Interner) -> (bytes: [UInt8], logarithm: Int) {
    let top = logarithms.upperBound
    var words = [UInt64](repeating: 0, count: 1 << (top - 6))
    var marked = words.mutableSpan
    for code in 1...max(interner.count, 1) where code <= interner.count {
      forEachHash(of: interner.bytes.rawSpan.slice(interner.range(code))) { hash in
        let bit = Int(hash &>> UInt32(32 - top))
        marked[bit >> 6] |= 1 &<< UInt64(bit & 63)
      }
    }
    let set = words.reduce(0) { $0 + $1.nonzeroBitCount }
    var logarithm = logarithms.lowerBound
    while logarithm < top, 1 << logarithm < set * spread { logarithm += 1 }
    // Upper bits of a hash count, so that neighbours fall together in a smaller filter.
    var bytes = [UInt8](repeating: 0, count: 1 << (logarithm - 3))
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        let bit = (index << 6 + rest.trailingZeroBitCount) >> (top - logarithm)
        bytes[bit >> 3] |= 1 << UInt8(bit & 7)
        rest &= rest - 1
      }
    }
    return (bytes, logarithm)
  }

  @inline(__always)
  private static func forEachHash(of bytes: RawSpan, _ body: (UInt32) -> Void) {
    guard bytes.byteCount >= length else { return }
    var gram = UInt32(bytes.byte(0)) << 8 | UInt32(bytes.byte(1)) << 16
    for offset in (length - 1)..<bytes.byteCount {
      gram = gram >> 8 | UInt32(bytes.byte(offset)) << 16
      body(gram &* 0x9e37_79b1)
    }
  }
}
