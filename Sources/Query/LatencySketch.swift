/// Latencies in µs, for quantiles: exact while they are few, then a histogram whose buckets grow
/// with the value (a DDSketch with linear interpolation between powers of two), so that every
/// quantile is within `relativeError` of the true one. Sketches of parts add up to the sketch of
/// the whole.
package struct LatencySketch: Sendable {
  /// Largest error of a quantile, relative to it, once values are many.
  package static let relativeError = 1.0 / 128
  /// Values kept as they are before the histogram begins.
  static let exactCount = 256
  /// No latency is taken for longer, 285 years: a block may claim any, and whole numbers up to here
  /// are numbers of either kind.
  static let longest: Int64 = 1 << 53
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
    let value = min(max(0, value), Self.longest)
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

  /// Adds latencies that were gathered.
  ///
  /// - Parameter limit: as for one latency.
  mutating func add(_ values: Span<UInt32>, buckets limit: Int) {
    guard values.count > 0 else { return }
    var (low, high, total) = (UInt32.max, 0 as UInt32, 0 as UInt64)
    for index in values.indices {
      let value = values[index]
      low = min(low, value)
      high = max(high, value)
      total &+= UInt64(value)
    }
    count += values.count
    minimum = min(minimum, Int64(low))
    maximum = max(maximum, Int64(high))
    sum += Double(total)
    if buckets.isEmpty, exact.count + values.count <= Self.exactCount {
      // Few groups get beyond the first stretch.
      if !exact.isEmpty { exact.reserveCapacity(Self.exactCount) }
      for index in values.indices { exact.append(Int64(values[index])) }
      return
    }
    if buckets.isEmpty { spread() }
    reach(Self.bucket(Int64(low)), Self.bucket(Int64(high)))
    let first = firstBucket
    var target = buckets.mutableSpan
    for index in values.indices {
      // Below the first only where the lowest were put together.
      let place = max(0, Self.bucket(Int64(values[index])) - first)
      target[place] = target[place].addingSaturated(1)
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
    if count == 0 {
      self = other
      return
    }
    if other.buckets.isEmpty, buckets.isEmpty, exact.count + other.exact.count <= Self.exactCount {
      exact += other.exact
      note(other)
      return
    }
    if buckets.isEmpty { spread() }
    defer { note(other) }
    guard !other.buckets.isEmpty else {
      reach(Self.bucket(other.minimum), Self.bucket(other.maximum))
      let first = firstBucket
      var target = buckets.mutableSpan
      for value in other.exact {
        let place = max(0, Self.bucket(value) - first)
        target[place] = target[place].addingSaturated(1)
      }
      return
    }
    reach(other.firstBucket, other.firstBucket + other.buckets.count - 1)
    let offset = other.firstBucket - firstBucket
    var target = buckets.mutableSpan
    for place in other.buckets.indices {
      let own = max(0, place + offset)
      target[own] = target[own].addingSaturated(other.buckets[place])
    }
    isCollapsed = isCollapsed || other.isCollapsed
  }

  /// The same in about a quarter of the memory, to be kept.
  struct Packed: Sendable {
    /// All but the values.
    fileprivate let sketch: LatencySketch
    /// Numbers of seven bits a byte, the lowest first.
    fileprivate let bytes: [UInt8]

    /// Bytes it takes in memory, beside the value itself.
    var memory: Int { bytes.count }
  }

  var packed: Packed {
    var rest = self
    (rest.exact, rest.buckets) = ([], [])
    var bytes: [UInt8] = []
    func add(_ value: UInt64) {
      var value = value
      while value >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
        value >>= 7
      }
      bytes.append(UInt8(truncatingIfNeeded: value))
    }
    if buckets.isEmpty {
      for value in exact { add(UInt64(value)) }
    } else {
      for value in buckets { add(UInt64(value)) }
    }
    // Without what growing left to spare.
    return Packed(sketch: rest, bytes: Array(bytes[...]))
  }

  init(_ packed: Packed) {
    self = packed.sketch
    let isExact = count <= Self.exactCount
    var (value, shift) = (0 as UInt64, 0 as UInt64)
    for byte in packed.bytes {
      value |= UInt64(byte & 0x7f) << shift
      shift += 7
      guard byte < 0x80 else { continue }
      if isExact { exact.append(Int64(value)) } else { buckets.append(UInt32(value)) }
      (value, shift) = (0, 0)
    }
  }

  private mutating func note(_ other: LatencySketch) {
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

  /// Moves the exact values, when there are any, into buckets.
  private mutating func spread() {
    let values = exact
    exact = []
    let numbers = values.map(Self.bucket)
    guard let low = numbers.min(), let high = numbers.max() else { return }
    reach(low, high)
    for number in numbers { buckets[number - low] += 1 }
  }

  private mutating func increase(_ bucket: Int, by number: UInt32) {
    reach(bucket, bucket)
    let place = max(0, bucket - firstBucket)
    buckets[place] = buckets[place].addingSaturated(number)
  }

  /// Makes the buckets reach from `low` to `high`, except below what is put together.
  private mutating func reach(_ low: Int, _ high: Int) {
    guard !buckets.isEmpty else {
      firstBucket = low
      buckets = [UInt32](repeating: 0, count: high - low + 1)
      return
    }
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

// MARK: Two sketches

extension LatencySketch {
  /// How many values of each of two sketches lie above one place: the one that comes nearest to having
  /// the share `q` of all values of both at or below it.
  ///
  /// Equal values, and where there are many those that one bucket holds, are on one side of it.
  package static func above(
    _ q: Double, _ a: LatencySketch, _ b: LatencySketch
  ) -> (a: Int, b: Int) {
    let isExact = a.isExact && b.isExact
    // Below it one of them does not tell its values apart.
    let least = max(a.isCollapsed ? a.firstBucket : .min, b.isCollapsed ? b.firstBucket : .min)
    let (x, y) = (a.places(exactly: isExact, from: least), b.places(exactly: isExact, from: least))
    let wanted = (1 - q) * Double(a.count + b.count)
    var above = (a: a.count, b: b.count)
    var best = above
    var (i, j) = (0, 0)
    while i < x.count || j < y.count {
      let place = min(i < x.count ? x[i].place : .max, j < y.count ? y[j].place : .max)
      if i < x.count, x[i].place == place {
        above.a -= x[i].count
        i += 1
      }
      if j < y.count, y[j].place == place {
        above.b -= y[j].count
        j += 1
      }
      if abs(Double(above.a + above.b) - wanted) < abs(Double(best.a + best.b) - wanted) {
        best = above
      }
    }
    return best
  }

  /// Values, or numbers of buckets, with how many there are of each, in order.
  private func places(exactly: Bool, from least: Int) -> [(place: Int, count: Int)] {
    var places: [(place: Int, count: Int)] = []
    func add(_ place: Int, _ count: Int) {
      if places.last?.place == place {
        places[places.count - 1].count += count
      } else {
        places.append((place, count))
      }
    }
    guard isExact else {
      for (place, count) in buckets.enumerated() where count > 0 {
        add(max(least, firstBucket + place), Int(count))
      }
      return places
    }
    for value in exact.sorted() { add(exactly ? Int(value) : max(least, Self.bucket(value)), 1) }
    return places
  }
}

extension UInt32 {
  /// The sum, or the largest number when that is too small.
  fileprivate func addingSaturated(_ other: UInt32) -> UInt32 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
