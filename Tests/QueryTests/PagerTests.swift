import Bytes
import Entries
import KFL
import Store
import TestSupport
import Testing

@testable import Query

@Suite struct PagerTests {
  private func key(_ view: EntryView) -> String {
    "\(view.timestamp.nanoseconds)/\(view.id.stream)/\(view.id.index)"
  }

  private func key(_ entry: Entry) -> String {
    "\(entry.timestamp.nanoseconds)/\(entry.stream)/\(entry.index)"
  }

  /// All pages of a query, and what each said.
  private func pages(_ source: StoreSource, _ query: Query) async throws -> [QueryResult] {
    var query = query
    var pages: [QueryResult] = []
    repeat {
      let page = try await source.query(query)
      pages.append(page)
      query.cursor = page.nextCursor
    } while query.cursor != nil && pages.count < 1_000
    return pages
  }

  /// Entries out of order of time, many at the same instant.
  private func entries(_ count: Int, seed: UInt64) -> [Entry] {
    var random = RandomEntries(seed: seed)
    var entries: [Entry] = []
    for number in 0..<count {
      let late = Int64.random(in: 0..<40, using: &random.random)
      var entry = random.entry(Int64(number / 4) - late)
      entry.stream = UInt64(number)
      entries.append(entry)
    }
    return entries
  }

  @Test(arguments: [Query.Order.newest, .oldest, .latency])
  func pagesHoldEveryEntryOnceInOrder(_ order: Query.Order) async throws {
    let entries = entries(1_000, seed: 4)
    let source = StoreSource(try store(entries, blockRows: 90))
    let filter = try filter("http || dns")
    let matching = entries.filter {
      filter.evaluate(PlainRecord(EntryRow($0))).isSelected
    }
    let pages = try await pages(source, Query([filter], order: order, limit: 37))
    let shown = pages.flatMap(\.rows)
    #expect(shown.count == matching.count)
    #expect(Set(shown.map(key)) == Set(matching.map(key)))
    for page in pages {
      #expect(page.total == matching.count && page.isTotalExact)
    }
    for (a, b) in zip(shown, shown.dropFirst()) {
      switch order {
      case .newest: #expect(a.timestamp >= b.timestamp)
      case .oldest: #expect(a.timestamp <= b.timestamp)
      case .latency: #expect(latency(a) >= latency(b))
      }
    }
  }

  @Test(arguments: [Query.Order.newest, .oldest, .latency])
  func aWindowShowsWhatLiesInIt(_ order: Query.Order) async throws {
    let entries = entries(1_000, seed: 6)
    let source = StoreSource(try store(entries, blockRows: 40))
    for (from, length) in [(0, 1), (10, 50), (-100, 60), (90, 7), (300, 10), (120, 5_000)] {
      let begin = start.advanced(by: Int64(from) * 1_000_000)
      let window = begin..<begin.advanced(by: Int64(length) * 1_000_000)
      let expected = entries.filter { window.contains($0.timestamp) }
      let pages = try await pages(source, Query(window: window, order: order, limit: 29))
      #expect(pages.flatMap(\.rows).map(key).sorted() == expected.map(key).sorted())
      #expect(pages.allSatisfy { $0.total == expected.count })
      let figures = try await source.aggregate(
        Aggregation(window: window, families: .everything, measures: .counts))
      #expect(figures.total.count == expected.count)
    }
  }

  private func latency(_ view: EntryView) -> Int64 {
    if case .int(let number) = view.value(.elapsed) { number } else { -1 }
  }

  @Test func aCursorIsStableWhileEntriesArrive() async throws {
    let all = entries(1_000, seed: 5)
    let store = try store(Array(all.prefix(600)), blockRows: 50)
    let source = StoreSource(store)
    let before = Set(all.prefix(600).map(key))
    var query = Query(limit: 21)
    var shown: [String] = []
    var late = all.dropFirst(600)
    repeat {
      let page = try await source.query(query)
      shown += page.rows.map(key)
      query.cursor = page.nextCursor
      try store.append(Array(late.prefix(20)))
      try store.flush()
      late = late.dropFirst(20)
    } while query.cursor != nil
    #expect(Set(shown).count == shown.count, "an entry was shown twice")
    #expect(before.isSubset(of: shown), "an entry was left out")
  }

  @Test func aWindowIsHalfOpen() async throws {
    let entries = entries(400, seed: 6)
    let source = StoreSource(try store(entries, blockRows: 64))
    let from = start.advanced(by: 20_000_000)
    let to = start.advanced(by: 60_000_000)
    let page = try await source.query(Query(window: from..<to, limit: 1_000))
    let expected = entries.filter { from <= $0.timestamp && $0.timestamp < to }
    #expect(Set(page.rows.map(key)) == Set(expected.map(key)))
    #expect(page.total == expected.count)
    #expect(try await source.query(Query(window: from..<from)).rows.isEmpty)
    #expect(Query.window(start: nil, end: nil) == nil)
    #expect(Query.window(start: to, end: from)?.isEmpty == true)
  }

  @Test func countingStopsAtItsBudgetAndSaysSo() async throws {
    let entries = entries(2_000, seed: 7).map { entry in
      var entry = entry
      entry.kind = .http
      return entry
    }
    let source = StoreSource(try store(entries, blockRows: 100))
    let filter = try filter("status_code >= 400 || path != \"/nowhere\"")
    let cheap = try await source.query(Query([filter], limit: 5, countBudget: 500))
    #expect(!cheap.isTotalExact && cheap.total < 2_000 && cheap.rows.count == 5)
    #expect(cheap.coverage.examined < 1_000)
    let full = try await source.query(Query([filter], limit: 5))
    #expect(full.isTotalExact && full.total == 2_000)
    // Without a condition there is nothing to look at.
    let plain = try await source.query(Query(limit: 5))
    #expect(plain.total == 2_000 && plain.isTotalExact && plain.coverage.examined < 500)
  }

  @Test func cursorsOfOtherQueriesAreRefused() async throws {
    let source = StoreSource(try store(entries(200, seed: 8)))
    let page = try await source.query(Query(limit: 3))
    let cursor = try #require(page.nextCursor)
    for query in [
      Query([try filter("http")], cursor: cursor), Query(order: .oldest, cursor: cursor),
      Query(cursor: "x"), Query(cursor: "1.2.3.4.5.6.7.zzzzzzzzzzzzzzzzzzzz"), Query(cursor: ""),
    ] {
      await #expect(throws: QueryError.self) { try await source.query(query) }
    }
  }

  @Test func filtersAreJoinedAndLimitsRespected() async throws {
    let entries = entries(500, seed: 9)
    let source = StoreSource(try store(entries))
    let two = [try filter("http"), try filter("method == \"GET\" || dns")]
    let both = try filter("http && (method == \"GET\" || dns)")
    let a = try await source.query(Query(two, limit: 500))
    let b = try await source.query(Query([both], limit: 500))
    #expect(a.total > 0 && a.rows.map(key) == b.rows.map(key))
    let one = try await source.query(Query([try filter("http and limit(1)")]))
    #expect(one.rows.count == 1 && one.isTruncated)
  }

  @Test func familiesAreToldApart() async throws {
    let source = StoreSource(try store(entries(500, seed: 10)))
    func kinds(_ families: Query.Families, _ text: String) async throws -> Set<Bool> {
      let page = try await source.query(
        Query([try filter(text)], families: families, limit: 1_000))
      return Set(page.rows.map { $0.kind?.isCall ?? false })
    }
    #expect(try await kinds(.calls, "") == [true])
    #expect(try await kinds(.connections, "") == [false])
    #expect(try await kinds(.everything, "") == [true, false])
    #expect(try await kinds(.automatic, "") == [true])
    #expect(try await kinds(.automatic, "conn_state == \"open\"") == [false])
    #expect(try await kinds(.automatic, "conn || dns") == [true, false])
  }

  @Test func failuresAreCountedWithACause() async throws {
    let source = StoreSource(try store(entries(300, seed: 11)))
    let page = try await source.query(Query([try filter("http && query_string[\"id\"] == \"7\"")]))
    #expect(page.failures.count > 0)
    #expect(page.failures.cause?.contains("no key \"id\"") == true)
  }

  /// What an entry holds may be secret: a cause quotes what the filter says, and nothing else.
  @Test(arguments: [
    "http && int(path) > 3", "http && query_string[path] == \"7\"",
    "http && timestamp(\"2026-03-14T22:00:00Z\").getHours(path) == 1",
    "http && duration(method) > duration(\"1s\")",
  ])
  func causesQuoteNoEntry(text: String) async throws {
    let source = StoreSource(try store(entries(300, seed: 11)))
    let page = try await source.query(Query([try filter(text)]))
    let cause = try #require(page.failures.cause)
    #expect(page.failures.count > 0 && !cause.contains("/") && !cause.contains("GET"), "\(cause)")
  }

  @Test func rowsOfManyBlocksAreCopiedOut() async throws {
    let entries = entries(1_000, seed: 12)
    let source = StoreSource(try store(entries, blockRows: 10))
    let page = try await source.query(Query([try filter("http")], limit: 500))
    let byKey = Dictionary(entries.map { (key($0), $0) }, uniquingKeysWith: { a, _ in a })
    for view in page.rows {
      let entry = try #require(byKey[key(view)])
      for field in Catalogue.all where field.id != .raw {
        #expect(view.value(field.id) == EntryRow(entry).value(field.id), "\(field.id)")
      }
    }
  }

  @Test func viewsShowWhatTheEntryHeld() async throws {
    var random = RandomEntries(seed: 13)
    let entries = (0..<300).map { random.entry(Int64($0)) }
    let source = StoreSource(try store(entries))
    let page = try await source.query(Query(order: .oldest, limit: 1_000))
    let byKey = Dictionary(entries.map { (key($0), $0) }, uniquingKeysWith: { a, _ in a })
    for view in page.rows {
      let row = EntryRow(try #require(byKey[key(view)]))
      for field in Catalogue.all where field.id != .raw {
        #expect(view.value(field.id) == row.value(field.id), "\(field.id)")
      }
      #expect(view.raw == RawRecord(row, id: view.id.description).json)
      #expect(view.value(named: "no such name") == nil)
    }
  }

  @Test func aCancelledQuerySaysSo() async throws {
    let source = StoreSource(try store(entries(300, seed: 15)))
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      do throws(QueryError) {
        _ = try await source.query(Query())
        return false
      } catch {
        if case .cancelled = error { return true }
        return false
      }
    }
    #expect(await task.value)
  }

  @Test func entriesAreFoundByTheirName() async throws {
    let entries = entries(300, seed: 14)
    let source = StoreSource(try store(entries, blockRows: 30))
    for entry in entries.prefix(40) {
      let id = EntryID(node: nil, stream: entry.stream, index: entry.index)
      guard case .found(let view) = try await source.entry(id) else {
        Issue.record("\(id) not found")
        continue
      }
      #expect(key(view) == key(entry))
      #expect(EntryID(view.id.description) == EntryID("local/\(entry.stream)/\(entry.index)"))
    }
    let other = EntryID(node: "node-9", stream: 3, index: entries[3].index)
    guard case .unknown(let oldestKept) = try await source.entry(other) else {
      Issue.record("found on another node")
      return
    }
    #expect(oldestKept)
  }

  @Test func namesOfEntriesAreReadInAllForms() {
    let full = EntryID(node: "a/b", stream: 204, index: 3)
    #expect(EntryID("a/b/204/3") == full)
    #expect(full.description == "a/b/204/3")
    let short = EntryID(node: nil, stream: 204, index: 3)
    for text in ["/204/3", "204/3", String(204 << 24 | 3)] { #expect(EntryID(text) == short) }
    for text in ["", "x", "/", "a/b/c", "1/-2", "1/2/", "99999999999999999999"] {
      #expect(EntryID(text) == nil, "\(text)")
    }
  }
}
