import Bytes

extension Cursor {
  /// A signed eight-byte number.
  mutating func int64() throws(WireError) -> Int64 { Int64(bitPattern: try little64()) }
}
