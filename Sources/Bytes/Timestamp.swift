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
  @inlinable package var microseconds: Int64 { floorDivide(nanoseconds, 1_000) }
  /// Whole milliseconds, rounded down.
  @inlinable package var milliseconds: Int64 { floorDivide(nanoseconds, 1_000_000) }

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

@usableFromInline
internal func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
  let quotient = a / b
  return a % b < 0 ? quotient - 1 : quotient
}
