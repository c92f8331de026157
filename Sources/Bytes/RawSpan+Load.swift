// Fixed-offset loads. Each checks its bounds once; a caller that has checked the length of a whole
// header pays one compare per field (style rule 2), which the branch predictor hides.

extension RawSpan {
  /// The byte at `offset`.
  @inlinable @inline(__always)
  package func byte(_ offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// Two bytes at `offset` in network order.
  @inlinable @inline(__always)
  package func big16(_ offset: Int) -> UInt16 {
    unsafe UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// Four bytes at `offset` in network order.
  @inlinable @inline(__always)
  package func big32(_ offset: Int) -> UInt32 {
    unsafe UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// Eight bytes at `offset` in network order.
  @inlinable @inline(__always)
  package func big64(_ offset: Int) -> UInt64 {
    unsafe UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// Two bytes at `offset`, least significant first.
  @inlinable @inline(__always)
  package func little16(_ offset: Int) -> UInt16 {
    unsafe UInt16(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// Four bytes at `offset`, least significant first.
  @inlinable @inline(__always)
  package func little32(_ offset: Int) -> UInt32 {
    unsafe UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// Eight bytes at `offset`, least significant first.
  @inlinable @inline(__always)
  package func little64(_ offset: Int) -> UInt64 {
    unsafe UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// Three bytes at `offset` in network order (HTTP/2 frame lengths, Diameter, TLS handshakes).
  @inlinable @inline(__always)
  package func big24(_ offset: Int) -> UInt32 {
    UInt32(byte(offset)) << 16 | UInt32(big16(offset + 1))
  }

  /// The bytes of `range`, without a copy.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  package func slice(_ range: Range<Int>) -> RawSpan { extracting(range) }

  /// The bytes from `offset` to the end, without a copy.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  package func suffix(from offset: Int) -> RawSpan { extracting(offset..<byteCount) }

  /// The first `count` bytes, or all when there are fewer, without a copy.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  package func prefix(_ count: Int) -> RawSpan { extracting(0..<Swift.min(count, byteCount)) }
}
