/// An IPv4 or IPv6 address, in sixteen inline bytes.
///
/// IPv4 is held in its IPv4-mapped form (RFC 4291 §2.5.5.2), so that both families hash and
/// compare alike. A mapped address found on an IPv6 wire reads as the IPv4 address it stands for.
package struct IPAddress: Hashable, Comparable, Sendable, BitwiseCopyable {
  /// The first eight bytes, most significant first.
  package var high: UInt64
  /// The last eight bytes, most significant first.
  package var low: UInt64

  @inlinable package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  @inlinable package init(v4: UInt32) {
    high = 0
    low = 0xffff_0000_0000 | UInt64(v4)
  }

  /// Sixteen bytes of `bytes` from `offset`.
  @inlinable package init(v6 bytes: RawSpan, at offset: Int) {
    high = bytes.big64(offset)
    low = bytes.big64(offset + 8)
  }

  @inlinable package var isV4: Bool { high == 0 && low >> 32 == 0xffff }
  /// The four bytes of an IPv4 address; meaningless for IPv6.
  @inlinable package var v4: UInt32 { UInt32(truncatingIfNeeded: low) }

  @inlinable
  package static func < (a: IPAddress, b: IPAddress) -> Bool { (a.high, a.low) < (b.high, b.low) }

  /// Loopback: 127.0.0.0/8 or ::1.
  package var isLoopback: Bool { isV4 ? v4 >> 24 == 127 : high == 0 && low == 1 }
  package var isUnspecified: Bool { isV4 ? v4 == 0 : high == 0 && low == 0 }
  package var isMulticast: Bool { isV4 ? v4 >> 28 == 0xe : high >> 56 == 0xff }
  /// Addresses that no public network routes: RFC 1918, RFC 6598, link-local, unique local,
  /// loopback.
  package var isPrivate: Bool {
    if isV4 {
      return v4 >> 24 == 10 || v4 >> 20 == 0xac1 || v4 >> 16 == 0xc0a8 || v4 >> 22 == 0x191
        || v4 >> 16 == 0xa9fe || isLoopback
    }
    return high >> 57 == 0x7e || high >> 54 == 0x3fa || isLoopback
  }
  /// Whether somebody outside may have it: neither private nor of a group, of "this network"
  /// (RFC 1122 §3.2.1.3), reserved or the limited broadcast (RFC 1112 §4, RFC 919 §7).
  package var isPublic: Bool {
    if isPrivate || isMulticast || isUnspecified { return false }
    return !isV4 || v4 >> 24 != 0 && v4 >> 28 != 0xf
  }
}

/// A block of addresses: those that share the first `length` bits of `base`.
package struct IPNetwork: Hashable, Sendable {
  package var base: IPAddress
  /// Leading bits that count, of 32 or 128 by family.
  package var length: Int

  /// Reads `10.0.0.0/8`, `fd00::/8`, or a lone address. Nil for anything else.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let base = IPAddress(first) else { return nil }
    let bits = base.isV4 && !first.contains(":") ? 32 : 128
    var length = bits
    if parts.count == 2 {
      guard let value = UInt8(parts[1]), Int(value) <= bits, parts[1].first != "+" else {
        return nil
      }
      length = Int(value)
    }
    self.base = base
    self.length = length
  }

  package func contains(_ address: IPAddress) -> Bool {
    guard address.isV4 == base.isV4 else { return false }
    let length = base.isV4 ? length + 96 : length
    let highMask: UInt64 = length >= 64 ? .max : ~(.max >> UInt64(length))
    let lowMask: UInt64 = length <= 64 ? 0 : ~(length == 128 ? 0 : .max >> UInt64(length - 64))
    return (address.high ^ base.high) & highMask == 0 && (address.low ^ base.low) & lowMask == 0
  }
}
