// What formats of ours are written with: little-endian numbers, varints, counted bytes, text.

extension [UInt8] {
  /// Two bytes, least significant first.
  @inlinable
  package mutating func append(little value: UInt16) {
    append(addingCapacity: 2) { $0.append(memoryOf: value.littleEndian) }
  }

  /// Four bytes, least significant first.
  @inlinable
  package mutating func append(little value: UInt32) {
    append(addingCapacity: 4) { $0.append(memoryOf: value.littleEndian) }
  }

  /// Eight bytes, least significant first.
  @inlinable
  package mutating func append(little value: UInt64) {
    append(addingCapacity: 8) { $0.append(memoryOf: value.littleEndian) }
  }

  /// Puts four bytes, least significant first, in place of those at `offset`.
  @inlinable
  package mutating func replace(at offset: Int, little value: UInt32) {
    precondition(offset >= 0 && offset <= count - 4, "four bytes at \(offset) of \(count)")
    unsafe withUnsafeMutableBytes {
      unsafe $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
    }
  }

  /// An unsigned number, seven bits a byte, lowest first; the high bit says that more follow.
  package mutating func append(varint value: Int) {
    for byte in VarintBytes(value) { append(byte) }
  }

  /// A number of bytes, then the bytes.
  package mutating func append(counted bytes: RawSpan) {
    append(varint: bytes.byteCount)
    append(bytes)
  }

  /// The text of an address, its length in front.
  package mutating func append(counted address: IPAddress) {
    append(addingCapacity: 1 + IPAddress.maxText) { target in
      let start = target.count
      target.append(0)
      address.write(to: &target)
      // Less than 128, so that the length is one byte.
      target[start] = UInt8(target.count - start - 1)
    }
  }

  /// A copy of `text`, in which ill-formed UTF-8 is repaired with U+FFFD.
  package mutating func append(text: RawSpan) {
    if text.isASCII { append(text) } else { append(contentsOf: text.text().utf8) }
  }

  /// A copy of the parts of `text` at `places`, with `separator` between them, in which ill-formed
  /// UTF-8 is repaired with U+FFFD.
  ///
  /// - Parameter separator: a byte in ASCII.
  package mutating func append(
    text: RawSpan, at places: [Range<Int>], separatedBy separator: UInt8
  ) {
    let start = count
    var length = places.count
    for place in places { length += place.count }
    append(addingCapacity: length) { target in
      for place in places {
        target.append(text.slice(place))
        target.append(separator)
      }
    }
    if length > 0 { removeLast() }
    if rawSpan.suffix(from: start).isASCII { return }
    let repaired = rawSpan.suffix(from: start).text()
    removeLast(count - start)
    append(contentsOf: repaired.utf8)
  }

  /// The bytes of `text`.
  package mutating func append(text: StaticString) {
    unsafe append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}

extension OutputSpan<UInt8> {
  /// Appends a copy of `bytes`, for which there must be room.
  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func append(_ bytes: RawSpan) {
    precondition(bytes.byteCount <= freeCapacity, "no room for the bytes")
    unsafe withUnsafeMutableBufferPointer { target, count in
      unsafe bytes.withUnsafeBytes { source in
        guard let base = target.baseAddress, let first = source.baseAddress else { return }
        unsafe UnsafeMutableRawPointer(base + count)
          .copyMemory(from: first, byteCount: source.count)
      }
      count += bytes.byteCount
    }
  }

  /// Appends the bytes of a number as they lie in memory, for which there must be room.
  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  internal mutating func append<Number: BitwiseCopyable>(memoryOf number: Number) {
    let length = MemoryLayout<Number>.size
    precondition(length <= freeCapacity, "no room for a number")
    unsafe withUnsafeMutableBufferPointer { target, count in
      guard let base = target.baseAddress else { return }
      unsafe UnsafeMutableRawPointer(base + count).storeBytes(of: number, as: Number.self)
      count += length
    }
  }

  /// Appends the lowest `length` bytes of a number, least significant first, for all of which there
  /// must be room.
  @inline(__always)
  @_lifetime(self: copy self)
  internal mutating func append(_ length: Int, of number: UInt128) {
    precondition(0...16 ~= length && freeCapacity >= 16, "no room for a number")
    unsafe withUnsafeMutableBufferPointer { target, count in
      guard let base = target.baseAddress else { return }
      unsafe UnsafeMutableRawPointer(base + count)
        .storeBytes(of: number.littleEndian, as: UInt128.self)
      count += length
    }
  }

  /// Appends the digits of a number, for which there must be room: twenty bytes for the longest.
  @_lifetime(self: copy self)
  package mutating func append(decimal number: UInt64) {
    let start = count
    var rest = number
    repeat {
      append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    // The last digit came first.
    var (low, high) = (start, count - 1)
    while low < high {
      swapAt(low, high)
      low += 1
      high -= 1
    }
  }

  /// Appends eight bytes, least significant first, for which there must be room.
  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func append(little value: UInt64) { append(memoryOf: value.littleEndian) }

  /// Appends a number as `[UInt8].append(varint:)` does, for which there must be room: ten bytes for
  /// the longest.
  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func append(varint value: Int) {
    if value & ~0x7f == 0 {
      append(UInt8(truncatingIfNeeded: value))
    } else {
      append(longVarint: value)
    }
  }

  @usableFromInline
  @_lifetime(self: copy self)
  internal mutating func append(longVarint value: Int) {
    for byte in VarintBytes(value) { append(byte) }
  }

  /// Appends the bytes of `text`, for which there must be room.
  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func append(text: StaticString) {
    let length = text.utf8CodeUnitCount
    precondition(length <= freeCapacity, "no room for the text")
    unsafe withUnsafeMutableBufferPointer { target, count in
      guard let base = target.baseAddress else { return }
      unsafe UnsafeMutableRawPointer(base + count)
        .copyMemory(from: text.utf8Start, byteCount: length)
      count += length
    }
  }

  /// Puts four bytes, least significant first, in place of those at `offset`.
  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func replace(at offset: Int, little value: UInt32) {
    precondition(offset >= 0 && offset <= count - 4, "four bytes at the offset")
    unsafe withUnsafeMutableBufferPointer { target, _ in
      guard let base = target.baseAddress else { return }
      unsafe UnsafeMutableRawPointer(base + offset)
        .storeBytes(of: value.littleEndian, as: UInt32.self)
    }
  }
}

extension RawSpan {
  /// Whether no byte is above 0x7f.
  package var isASCII: Bool {
    let count = byteCount
    var seen: UInt64 = 0
    // The last bytes of the longer ones are looked at once more.
    if count >= 8 {
      var offset = 0
      while offset + 8 < count {
        seen |= little64(offset)
        offset += 8
      }
      seen |= little64(count - 8)
    } else if count >= 4 {
      seen = UInt64(little32(0) | little32(count - 4))
    } else {
      for offset in 0..<count { seen |= UInt64(byte(offset)) }
    }
    return seen & 0x8080_8080_8080_8080 == 0
  }
}

/// The bytes of a number as `append(varint:)` appends them.
private struct VarintBytes: Sequence, IteratorProtocol {
  private var rest: UInt64
  private var isOver = false

  @inline(__always)
  init(_ value: Int) { rest = UInt64(bitPattern: Int64(value)) }

  @inline(__always)
  mutating func next() -> UInt8? {
    if isOver { return nil }
    isOver = rest < 0x80
    defer { rest >>= 7 }
    return UInt8(truncatingIfNeeded: rest & 0x7f) | (isOver ? 0 : 0x80)
  }
}

extension RawSpan {
  /// Whether all bytes are printable ASCII: no control, and none above 0x7e.
  package var isPlainASCII: Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let count = byteCount
    var found: UInt64 = 0
    if count >= 8 {
      var offset = 0
      while offset + 8 < count {
        let word = little64(offset)
        found |= (word &+ ones) | (word &- 0x20 * ones)
        offset += 8
      }
      // The last eight bytes, some of them perhaps for the second time.
      let word = little64(count - 8)
      found |= (word &+ ones) | (word &- 0x20 * ones)
    } else {
      for offset in 0..<count {
        let byte = byte(offset)
        found |= UInt64((byte &+ 1) | (byte &- 0x20))
      }
    }
    // What is carried from byte to byte comes from one that is none of those.
    return found & (0x80 * ones) == 0
  }
}

extension Cursor {
  /// A number as `append(varint:)` writes it, at most `limit`.
  /// - Throws: `WireError` `.truncated`, or `.tooLarge` beyond the limit.
  package mutating func varint(limit: Int) throws(WireError) -> Int {
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
}
