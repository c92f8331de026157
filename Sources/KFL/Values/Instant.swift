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
    let parts = timestamp.parts
    (seconds, nanoseconds) = (parts.seconds, Int32(parts.nanoseconds))
  }

  /// The same instant as the store keeps it; clamped to the years 1677 to 2262.
  package var timestamp: Timestamp {
    Timestamp(seconds: seconds, nanoseconds: Int64(nanoseconds))
      ?? (seconds < 0 ? .distantPast : .distantFuture)
  }

  package static func < (a: Instant, b: Instant) -> Bool {
    (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
  }

  /// This instant moved; nil when that leaves the years 1 to 9999.
  func advanced(by duration: Int64) -> Instant? {
    let (whole, rest) = duration.floored(dividingBy: 1_000_000_000)
    var seconds = seconds + whole
    var nanos = Int64(nanoseconds) + rest
    if nanos >= 1_000_000_000 {
      nanos -= 1_000_000_000
      seconds += 1
    }
    guard Instant.validSeconds.contains(seconds) else { return nil }
    return Instant(seconds: seconds, nanoseconds: Int32(nanos))
  }

  /// Nanoseconds from `other` to here; nil when 64 bits cannot hold them (about 292 years).
  func nanoseconds(since other: Instant) -> Int64? {
    let (whole, rest) = (Int64(nanoseconds) - Int64(other.nanoseconds))
      .floored(dividingBy: 1_000_000_000)
    return Timestamp(seconds: seconds - other.seconds + whole, nanoseconds: rest)?.nanoseconds
  }
}
