import Bytes
import Entries
import KFL
import Testing

@testable import Query
@testable import Store

/// Whoever sends blocks may leave out what every program writes: the others are asked all the same.
struct ForgedBlockTests {
  @Test func rowsWithoutTimesAreInNoSpanOfTime() async throws {
    var writer = BlockWriter(family: .calls, rows: 3, reserving: 0)
    writer.add(.kind, .int, Arranged(values: [1, 1, 1], words: nil))
    let summary = EnvelopeColumns.Summary(first: 5, last: 5, kinds: KindSet([.http]))
    let store = try EntryStore(.memory)
    try store.insert(try writer.finish(summary, headers: [0], bodies: [0]))
    let source = StoreSource(store)
    let result = try await source.aggregate(Aggregation(by: [.interval(nanoseconds: 1_000)]))
    #expect(result.total.count == 3)
    #expect(result.groups.map(\.keys) == [[.none]] && result.groups[0].metrics.count == 3)
  }
}
