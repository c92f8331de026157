import Bytes
import Entries
import KFL
import Store

extension StoreSource {
  @concurrent
  package func aggregate(
    _ aggregation: Aggregation
  ) async throws(QueryError) -> AggregationResult {
    let snapshot = store.snapshot()
    let plan = ScanPlan(aggregation.filters, window: aggregation.window)
    let list = snapshot.list(aggregation.families, plan)
    var aggregator = Aggregator(aggregation, plan, decoder, columns)
    var coverage = QueryCoverage(list)
    for block in list.oldestFirst(plan) {
      try checkCancellation()
      guard block.kinds.intersects(plan.kinds), plan.windowVerdict(block) != .none else { continue }
      // A block that cannot be read is named in the coverage; the others still answer.
      try? aggregator.add(block, &coverage)
    }
    coverage.damage = snapshot.damage
    return aggregator.result(coverage)
  }
}

/// Adds up the entries of one block after the other.
struct Aggregator {
  private let aggregation: Aggregation
  private let plan: ScanPlan
  private let decoder: ContentDecoder
  private let columns: ColumnShelf
  private var figures: GroupFigures
  /// Groups by their keys, one table a key: the first numbers its values, each further one
  /// numbers the pairs of what came before and its own value.
  private var tables: [KeyTable]
  private var pairs: [PairTable]
  private var first: Int64 = .max
  private var last: Int64 = .min
  private var failures = QueryResult.Failures()
  private var order: ScanOrder

  init(
    _ aggregation: Aggregation, _ plan: ScanPlan, _ decoder: ContentDecoder,
    _ columns: ColumnShelf
  ) {
    (self.aggregation, self.plan, self.decoder) = (aggregation, plan, decoder)
    self.columns = columns
    order = ScanOrder(plan)
    figures = GroupFigures(
      sketchBytes: Aggregation.sketchBytes, hasLatencies: aggregation.measures.contains(.latencies))
    tables = aggregation.keys.map {
      KeyTable($0, maxBytes: Aggregation.keyBytes / aggregation.keys.count)
    }
    pairs = aggregation.keys.dropFirst().map { _ in PairTable() }
  }

  mutating func add(_ block: Block, _ coverage: inout QueryCoverage) throws(StoreError) {
    let scan = try BlockScan(columns.columns(of: block), decoder: decoder, sharesTexts: true)
    let verdict = scan.verdict(plan)
    guard verdict != .none else { return }
    if try addFromHeader(scan, verdict) { return }
    coverage.examined += block.rows
    let selection = try scan.select(plan, &order)
    failures.add(selection.failures)
    guard let firstRow = selection.rows.first else { return }
    if let instants = try scan.columns.column(.instant) {
      // Rows are in order of time.
      var lastRow = firstRow
      selection.rows.forEachDescending { row in
        lastRow = row
        return false
      }
      note(instants.int(at: firstRow) ?? .max, instants.int(at: lastRow) ?? .min)
    }
    let ids = try groupNumbers(scan, selection.rows)
    try addUp(scan, selection.rows, ids)
  }

  /// Counts the entries of a block by what its header says; false when that is not enough.
  private mutating func addFromHeader(
    _ scan: BlockScan, _ verdict: Verdict
  ) throws(StoreError) -> Bool {
    guard aggregation.measures.isSubset(of: .counts), tables.count <= 1 else { return false }
    if aggregation.measures.isEmpty, tables.isEmpty {
      guard let count = scan.headerCount(plan, sharing: true) else { return false }
      figures.add(count: count, to: -1)
      if count > 0 { note(scan.columns.block) }
      return true
    }
    guard verdict == .all else { return false }
    if tables.isEmpty {
      figures.add(count: scan.rows, to: -1)
    } else {
      guard let counts = try tables[0].headerCounts(scan) else { return false }
      figures.grow(to: tables[0].count)
      for (number, count) in counts { figures.add(count: count, to: Int(number)) }
    }
    note(scan.columns.block)
    guard aggregation.measures.contains(.errors),
      let wrong = try scan.failing(Bitmap(rows: scan.rows, filled: true))
    else { return true }
    guard !tables.isEmpty else {
      figures.add(errors: wrong.count, to: -1)
      return true
    }
    let numbers = try tables[0].numbers(scan, wrong)
    figures.count(errors: wrong, numbers)
    return true
  }

  private mutating func note(_ block: Block) {
    note(block.first.nanoseconds, block.last.nanoseconds)
  }

  private mutating func note(_ first: Int64, _ last: Int64) {
    self.first = min(self.first, first)
    self.last = max(self.last, last)
  }

  /// The number of each selected row's group, -1 beyond the limit; nil without keys.
  private mutating func groupNumbers(
    _ scan: BlockScan, _ rows: Bitmap
  ) throws(StoreError) -> [Int32]? {
    guard !tables.isEmpty else { return nil }
    var numbers = try tables[0].numbers(scan, rows)
    for place in pairs.indices {
      let next = try tables[place + 1].numbers(scan, rows)
      pairs[place].number(rows, &numbers, next)
    }
    figures.grow(to: pairs.last?.count ?? tables[0].count)
    return numbers
  }

  private mutating func addUp(
    _ scan: BlockScan, _ rows: Bitmap, _ numbers: [Int32]?
  ) throws(StoreError) {
    let measures = aggregation.measures
    let wrong = measures.contains(.errors) ? try scan.failing(rows) : nil
    if measures.isSubset(of: .counts), numbers == nil {
      figures.add(count: rows.count, to: -1)
      figures.add(errors: wrong?.count ?? 0, to: -1)
      return
    }
    let groups = numbers ?? [Int32](repeating: -1, count: scan.rows)
    figures.count(rows, groups)
    if let wrong { figures.count(errors: wrong, groups) }
    if measures.contains(.bytes) {
      let bytesIn = try scan.lane(.requestBytes)
      let bytesOut = try scan.lane(.responseBytes)
      // What is not there adds nothing.
      let none = bytesIn == nil || bytesOut == nil ? [Int64](repeating: 0, count: scan.rows) : []
      figures.add(rows, groups, bytesIn: bytesIn ?? none, bytesOut: bytesOut ?? none)
    }
    if measures.contains(.latencies), let elapsed = try scan.lane(.elapsed, absent: -1) {
      figures.add(rows, groups, latencies: elapsed)
    }
  }

  mutating func result(_ coverage: QueryCoverage) -> AggregationResult {
    let all = figures.metrics()
    var total = all[0]
    let groups = all.dropFirst().map { $0 }
    for metrics in groups { total.add(metrics) }
    // Places are sorted instead of groups, which are large.
    let allKeys = groups.indices.map { keys(Int32($0)) }
    let ranks = groups.map { aggregation.order.rank($0) }
    let places = groups.indices.sorted { a, b in
      ranks[a] != ranks[b]
        ? ranks[a] > ranks[b] : FieldValue.areAscending(allKeys[a], allKeys[b])
    }
    return AggregationResult(
      total: total,
      groups: places.prefix(max(0, aggregation.limit)).map {
        AggregationResult.Group(keys: allKeys[$0], metrics: groups[$0])
      },
      groupCount: groups.count, ungrouped: tables.isEmpty ? Metrics() : all[0],
      span: first <= last
        ? Timestamp(nanoseconds: first)...Timestamp(nanoseconds: last) : nil,
      failures: failures, coverage: coverage)
  }

  /// The keys of a group, from the innermost pair outwards.
  private func keys(_ number: Int32) -> [FieldValue] {
    var result: [FieldValue] = []
    var number = number
    for place in pairs.indices.reversed() {
      let (before, own) = pairs[place].pair(number)
      result.append(tables[place + 1].value(own))
      number = before
    }
    result.append(tables[0].value(number))
    return result.reversed()
  }
}

extension BlockScan {
  /// The rows of `base` whose protocol reports failure or that a fault cut short; nil for none.
  fileprivate func failing(_ base: Bitmap) throws(StoreError) -> Bitmap? {
    var result: Bitmap?
    for test in ScanTest.failing where verdict(test) != .none {
      var found = try matching(test, base)
      if let result { found.formUnion(result) }
      result = found
    }
    return result
  }
}

extension ScanTest {
  /// What makes an entry count as an error.
  fileprivate static let failing: [ScanTest] = [
    .field(
      FieldTest(
        .ints(.failed, .bool, absent: 0), Catalogue[.failed], IntervalSet([1...1]), nil
      ) { $0.equals(.bool(true)) ? .yes : .no }),
    .field(
      FieldTest(
        .ints(.faultKind, .int, absent: 0), Catalogue[.faultKind],
        IntervalSet([0...0]).complement, nil
      ) { $0.equals(.int(0)) ? .no : .yes }),
  ]
}

extension Aggregation.Order {
  /// Larger comes first.
  fileprivate func rank(_ metrics: Metrics) -> Double {
    switch self {
    case .count: Double(metrics.count)
    case .errors: Double(metrics.errors)
    case .errorRate: metrics.errorRate
    case .bytes: Double(metrics.bytesIn) + Double(metrics.bytesOut)
    case .slowest: metrics.latency.quantile(0.99) ?? -1
    case .key: 0
    }
  }
}

extension FieldValue {
  /// Whether `a` comes before `b`: absent ones first, numbers and instants by value, others as
  /// text by code point.
  static func areAscending(_ a: [FieldValue], _ b: [FieldValue]) -> Bool {
    for (x, y) in zip(a, b) where x != y {
      switch (x, y) {
      case (.none, _): return true
      case (_, .none): return false
      case (.int(let x), .int(let y)): return x < y
      case (.instant(let x), .instant(let y)): return x < y
      case (.bool(let x), .bool(let y)): return !x && y
      default: return x.plainText.utf8.lexicographicallyPrecedes(y.plainText.utf8)
      }
    }
    return false
  }

  /// The value in one line of text; empty for none.
  package var plainText: String {
    switch self {
    case .none: ""
    case .bool(let flag): flag ? "true" : "false"
    case .int(let number): String(number)
    case .text(let text): text
    case .bytes(let bytes): hex(bytes)
    case .instant(let instant): instant.rfc3339
    case .texts(let texts): texts.joined(separator: ",")
    case .pairs(let pairs): pairs.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    case .numbers(let numbers): numbers.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    }
  }
}
