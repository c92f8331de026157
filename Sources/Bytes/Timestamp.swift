/// An instant: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Reaches from 1677 to 2262; capture formats that can name instants beyond are clamped by their
/// readers.
package struct Timestamp: Hashable, Comparable, Sendable, BitwiseCopyable {
  package var nanoseconds: Int64

  @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
  @inlinable package init(microseconds: Int64) { self.nanoseconds = microseconds &* 1_000 }
  @inlinable package init(milliseconds: Int64) {
    self.nanoseconds = nanosecondsClamped(milliseconds)
  }

  /// Whole microseconds, rounded down.
  @inlinable package var microseconds: Int64 { nanoseconds.floored(dividingBy: 1_000).quotient }
  /// Whole milliseconds, rounded down.
  @inlinable package var milliseconds: Int64 {
    nanoseconds.floored(dividingBy: 1_000_000).quotient
  }

  /// That many seconds since 1970 and `nanoseconds`, 0 to 999,999,999, after them; nil beyond 1677 and
  /// 2262.
  package init?(seconds: Int64, nanoseconds: Int64) {
    // Counted back from the next second where it is before 1970: the second itself may be out of reach.
    let (whole, rest) =
      seconds < 0 ? (seconds + 1, nanoseconds - 1_000_000_000) : (seconds, nanoseconds)
    let (product, overflow) = whole.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflow2) = product.addingReportingOverflow(rest)
    guard !overflow, !overflow2 else { return nil }
    self.nanoseconds = sum
  }

  /// Whole seconds since 1970, rounded down, and the nanoseconds after them, 0 to 999,999,999.
  package var parts: (seconds: Int64, nanoseconds: Int64) {
    let (seconds, rest) = nanoseconds.floored(dividingBy: 1_000_000_000)
    return (seconds, rest)
  }

  @inlinable
  package static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Nanoseconds from `other` to here; negative when `other` is later. Saturates.
  @inlinable
  package func nanoseconds(since other: Timestamp) -> Int64 {
    let (difference, overflow) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
    return overflow ? (nanoseconds < other.nanoseconds ? .min : .max) : difference
  }

  /// This instant moved by `nanoseconds`. Saturates.
  @inlinable
  package func advanced(by nanoseconds: Int64) -> Timestamp {
    let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
    return Timestamp(nanoseconds: overflow ? (nanoseconds < 0 ? .min : .max) : sum)
  }

  package static let distantPast = Timestamp(nanoseconds: .min)
  package static let distantFuture = Timestamp(nanoseconds: .max)
}

/// `value` milliseconds in nanoseconds, saturating.
@inlinable
package func nanosecondsClamped(_ milliseconds: Int64) -> Int64 {
  let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
  return overflow ? (milliseconds < 0 ? .min : .max) : product
}

extension Int64 {
  /// The quotient by `divisor`, which is positive, rounded toward negative infinity, and what remains,
  /// which is never negative.
  @inlinable
  package func floored(dividingBy divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
