import Bytes
import Entries
import KFL
import Store
import TestSupport
import Testing

@testable import Query

/// Random questions against random entries, answered by the store and by plain looking.
@Suite struct OracleTests {
  private struct Question {
    var text: String
    var filter: Filter
    var window: Range<Timestamp>?
    var families: Query.Families
  }

  private static let conditions = [
    "http", "dns", "grpc", "status_code >= 500", "status_code == 404", "status_code != 200",
    "method == \"GET\"", "method == \"POST\"", "path.startsWith(\"/api\")",
    "path.contains(\"orders\")", "elapsed_time > 2000", "elapsed_time <= 40000",
    "dst.namespace == \"shop\"", "src.namespace != \"shop\"", "dns_request_length > 100",
    "dns_total_size == 0", "dst.port == 8080", "error_type != \"\"", "dns_rcode == \"NXDOMAIN\"",
    "src.pod.name == \"orders-1\"", "path == \"/nowhere\"", "true",
  ]

  private static func entries(_ seed: UInt64, _ count: Int) -> [Entry] {
    var random = RandomEntries(seed: seed)
    return (0..<count).map { number in
      var entry = random.entry(Int64(number / 3) - Int64.random(in: 0..<30, using: &random.random))
      entry.stream = UInt64(number)
      return entry
    }
  }

  private static func question(_ random: inout SeededGenerator) throws -> Question {
    func pick<Element>(_ list: [Element]) -> Element {
      list[Int.random(in: 0..<list.count, using: &random)]
    }
    var text = pick(conditions)
    for _ in 0..<Int.random(in: 0..<3, using: &random) {
      text = "(\(text)) \(pick(["&&", "||"])) \(pick(["", "!"]))(\(pick(conditions)))"
    }
    var window: Range<Timestamp>?
    if Bool.random(using: &random) {
      let from = start.advanced(by: Int64.random(in: -20..<400, using: &random) * 1_000_000)
      let length = Int64.random(in: 0..<300, using: &random) * 1_000_000
      window = from..<from.advanced(by: length)
    }
    return Question(
      text: text, filter: try filter(text), window: window,
      families: pick([.calls, .connections, .everything]))
  }

  private func matching(_ question: Question, _ entries: [Entry]) -> [Entry] {
    entries.filter { entry in
      switch question.families {
      case .calls: guard entry.kind.isCall else { return false }
      case .connections: guard !entry.kind.isCall else { return false }
      default: break
      }
      if let window = question.window, !window.contains(entry.timestamp) { return false }
      return question.filter.evaluate(PlainRecord(EntryRow(entry))).isSelected
    }
  }

  private func precedes(_ a: Entry, _ b: Entry, _ order: Query.Order) -> Bool {
    let (x, y) = (
      (a.timestamp.nanoseconds, a.stream, a.index), (b.timestamp.nanoseconds, b.stream, b.index)
    )
    switch order {
    case .oldest: return x < y
    case .newest: return y < x
    case .latency:
      let (s, t) = (a.elapsed ?? -1, b.elapsed ?? -1)
      return s != t ? s > t : y < x
    }
  }

  /// Blocks as they come, and blocks that were merged.
  private func source(_ entries: [Entry], blockRows: Int) throws -> StoreSource {
    var limits = StoreLimits()
    limits.blockRows = blockRows
    limits.mergedBlocks = 3
    let store = try EntryStore(.memory, limits: limits)
    for start in Swift.stride(from: 0, to: entries.count, by: 40) {
      try store.append(Array(entries[start..<min(start + 40, entries.count)]))
      if start % 120 == 0 { try store.flush() }
      if start % 400 == 0 { try store.merge() }
    }
    try store.flush()
    return StoreSource(store)
  }

  @Test(arguments: 0..<12 as Range<UInt64>) func pagesTotalsAndCountsAreThoseOfPlainLooking(
    seed: UInt64
  ) async throws {
    var random = SeededGenerator(seed: seed &* 7 &+ 1)
    let entries = Self.entries(seed, 1_100)
    let source = try source(entries, blockRows: seed % 2 == 0 ? 100 : 700)
    for _ in 0..<15 {
      let question = try Self.question(&random)
      let expected = matching(question, entries)
      for order in [Query.Order.newest, .oldest, .latency] {
        let limit = Int.random(in: 1..<400, using: &random)
        var query = Query(
          [question.filter], window: question.window, families: question.families, order: order,
          limit: limit)
        var shown: [UInt64] = []
        repeat {
          let page = try await source.query(query)
          #expect(page.total == expected.count && page.isTotalExact, "\(question.text)")
          shown += page.rows.map(\.id.stream)
          query.cursor = page.nextCursor
        } while query.cursor != nil && shown.count <= entries.count
        let wanted = expected.sorted { precedes($0, $1, order) }.map(\.stream)
        #expect(shown == wanted, "\(question.text) \(order)")
      }
      let cheap = try await source.query(
        Query(
          [question.filter], window: question.window, families: question.families, limit: 3,
          countBudget: 100))
      #expect(cheap.isTotalExact ? cheap.total == expected.count : cheap.total <= expected.count)
      #expect(
        try await source.count(
          [question.filter], window: question.window, families: question.families)
          == expected.count)
      try await expectFigures(question, expected, source)
    }
  }

  private func expectFigures(
    _ question: Question, _ expected: [Entry], _ source: StoreSource
  ) async throws {
    let field = FieldID.method
    let result = try await source.aggregate(
      Aggregation(
        [question.filter], window: question.window, families: question.families,
        by: [.field(field), .interval(nanoseconds: 50_000_000)], limit: 100_000))
    var groups: [[FieldValue]: [Entry]] = [:]
    for entry in expected {
      let value = EntryRow(entry).value(field)
      let instant = entry.timestamp.nanoseconds
      let begin = instant - ((instant % 50_000_000) + 50_000_000) % 50_000_000
      groups[
        [value == .text("") ? .none : value, .instant(Timestamp(nanoseconds: begin))], default: []
      ].append(entry)
    }
    #expect(result.groupCount == groups.count && result.total.count == expected.count)
    for group in result.groups {
      let members = try #require(groups[group.keys], "\(question.text): \(group.keys)")
      let errors = members.count { $0.failed || $0.fault != nil }
      #expect(group.metrics.count == members.count && group.metrics.errors == errors)
      #expect(group.metrics.errorRate == Double(errors) / Double(members.count))
      #expect(group.metrics.bytesIn == members.reduce(0) { $0 + $1.requestSize })
      #expect(group.metrics.bytesOut == members.reduce(0) { $0 + $1.responseSize })
      let latencies = members.compactMap(\.elapsed).sorted()
      #expect(group.metrics.latency.isExact && group.metrics.latency.count == latencies.count)
      for q in [0.5, 0.9, 0.95, 0.99] where !latencies.isEmpty {
        let rank = max(1, Int((q * Double(latencies.count)).rounded(.up)))
        #expect(group.metrics.latency.quantile(q) == Double(latencies[rank - 1]))
      }
      if let most = latencies.last { #expect(group.metrics.latency.maximum == most) }
    }
    let top = try await source.topValues(
      of: field, [question.filter], window: question.window, families: question.families, limit: 2)
    let counts = Dictionary(grouping: expected) { entry in
      let value = EntryRow(entry).value(field)
      return value == .text("") ? FieldValue.none : value
    }.mapValues(\.count)
    #expect(top.distinct == counts.count)
    #expect(top.values.map(\.count) == Array(counts.values.sorted(by: >).prefix(2)))
  }

  /// Entries arrive, blocks are merged and the oldest leave between any two pages: nothing is shown
  /// twice, and nothing that was there all the time is left out.
  @Test(arguments: 0..<12 as Range<UInt64>) func cursorsAreStableWhateverHappensBetweenPages(
    seed: UInt64
  ) async throws {
    var random = SeededGenerator(seed: seed &+ 900)
    let order = [Query.Order.newest, .oldest, .latency][Int(seed % 3)]
    var all = Self.entries(seed &+ 50, 1_500)
    // Many that are equal in all that orders them but their arrival.
    for index in all.indices where index % 3 == 0 {
      all[index].timestamp = start.advanced(by: Int64(index / 100) * 5_000_000)
      (all[index].stream, all[index].index) = (7, 0)
      if order == .latency { all[index].elapsed = 5 }
    }
    for index in all.indices { all[index].packets = UInt64(index)...UInt64(index) }
    var limits = StoreLimits()
    limits.blockRows = 200
    limits.mergedBlocks = 3
    let store = try EntryStore(.memory, limits: limits)
    var next = 0
    func arrive(_ count: Int) throws {
      let end = min(next + count, all.count)
      try store.append(Array(all[next..<end]))
      try store.flush()
      next = end
    }
    while next < 800 { try arrive(Int.random(in: 5..<60, using: &random)) }
    let atFirst = next
    let source = StoreSource(store)
    var query = Query(
      families: .everything, order: order, limit: Int.random(in: 7..<60, using: &random))
    var shown: [Int64] = []
    repeat {
      let page = try await source.query(query)
      shown += page.rows.map { view in
        if case .int(let number) = view.value(.firstPacket) { number } else { -1 }
      }
      query.cursor = page.nextCursor
      for _ in 0..<Int.random(in: 0..<3, using: &random) {
        try arrive(Int.random(in: 1..<30, using: &random))
      }
      if Bool.random(using: &random) { try store.merge() }
    } while query.cursor != nil && shown.count <= all.count
    #expect(Set(shown).count == shown.count, "an entry was shown twice")
    let missing = Set((0..<atFirst).map(Int64.init)).subtracting(shown)
    #expect(missing.isEmpty, "\(missing.count) entries were left out")
    #expect(store.counters.blocksMerged > 0)
  }

  /// Queries run while others write; each sees whole batches only, and none twice.
  @Test func queriesSeeAConsistentState() async throws {
    var limits = StoreLimits()
    limits.blockRows = 500
    limits.mergedBlocks = 3
    let store = try EntryStore(.memory, limits: limits)
    let source = StoreSource(store)
    let entries = Self.entries(77, 10).map { entry in
      var entry = entry
      entry.kind = .http
      return entry
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { @concurrent in
        for batch in 0..<300 as Range<UInt64> {
          // A block of the same content again would change nothing.
          var entries = entries
          for index in entries.indices { entries[index].stream = batch }
          try store.append(entries)
          try store.flush()
          try store.merge()
        }
      }
      for _ in 0..<2 {
        group.addTask { @concurrent in
          var last = 0
          for _ in 0..<60 {
            let total = try await source.query(Query(families: .everything, limit: 1)).total
            let counted = try await source.count(families: .everything)
            #expect(total % 10 == 0 && counted % 10 == 0, "a part of a batch was seen")
            #expect(last <= total && total <= counted, "what was seen is gone")
            last = counted
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await source.count(families: .everything) == 3_000)
  }
}
