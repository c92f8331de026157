import Bytes

/// A stretch of a shared array: one section of a block, without a copy.
struct SectionBytes: Sendable {
  let array: [UInt8]
  let range: Range<Int>

  init(_ array: [UInt8], _ range: Range<Int>) { (self.array, self.range) = (array, range) }
  init(_ array: [UInt8]) { self.init(array, 0..<array.count) }

  var count: Int { range.count }

  /// The part of it from `offset`, `count` bytes long.
  /// - Throws: `WireError.truncated` when there are fewer.
  func part(at offset: Int, count: Int) throws(WireError) -> SectionBytes {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
      throw WireError(.truncated, at: offset)
    }
    let start = range.lowerBound + offset
    return SectionBytes(array, start..<start + count)
  }

  /// A copy of the bytes.
  var bytes: [UInt8] { Array(array[range]) }
}
