import Bytes
import Entries
import TestSupport
import Testing

@testable import Store

/// Texts that blocks share say the same as the blocks themselves, and take no more than they may.
@Suite struct TextPoolTests {
  private func store(_ paths: [String], blockRows: Int, textBytes: Int = 1 << 20) throws
    -> EntryStore
  {
    var limits = StoreLimits()
    limits.blockRows = blockRows
    limits.textRows = 0
    limits.textBytes = textBytes
    var random = RandomEntries(seed: 1)
    let store = try EntryStore(.memory, limits: limits)
    try store.append(
      paths.map { path in
        var entry = random.entries(1)[0]
        entry.kind = .http
        entry.fields = FieldValues()
        if !path.isEmpty { entry.fields.add(.path, .text(path)) }
        return entry
      })
    try store.flush()
    return store
  }

  /// Paths of a few kinds, some rows without one.
  private func paths(_ count: Int, kinds: Int) -> [String] {
    (0..<count).map { $0 % 11 == 0 ? "" : "/path/\($0 * 7 % kinds)" }
  }

  @Test func countsOfTextsAreThoseOfRows() throws {
    let store = try store(paths(3_000, kinds: 40), blockRows: 500)
    var tables: [SharedTexts] = []
    for block in store.snapshot().blocks {
      let texts = try #require(try block.texts(.path))
      tables.append(texts.table)
      guard case .texts(let column)? = try block.column(.path) else { continue }
      var expected: [UInt32: Int] = [:]
      for code in column.codes() where code != 0 { expected[code, default: 0] += 1 }
      #expect(texts.rows == expected.values.reduce(0, +))
      texts.forEach { code, number, rows in
        #expect(rows == expected[UInt32(code)])
        let shared = texts.table.withTexts { $0.withBytes(number + 1) { $0.text() } }
        #expect(shared == column.value(code: UInt32(code)))
      }
      // Few numbers are looked up, many are gone along.
      let all = (0..<UInt16(texts.table.count)).map { $0 }
      #expect(texts.codes(of: all).rows == texts.rows)
      for number in all {
        let found = texts.codes(of: [number])
        #expect(found.codes.count <= 1)
        #expect(found.rows == found.codes.reduce(0) { $0 + (expected[$1] ?? 0) })
      }
      #expect(block.knownTexts(.path) === texts)
    }
    #expect(tables.count > 1 && tables.allSatisfy { $0 === tables[0] })
    #expect(tables[0].count == 40)
  }

  @Test func columnsWhoseTextsHardlyRepeatTakeNoPart() throws {
    let store = try store((0..<600).map { "/path/\($0)" }, blockRows: 300)
    for block in store.snapshot().blocks {
      #expect(try block.texts(.path) == nil && block.texts(.statusCode) == nil)
    }
  }

  @Test func nothingIsTakenBeyondTheLimitAndAllIsGivenBack() throws {
    let pool = TextPool(limit: 50_000, minRows: 0)
    var parts: [BlockTexts] = []
    for number in 0..<40 {
      let names = (0..<200).map { "/service-\(number)/path-\($0 % 50)" }
      let block = try #require(try store(names, blockRows: 200).snapshot().blocks.first)
      guard case .texts(let column)? = try block.column(.path) else { continue }
      if let part = BlockTexts(.path, column, rows: 200, pool) { parts.append(part) }
    }
    #expect(!parts.isEmpty && parts.count < 40)
    // One block's part may go beyond.
    #expect(pool.byteCount < 100_000)
    let before = pool.byteCount
    parts = []
    #expect(pool.byteCount < before)
  }
}
