// Sequence numbers wrap: only their distance has a meaning (RFC 9293 §3.4).

extension UInt32 {
  /// Bytes from `other` to here, negative when `other` is ahead; right while both are less than
  /// 2 GiB apart.
  func distance(from other: UInt32) -> Int { Int(Int32(truncatingIfNeeded: self &- other)) }

  /// Whether this position lies behind `other` in the stream.
  func isAfter(_ other: UInt32) -> Bool { distance(from: other) > 0 }

  /// This position moved on by `count` bytes.
  func advanced(by count: Int) -> UInt32 { self &+ UInt32(truncatingIfNeeded: count) }
}
