#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far two sides are from having the same share of something: of calls that fail, or that take
/// longer than most.
///
/// If calls were dealt to the sides by chance, the marked ones among those of side b would follow the
/// hypergeometric distribution, whatever the distribution of what is measured (Fisher's exact test;
/// of several groups together that of Cochran, Mantel and Haenszel). Evidence of groups adds up, each
/// compared with itself alone, so that a sum says nothing of how calls are spread among the groups.
struct Evidence {
  /// Marked calls of side b beyond what chance would give it.
  private(set) var surplus = 0.0
  /// Variance of that by chance.
  private(set) var variance = 0.0
  /// The table, while it is that of one group.
  private var table: Table?

  private struct Table {
    var marked: Double
    var ofB: Double
    var all: Double
    var markedOfB: Double
  }

  /// Below this variance the normal distribution is no likeness of the true one.
  private static let leastVariance = 9.0

  init() {}

  /// - Parameters:
  ///   - marked: marked calls of side a, and of side b.
  ///   - calls: all calls of side a, and of side b.
  init(marked: (a: Int, b: Int), calls: (a: Int, b: Int)) {
    let (n, m) = (Double(calls.a), Double(calls.b))
    let (all, marks) = (n + m, Double(marked.a + marked.b))
    guard n > 0, m > 0 else { return }
    surplus = Double(marked.b) - marks * m / all
    variance = n * m * marks * (all - marks) / (all * all * (all - 1))
    table = Table(marked: marks, ofB: m, all: all, markedOfB: Double(marked.b))
  }

  static func + (one: Evidence, other: Evidence) -> Evidence {
    if one.variance == 0 { return other }
    if other.variance == 0 { return one }
    var sum = Evidence()
    sum.surplus = one.surplus + other.surplus
    sum.variance = one.variance + other.variance
    return sum
  }

  /// How unlikely it is by chance, as standard errors of a normal distribution, with the sign of the
  /// difference; 0 where there is none. Nil where there is too little to say anything.
  var distance: Double? {
    guard variance > 0 else { return table == nil ? nil : 0 }
    if variance < Self.leastVariance {
      guard let table else { return nil }
      let tail = surplus < 0 ? Self.lower(table) : Self.upper(table)
      let distance = Self.distance(logTail: tail)
      return surplus < 0 ? -distance : distance
    }
    // Counts are whole: half of one belongs to the place itself.
    let beyond = max(0, surplus.magnitude - 0.5) / variance.squareRoot()
    return surplus < 0 ? -beyond : beyond
  }

  /// Logarithm of the chance of so many marked ones in side b, or more.
  private static func upper(_ table: Table) -> Double {
    let most = min(table.marked, table.ofB)
    let unmarked = table.all - table.marked
    var (term, sum, k) = (1.0, 1.0, table.markedOfB)
    while k < most, term > 1e-17 * sum {
      term *= (table.marked - k) * (table.ofB - k) / ((k + 1) * (unmarked - table.ofB + k + 1))
      sum += term
      k += 1
    }
    return logChance(table) + log(sum)
  }

  /// The same of so many or fewer: as many or more of those that are not marked.
  private static func lower(_ table: Table) -> Double {
    upper(
      Table(
        marked: table.all - table.marked, ofB: table.ofB, all: table.all,
        markedOfB: table.ofB - table.markedOfB))
  }

  private static func logChance(_ table: Table) -> Double {
    func choose(_ n: Double, _ k: Double) -> Double {
      lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    }
    return choose(table.marked, table.markedOfB)
      + choose(table.all - table.marked, table.ofB - table.markedOfB)
      - choose(table.all, table.ofB)
  }

  /// Standard errors beyond which a share of `exp(logTail)` of the normal distribution lies, to one
  /// side; at least 0 (Abramowitz and Stegun, 26.2.23; off by less than 0.0005).
  static func distance(logTail: Double) -> Double {
    let half = log(0.5)
    guard logTail < half else { return 0 }
    let t = (-2 * logTail).squareRoot()
    let above = 2.515517 + t * (0.802853 + t * 0.010328)
    let below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    return max(0, t - above / below)
  }

  /// Chance of an answer that calls anything a change where nothing has changed.
  static let falseAlarms = 0.01

  /// Standard errors from which a difference is no chance, among that many comparisons at once: the
  /// more are made, the further the furthest lies by chance alone.
  static func needed(comparisons: Int) -> Double {
    let share = falseAlarms / Double(max(1, comparisons)) / 2
    return max(3, distance(logTail: log(share)))
  }
}
