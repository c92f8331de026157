import JSON
import Query

/// One group on both sides of a comparison: what changed, and how sure that is.
struct StatsChange {
  /// Distance in standard errors from which a change counts as one. With 3, one of about 370
  /// unchanged groups would be named by chance.
  static let significant = 3.0

  enum Measure: String, CaseIterable {
    case volume = "calls_per_minute"
    case errors = "error_rate"
    case p50 = "p50_ms"
    case p99 = "p99_ms"
    case size = "bytes_per_call"

    /// Whether more of it is worse; nil where it is neither.
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
    /// Relative to `a`, in percent; nil where `a` is 0.
    var percent: Double? { a == 0 ? nil : (b - a) / a * 100 }
    var isSignificant: Bool { distance.map { abs($0) >= StatsChange.significant } ?? false }
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

  /// - Parameters:
  ///   - least: calls below which a group is noise.
  ///   - threshold: changes below this, in percent, are none even where they are certain.
  init(key: String, a: Side, b: Side, least: Int, threshold: Double) {
    (self.key, self.a, self.b) = (key, a, b)
    differences = [volume, errors, quantile(0.5, .p50), quantile(0.99, .p99), size]
      .compactMap(\.self)
    let enough = a.metrics.count + b.metrics.count >= least
    let real = differences.contains {
      $0.isSignificant && ($0.percent.map { abs($0) >= threshold } ?? true)
    }
    if !enough {
      state = .noise
    } else if real {
      state =
        a.metrics.count == 0 ? .appeared : b.metrics.count == 0 ? .vanished : .changed
    }
  }

  var isChange: Bool { state != .same && state != .noise }

  /// How certain the most certain difference is; what the order goes by.
  var weight: Double { differences.compactMap { $0.distance.map(abs) }.max() ?? 0 }

  /// Whether something got worse, and whether something got better, for sure.
  var direction: (worse: Bool, better: Bool) {
    var result = (worse: false, better: false)
    guard state == .changed else { return result }
    for difference in differences where difference.isSignificant && difference.measure.moreIsWorse {
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

  /// Two proportions, pooled.
  private var errors: Difference? {
    let (n, m) = (Double(a.metrics.count), Double(b.metrics.count))
    guard n > 0, m > 0 else { return nil }
    let pooled = Double(a.metrics.errors + b.metrics.errors) / (n + m)
    let variance = pooled * (1 - pooled) * (1 / n + 1 / m)
    return Difference(
      measure: .errors, a: a.metrics.errorRate, b: b.metrics.errorRate,
      distance: variance > 0
        ? (b.metrics.errorRate - a.metrics.errorRate) / variance.squareRoot() : 0)
  }

  /// A quantile's uncertainty is that of its rank: the values one standard error of the rank to
  /// both sides.
  private func quantile(_ share: Double, _ measure: Measure) -> Difference? {
    let (x, y) = (a.metrics.latency, b.metrics.latency)
    guard let before = x.quantile(share), let after = y.quantile(share) else { return nil }
    var difference = Difference(measure: measure, a: before / 1_000, b: after / 1_000)
    // With fewer values the rank would lie beyond the last of them.
    let least = Int((9 * share / (1 - share)).rounded(.up))
    guard min(x.count, y.count) >= max(10, least / 2) else { return difference }
    let error = (spread(x, share) * spread(x, share) + spread(y, share) * spread(y, share))
      .squareRoot()
    // Latencies come in whole microseconds: less than one is no certainty.
    difference.distance = (after - before) / max(error, 1)
    return difference
  }

  private func spread(_ latency: LatencySketch, _ share: Double) -> Double {
    let error = (share * (1 - share) / Double(latency.count)).squareRoot()
    let low = latency.quantile(max(0, share - error)) ?? 0
    let high = latency.quantile(min(1, share + error)) ?? 0
    return (high - low) / 2
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
      "differences": .array(
        differences.map { difference in
          var object: JSONObject = [
            "measure": .string(difference.measure.rawValue), "a": Self.rounded(difference.a),
            "b": Self.rounded(difference.b), "significant": .bool(difference.isSignificant),
          ]
          if let percent = difference.percent { object["change_pct"] = Self.rounded(percent) }
          if let distance = difference.distance { object["z"] = Self.rounded(distance) }
          return .object(object)
        }),
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
  private static func rounded(_ value: Double) -> JSONValue {
    JSONValue((value * 10_000).rounded() / 10_000)
  }

  /// What changed for sure, in words: `errors 2% → 31%`.
  var words: String {
    switch state {
    case .appeared: return "new"
    case .vanished: return "gone"
    default: break
    }
    let certain = differences.filter(\.isSignificant)
    return (certain.isEmpty ? [] : certain).map { difference in
      switch difference.measure {
      case .volume:
        "calls \(Shown.rate(difference.a)) → \(Shown.rate(difference.b))/min"
      case .errors: "errors \(Shown.percent(difference.a)) → \(Shown.percent(difference.b))"
      case .p50, .p99:
        "\(difference.measure == .p50 ? "p50" : "p99") \(Shown.decimals(difference.a, 1)) → "
          + "\(Shown.decimals(difference.b, 1)) ms"
      case .size:
        "size \(Shown.bytes(Int64(difference.a))) → \(Shown.bytes(Int64(difference.b)))"
      }
    }.joined(separator: "; ")
  }
}
