public import CLinux

/// Drawn when the program starts, so that strangers cannot choose bytes whose hashes collide.
///
/// By C: a global of Swift would ask at each use whether it was drawn.
@inlinable @inline(__always)
package var hashSeed: UInt64 { ks_hash_seed() | 1 }

/// Mixes hashes; an odd number whose bits are spread evenly.
@inlinable @inline(__always)
package var hashMultiplier: UInt64 { 0x9e37_79b9_7f4a_7c15 }

/// Both halves of the product, folded onto each other.
@inlinable @inline(__always)
package func folded(_ a: UInt64, _ b: UInt64) -> UInt64 {
  let product = a.multipliedFullWidth(by: b)
  return product.high ^ product.low
}

extension RawSpan {
  /// A hash of the bytes that holds while the program runs: equal bytes have equal ones, and those
  /// of others cannot be told in advance.
  @inlinable
  package var seededHash: UInt64 {
    let count = byteCount
    var hash = hashSeed ^ UInt64(count)
    if count >= 8 {
      var offset = 0
      while offset + 8 < count {
        hash = folded(hash ^ little64(offset), hashMultiplier)
        offset += 8
      }
      // The last eight bytes, some of them perhaps for the second time.
      hash = folded(hash ^ little64(count - 8), hashMultiplier)
    } else if count >= 4 {
      let word = UInt64(little32(0)) << 32 | UInt64(little32(count - 4))
      hash = folded(hash ^ word, hashMultiplier)
    } else {
      for offset in 0..<count { hash = hash << 8 ^ UInt64(byte(offset)) }
    }
    return folded(hash, hashSeed)
  }
}
