/// Memory in which records are put together before they are written out at once.
///
/// Grows when a record needs it and keeps its size from then on. It is for writers that copy many
/// small pieces: an append is a bounds check and a store.
///
/// `@unchecked Sendable`: it cannot be copied, so whoever holds it is its only owner.
@safe
package struct RecordBuffer: ~Copyable, @unchecked Sendable {
  @usableFromInline internal var base: UnsafeMutableRawPointer
  @usableFromInline internal var capacity: Int
  /// Bytes that were appended and not removed.
  @usableFromInline internal var filled = 0

  package init(capacity: Int) {
    self.capacity = Swift.max(capacity, 64)
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { unsafe base.deallocate() }

  /// Bytes that were appended.
  @inlinable package var count: Int { filled }

  /// Forgets the bytes; the memory stays.
  package mutating func removeAll() { filled = 0 }

  /// Makes room for `count` bytes more.
  @inlinable
  package mutating func reserve(_ count: Int) {
    if capacity - filled < count { grow(by: count) }
  }

  @usableFromInline
  internal mutating func grow(by count: Int) {
    let wanted = Swift.max(capacity + capacity / 2, filled + count)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
    unsafe larger.copyMemory(from: base, byteCount: filled)
    unsafe base.deallocate()
    unsafe base = larger
    capacity = wanted
  }

  /// Four bytes, least significant first.
  @inlinable
  package mutating func append(little value: UInt32) {
    reserve(4)
    unsafe base.storeBytes(of: value.littleEndian, toByteOffset: filled, as: UInt32.self)
    filled += 4
  }

  /// Eight bytes, least significant first.
  @inlinable
  package mutating func append(little value: UInt64) {
    reserve(8)
    unsafe base.storeBytes(of: value.littleEndian, toByteOffset: filled, as: UInt64.self)
    filled += 8
  }

  /// A copy of `bytes`.
  @inlinable
  package mutating func append(_ bytes: RawSpan) {
    let count = bytes.byteCount
    reserve(count)
    let target = unsafe base + filled
    unsafe bytes.withUnsafeBytes { source in
      if let start = source.baseAddress {
        unsafe target.copyMemory(from: start, byteCount: count)
      }
    }
    filled += count
  }

  /// As many zeros.
  @inlinable
  package mutating func append(zeros count: Int) {
    reserve(count)
    unsafe (base + filled).initializeMemory(as: UInt8.self, repeating: 0, count: count)
    filled += count
  }

  /// What was appended. The span lives until the next change.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: filled)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
