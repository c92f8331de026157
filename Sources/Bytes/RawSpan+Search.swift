// Search goes through the C library: its vector code beats every loop we could write here
// (162 against 83 in the measurements behind the style guide).

import CLinux

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
