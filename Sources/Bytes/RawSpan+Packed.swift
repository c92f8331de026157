extension RawSpan {
  /// Unpacks numbers, each as `base + number × scale`, wrapping.
  ///
  /// One check of bounds for all of them, as for `packedMatches`.
  ///
  /// - Parameters:
  ///   - width: bits of each number, 1...56, first number in the lowest bits; 8 bytes more than
  ///     those of all numbers must be there.
  ///   - target: as long as numbers are wanted.
  package func unpack(
    width: Int, base: Int64, scale: Int64, into target: inout MutableSpan<Int64>
  ) {
    let count = target.count
    precondition(1...56 ~= width && byteCount >= (count * width + 7) / 8 + 8)
    let mask = (1 as UInt64) << UInt64(width) &- 1
    unsafe withUnsafeBytes { bytes in
      unsafe target.withUnsafeMutableBufferPointer { target in
        guard let first = bytes.baseAddress else { return }
        var bit = 0
        for index in 0..<count {
          let load = unsafe first.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self)
          let number = UInt64(littleEndian: load) &>> UInt64(truncatingIfNeeded: bit & 7) & mask
          unsafe target[index] = base &+ Int64(bitPattern: number) &* scale
          bit &+= width
        }
      }
    }
  }

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

  /// Which of 64 packed numbers are a certain one, a bit each, the first in the lowest bit.
  ///
  /// Several numbers are looked at together, and single ones only where one of them fits: meant
  /// for what is rare.
  ///
  /// - Parameter offset: where the first number begins; 8 × `width` bytes and 8 more must be there.
  package func packedMatches(at offset: Int, _ wanted: PackedNumber) -> UInt64 {
    precondition(offset >= 0 && offset <= byteCount - 8 * wanted.width - 8)
    let (width, lanes) = (wanted.width, wanted.lanes)
    return unsafe withUnsafeBytes { bytes in
      let first = unsafe bytes.baseAddress! + offset
      var word: UInt64 = 0
      var (index, bit) = (0, 0)
      while index < 64 {
        let load = unsafe first.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self)
        let numbers = UInt64(littleEndian: load) &>> UInt64(truncatingIfNeeded: bit & 7)
        let difference = (numbers ^ wanted.pattern) & wanted.all
        // Taking one from each lane borrows into the highest bit of a lane that is zero.
        if (difference &- wanted.ones) & ~difference & wanted.highs != 0 {
          var rest = difference
          for lane in index..<Swift.min(index + lanes, 64) {
            if rest & wanted.own == 0 { word |= 1 &<< UInt64(truncatingIfNeeded: lane) }
            rest &>>= UInt64(truncatingIfNeeded: width)
          }
        }
        index &+= lanes
        bit &+= lanes &* width
      }
      return word
    }
  }
}

/// A number that is looked for among packed ones of a certain width, as often as one word holds it.
package struct PackedNumber {
  let width: Int
  /// A load that is shifted by up to seven bits has so many numbers whole.
  let lanes: Int
  /// The bits of the lowest lane, of all lanes, and the lowest and highest bit of each.
  let own, all, ones, highs: UInt64
  /// The number in each lane.
  let pattern: UInt64

  /// - Parameters:
  ///   - value: of no more than `width` bits.
  ///   - width: bits of each packed number, 1...56.
  package init(_ value: UInt64, width: Int) {
    precondition(1...56 ~= width && value >> UInt64(width) == 0)
    self.width = width
    lanes = 57 / width
    own = 1 << UInt64(width) - 1
    all = .max >> UInt64(64 - lanes * width)
    ones = all / own
    highs = ones << UInt64(width - 1)
    pattern = ones &* value
  }
}
