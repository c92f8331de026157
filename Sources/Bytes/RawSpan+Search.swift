// Search goes through the C library: its vector code beats every loop we could write here
// (162 against 83 in the measurements behind the style guide).

public import CLinux

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension RawSpan {
  /// The offset of the first `byte` at or after `start`, or nil.
  package func firstOffset(of byte: UInt8, from start: Int = 0) -> Int? {
    let count = byteCount - start
    guard count > 0 else { return nil }
    return unsafe withUnsafeBytes { bytes in
      let base = bytes.baseAddress!
      guard let hit = unsafe memchr(base + start, Int32(byte), count) else { return nil }
      return unsafe UnsafeRawPointer(hit) - base
    }
  }

  /// The offset of the first occurrence of `needle` at or after `start`, or nil.
  package func firstOffset(of needle: StaticString, from start: Int = 0) -> Int? {
    let count = byteCount - start
    guard count > 0 else { return nil }
    return unsafe withUnsafeBytes { bytes in
      let base = bytes.baseAddress!
      guard
        let hit = unsafe ks_memmem(
          base + start, count, needle.utf8Start, needle.utf8CodeUnitCount)
      else { return nil }
      return unsafe UnsafeRawPointer(hit) - base
    }
  }
}

extension RawSpan {
  /// Bytes that `mayHold` needs.
  package static var leastToProbe: Int { 18 }

  /// Whether `test` marks any place. It is given sixteen bytes at a time, those one place behind each, and
  /// those two places behind, and answers with what `places(of:)` makes of them. So the last two bytes are
  /// given as such behind others alone, and the first one is not.
  ///
  /// What is rare is ruled out so at three instructions a byte, where a loop that looks at one byte after
  /// the other takes ten or more, and the C library looks for one thing alone.
  ///
  /// - Precondition: there are `leastToProbe` bytes or more.
  @inlinable @inline(__always)
  package func mayHold(
    _ test: (SIMD16<UInt8>, SIMD16<UInt8>, SIMD16<UInt8>) -> SIMD16<UInt8>
  ) -> Bool {
    let last = byteCount - 18
    precondition(last >= 0, "too few bytes to look at")
    return unsafe withUnsafeBytes { bytes in
      let base = bytes.baseAddress!
      var found = SIMD16<UInt8>(repeating: 0)
      var offset = 0
      while true {
        let place = unsafe base + offset
        unsafe found |= test(
          ks_load_sixteen(place), ks_load_sixteen(place + 1), ks_load_sixteen(place + 2))
        if offset == last { break }
        // The last bytes are looked at once more.
        offset = Swift.min(offset + 16, last)
      }
      let words = unsafe unsafeBitCast(found, to: SIMD2<UInt64>.self)
      return words[0] | words[1] != 0
    }
  }
}

extension SIMD16<UInt8> {
  /// All bits where the byte stands, none elsewhere.
  // Comparisons of Swift give a mask, and what is done to masks is compiled lane by lane.
  @inlinable @inline(__always)
  package func places(of byte: UInt8) -> SIMD16<UInt8> { ks_equal_sixteen(self, byte) }
}

extension Span<UInt8> {
  /// The offset of the first occurrence of `needle`, or nil. An empty needle is found at 0.
  package func firstOffset(of needle: Span<UInt8>) -> Int? {
    guard !needle.isEmpty else { return 0 }
    guard count >= needle.count else { return nil }
    return unsafe withUnsafeBytes { hay in
      unsafe needle.withUnsafeBytes { needle in
        let base = hay.baseAddress!
        guard let hit = unsafe ks_memmem(base, hay.count, needle.baseAddress!, needle.count) else {
          return nil
        }
        return unsafe UnsafeRawPointer(hit) - base
      }
    }
  }
}

/// `memcmp`, under a name that this module can use beside its own extensions.
@unsafe
@usableFromInline
internal func compare(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Int32 {
  unsafe memcmp(a, b, count)
}
