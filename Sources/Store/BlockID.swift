import Bytes

/// Names a block by its content: 128 bits made from its header, which holds the checksum of every
/// other section. The same block inserted twice is recognised by it.
package struct BlockID: Hashable, Sendable, CustomStringConvertible {
  package var high: UInt64
  package var low: UInt64

  package init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

  /// The id of a block with that header (the bytes after the prefix).
  init(header: RawSpan) {
    high = stableHash(header, seed: 0x6b73_6862_6c6f_636b)
    low = stableHash(header, seed: 0x636f_6e74_656e_7473)
  }

  /// Reads 32 hexadecimal digits; nil when they are not.
  package init?(_ text: some StringProtocol) {
    guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
      let low = UInt64(text.suffix(16), radix: 16), !text.contains("+")
    else { return nil }
    self.init(high: high, low: low)
  }

  /// 32 hexadecimal digits.
  package var description: String {
    hex(bytes)
  }
}
