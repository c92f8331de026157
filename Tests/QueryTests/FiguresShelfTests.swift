import Bytes
import Entries
import Store
import TestSupport
import Testing

@testable import Query

@Suite struct FiguresShelfTests {
  private static let templates = TextMap("templates", PathTemplate.template)

  private static let keys: [[GroupKey]] = [
    [], [.field(.destinationServiceName, .destinationIP)], [.field(.kind), .field(.statusCode)],
    [.field(.kind), .field(.method), .field(.path, map: templates), .field(.host)],
    [.interval(nanoseconds: 700_000_000)], [.field(.elapsedTime)],
  ]

  private static let filters = ["true", "http", "call_failed", "path.contains(\"users\")"]

  /// Every figure of an answer as text, and what it rests on.
  private static func text(_ result: AggregationResult) -> [String] {
    func text(_ metrics: Metrics) -> String {
      let latency = metrics.latency
      let quantiles = [0, 0.1, 0.5, 0.9, 0.99, 1].map { latency.quantile($0) ?? -1 }
      return
        "\(metrics.count) \(metrics.errors) \(metrics.bytesIn) \(metrics.bytesOut) \(latency.count) "
        + "\(latency.average ?? -1) \(quantiles)"
    }
    return result.groups.map { "\($0.keys) \(text($0.metrics))" } + [
      text(result.total), text(result.ungrouped), "\(result.groupCount) groups",
      "\(String(describing: result.span))", "\(result.failures)", "\(result.coverage.entries)",
      "\(result.coverage.examined)",
    ]
  }

  private static func aggregations(
    _ window: Range<Timestamp>?
  ) throws -> [Aggregation] {
    try filters.flatMap { text in
      try keys.map {
        Aggregation(
          [try filter(text)], window: window, families: .everything, by: $0, limit: 100_000)
      }
    }
  }

  /// Whatever happens to the blocks in between, what is kept changes no answer.
  @Test(arguments: 0..<4 as Range<UInt64>)
  func answersAreThoseOfAddingUpEverything(_ seed: UInt64) async throws {
    var limits = StoreLimits()
    limits.blockRows = 40
    limits.textRows = 0
    limits.bytes = 200_000
    let store = try EntryStore(.memory, limits: limits)
    var random = RandomEntries(seed: seed)
    var numbers = SeededGenerator(seed: seed)
    let shelf = FiguresShelf(shortest: 2)
    let source = StoreSource(store, kept: KeptWork(figures: shelf))
    var time: Int64 = 0
    for round in 0..<24 {
      // Some come late; blocks of all sizes.
      let late = Int64.random(in: 0...2_000, using: &numbers)
      let count = Int.random(in: 1...120, using: &numbers)
      try store.append(
        (0..<count).map { _ in
          time += 5
          return random.entry(max(0, time - (round % 3 == 0 ? late : 0)))
        })
      try store.flush()
      if round % 4 == 3 { try store.merge() }
      let middle = start.advanced(by: time * 500_000)
      let windows: [Range<Timestamp>?] = [
        nil, middle..<start.advanced(by: time * 900_000), start..<middle,
      ]
      for window in windows[(round % 2)...] {
        for aggregation in try Self.aggregations(window) {
          let answer = try await source.aggregate(aggregation)
          let whole = try await StoreSource(store).aggregate(aggregation)
          #expect(Self.text(answer) == Self.text(whole))
        }
      }
    }
    #expect(store.counters.blocksExpired > 0 && store.counters.blocksMerged > 0)
    #expect(shelf.bytes > 0)
  }

  /// A question asked again looks at the rows of no stretch that it knows.
  @Test func stretchesAreFoundAgain() async throws {
    var random = RandomEntries(seed: 5)
    let store = try store((0..<2_000).map { random.entry(Int64($0)) }, blockRows: 20)
    let blocks = store.snapshot().list(.calls).oldestFirst
    let aggregation = Aggregation(by: [.field(.method)])
    let question = try #require(
      FiguresShelf.Question(aggregation, ScanPlan(aggregation.filters, window: nil)))
    let shelf = FiguresShelf(shortest: 2)
    let source = StoreSource(store, kept: KeptWork(figures: shelf))
    _ = try await source.aggregate(aggregation)
    let kept = try #require(shelf.kept(for: question, blocks: blocks.count))
    var (known, rest) = (0, blocks[...])
    while !rest.isEmpty {
      let stretch = kept.next(of: &rest, length: kept.longest)
      if let figures = kept[stretch, kept.longest] {
        #expect(figures.groups.reduce(0) { $0 + $1.figures.metrics.count } == stretch.count * 20)
        known += stretch.count
      }
    }
    // All but the last one, which goes on.
    #expect(known > blocks.count * 3 / 4)
    // Other filters, keys and measures are other questions.
    for other in [
      Aggregation([try filter("http")], by: [.field(.method)]), Aggregation(by: [.field(.path)]),
      Aggregation(by: [.field(.path, map: Self.templates)]),
      Aggregation(by: [.field(.method)], measures: .latencies),
    ] {
      let question = try #require(
        FiguresShelf.Question(other, ScanPlan(other.filters, window: nil)))
      #expect(shelf.kept(for: question, blocks: blocks.count)?.bytes == 0)
    }
  }

  /// Where there are nearly as many groups as rows, keeping figures costs more than it saves.
  @Test func whatDoesNotPayIsGivenUp() async throws {
    var random = RandomEntries(seed: 6)
    let entries = (0..<3_000).map { number -> Entry in
      var entry = random.entry(Int64(number))
      entry.fields.set(.host, .text("host-\(number)"))
      return entry
    }
    let store = try store(entries, blockRows: 300)
    let shelf = FiguresShelf(shortest: 1)
    let source = StoreSource(store, kept: KeptWork(figures: shelf))
    let aggregation = Aggregation(families: .everything, by: [.field(.host)], limit: 10_000)
    for _ in 0..<2 {
      let answer = try await source.aggregate(aggregation)
      #expect(
        Self.text(answer) == Self.text(try await StoreSource(store).aggregate(aggregation)))
    }
    let question = try #require(FiguresShelf.Question(aggregation, ScanPlan([], window: nil)))
    #expect(shelf.kept(for: question, blocks: 10) == nil && shelf.bytes == 0)
  }

  @Test func memoryIsBounded() async throws {
    var random = RandomEntries(seed: 7)
    let store = try store((0..<600).map { random.entry(Int64($0)) }, blockRows: 20)
    let shelf = FiguresShelf(shortest: 2)
    let source = StoreSource(store, kept: KeptWork(figures: shelf))
    for number in 0..<(FiguresShelf.maxQuestions * 2) {
      _ = try await source.aggregate(
        Aggregation([try filter("status_code > \(number)")], by: [.field(.method)]))
    }
    let first = Aggregation([try filter("status_code > 0")], by: [.field(.method)])
    let last = Aggregation(
      [try filter("status_code > \(FiguresShelf.maxQuestions * 2 - 1)")], by: [.field(.method)])
    func bytes(_ aggregation: Aggregation) throws -> Int? {
      let question = try #require(
        FiguresShelf.Question(aggregation, ScanPlan(aggregation.filters, window: nil)))
      return shelf.kept(for: question, blocks: 30)?.bytes
    }
    #expect(try bytes(first) == 0)
    #expect(try #require(try bytes(last)) > 0)
    #expect(shelf.bytes <= FiguresShelf.maxBytes)
  }

  /// What `now()` stands for is another instant each time.
  @Test func questionsAboutNowAreNotKept() throws {
    let aggregation = Aggregation(
      [try filter("timestamp > now() - duration(\"5m\")")], by: [.field(.method)])
    #expect(FiguresShelf.Question(aggregation, ScanPlan(aggregation.filters, window: nil)) == nil)
  }
}
