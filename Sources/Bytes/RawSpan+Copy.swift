// Leaving the borrowed world: what an entry keeps is copied here, once.

extension RawSpan {
  /// A copy of all bytes.
  package func array() -> [UInt8] {
    guard byteCount > 0 else { return [] }
    // Filled by a closure it would cost twice as much: that asks for its type while it runs.
    return unsafe withUnsafeBytes { unsafe [UInt8]($0.assumingMemoryBound(to: UInt8.self)) }
  }

  /// The bytes as text; ill-formed UTF-8 is repaired with U+FFFD.
  package func text() -> String {
    unsafe withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// The bytes of `range` as text; ill-formed UTF-8 is repaired with U+FFFD.
  package func text(_ range: Range<Int>) -> String { extracting(range).text() }

  /// The bytes as text, or nil when they are not well-formed UTF-8.
  package func validText() -> String? {
    unsafe withUnsafeBytes { bytes in
      unsafe String(validating: bytes, as: UTF8.self)
    }
  }

  /// Whether the bytes equal those of `other`.
  package func equals(_ other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    return unsafe withUnsafeBytes { bytes in
      unsafe other.withUnsafeBytes { others in
        guard let base = bytes.baseAddress, let other = others.baseAddress else { return true }
        return unsafe compare(base, other, bytes.count) == 0
      }
    }
  }

  /// Whether the bytes equal those of `text`.
  package func equals(_ text: StaticString) -> Bool {
    guard byteCount == text.utf8CodeUnitCount else { return false }
    return unsafe withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return true }
      return unsafe compare(base, text.utf8Start, bytes.count) == 0
    }
  }

  /// Whether the bytes begin with those of `text`.
  package func starts(with text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    return byteCount >= count && prefix(count).equals(text)
  }

  /// Whether the bytes equal `text`, where ASCII letters of either case are the same.
  ///
  /// `text` must be ASCII in lower case.
  package func equalsIgnoringCase(_ text: StaticString) -> Bool {
    let count = byteCount
    guard count == text.utf8CodeUnitCount else { return false }
    guard count >= 8 else {
      for offset in 0..<count {
        let byte = byte(offset)
        let lower = byte &- 0x41 < 26 ? byte | 0x20 : byte
        if unsafe lower != text.utf8Start[offset] { return false }
      }
      return true
    }
    // Eight at a time; the last bytes are looked at once more.
    var offset = 0
    while true {
      let wanted = unsafe UInt64(
        littleEndian: UnsafeRawPointer(text.utf8Start + offset).loadUnaligned(as: UInt64.self))
      // The bit that tells the cases apart, of each byte of `text` from a to z.
      let letters =
        (wanted &+ 0x1f1f_1f1f_1f1f_1f1f) & ~(wanted &+ 0x0505_0505_0505_0505)
        & 0x8080_8080_8080_8080
      if (little64(offset) ^ wanted) & ~(letters >> 2) != 0 { return false }
      if offset == count - 8 { return true }
      offset = min(offset + 8, count - 8)
    }
  }
}

extension [UInt8] {
  /// Appends a copy of `bytes`.
  // Not by `append(addingCapacity:initializingWith:)`, whose closure stays a call of its own.
  package mutating func append(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { source in
      unsafe append(contentsOf: source.assumingMemoryBound(to: UInt8.self))
    }
  }
}
