import TestSupport
import Testing

@testable import Query

@Suite struct LatencySketchTests {
  private func values(_ count: Int, seed: UInt64) -> [Int64] {
    var random = SeededGenerator(seed: seed)
    // Many powers of two, as latencies have.
    return (0..<count).map { _ in
      Int64.random(in: 0..<(1 << Int64.random(in: 1...40, using: &random)), using: &random)
    }
  }

  @Test func fewValuesAreExact() {
    var sketch = LatencySketch()
    #expect(sketch.quantile(0.5) == nil && sketch.average == nil)
    for value in [5, 1, 4, 2, 3] as [Int64] { sketch.add(value) }
    #expect(sketch.isExact)
    #expect(sketch.quantile(0) == 1 && sketch.quantile(0.5) == 3 && sketch.quantile(0.9) == 5)
    #expect(sketch.minimum == 1 && sketch.maximum == 5 && sketch.average == 3)
  }

  @Test func manyValuesStayWithinTheStatedError() {
    let values = values(20_000, seed: 1)
    var sketch = LatencySketch()
    for value in values { sketch.add(value) }
    let sorted = values.sorted()
    #expect(!sketch.isExact)
    for q in [0.001, 0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1] {
      let rank = max(1, Int((q * Double(values.count)).rounded(.up)))
      let expected = Double(sorted[rank - 1])
      let found = sketch.quantile(q) ?? -1
      #expect(abs(found - expected) <= expected * LatencySketch.relativeError, "\(q)")
    }
  }

  @Test func twoSketchesAreCutAtOnePlace() {
    func sketch(_ values: [Int64]) -> LatencySketch {
      var sketch = LatencySketch()
      for value in values { sketch.add(value) }
      return sketch
    }
    let few = LatencySketch.above(0.5, sketch([1, 1, 1]), sketch([2, 2, 2, 2]))
    #expect(few == (0, 4))
    #expect(LatencySketch.above(0.5, sketch([]), sketch([3])) == (0, 1))
    // Where one tells its values apart and the other does not, equal ones are on one side.
    let (exact, coarse) = (
      sketch((0..<200).map { 100_000 + $0 }), sketch((0..<1_000).map { 100_000 + $0 % 200 })
    )
    let cut = LatencySketch.above(0.5, exact, coarse)
    #expect(!coarse.isExact && cut.b == cut.a * 5)
    let many = values(20_000, seed: 5)
    let (a, b) = (Array(many[..<5_000]), Array(many[5_000...].map { $0 + $0 / 2 }))
    let (place, all) = ((a + b).sorted(), LatencySketch.above(0.99, sketch(a), sketch(b)))
    let limit = place[place.count * 99 / 100]
    #expect(abs(all.a - a.count { $0 > limit }) <= 5)
    #expect(abs(all.b - b.count { $0 > limit }) <= 10)
  }

  @Test func partsAddUpToTheWhole() {
    let values = values(3_000, seed: 2)
    var whole = LatencySketch()
    for value in values { whole.add(value) }
    for size in [1, 100, 700, 2_999] {
      var sum = LatencySketch()
      for from in stride(from: 0, to: values.count, by: size) {
        var part = LatencySketch()
        for value in values[from..<min(from + size, values.count)] { part.add(value) }
        sum.add(part)
      }
      #expect(sum.count == whole.count && sum.minimum == whole.minimum)
      for q in [0.1, 0.5, 0.9, 0.99] { #expect(sum.quantile(q) == whole.quantile(q), "\(size)") }
    }
  }

  @Test func limitedBucketsKeepTheHighQuantilesRight() {
    let values = values(20_000, seed: 3)
    let sorted = values.sorted()
    var sketch = LatencySketch()
    for value in values { sketch.add(value, buckets: 768) }
    let border = sketch.collapsedBelow ?? 0
    #expect(border > 0)
    for q in [0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 1] {
      let rank = max(1, Int((q * Double(values.count)).rounded(.up)))
      let expected = Double(sorted[rank - 1])
      let found = sketch.quantile(q) ?? -1
      if expected > border * 1.02 {
        #expect(abs(found - expected) <= expected * LatencySketch.relativeError, "\(q)")
      } else {
        #expect(found >= expected * (1 - LatencySketch.relativeError), "\(q)")
      }
    }
    #expect(sketch.quantile(0.99).map { $0 > border } == true)
    #expect(sketch.count == values.count && sketch.minimum == sorted[0])
  }

  /// Latencies of a group are gathered, and added at once.
  @Test(arguments: [1, 7, 255, 256, 257, 3_000], [Int.max, 700])
  func gatheredLatenciesAddUpAsOneByOne(size: Int, limit: Int) {
    let all = values(3_000, seed: 4).map { UInt32(clamping: $0) }
    var (single, gathered) = (LatencySketch(), LatencySketch())
    for value in all { single.add(Int64(value), buckets: limit) }
    for from in stride(from: 0, to: all.count, by: size) {
      gathered.add(all.span.extracting(from..<min(from + size, all.count)), buckets: limit)
    }
    #expect(gathered.count == single.count && gathered.isExact == single.isExact)
    #expect(gathered.minimum == single.minimum && gathered.maximum == single.maximum)
    #expect(gathered.average == single.average)
    for q in stride(from: 0, through: 1, by: 0.01) {
      #expect(gathered.quantile(q) == single.quantile(q), "\(q)")
    }
  }

  @Test func anyNumberIsTaken() {
    var sketch = LatencySketch()
    for _ in 0..<300 {
      for value in [Int64.min, -1, 0, 1, 63, 64, .max] { sketch.add(value) }
    }
    #expect(sketch.minimum == 0 && sketch.maximum == LatencySketch.longest)
    // Whoever shows it makes a whole number of it.
    #expect(sketch.quantile(1).map { Int64($0.rounded()) } == LatencySketch.longest)
    #expect(sketch.quantile(0.1) == 0)
  }
}
