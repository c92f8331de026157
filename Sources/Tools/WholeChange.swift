import JSON
import Query

/// All calls of both sides of a comparison together.
///
/// The whole shifts for two reasons: its calls have changed, or there are more of one kind and fewer
/// of another. Like for like each group is compared with itself, and counts by the calls it has on
/// both sides; a shift that goes away then came from the mix.
struct WholeChange {
  /// One measure with the groups as many as they are on both sides.
  struct LikeForLike {
    var measure: StatsChange.Measure
    var a: Double
    var b: Double
    var distance: Double?

    var percent: Double? { a == 0 ? nil : (b - a) / a * 100 }
  }

  /// The whole as if it were one group.
  let change: StatsChange
  let likeForLike: [LikeForLike]
  private let needed: Double
  private let threshold: Double

  init(_ change: StatsChange, groups: [StatsChange], needed: Double, threshold: Double) {
    (self.change, self.needed, self.threshold) = (change, needed, threshold)
    likeForLike = StatsChange.Measure.allCases.filter(\.moreIsWorse).compactMap { measure in
      var evidence = Evidence()
      var (weights, a, b) = (0.0, 0.0, 0.0)
      for group in groups {
        guard let difference = group.differences.first(where: { $0.measure == measure }),
          let calls = difference.calls
        else { continue }
        evidence = evidence + difference.evidence
        let weight = Double(calls.a) * Double(calls.b) / Double(calls.a + calls.b)
        weights += weight
        a += weight * difference.a
        b += weight * difference.b
      }
      guard weights > 0 else { return nil }
      return LikeForLike(
        measure: measure, a: a / weights, b: b / weights, distance: evidence.distance)
    }
  }

  /// Measures that changed for sure, like for like.
  var changed: [LikeForLike] {
    guard change.state != .noise else { return [] }
    return likeForLike.filter {
      StatsChange.isReal($0.distance, $0.a, $0.b, needed: needed, threshold: threshold)
    }
  }

  /// Measures of the whole that shifted for sure, though not like for like: the mix did.
  var shifted: [StatsChange.Difference] {
    let real = Set(changed.map(\.measure))
    return change.differences.filter {
      $0.measure.moreIsWorse && $0.isReal && !real.contains($0.measure)
    }
  }

  var direction: (worse: Bool, better: Bool) {
    let changed = changed
    return (changed.contains { $0.b > $0.a }, changed.contains { $0.b < $0.a })
  }

  // MARK: Showing

  var json: JSONValue {
    .array(
      change.differences.map { difference in
        var object = difference.json
        if let same = likeForLike.first(where: { $0.measure == difference.measure }) {
          var inner: JSONObject = [
            "a": StatsChange.rounded(same.a), "b": StatsChange.rounded(same.b),
            "significant": .bool(changed.contains { $0.measure == same.measure }),
          ]
          if let percent = same.percent { inner["change_pct"] = StatsChange.rounded(percent) }
          if let distance = same.distance { inner["z"] = StatsChange.rounded(distance) }
          object["like_for_like"] = .object(inner)
        }
        return .object(object)
      })
  }

  /// What happened to the whole, a sentence for each measure that moved.
  var sentences: [String] {
    changed.map { same in
      """
      All calls together, each group compared with itself: \
      \(StatsChange.words(same.measure, same.a, same.b)) (z \(Self.distance(same.distance))).
      """
    }
      + shifted.map { (difference) -> String in
        let same = likeForLike.first { $0.measure == difference.measure }
        let inside =
          same.map {
            """
            ; each group compared with itself it is \(StatsChange.words($0.measure, $0.a, $0.b)) \
            (z \(Self.distance($0.distance))), no change for sure
            """
          } ?? "; no group is on both sides"
        return """
          The whole shifted, \(StatsChange.words(difference.measure, difference.a, difference.b)) \
          (z \(Self.distance(difference.distance))), because its mix of calls is another\(inside).
          """
      }
  }

  private static func distance(_ value: Double?) -> String {
    value.map { Shown.decimals($0, 1) } ?? "unknown"
  }

  /// The cell beside the whole.
  var words: String {
    let volume = change.differences.filter { $0.measure == .volume && $0.isReal }.map(\.words)
    return
      (volume + changed.map { StatsChange.words($0.measure, $0.a, $0.b) + " like for like" }
      + shifted.map { $0.words + " by the mix" }).joined(separator: "; ")
  }
}
