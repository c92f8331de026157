import Query
import TestSupport
import Testing

@testable import Tools

/// What is called a change, and what chance or another mix of calls gives by itself.
@Suite struct StatsChangeTests {
  private func side(_ milliseconds: [Double], errors: Int = 0) -> StatsChange.Side {
    var metrics = Metrics()
    for value in milliseconds { metrics.latency.add(Int64(value * 1_000)) }
    (metrics.count, metrics.errors) = (milliseconds.count, errors)
    return StatsChange.Side(metrics: metrics, minutes: 10)
  }

  private func compared(
    _ groups: [(a: StatsChange.Side, b: StatsChange.Side)], least: Int = 30
  ) -> ComparedStats {
    var (a, b) = (StatsChange.Side(minutes: 10), StatsChange.Side(minutes: 10))
    for group in groups {
      a.metrics.add(group.a.metrics)
      b.metrics.add(group.b.metrics)
    }
    return ComparedStats(
      groups: groups.enumerated().map {
        StatsChange(key: "g\($0)", a: $1.a, b: $1.b, least: least)
      }, whole: StatsChange(key: "all", a: a, b: b, least: least), threshold: 20)
  }

  private func steady(_ count: Int, at milliseconds: Double) -> [Double] {
    (0..<count).map { milliseconds * (0.9 + 0.2 * Double($0) / Double(count)) }
  }

  /// Hits and misses of a cache, about as many of each: the median is one or the other.
  @Test(arguments: [100, 2_000])
  func aMedianBetweenTwoHeapsJumpsByChance(count: Int) {
    func calls(hits: Int) -> [Double] { steady(hits, at: 1) + steady(count - hits, at: 20) }
    let less = compared([
      (side(calls(hits: count / 2 + 3)), side(calls(hits: count / 2 - 3)))
    ])
    #expect(less.verdict == "same" && less.whole.sentences.isEmpty)
    let worse = compared([(side(calls(hits: count * 3 / 4)), side(calls(hits: count / 4)))])
    #expect(worse.verdict == "worse")
  }

  @Test func aWholeThatHasOtherCallsIsNeitherBetterNorWorse() throws {
    let quick = (side(steady(900, at: 1)), side(steady(300, at: 1)))
    let slow = (side(steady(100, at: 50), errors: 20), side(steady(700, at: 50), errors: 140))
    let found = compared([quick, slow])
    #expect(found.verdict == "mixed" && !found.isJudged)
    #expect(Set(found.whole.shifted.map(\.measure)) == [.errors, .p50])
    let said = try #require(found.whole.sentences.first { $0.contains("errors") })
    #expect(said.contains("because its mix of calls is another"))
    #expect(said.contains("errors 2% → 14%") && said.contains("no change for sure"))
    // What all calls have in common still tells.
    let slower = compared([
      (quick.0, side(steady(300, at: 2))), (slow.0, side(steady(700, at: 100), errors: 140)),
    ])
    #expect(slower.verdict == "worse")
  }

  /// Too few calls of each to tell; together they are enough.
  @Test func whatAllGroupsHaveALittleOfIsSeenInTheWhole() throws {
    let groups = (0..<40).map { number in
      let base = Double(1 + number)
      return (side(steady(15, at: base)), side(steady(15, at: base * 1.08) + [base * 3]))
    }
    let spread = (0..<40).map { number in
      let values = (0..<20).map { Double(1 + number) * Double(1 + $0) }
      return (side(values), side(values.map { $0 * 1.6 }))
    }
    let found = compared(spread)
    #expect(found.groups.filter(\.isChange).isEmpty)
    #expect(found.verdict == "worse")
    #expect(found.whole.sentences.contains { $0.contains("each group compared with itself") })
    // Certain, and too small to matter.
    #expect(compared(groups).whole.changed.isEmpty)
  }

  /// The more is compared, the further the furthest lies by chance alone.
  @Test(arguments: [11, 12, 13, 14, 15] as [UInt64])
  func whatChanceGivesIsNoChange(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let groups = (0..<300).map { number -> (a: StatsChange.Side, b: StatsChange.Side) in
      func calls() -> StatsChange.Side {
        let values = (0..<(20 + number % 50)).map { _ in
          Double.random(in: 1...10, using: &random) * (Bool.random(using: &random) ? 1 : 30)
        }
        return side(
          values, errors: values.count { _ in Int.random(in: 0..<20, using: &random) == 0 })
      }
      return (calls(), calls())
    }
    let found = compared(groups)
    #expect(found.needed > 4 && found.comparisons > 1_000)
    #expect(found.verdict == "same", "\(found.groups.filter(\.isChange).map(\.words))")
  }

  @Test func rareErrorsAreCountedExactly() {
    func distance(_ a: Int, of n: Int, _ b: Int, of m: Int) -> Double {
      Evidence(marked: (a, b), calls: (n, m)).distance ?? .nan
    }
    // One-sided chances: 30/1030, and about 2e-17.
    #expect(abs(distance(0, of: 1_000, 1, of: 30) - 1.894) < 0.01)
    #expect(distance(0, of: 1_000, 10, of: 30) > 8)
    #expect(distance(10, of: 30, 0, of: 1_000) < -8)
    #expect(distance(0, of: 40, 0, of: 40) == 0 && distance(40, of: 40, 40, of: 40) == 0)
    #expect(abs(distance(500, of: 1_000, 560, of: 1_000) - 2.641) < 0.01)
    #expect(Evidence().distance == nil)
    #expect(Evidence(marked: (0, 0), calls: (0, 5)).distance == nil)
  }

  @Test func certaintyIsThatOfTheNormalDistribution() {
    #expect(abs(Evidence.distance(logTail: -6.6077) - 3) < 0.001)
    #expect(Evidence.distance(logTail: -0.1) == 0 && Evidence.needed(comparisons: 0) == 3)
    #expect(abs(Evidence.needed(comparisons: 1_000) - 4.417) < 0.01)
  }

  /// A difference of five percent is none, whatever else differs.
  @Test func whatIsTooSmallMakesNothingWorse() {
    let found = compared([(side(steady(2_000, at: 10)), side(steady(6_000, at: 11)))])
    #expect(found.groups[0].state == .changed && found.groups[0].words.hasPrefix("calls "))
    #expect(!found.groups[0].words.contains("p50") && found.verdict == "mixed")
  }
}
