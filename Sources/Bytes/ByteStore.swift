/// A block of memory that is filled once and then only read; shared without copying.
///
/// Chunks of a capture file, blocks of a live ring and reassembled fragments live in these, so
/// that a packet is a range and a batch of packets can change threads.
///
/// `@unchecked Sendable`: the owner that fills it hands it on only afterwards (`fill` is the one
/// place that writes, and it runs inside `init`).
@safe
package final class ByteStore: @unchecked Sendable {
  static let alignment = 16

  private let base: UnsafeMutableRawPointer
  /// Where the memory came from, and goes back to.
  private let pool: BytePool?
  /// Bytes that hold data.
  package let count: Int

  /// Allocates `capacity` bytes and lets `fill` write the first so many of them.
  ///
  /// - Parameters:
  ///   - pool: lends the memory when its blocks are large enough.
  ///   - fill: gets the memory and gives how many bytes it wrote, at most `capacity`.
  package init<Failure: Error>(
    capacity: Int, from pool: BytePool? = nil,
    fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    if let pool, capacity <= pool.blockSize {
      self.pool = pool
      unsafe base = pool.take()
    } else {
      self.pool = nil
      unsafe base = .allocate(byteCount: Swift.max(capacity, 1), alignment: Self.alignment)
    }
    do throws(Failure) {
      let filled = unsafe try fill(
        UnsafeMutableRawBufferPointer(start: base, count: Swift.max(capacity, 0)))
      precondition(filled >= 0 && filled <= capacity, "filled \(filled) of \(capacity) bytes")
      count = filled
    } catch {
      unsafe Self.giveBack(base, to: pool)
      throw error
    }
  }

  private static func giveBack(_ base: UnsafeMutableRawPointer, to pool: BytePool?) {
    if let pool { unsafe pool.give(back: base) } else { unsafe base.deallocate() }
  }

  /// A copy of `bytes`.
  package convenience init(copying bytes: RawSpan) {
    unsafe self.init(capacity: bytes.byteCount) { target in
      unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
      return bytes.byteCount
    }
  }

  package convenience init(_ bytes: [UInt8]) {
    unsafe self.init(copying: bytes.span.bytes)
  }

  deinit { unsafe Self.giveBack(base, to: pool) }

  /// All of it. The span lives as long as this object is held.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
