import Bytes
import Entries
import KFL
import Store
import TestSupport
import Testing

@testable import Query

/// Answers that would need too much memory say so; those that fit are given.
@Suite struct QueryMemoryTests {
  private func sample() throws -> EntryStore {
    var random = RandomEntries(seed: 61)
    let entries = (0..<3_000).map { number in
      var entry = random.entry(Int64(number))
      entry.stream = UInt64(number)
      entry.fields.set(.path, .text("/orders/\(number)/" + String(repeating: "x", count: 200)))
      entry.source.address = IPAddress(v4: UInt32(number))
      return entry
    }
    return try store(entries, blockRows: 50)
  }

  private func complaint(_ ask: () async throws(QueryError) -> Void) async -> String? {
    do throws(QueryError) {
      try await ask()
      return nil
    } catch {
      if case .tooLarge(let sentence) = error { return sentence }
      return "another error: \(error)"
    }
  }

  @Test func flowsThatDoNotFit() async throws {
    let store = try sample()
    let small = StoreSource(store, memoryLimit: 50 << 10)
    let sentence = await complaint { () async throws(QueryError) in
      _ = try await small.flows(FlowQuery())
    }
    #expect(sentence?.contains("flows and more need more than the 50 KB") == true)
    #expect(try await StoreSource(store).flows(FlowQuery()).total > 100)
  }

  @Test func rowsThatDoNotFit() async throws {
    let store = try sample()
    let small = StoreSource(store, memoryLimit: 300 << 10)
    let sentence = await complaint { () async throws(QueryError) in
      _ = try await small.query(Query(families: .everything, limit: 3_000))
    }
    #expect(sentence?.contains("ask for fewer at a time") == true)
    #expect(try await small.query(Query(families: .everything, limit: 20)).rows.count == 20)
    #expect(try await StoreSource(store).query(Query(limit: 3_000)).rows.count > 1_000)
    // What is not asked for takes no room.
    let narrow = Query(families: .everything, limit: 500, fields: [.statusCode])
    let rows = try await small.query(narrow).rows
    #expect(rows.count == 500)
    // It is there all the same.
    let whole = try await StoreSource(store).query(Query(families: .everything, limit: 500)).rows
    for (a, b) in zip(rows, whole) {
      for id in [FieldID.statusCode, .path, .sourceName, .dnsQuestions, .timestamp] {
        #expect(a.value(id) == b.value(id))
      }
    }
  }
}
