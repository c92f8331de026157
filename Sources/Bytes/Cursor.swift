/// A reading position in borrowed bytes.
///
/// For the variable parts of a format; fixed headers check their length once and use the
/// constant-offset loads of `RawSpan`. A cursor cannot outlive the bytes it reads: the compiler
/// proves it. Every read that would pass the end throws `WireError.truncated` and moves nothing.
package struct Cursor: ~Escapable {
  @usableFromInline internal let bytes: RawSpan
  /// Bytes read so far.
  package private(set) var offset: Int

  @inlinable
  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan, at offset: Int = 0) {
    self.bytes = bytes
    self.offset = offset
  }

  /// Bytes not yet read.
  package var remaining: Int { bytes.byteCount - offset }
  package var isAtEnd: Bool { offset >= bytes.byteCount }

  package mutating func uint8() throws(WireError) -> UInt8 {
    let at = try advance(by: 1)
    return bytes.byte(at)
  }
  package mutating func big16() throws(WireError) -> UInt16 {
    let at = try advance(by: 2)
    return bytes.big16(at)
  }
  package mutating func big24() throws(WireError) -> UInt32 {
    let at = try advance(by: 3)
    return bytes.big24(at)
  }
  package mutating func big32() throws(WireError) -> UInt32 {
    let at = try advance(by: 4)
    return bytes.big32(at)
  }
  package mutating func big64() throws(WireError) -> UInt64 {
    let at = try advance(by: 8)
    return bytes.big64(at)
  }
  package mutating func little16() throws(WireError) -> UInt16 {
    let at = try advance(by: 2)
    return bytes.little16(at)
  }
  package mutating func little32() throws(WireError) -> UInt32 {
    let at = try advance(by: 4)
    return bytes.little32(at)
  }
  package mutating func little64() throws(WireError) -> UInt64 {
    let at = try advance(by: 8)
    return bytes.little64(at)
  }

  /// The next `count` bytes, without a copy.
  @_lifetime(copy self)
  package mutating func take(_ count: Int) throws(WireError) -> RawSpan {
    let at = try advance(by: count)
    return bytes.extracting(at..<at + count)
  }

  /// Moves past `count` bytes.
  package mutating func skip(_ count: Int) throws(WireError) {
    _ = try advance(by: count)
  }

  /// What is left, without a copy; the cursor is at the end afterwards.
  @_lifetime(copy self)
  package mutating func rest() -> RawSpan {
    let start = offset
    offset = bytes.byteCount
    return bytes.extracting(start..<offset)
  }

  /// Moves past `count` bytes and gives the offset where they begin.
  private mutating func advance(by count: Int) throws(WireError) -> Int {
    guard count >= 0, count <= bytes.byteCount - offset else {
      throw WireError(.truncated, at: offset)
    }
    defer { offset += count }
    return offset
  }
}
