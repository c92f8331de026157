import Entries
import Store
import TestSupport
import Testing

@testable import Query

@Suite struct ColumnShelfTests {
  private func blocks(_ count: Int) throws -> [Block] {
    var random = RandomEntries(seed: 12)
    let entries = (0..<count * 10).map { random.entry(Int64($0)) }
    return try store(entries, blockRows: 10).snapshot().blocks
  }

  @Test func columnsOfABlockStayFromQuestionToQuestion() throws {
    let block = try #require(try blocks(1).first)
    let shelf = ColumnShelf()
    let columns = shelf.columns(of: block)
    #expect(shelf.columns(of: block) === columns)
    // Each shelf has its own.
    #expect(ColumnShelf().columns(of: block) !== columns)
  }

  @Test func theBlocksAskedLastStay() throws {
    let blocks = try blocks(ColumnShelf.maxBlocks + 20)
    #expect(blocks.count > ColumnShelf.maxBlocks + 1)
    let shelf = ColumnShelf()
    let first = shelf.columns(of: blocks[0])
    let second = shelf.columns(of: blocks[1])
    for block in blocks.dropFirst(2) {
      _ = shelf.columns(of: block)
      #expect(shelf.columns(of: blocks[0]) === first)
    }
    #expect(shelf.columns(of: blocks[1]) !== second)
  }
}
