import KFL

/// A set of integers as few closed ranges, ascending and apart.
struct IntervalSet: Hashable, Sendable {
  private(set) var ranges: [ClosedRange<Int64>]

  init(_ ranges: [ClosedRange<Int64>]) {
    self.ranges = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = self.ranges.last,
        last.upperBound == .max || range.lowerBound <= last.upperBound + 1
      {
        let end = max(last.upperBound, range.upperBound)
        self.ranges[self.ranges.count - 1] = last.lowerBound...end
      } else {
        self.ranges.append(range)
      }
    }
  }

  /// The integers x for which `value(x) comparison constant` holds. `value` must keep the order.
  ///
  /// Found by halving, so that it agrees to the last bit with what the language says of single
  /// values, doubles beyond 2^53 included.
  init(_ comparison: Comparison, _ constant: Value, value: (Int64) -> Value) {
    func holds(_ comparison: Comparison, _ number: Int64) -> Bool {
      value(number).compares(comparison, to: constant) ?? false
    }
    switch comparison {
    case .less, .lessOrEqual: self.init(below: { holds(comparison, $0) })
    case .greater, .greaterOrEqual: self.init(above: { holds(comparison, $0) })
    case .equal, .notEqual:
      let low = IntervalSet(below: { holds(.lessOrEqual, $0) })
      let high = IntervalSet(above: { holds(.greaterOrEqual, $0) })
      let equal = low.intersection(high)
      self = comparison == .equal ? equal : equal.complement
    }
  }

  /// All integers up to the last one for which `holds` is true; it is true up to there.
  private init(below holds: (Int64) -> Bool) {
    guard holds(.min) else {
      self.init([])
      return
    }
    var (low, high) = (Int64.min, Int64.max)
    while low < high {
      // The upper middle; what wraps comes back.
      let middle = low &+ Int64(bitPattern: (UInt64(bitPattern: high &- low) - 1) / 2 + 1)
      if holds(middle) { low = middle } else { high = middle - 1 }
    }
    self.init([.min...low])
  }

  private init(above holds: (Int64) -> Bool) {
    guard holds(.max) else {
      self.init([])
      return
    }
    var (low, high) = (Int64.min, Int64.max)
    while low < high {
      let middle = low &+ Int64(bitPattern: UInt64(bitPattern: high &- low) / 2)
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    self.init([low ... .max])
  }

  var isEmpty: Bool { ranges.isEmpty }

  /// The range, when it is one.
  var onlyRange: ClosedRange<Int64>? { ranges.count == 1 ? ranges[0] : nil }

  /// From the smallest to the largest; nil when it is empty.
  var range: ClosedRange<Int64>? {
    guard let first = ranges.first, let last = ranges.last else { return nil }
    return first.lowerBound...last.upperBound
  }

  func contains(_ value: Int64) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound <= value
  }

  /// Whether any integer of `range` is in the set.
  func overlaps(_ range: ClosedRange<Int64>) -> Bool { ranges.contains { $0.overlaps(range) } }

  /// Whether all integers of `range` are in the set.
  func covers(_ range: ClosedRange<Int64>) -> Bool {
    ranges.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }
  }

  var complement: IntervalSet {
    var result: [ClosedRange<Int64>] = []
    var from: Int64? = .min
    for range in ranges {
      if let start = from, start < range.lowerBound { result.append(start...range.lowerBound - 1) }
      from = range.upperBound == .max ? nil : range.upperBound + 1
    }
    if let from { result.append(from ... .max) }
    return IntervalSet(result)
  }

  func intersection(_ other: IntervalSet) -> IntervalSet {
    var result: [ClosedRange<Int64>] = []
    for a in ranges {
      for b in other.ranges where a.overlaps(b) { result.append(a.clamped(to: b)) }
    }
    return IntervalSet(result)
  }

  func union(_ other: IntervalSet) -> IntervalSet { IntervalSet(ranges + other.ranges) }
}
