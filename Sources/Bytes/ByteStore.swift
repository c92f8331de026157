/// A block of memory that is filled once and then only read; shared without copying.
///
/// Chunks of a capture file, blocks of a live ring and reassembled fragments live in these, so
/// that a packet is a range and a batch of packets can change threads.
///
/// `@unchecked Sendable`: the owner that fills it hands it on only afterwards (`fill` is the one
/// place that writes, and it runs inside `init`).
@safe
package final class ByteStore: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  /// Bytes that hold data.
  package let count: Int

  /// Allocates `capacity` bytes and lets `fill` write the first so many of them.
  ///
  /// - Parameter fill: gets the memory and gives how many bytes it wrote, at most `capacity`.
  package init<Failure: Error>(
    capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: Swift.max(capacity, 1), alignment: 16)
    do throws(Failure) {
      let filled = unsafe try fill(
        UnsafeMutableRawBufferPointer(start: base, count: Swift.max(capacity, 0)))
      precondition(filled >= 0 && filled <= capacity, "filled \(filled) of \(capacity) bytes")
      count = filled
    } catch {
      unsafe base.deallocate()
      throw error
    }
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

  deinit { unsafe base.deallocate() }

  /// All of it. The span lives as long as this object is held.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
