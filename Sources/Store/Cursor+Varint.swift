import Bytes

extension Cursor {
  /// A number as `append(varint:)` writes it, at most `limit`.
  /// - Throws: `WireError` `.truncated`, or `.tooLarge` beyond the limit.
  mutating func varint(limit: Int) throws(WireError) -> Int {
    let start = offset
    var value: UInt64 = 0
    for shift in Swift.stride(from: 0, to: 63, by: 7) {
      let byte = try uint8()
      value |= UInt64(byte & 0x7f) << UInt64(shift)
      if byte < 0x80 {
        guard limit >= 0, value <= UInt64(limit) else { throw WireError(.tooLarge, at: start) }
        return Int(value)
      }
    }
    throw WireError(.tooLarge, at: start)
  }

  /// A signed eight-byte number.
  mutating func int64() throws(WireError) -> Int64 { Int64(bitPattern: try little64()) }
}
