import Synchronization

/// Blocks of memory of one size that are used again and again.
///
/// A chunk that comes fresh from the system costs a page fault for every four kilobytes before the
/// first byte lies in it; one that was used before is mapped, and often still near the processor.
@safe
package final class BytePool: Sendable {
  /// Bytes of each block.
  package let blockSize: Int
  /// Unused blocks kept at most; further ones go back to the system.
  private let most: Int
  private let unused: Mutex<Blocks>

  /// Addresses, as numbers: nobody else has them while they are here.
  private struct Blocks {
    var addresses: [UInt] = []
  }

  package init(blockSize: Int, keeping most: Int) {
    (self.blockSize, self.most) = (blockSize, most)
    unused = Mutex(Blocks())
  }

  /// Blocks that nobody has.
  var spare: Int { unused.withLock { $0.addresses.count } }

  /// A block with bytes that mean nothing.
  func take() -> UnsafeMutableRawPointer {
    let known = unused.withLock { $0.addresses.popLast() }
    if let known, let block = unsafe UnsafeMutableRawPointer(bitPattern: known) {
      return unsafe block
    }
    return UnsafeMutableRawPointer.allocate(byteCount: blockSize, alignment: ByteStore.alignment)
  }

  /// Takes back a block of `take`.
  func give(back block: UnsafeMutableRawPointer) {
    let address = UInt(bitPattern: block)
    let isKept = unused.withLock { unused in
      guard unused.addresses.count < most else { return false }
      unused.addresses.append(address)
      return true
    }
    if !isKept { unsafe block.deallocate() }
  }

  deinit {
    unused.withLock { unused in
      for address in unused.addresses {
        unsafe UnsafeMutableRawPointer(bitPattern: address)?.deallocate()
      }
    }
  }
}
