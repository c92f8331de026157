import TestSupport
import Testing

@testable import Query

@Suite struct GroupFiguresTests {
  /// Groups arrive while latencies of others wait; with many groups each has fewer places to wait.
  @Test(arguments: [3, 100, 9_000]) func everyLatencyReachesItsGroup(groupCount: Int) throws {
    var random = SeededGenerator(seed: UInt64(groupCount))
    var figures = GroupFigures(sketchBytes: 40 << 20, hasLatencies: true)
    var expected = [Int: [Int64]]()
    var known = 0
    for _ in 0..<12 {
      known = min(groupCount, known + groupCount / 10 + 1)
      figures.grow(to: known)
      let rows = 1_000
      var groups: [Int32] = []
      var latencies: [Int64] = []
      for row in 0..<rows {
        // One group has most; -1 stands for entries that are in none, and for no latency.
        let group = row % 3 == 0 ? 0 : Int.random(in: -1..<known, using: &random)
        let latency = Int64.random(in: -1..<(1 << 34), using: &random)
        groups.append(Int32(group))
        latencies.append(latency)
        if latency >= 0 { expected[group, default: []].append(latency) }
      }
      let all = Bitmap(rows: rows, filled: true)
      figures.count(all, groups)
      figures.add(all, groups, latencies: latencies)
    }
    let metrics = figures.metrics()
    #expect(metrics.count == known + 1)
    for (group, values) in expected {
      let sketch = metrics[group + 1].latency
      let sorted = values.sorted()
      #expect(sketch.count == values.count && sketch.maximum == sorted.last)
      let median = Double(sorted[(sorted.count - 1) / 2])
      let found = try #require(sketch.quantile(0.5))
      #expect(abs(found - median) <= median * LatencySketch.relativeError, "group \(group)")
    }
  }
}
