import Store
import Testing

@testable import Pipeline

@Suite struct WriteNewsTests {
  private func counters(lost: Int64, blocks: Int64) -> StoreCounters {
    var counters = StoreCounters()
    (counters.entriesLost, counters.blocksInserted) = (lost, blocks)
    return counters
  }

  @Test func aFullDiskIsToldOnceAndThatItIsOver() {
    var news = WriteNews()
    let full = StoreError(.diskFull, "writing a block to /data/entries.sqlite")
    #expect(news.sentence(counters(lost: 0, blocks: 3), nil) == nil)
    #expect(
      news.sentence(counters(lost: 5, blocks: 3), full) == """
        entries cannot be stored: writing a block to /data/entries.sqlite: no space is left on the \
        device; free some space or lower the retention limit, then go on
        """)
    #expect(news.sentence(counters(lost: 9, blocks: 3), full) == nil)
    // While there is nothing to write nobody knows.
    #expect(news.sentence(counters(lost: 9, blocks: 3), full) == nil)
    #expect(
      news.sentence(counters(lost: 9, blocks: 4), full)
        == "entries are stored again; 9 could not be")
    #expect(news.sentence(counters(lost: 9, blocks: 5), full) == nil)
    #expect(news.sentence(counters(lost: 10, blocks: 5), full) != nil)
  }
}
