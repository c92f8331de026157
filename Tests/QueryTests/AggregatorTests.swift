import Bytes
import Entries
import KFL
import Store
import TestSupport
import Testing

@testable import Query

@Suite struct AggregatorTests {
  private let entries: [Entry]
  private let source: StoreSource

  init() throws {
    var random = RandomEntries(seed: 21)
    entries = (0..<1_200).map { random.entry(Int64($0) * 5) }
    source = StoreSource(try store(entries, blockRows: 150))
  }

  private static let templates = TextMap("templates", PathTemplate.template)

  /// The groups as plain counting finds them.
  private func groups(
    _ ids: [FieldID], where isIn: (EntryRow) -> Bool
  ) -> [[FieldValue]: (count: Int, errors: Int, bytes: Int64, latencies: [Int64])] {
    var result: [[FieldValue]: (count: Int, errors: Int, bytes: Int64, latencies: [Int64])] = [:]
    for entry in entries {
      let row = EntryRow(entry)
      guard isIn(row) else { continue }
      let keys = ids.map { id -> FieldValue in
        let value = row.value(id)
        return value == .text("") ? .none : value
      }
      var group = result[keys] ?? (0, 0, 0, [])
      group.count += 1
      if entry.failed || entry.fault != nil { group.errors += 1 }
      group.bytes += entry.requestSize + entry.responseSize
      if let elapsed = entry.elapsed { group.latencies.append(elapsed) }
      result[keys] = group
    }
    return result
  }

  private static let keys: [[FieldID]] = [
    [.destinationServiceName], [.destinationName], [.family], [.statusCode], [.callFailed],
    [.dnsQuestions], [.namespaces], [.method, .path],
    [.destinationNamespace, .family, .statusCode],
    [.elapsedTime], [.queryString], [.errorType], [.http2],
  ]

  @Test(arguments: keys.indices, [false, true])
  func groupsAreThoseOfPlainCounting(_ place: Int, sharingTexts: Bool) async throws {
    let source = StoreSource(try store(entries, blockRows: 150, sharingTexts: sharingTexts))
    let ids = Self.keys[place]
    let expected = groups(ids) { $0.entry.kind.isCall }
    let result = try await source.aggregate(
      Aggregation(by: ids.map { .field($0) }, limit: 100_000))
    #expect(result.groupCount == expected.count)
    for group in result.groups {
      let other = try #require(expected[group.keys], "\(group.keys)")
      #expect(group.metrics.count == other.count)
      #expect(group.metrics.errors == other.errors)
      #expect(group.metrics.bytesIn + group.metrics.bytesOut == other.bytes)
      #expect(group.metrics.latency.count == other.latencies.count)
      let sorted = other.latencies.sorted()
      if group.metrics.latency.isExact, !sorted.isEmpty {
        #expect(group.metrics.latency.quantile(0) == Double(sorted[0]))
        #expect(group.metrics.latency.quantile(0.5) == Double(sorted[(sorted.count + 1) / 2 - 1]))
        #expect(group.metrics.latency.quantile(1) == sorted.last.map(Double.init))
      }
    }
    #expect(result.total.count == expected.values.reduce(0) { $0 + $1.count })
    for (a, b) in zip(result.groups, result.groups.dropFirst()) {
      #expect(a.metrics.count >= b.metrics.count)
    }
  }

  /// Counts from headers are those of adding up row by row.
  @Test(arguments: [
    "true", "http", "call_failed", "path.contains(\"users\")", "status_code >= 500",
  ])
  func figuresThatAreNotWantedChangeNoOthers(_ text: String) async throws {
    let filter = try filter(text)
    for ids in Self.keys + [[], [.kind], [.decrypted], [.faultKind], [.grpcStatus]] {
      let keys = ids.map { GroupKey.field($0) }
      func figures(_ measures: Aggregation.Measures) async throws -> AggregationResult {
        try await source.aggregate(
          Aggregation([filter], by: keys, order: .key, limit: 100_000, measures: measures))
      }
      let whole = try await figures(.everything)
      let counts = try await figures(.counts)
      let count = try await figures(.count)
      let latencies = try await figures(.latencies)
      #expect(latencies.groups.map(\.keys) == whole.groups.map(\.keys))
      #expect(
        latencies.groups.map { $0.metrics.latency.quantile(0.9) }
          == whole.groups.map { $0.metrics.latency.quantile(0.9) })
      #expect(latencies.total.count == whole.total.count && latencies.total.bytesIn == 0)
      #expect(counts.groups.map(\.keys) == whole.groups.map(\.keys))
      #expect(counts.groups.map(\.metrics.count) == whole.groups.map(\.metrics.count))
      #expect(counts.groups.map(\.metrics.errors) == whole.groups.map(\.metrics.errors))
      #expect(count.groups.map(\.keys) == whole.groups.map(\.keys))
      #expect(count.groups.map(\.metrics.count) == whole.groups.map(\.metrics.count))
      #expect(counts.total.count == whole.total.count && count.total.count == whole.total.count)
      #expect(counts.total.errors == whole.total.errors && counts.span == whole.span)
    }
  }

  @Test func oneFigureOverAllNeedsNoKeys() async throws {
    let filter = try filter("http && status_code >= 500")
    let expected = entries.filter {
      filter.evaluate(PlainRecord(EntryRow($0))).isSelected
    }
    let result = try await source.aggregate(Aggregation([filter]))
    #expect(result.groups.isEmpty && result.total.count == expected.count)
    let times = expected.map(\.timestamp)
    #expect(result.span?.lowerBound == times.min() && result.span?.upperBound == times.max())
    #expect(try await source.count([filter]) == expected.count)
    #expect(try await source.count() == entries.count { $0.kind.isCall })
  }

  @Test func timeFallsIntoSpans() async throws {
    let result = try await source.aggregate(
      Aggregation(
        families: .everything, by: [.interval(nanoseconds: 1_000_000_000)], order: .key,
        limit: 100))
    #expect(result.groupCount == 6)
    var expected = start
    for group in result.groups {
      #expect(group.keys == [.instant(expected)])
      #expect(group.metrics.count == 200)
      expected = expected.advanced(by: 1_000_000_000)
    }
  }

  @Test func keysCanBeMappedAndFallBack() async throws {
    let paths = try await source.aggregate(
      Aggregation(
        [try filter("http")], by: [.field(.path, map: Self.templates)], limit: 100))
    let names = paths.groups.map { $0.keys[0].plainText }
    #expect(names.contains("/api/users/{id}") && !names.contains("/api/users/42"))
    let chain = try await source.aggregate(
      Aggregation(by: [.field(.destinationNamespace, .sourceNamespace)], limit: 100))
    let expected = Set(
      entries.filter(\.kind.isCall).map { entry -> FieldValue in
        let row = EntryRow(entry)
        let own = row.value(.destinationNamespace)
        return own == .none ? row.value(.sourceNamespace) : own
      })
    #expect(Set(chain.groups.map { $0.keys[0] }) == expected)
  }

  /// A protocol agreed on in TLS, `spdy/3`, was one with all of its versions: `spdy/{id}`.
  @Test(arguments: [true, false]) func fieldsOfNamesAreNotMapped(_ sharingTexts: Bool) async throws
  {
    var random = RandomEntries(seed: 24)
    let entries = (0..<60).map { number -> Entry in
      var entry = random.entry(Int64(number))
      entry.kind = number % 3 == 0 ? .tlsx : .http
      entry.fields.set(.tlsxSummary, .text(number % 3 == 0 ? "spdy/3" : ""))
      // The same text in both fields, and one that is a path alone.
      entry.fields.set(
        .path, .text(number % 3 == 0 ? "" : number % 3 == 1 ? "spdy/3" : "/users/\(number)"))
      return entry
    }
    let source = StoreSource(try store(entries, blockRows: 25, sharingTexts: sharingTexts))
    for ids in [[.path, .tlsxSummary], [.tlsxSummary, .path]] as [[FieldID]] {
      let key = GroupKey.field(
        ids[0], ids[1], verbatim: [.tlsxSummary], map: Self.templates)
      let result = try await source.aggregate(Aggregation(by: [key], limit: 100))
      let counts = result.groups.map { "\($0.keys[0].plainText) \($0.metrics.count)" }
      #expect(Set(counts) == ["spdy/3 20", "spdy/{id} 20", "/users/{id} 20"])
    }
    let alone = try await source.aggregate(
      Aggregation(
        by: [.field(.tlsxSummary, verbatim: [.tlsxSummary], map: Self.templates)]))
    #expect(Set(alone.groups.map { $0.keys[0].plainText }) == ["spdy/3", ""])
  }

  @Test func topValuesAndDistinctOnes() async throws {
    let top = try await source.topValues(of: .method, [try filter("http")], limit: 2)
    #expect(top.distinct == 3 && top.values.count == 2)
    #expect(top.values[0].count >= top.values[1].count)
  }

  @Test func tooManyGroupsAreCountedTogether() async throws {
    var random = RandomEntries(seed: 22)
    let many = (0..<(Aggregation.maxGroups + 100)).map { number -> Entry in
      var entry = random.entry(Int64(number))
      entry.kind = .http
      entry.fields.set(.host, .text("host-\(number)"))
      return entry
    }
    let source = StoreSource(try store(many, blockRows: 16_384))
    let result = try await source.aggregate(Aggregation(by: [.field(.host)], limit: 5))
    #expect(result.groupCount == Aggregation.maxGroups)
    #expect(result.ungrouped.count == 100)
    #expect(result.total.count == many.count)
  }

  @Test func longKeysAreCountedTogetherBeforeTheyFillTheMemory() async throws {
    var random = RandomEntries(seed: 23)
    let long = String(repeating: "x", count: 1 << 18)
    let entries = (0..<100).map { number -> Entry in
      var entry = random.entry(Int64(number))
      entry.kind = .http
      entry.fields.set(.host, .text("\(number)-\(long)"))
      return entry
    }
    let source = StoreSource(try store(entries, blockRows: 16))
    let result = try await source.aggregate(Aggregation(by: [.field(.host)], limit: 5))
    #expect(result.groupCount == Aggregation.keyBytes / (1 << 18 + 3))
    #expect(result.ungrouped.count == entries.count - result.groupCount)
    #expect(result.total.count == entries.count)
  }

  @Test func ordersPutTheirOwnFirst() async throws {
    func ranks(_ order: Aggregation.Order, _ rank: (Metrics) -> Double) async throws -> Bool {
      let result = try await source.aggregate(
        Aggregation(by: [.field(.path)], order: order, limit: 100))
      let all = result.groups.map { rank($0.metrics) }
      return zip(all, all.dropFirst()).allSatisfy { $0 >= $1 }
    }
    #expect(try await ranks(.errors) { Double($0.errors) })
    #expect(try await ranks(.errorRate) { $0.errorRate })
    #expect(try await ranks(.bytes) { Double($0.bytesIn + $0.bytesOut) })
    #expect(try await ranks(.slowest) { $0.latency.quantile(0.99) ?? -1 })
  }
}
