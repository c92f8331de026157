import Bytes
import Testing

@testable import Store

struct ValueCountsTests {
  private func counts(_ values: [Int64]) throws -> [Int64: Int]? {
    let low = try #require(values.min())
    let high = try #require(values.max())
    guard let bytes = ValueCounts.encoded(values, within: low...high) else { return nil }
    var cursor = Cursor(bytes.rawSpan)
    let counts = try ValueCounts(&cursor, present: values.count)
    let isAtEnd = cursor.isAtEnd
    #expect(isAtEnd)
    return Dictionary(counts.items.map { ($0.value, $0.count) }, uniquingKeysWith: +)
  }

  @Test(arguments: [
    [5], [5, 5, 5], [0, 63, 0], [64, 0, 64], [-3, 60, -3, 61], [1_000, 3, 3, 1_000, 3],
    [.min, .min + 63, .min], [.max, .max - 63], [.min + 64, .min], Array(-8..<8),
  ] as [[Int64]])
  func fewValuesAreCountedHoweverNear(_ values: [Int64]) throws {
    #expect(try counts(values) == Dictionary(values.map { ($0, 1) }, uniquingKeysWith: +))
  }

  @Test func manyValuesAreNotCounted() throws {
    #expect(try counts(Array(0..<17)) == nil)
    #expect(try counts((0..<17).map { $0 * 100 }) == nil)
    // Nor are those whose distance is no number.
    #expect(try counts([.min, .max]) == nil)
  }
}
