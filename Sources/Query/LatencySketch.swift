/// Latencies in µs, for quantiles: exact while they are few, then a histogram whose buckets grow
/// with the value (a DDSketch with linear interpolation between powers of two), so that every
/// quantile is within `relativeError` of the true one. Sketches of parts add up to the sketch of
/// the whole.
package struct LatencySketch: Sendable {
  /// Largest error of a quantile, relative to it, once values are many.
  package static let relativeError = 1.0 / 128
  /// Values kept as they are before the histogram begins.
  static let exactCount = 256
  /// Buckets of each power of two, as a power of two itself.
  private static let fineness = 6

  package private(set) var count = 0
  package private(set) var minimum: Int64 = .max
  package private(set) var maximum: Int64 = .min
  private var sum = 0.0
  private var exact: [Int64] = []
  /// Counts of the buckets from `firstBucket` on; empty while values are exact.
  private var buckets: [UInt32] = []
  private var firstBucket = 0
  /// Whether the lowest bucket also holds values that lie below it.
  private var isCollapsed = false

  package init() {}

  /// Values below this were put together where buckets were limited: a quantile that falls among
  /// them is an upper bound only. Nil when all are within `relativeError`.
  package var collapsedBelow: Double? { isCollapsed ? Self.middle(firstBucket) : nil }

  /// Whether quantiles are exact.
  package var isExact: Bool { buckets.isEmpty }
  /// Bytes it takes in memory, beside the value itself.
  var memory: Int { exact.capacity * 8 + buckets.capacity * 4 }
  package var average: Double? { count == 0 ? nil : sum / Double(count) }

  /// Adds a latency; a negative one counts as 0.
  ///
  /// - Parameter limit: buckets to be used at most, four bytes each. Where values spread further,
  ///   the lowest are put together.
  package mutating func add(_ value: Int64, buckets limit: Int = .max) {
    let value = max(0, value)
    count += 1
    minimum = min(minimum, value)
    maximum = max(maximum, value)
    sum += Double(value)
    if buckets.isEmpty, exact.count < Self.exactCount {
      exact.append(value)
    } else {
      if buckets.isEmpty { spread() }
      increase(Self.bucket(value), by: 1)
      if buckets.count > limit { collapse(to: limit) }
    }
  }

  /// Adds those of the latencies in `lane` that have these places; negative ones stand for none.
  ///
  /// - Parameter limit: as for one latency.
  mutating func add(_ lane: Span<Int64>, at places: Span<Int32>, buckets limit: Int) {
    var (added, low, high, total) = (0, Int64.max, Int64.min, 0.0)
    for index in places.indices {
      let value = lane[Int(places[index])]
      guard value >= 0 else { continue }
      added += 1
      low = min(low, value)
      high = max(high, value)
      total += Double(value)
    }
    guard added > 0 else { return }
    count += added
    minimum = min(minimum, low)
    maximum = max(maximum, high)
    sum += total
    var index = 0
    while buckets.isEmpty, index < places.count, exact.count < Self.exactCount {
      let value = lane[Int(places[index])]
      if value >= 0 { exact.append(value) }
      index += 1
    }
    // What is left does not fit among the exact ones.
    while index < places.count, lane[Int(places[index])] < 0 { index += 1 }
    guard index < places.count else { return }
    if buckets.isEmpty { spread() }
    reach(Self.bucket(low), Self.bucket(high))
    let first = firstBucket
    var target = buckets.mutableSpan
    while index < places.count {
      let value = lane[Int(places[index])]
      if value >= 0 {
        let place = max(0, Self.bucket(value) - first)
        target[place] = target[place].addingSaturated(1)
      }
      index += 1
    }
    if buckets.count > limit { collapse(to: limit) }
  }

  /// Puts the lowest buckets together until no more than `limit` are left.
  mutating func collapse(to limit: Int) {
    let surplus = buckets.count - max(1, limit)
    guard surplus > 0 else { return }
    let sum = buckets[...surplus].reduce(0 as UInt32) { $0.addingSaturated($1) }
    buckets.removeFirst(surplus)
    buckets[0] = sum
    firstBucket += surplus
    isCollapsed = true
  }

  package mutating func add(_ other: LatencySketch) {
    guard other.count > 0 else { return }
    if other.buckets.isEmpty {
      for value in other.exact { add(value) }
      return
    }
    if buckets.isEmpty { spread() }
    for (place, number) in other.buckets.enumerated() where number > 0 {
      increase(other.firstBucket + place, by: number)
    }
    isCollapsed = isCollapsed || other.isCollapsed
    count += other.count
    minimum = min(minimum, other.minimum)
    maximum = max(maximum, other.maximum)
    sum += other.sum
  }

  /// The value below or at which the share `q` (0...1) of all values lies: the value of rank
  /// ⌈q × count⌉; nil without values.
  package func quantile(_ q: Double) -> Double? {
    guard count > 0 else { return nil }
    let rank = min(count, max(1, Int((q * Double(count)).rounded(.up))))
    if buckets.isEmpty { return Double(exact.sorted()[rank - 1]) }
    if rank == 1 { return Double(minimum) }
    if rank == count { return Double(maximum) }
    var seen = 0
    for (place, number) in buckets.enumerated() {
      seen += Int(number)
      if seen >= rank {
        return min(max(Self.middle(firstBucket + place), Double(minimum)), Double(maximum))
      }
    }
    return Double(maximum)
  }

  /// Moves the exact values into buckets.
  private mutating func spread() {
    let values = exact
    exact = []
    let numbers = values.map(Self.bucket)
    guard let low = numbers.min(), let high = numbers.max() else {
      buckets = [0]
      return
    }
    firstBucket = low
    buckets = [UInt32](repeating: 0, count: high - low + 1)
    for number in numbers { buckets[number - low] += 1 }
  }

  private mutating func increase(_ bucket: Int, by number: UInt32) {
    reach(bucket, bucket)
    let place = max(0, bucket - firstBucket)
    buckets[place] = buckets[place].addingSaturated(number)
  }

  /// Makes the buckets reach from `low` to `high`, except below what is put together.
  private mutating func reach(_ low: Int, _ high: Int) {
    if low < firstBucket, !isCollapsed {
      buckets.insert(contentsOf: repeatElement(0, count: firstBucket - low), at: 0)
      firstBucket = low
    }
    let missing = high - firstBucket - buckets.count + 1
    if missing > 0 { buckets.append(contentsOf: repeatElement(0, count: missing)) }
  }

  /// Values below 2^fineness have a bucket each; above, each power of two has 2^fineness.
  private static func bucket(_ value: Int64) -> Int {
    let fineness = fineness
    guard value >= 1 << Int64(fineness) else { return Int(value) }
    let exponent = 63 - value.leadingZeroBitCount
    let fraction = Int(value >> Int64(exponent - fineness)) - 1 << fineness
    return 1 << fineness + (exponent - fineness) << fineness + fraction
  }

  private static func middle(_ bucket: Int) -> Double {
    guard bucket >= 1 << fineness else { return Double(bucket) }
    let rest = bucket - 1 << fineness
    let exponent = rest >> fineness
    let low = Double(1 << fineness + rest & (1 << fineness - 1)) * Double(1 << exponent)
    return low + (Double(1 << exponent) - 1) / 2
  }
}

extension UInt32 {
  /// The sum, or the largest number when that is too small.
  fileprivate func addingSaturated(_ other: UInt32) -> UInt32 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
