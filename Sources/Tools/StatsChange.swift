import JSON
import Query

/// One group on both sides of a comparison: what changed, and how sure that is.
struct StatsChange {
  enum Measure: String, CaseIterable {
    case volume = "calls_per_minute"
    case errors = "error_rate"
    case p50 = "p50_ms"
    case p99 = "p99_ms"
    case size = "bytes_per_call"

    /// Whether more of it is worse; of others it is neither.
    var moreIsWorse: Bool { self == .errors || self == .p50 || self == .p99 }
  }

  struct Side {
    var metrics = Metrics()
    var minutes: Double
    var perMinute: Double { minutes > 0 ? Double(metrics.count) / minutes : 0 }
    var bytesPerCall: Double {
      metrics.count == 0
        ? 0 : Double(metrics.bytesIn &+ metrics.bytesOut) / Double(metrics.count)
    }
  }

  struct Difference {
    var measure: Measure
    var a: Double
    var b: Double
    /// In standard errors; nil where the data cannot say.
    var distance: Double?
    /// What the distance comes from, and of how many calls it is, of measures that are compared call
    /// by call.
    var evidence = Evidence()
    var calls: (a: Int, b: Int)?
    /// Beyond what chance gives among all that is compared.
    fileprivate(set) var isSignificant = false
    /// That, and large enough to matter.
    fileprivate(set) var isReal = false
    /// Relative to `a`, in percent; nil where `a` is 0.
    var percent: Double? { a == 0 ? nil : (b - a) / a * 100 }
  }

  enum State: String {
    case appeared = "new"
    case vanished = "gone"
    case changed, same, noise
  }

  var key: String
  var a: Side
  var b: Side
  private(set) var differences: [Difference] = []
  private(set) var state = State.same

  /// - Parameter least: calls below which a group is noise.
  init(key: String, a: Side, b: Side, least: Int) {
    (self.key, self.a, self.b) = (key, a, b)
    differences = [volume, errors, quantile(0.5, .p50), quantile(0.99, .p99), size]
      .compactMap(\.self)
    if a.metrics.count + b.metrics.count < least { state = .noise }
  }

  /// Differences that are judged; each of them may seem to be one by chance.
  var comparisons: Int { state == .noise ? 0 : differences.count { $0.distance != nil } }

  /// Says what changed, once it is known how much is compared.
  ///
  /// - Parameters:
  ///   - needed: standard errors from which a difference is no chance.
  ///   - threshold: changes below this, in percent, are none even where they are certain.
  mutating func judge(needed: Double, threshold: Double) {
    guard state != .noise else { return }
    for index in differences.indices {
      let difference = differences[index]
      differences[index].isSignificant = difference.distance.map { abs($0) >= needed } ?? false
      differences[index].isReal = Self.isReal(
        difference.distance, difference.a, difference.b, needed: needed, threshold: threshold)
    }
    guard differences.contains(where: \.isReal) else { return }
    state = a.metrics.count == 0 ? .appeared : b.metrics.count == 0 ? .vanished : .changed
  }

  /// Whether a difference is certain and large, and all that is known of it agrees.
  static func isReal(
    _ distance: Double?, _ a: Double, _ b: Double, needed: Double, threshold: Double
  ) -> Bool {
    guard let distance, abs(distance) >= needed, (distance > 0) == (b > a) else { return false }
    return a == 0 || abs(b - a) / a * 100 >= threshold
  }

  var isChange: Bool { state != .same && state != .noise }

  /// How certain the most certain difference is; what the order goes by.
  var weight: Double { differences.compactMap { $0.distance.map(abs) }.max() ?? 0 }

  /// Whether something got worse, and whether something got better, for sure.
  var direction: (worse: Bool, better: Bool) {
    var result = (worse: false, better: false)
    guard state == .changed else { return result }
    for difference in differences where difference.isReal && difference.measure.moreIsWorse {
      if difference.b > difference.a { result.worse = true } else { result.better = true }
    }
    return result
  }

  // MARK: Differences

  /// Calls are counts: under equal rates the share of side b is that of its time.
  private var volume: Difference {
    let (x, y) = (Double(a.metrics.count), Double(b.metrics.count))
    let share = a.minutes + b.minutes > 0 ? b.minutes / (a.minutes + b.minutes) : 0
    let variance = (x + y) * share * (1 - share)
    return Difference(
      measure: .volume, a: a.perMinute, b: b.perMinute,
      distance: variance > 0 ? (y - (x + y) * share) / variance.squareRoot() : nil)
  }

  private var errors: Difference? {
    let calls = (a: a.metrics.count, b: b.metrics.count)
    guard calls.a > 0, calls.b > 0 else { return nil }
    let evidence = Evidence(marked: (a.metrics.errors, b.metrics.errors), calls: calls)
    return Difference(
      measure: .errors, a: a.metrics.errorRate, b: b.metrics.errorRate,
      distance: evidence.distance, evidence: evidence, calls: calls)
  }

  /// Of how many calls of either side take longer than that share of all: how the latencies are spread
  /// does not matter, and a quantile between two heaps, such as hits and misses of a cache, may jump
  /// without a reason.
  private func quantile(_ share: Double, _ measure: Measure) -> Difference? {
    let (x, y) = (a.metrics.latency, b.metrics.latency)
    guard let before = x.quantile(share), let after = y.quantile(share) else { return nil }
    let calls = (a: x.count, b: y.count)
    let evidence = Evidence(marked: LatencySketch.above(share, x, y), calls: calls)
    return Difference(
      measure: measure, a: before / 1_000, b: after / 1_000, distance: evidence.distance,
      evidence: evidence, calls: calls)
  }

  /// Sizes are told, but not judged: their spread is not known.
  private var size: Difference? {
    guard a.metrics.count > 0, b.metrics.count > 0 else { return nil }
    return Difference(measure: .size, a: a.bytesPerCall, b: b.bytesPerCall)
  }

  // MARK: Showing

  var json: JSONObject {
    [
      "key": .string(key), "state": .string(state.rawValue), "a": .object(Self.json(a)),
      "b": .object(Self.json(b)),
      "differences": .array(differences.map { .object($0.json) }),
    ]
  }

  static func json(_ side: Side) -> JSONObject {
    var object: JSONObject = [
      "calls": JSONValue(side.metrics.count), "calls_per_minute": rounded(side.perMinute),
      "errors": JSONValue(side.metrics.errors),
      "error_rate": StatsRow.share(side.metrics.errorRate),
    ]
    for (name, share) in [("p50_ms", 0.5), ("p99_ms", 0.99)] {
      if let value = side.metrics.latency.quantile(share) {
        object[name] = StatsRow.milliseconds(value)
      }
    }
    object["bytes_per_call"] = rounded(side.bytesPerCall)
    return object
  }

  /// Four digits that matter are more than anybody needs.
  static func rounded(_ value: Double) -> JSONValue {
    JSONValue((value * 10_000).rounded() / 10_000)
  }

  /// What changed for sure, in words: `errors 2% → 31%`.
  var words: String {
    switch state {
    case .appeared: return "new"
    case .vanished: return "gone"
    default: break
    }
    return differences.filter(\.isReal).map(\.words).joined(separator: "; ")
  }

  /// A measure on both sides: `errors 2% → 31%`.
  static func words(_ measure: Measure, _ a: Double, _ b: Double) -> String {
    switch measure {
    case .volume: "calls \(Shown.rate(a)) → \(Shown.rate(b))/min"
    case .errors: "errors \(Shown.percent(a)) → \(Shown.percent(b))"
    case .p50, .p99:
      "\(measure == .p50 ? "p50" : "p99") \(Shown.decimals(a, 1)) → \(Shown.decimals(b, 1)) ms"
    case .size: "size \(Shown.bytes(Int64(a))) → \(Shown.bytes(Int64(b)))"
    }
  }
}

extension StatsChange.Difference {
  var words: String { StatsChange.words(measure, a, b) }

  var json: JSONObject {
    var object: JSONObject = [
      "measure": .string(measure.rawValue), "a": StatsChange.rounded(a),
      "b": StatsChange.rounded(b), "significant": .bool(isSignificant),
    ]
    if let percent { object["change_pct"] = StatsChange.rounded(percent) }
    if let distance { object["z"] = StatsChange.rounded(distance) }
    return object
  }
}
