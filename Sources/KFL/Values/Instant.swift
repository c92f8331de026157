package import Bytes

/// An instant of the years 1 to 9999, to the nanosecond: the range CEL asks for.
package struct Instant: Hashable, Comparable, Sendable {
  /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
  package let seconds: Int64
  /// 0 to 999,999,999, counted forward from `seconds`.
  package let nanoseconds: Int32

  /// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds.
  package static let validSeconds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

  package init(seconds: Int64, nanoseconds: Int32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  package init(_ timestamp: Timestamp) {
    let whole = timestamp.nanoseconds.floorDivided(by: 1_000_000_000)
    seconds = whole
    // The product may pass the ends of 64 bits; the difference is what it is all the same.
    nanoseconds = Int32(timestamp.nanoseconds &- whole &* 1_000_000_000)
  }

  /// The same instant as the store keeps it; clamped to the years 1677 to 2262.
  package var timestamp: Timestamp {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflow2) = product.addingReportingOverflow(Int64(nanoseconds))
    guard !overflow, !overflow2 else { return seconds < 0 ? .distantPast : .distantFuture }
    return Timestamp(nanoseconds: sum)
  }

  package static func < (a: Instant, b: Instant) -> Bool {
    (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
  }

  /// This instant moved; nil when that leaves the years 1 to 9999.
  func advanced(by duration: Int64) -> Instant? {
    let whole = duration.floorDivided(by: 1_000_000_000)
    var seconds = seconds + whole
    // As above: the rest is less than a second, the product may be beyond 64 bits.
    var nanos = Int64(nanoseconds) + (duration &- whole &* 1_000_000_000)
    if nanos >= 1_000_000_000 {
      nanos -= 1_000_000_000
      seconds += 1
    }
    guard Instant.validSeconds.contains(seconds) else { return nil }
    return Instant(seconds: seconds, nanoseconds: Int32(nanos))
  }

  /// Nanoseconds from `other` to here; nil when 64 bits cannot hold them (about 292 years).
  func nanoseconds(since other: Instant) -> Int64? {
    let (product, overflow) = (seconds - other.seconds)
      .multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflow2) = product.addingReportingOverflow(
      Int64(nanoseconds) - Int64(other.nanoseconds))
    return overflow || overflow2 ? nil : sum
  }
}

extension Int64 {
  /// The quotient rounded toward negative infinity; the divisor is positive.
  func floorDivided(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
