import Bytes
import TestSupport
import Testing

@testable import Store

struct PackedIntsTests {
  private func roundTrip(_ values: [Int64], isInstant: Bool = false) throws -> Int {
    var bytes: [UInt8] = [7, 7]
    PackedInts.encode(values, isInstant: isInstant, into: &bytes)
    var offset = 2
    let packed = try PackedInts(parsing: SectionBytes(bytes), at: &offset, count: values.count)
    #expect(offset == bytes.count)
    #expect(packed.decoded() == values)
    for index in Swift.stride(from: 0, to: values.count, by: max(values.count / 97, 1)) {
      #expect(packed[index] == values[index])
    }
    for range in [1...5, .min ... -3, 400...Int64.max, .min ... .max] as [ClosedRange<Int64>] {
      guard let words = packed.words(in: range) else { continue }
      #expect(bits(words, count: values.count) == values.map { range.contains($0) })
    }
    for value in Set(values.prefix(20) + [0, -1, .min, .max]) {
      guard let words = packed.words(of: value) else { continue }
      #expect(bits(words, count: values.count) == values.map { $0 == value })
    }
    return bytes.count - 2
  }

  private func bits(_ words: [UInt64], count: Int) -> [Bool] {
    (0..<count).map { words[$0 / 64] >> UInt64($0 % 64) & 1 == 1 }
  }

  @Test func rangesAreFoundAmongPackedNumbersOfEveryWidth() throws {
    var generator = SystemRandomNumberGenerator()
    for width in 1...56 {
      let base = Int64.random(in: -1_000...1_000, using: &generator)
      let top = base + Int64(1 << UInt64(width) - 1)
      var values = (0..<150).map { _ in Int64.random(in: base...top, using: &generator) }
      values += [base, top]
      var bytes: [UInt8] = []
      PackedInts.encode(values, into: &bytes)
      var offset = 0
      let packed = try PackedInts(parsing: SectionBytes(bytes), at: &offset, count: values.count)
      for _ in 0..<20 {
        let ends = [
          Int64.random(in: base - 2...top + 2, using: &generator), values.randomElement()!,
        ].sorted()
        let words = try #require(packed.words(in: ends[0]...ends[1]), "width \(width)")
        #expect(bits(words, count: values.count) == values.map { (ends[0]...ends[1]).contains($0) })
      }
    }
  }

  @Test func constantsTakeNoBitsARow() throws {
    #expect(try roundTrip([Int64](repeating: -5, count: 10_000)) == 20)
  }

  @Test func extremesSurvive() throws {
    _ = try roundTrip([.min, .max, 0, -1, 1, .max, .min])
    _ = try roundTrip([.min, .max, 0, -1, 1, .max, .min], isInstant: true)
    _ = try roundTrip([])
    _ = try roundTrip([.max])
  }

  @Test func risingNumbersAreChained() throws {
    let size = try roundTrip((0..<10_000).map { Int64($0) * 1_000_003 })
    #expect(size < 10_000)
  }

  @Test func wholeMicrosecondsAreNotPaidAsNanoseconds() throws {
    var random = SeededGenerator(seed: 1)
    var now: Int64 = 1_700_000_000_000_000_000
    let instants = (0..<10_000).map { _ in
      now += Int64(random.next() % 2_000) * 1_000
      return now
    }
    let size = try roundTrip(instants, isInstant: true)
    #expect(size < 10_000 * 12 / 8 + 1_000)
  }

  @Test(arguments: 0...64)
  func everyWidthSurvives(width: Int) throws {
    var random = SeededGenerator(seed: UInt64(width))
    let values = (0..<1_000).map { _ in
      Int64(bitPattern: width == 0 ? 0 : random.next() >> UInt64(64 - width))
    }
    _ = try roundTrip(values)
    _ = try roundTrip(values.sorted())
  }

  @Test func cutRunsAreRefused() throws {
    var bytes: [UInt8] = []
    PackedInts.encode((0..<300).map { $0 * $0 }, into: &bytes)
    for count in 0..<bytes.count {
      var offset = 0
      #expect(throws: WireError.self) {
        try PackedInts(parsing: SectionBytes(Array(bytes[..<count])), at: &offset, count: 300)
      }
    }
  }
}
