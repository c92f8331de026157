import Bytes

/// The options at the end of a block (draft-ietf-opsawg-pcapng §3.5): code, length, value,
/// padding.
///
/// Ends at the end-of-options code, at the end of the block, or where a length makes no sense.
struct Options {
  /// Codes that every block may carry.
  static let comment: UInt16 = 1
  /// Of an enhanced packet block.
  static let dropCount: UInt16 = 4

  private let order: ByteOrder
  private var at: Int
  private let end: Int
  /// An option claimed more bytes than its block has.
  private(set) var isBroken = false

  init(_ order: ByteOrder, _ range: Range<Int>) {
    self.order = order
    at = range.lowerBound
    end = range.upperBound
  }

  /// The next option: its code, and where its value lies in `bytes`.
  mutating func next(in bytes: RawSpan) -> (code: UInt16, value: Range<Int>)? {
    guard end - at >= 4 else { return nil }
    let code = order.load16(bytes, at)
    let length = Int(order.load16(bytes, at + 2))
    guard code != 0 else { return nil }
    guard length <= end - at - 4 else {
      isBroken = true
      return nil
    }
    let value = at + 4..<at + 4 + length
    at = min(end, at + 4 + (length + 3) & ~3)
    return (code, value)
  }
}

extension RawSpan {
  /// The text of an option, without zero bytes at its end and cut to `limit` bytes.
  func optionText(_ range: Range<Int>, limit: Int) -> String {
    var end = Swift.min(range.upperBound, range.lowerBound + limit)
    while end > range.lowerBound, byte(end - 1) == 0 { end -= 1 }
    return text(range.lowerBound..<end)
  }
}
