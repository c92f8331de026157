extension RawSpan {
  /// Which of 64 packed numbers lie in a range, a bit each, the first in the lowest bit.
  ///
  /// One check of bounds for all of them: this is the innermost loop of every filter over numbers.
  ///
  /// - Parameters:
  ///   - offset: where the first number begins; 8 × `width` bytes and 8 more must be there.
  ///   - width: bits of each number, 1...56, first number in the lowest bits.
  ///   - shift: added to each number, wrapping.
  ///   - span: the largest sum that is in the range.
  package func packedMatches(
    at offset: Int, width: Int, adding shift: UInt64, upTo span: UInt64
  ) -> UInt64 {
    precondition(1...56 ~= width && offset >= 0 && offset <= byteCount - 8 * width - 8)
    let mask = (1 as UInt64) << UInt64(width) &- 1
    return unsafe withUnsafeBytes { bytes in
      let first = unsafe bytes.baseAddress! + offset
      var word: UInt64 = 0
      var bit = 0
      for index in 0..<64 as Range<UInt64> {
        let load = unsafe first.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self)
        let number = UInt64(littleEndian: load) &>> UInt64(truncatingIfNeeded: bit & 7) & mask
        word |= (number &+ shift <= span ? 1 : 0) &<< index
        bit &+= width
      }
      return word
    }
  }
}
