import TestSupport
import Testing

@testable import Query

@Suite struct BitmapTests {
  @Test(arguments: [0, 1, 63, 64, 65, 128, 1_000])
  func bothWaysOfTestingAgree(_ rows: Int) {
    var random = SeededGenerator(seed: UInt64(rows))
    for percent in [1, 20, 99] {
      var base = Bitmap(rows: rows, filled: false)
      for row in 0..<rows where Int.random(in: 0..<100, using: &random) < percent {
        base.insert(row)
      }
      let a = Bitmap(in: base) { $0 % 3 == 0 }
      let b = Bitmap(inWords: base) { $0 % 3 == 0 }
      #expect(a.words == b.words)
      var listed: [Int] = []
      a.forEach { listed.append($0) }
      #expect(listed == (0..<rows).filter { base[$0] && $0 % 3 == 0 })
      #expect(a.count == listed.count && a.first == listed.first)
      var reversed: [Int] = []
      a.forEachDescending { row in
        reversed.append(row)
        return reversed.count < 5
      }
      #expect(reversed == Array(listed.reversed().prefix(5)))
      var first: [Int] = []
      a.forEachAscending { row in
        first.append(row)
        return first.count < 5
      }
      #expect(first == Array(listed.prefix(5)))
      for range in [0..<0, 0..<rows, rows / 3..<rows / 2, rows / 2..<rows] {
        var kept = a
        kept.keep(range)
        var rows: [Int] = []
        kept.forEach { rows.append($0) }
        #expect(rows == listed.filter(range.contains))
      }
    }
    #expect(Bitmap(rows: rows, filled: true).count == rows)
  }

  @Test func pairsKeepTheirNumbersWhileTheTableGrows() {
    var table = PairTable()
    var numbers: [Int32] = []
    for first in 0..<100 as Range<Int32> {
      for second in 0..<50 as Range<Int32> { numbers.append(table.number(first, second)) }
    }
    #expect(numbers == Array(0..<5_000))
    #expect(table.number(7, 3) == 353)
    #expect(table.pair(353) == (7, 3))
    #expect(table.number(-1, 0) == -1 && table.number(0, -1) == -1)
  }
}
