import KFL
import TestSupport
import Testing

@testable import Query

@Suite struct IntervalSetTests {
  private static let edges: [Int64] = [
    .min, .min + 1, -(1 << 53) - 1, -1, 0, 1, 499, 500, 1 << 53, (1 << 53) + 1, .max - 1, .max,
  ]

  @Test func rangesAgreeWithTheLanguage() {
    let constants: [Value] =
      Self.edges.map { .int($0) } + [
        .uint(0), .uint(.max), .double(499.5), .double(-0.0), .double(1e300), .double(-1e300),
        .double(9_007_199_254_740_992), .double(.nan), .double(.infinity),
      ]
    for comparison in Comparison.allCases {
      for constant in constants {
        let set = IntervalSet(comparison, constant) { .int($0) }
        for number in Self.edges {
          let expected = Value.int(number).compares(comparison, to: constant) ?? false
          #expect(set.contains(number) == expected, "\(number) \(comparison) \(constant)")
        }
      }
    }
  }

  @Test func setsCombine() {
    let a = IntervalSet([3...5, 6...9, 20...30])
    #expect(a.ranges == [3...9, 20...30])
    #expect(a.complement.complement == a)
    #expect(IntervalSet([]).complement.ranges == [.min ... .max])
    #expect(a.intersection(IntervalSet([8...22])).ranges == [8...9, 20...22])
    #expect(a.union(IntervalSet([10...19])).ranges == [3...30])
    #expect(a.covers(4...9) && !a.covers(4...10) && a.overlaps(10...20) && !a.overlaps(10...19))
  }
}
