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
  private var total = Metrics()
  private var ungrouped = Metrics()
  private var groups: [Metrics] = []
  /// Groups by their keys, one table a key: the first numbers its values, each further one
  /// numbers the pairs of what came before and its own value.
  private var tables: [KeyTable]
  private var pairs: [PairTable]
  private var first: Int64 = .max
  private var last: Int64 = .min
  private var failures = QueryResult.Failures()
  private var order: ScanOrder
  /// Buckets that a histogram of latencies may have.
  private var buckets = Aggregation.sketchBytes / MemoryLayout<UInt32>.size

  init(
    _ aggregation: Aggregation, _ plan: ScanPlan, _ decoder: ContentDecoder,
    _ columns: ColumnShelf
  ) {
    (self.aggregation, self.plan, self.decoder) = (aggregation, plan, decoder)
    self.columns = columns
    order = ScanOrder(plan)
    tables = aggregation.keys.map {
      KeyTable($0, maxBytes: Aggregation.keyBytes / aggregation.keys.count)
    }
    pairs = aggregation.keys.dropFirst().map { _ in PairTable() }
  }

  mutating func add(_ block: Block, _ coverage: inout QueryCoverage) throws(StoreError) {
    let scan = try BlockScan(columns.columns(of: block), decoder: decoder)
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
    guard aggregation.measures != .everything, tables.count <= 1 else { return false }
    if aggregation.measures == .count, tables.isEmpty {
      guard let count = scan.headerCount(plan) else { return false }
      total.count += count
      if count > 0 { note(scan.columns.block) }
      return true
    }
    guard verdict == .all else { return false }
    if tables.isEmpty {
      total.count += scan.rows
    } else {
      guard let counts = tables[0].headerCounts(scan) else { return false }
      makeGroups(tables[0].count)
      for (number, count) in counts {
        if number < 0 { ungrouped.count += count } else { groups[Int(number)].count += count }
      }
    }
    note(scan.columns.block)
    guard aggregation.measures == .counts,
      let wrong = try scan.failing(Bitmap(rows: scan.rows, filled: true))
    else { return true }
    guard !tables.isEmpty else {
      total.errors += wrong.count
      return true
    }
    let numbers = try tables[0].numbers(scan, wrong)
    wrong.forEach { row in
      let number = Int(numbers[row])
      if number < 0 { ungrouped.errors += 1 } else { groups[number].errors += 1 }
    }
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
      rows.forEach { row in numbers[row] = pairs[place].number(numbers[row], next[row]) }
    }
    makeGroups(pairs.last?.count ?? tables[0].count)
    return numbers
  }

  /// Makes room for that many groups, all histograms together within their bytes.
  private mutating func makeGroups(_ count: Int) {
    while groups.count < count { groups.append(Metrics()) }
    // The share is cut when the groups have doubled, so that there is little to go through.
    let many = 1 << (Int.bitWidth - max(count - 1, 0).leadingZeroBitCount)
    let share = Aggregation.sketchBytes / MemoryLayout<UInt32>.size / many
    guard share < buckets else { return }
    buckets = share
    for place in groups.indices { groups[place].latency.collapse(to: share) }
  }

  private mutating func addUp(
    _ scan: BlockScan, _ rows: Bitmap, _ numbers: [Int32]?
  ) throws(StoreError) {
    let wrong = aggregation.measures == .count ? nil : try scan.failing(rows)
    let isPlain = aggregation.measures != .everything
    if isPlain, numbers == nil {
      total.count += rows.count
      total.errors += wrong?.count ?? 0
      return
    }
    // What is not wanted, or not there, adds nothing.
    func lane(_ id: FieldID, absent: Int64) throws(StoreError) -> [Int64]? {
      isPlain
        ? nil : try scan.lane(id, absent: absent) ?? [Int64](repeating: absent, count: scan.rows)
    }
    let figures = RowFigures(
      wrong: wrong, bytesIn: try lane(.requestBytes, absent: 0),
      bytesOut: try lane(.responseBytes, absent: 0), elapsed: try lane(.elapsed, absent: -1))
    if let numbers {
      // The last place is that of entries beyond the limit of groups.
      groups.append(ungrouped)
      figures.add(RowsByGroup(rows, numbers, groups: groups.count), to: &groups, buckets: buckets)
      ungrouped = groups.removeLast()
    } else {
      var sum = [total]
      let numbers = [Int32](repeating: 0, count: scan.rows)
      figures.add(RowsByGroup(rows, numbers, groups: 1), to: &sum, buckets: buckets)
      total = sum[0]
    }
  }

  mutating func result(_ coverage: QueryCoverage) -> AggregationResult {
    // Places are sorted instead of groups, which are large.
    let allKeys = groups.indices.map { keys(Int32($0)) }
    let ranks = groups.map { aggregation.order.rank($0) }
    let places = groups.indices.sorted { a, b in
      ranks[a] != ranks[b]
        ? ranks[a] > ranks[b] : FieldValue.areAscending(allKeys[a], allKeys[b])
    }
    for metrics in groups { total.add(metrics) }
    total.add(ungrouped)
    return AggregationResult(
      total: total,
      groups: places.prefix(max(0, aggregation.limit)).map {
        AggregationResult.Group(keys: allKeys[$0], metrics: groups[$0])
      },
      groupCount: groups.count, ungrouped: ungrouped,
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

/// Figures of the rows of one block, as far as they are wanted.
private struct RowFigures {
  var wrong: Bitmap?
  var bytesIn: [Int64]?
  var bytesOut: [Int64]?
  /// Microseconds; -1 where there is none.
  var elapsed: [Int64]?

  /// Adds those of each row to its group.
  func add(_ rows: RowsByGroup, to groups: inout [Metrics], buckets: Int) {
    var target = groups.mutableSpan
    for place in target.indices {
      let own = rows.rows(of: place)
      guard !own.isEmpty else { continue }
      target[place].count += own.count
      let order = rows.order.span.extracting(own)
      for index in order.indices {
        let row = Int(order[index])
        if let bytesIn { target[place].bytesIn &+= bytesIn[row] }
        if let bytesOut { target[place].bytesOut &+= bytesOut[row] }
        if let wrong, wrong[row] { target[place].errors += 1 }
      }
      if let elapsed { target[place].latency.add(elapsed.span, at: order, buckets: buckets) }
    }
  }
}

/// The selected rows of a block, those of one group together and each group's in order.
///
/// Groups are many and large: a block's rows of one are added at once, while it is at hand.
private struct RowsByGroup {
  let order: [Int32]
  /// Where the rows of each group end.
  private let ends: [Int32]

  /// - Parameter numbers: of each row's group; -1 is the last of the groups.
  init(_ rows: Bitmap, _ numbers: [Int32], groups: Int) {
    var places = [Int32](repeating: 0, count: groups + 1)
    rows.forEach { row in
      places[(numbers[row] < 0 ? groups - 1 : Int(numbers[row])) + 1] += 1
    }
    for place in 1..<places.count { places[place] += places[place - 1] }
    var order = [Int32](repeating: 0, count: Int(places[groups]))
    rows.forEach { row in
      let group = numbers[row] < 0 ? groups - 1 : Int(numbers[row])
      order[Int(places[group])] = Int32(row)
      places[group] += 1
    }
    (self.order, ends) = (order, places)
  }

  /// Places in `order`.
  func rows(of group: Int) -> Range<Int> {
    (group == 0 ? 0 : Int(ends[group - 1]))..<Int(ends[group])
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
