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
    var aggregator = Aggregator(aggregation, plan, decoder, kept.columns)
    let blocks = list.oldestFirst(plan)
    if let question = FiguresShelf.Question(aggregation, plan),
      var stretches = kept.figures.kept(for: question, blocks: list.oldestFirst.count)
    {
      try add(blocks, of: list, stretches.longest, to: &aggregator, keeping: &stretches)
      while stretches.lengthen(list.oldestFirst.count) {
        // All but the ends is known.
        var some = aggregator.anew
        try add(blocks, of: list, stretches.longest, to: &some, keeping: &stretches)
      }
      kept.figures.keep(stretches, for: question, blocks: list.oldestFirst)
    } else {
      try aggregator.add(blocks)
    }
    var coverage = QueryCoverage(list)
    coverage.examined = aggregator.examined
    coverage.damage = snapshot.damage
    return aggregator.result(coverage)
  }

  /// Adds blocks by the figures of stretches up to that length, and keeps those of whole ones that
  /// were not known.
  private func add(
    _ blocks: ArraySlice<Block>, of list: BlockList, _ length: Int,
    to aggregator: inout Aggregator, keeping stretches: inout FiguresShelf.Kept
  ) throws(QueryError) {
    var rest = blocks
    while !rest.isEmpty {
      guard length >= stretches.shortest, !stretches.isGivenUp else {
        return try aggregator.add(rest)
      }
      let stretch = stretches.next(of: &rest, length: length)
      if aggregator.takesAll(stretch), let figures = stretches[stretch, length] {
        aggregator.add(figures)
        continue
      }
      guard isWhole(stretch, of: list, length, stretches), aggregator.takesAll(stretch) else {
        try add(stretch, of: list, length / 2, to: &aggregator, keeping: &stretches)
        continue
      }
      var some = aggregator.anew
      try add(stretch, length / 2, to: &some, from: stretches)
      guard let figures = some.part else {
        stretches.giveUp()
        try aggregator.add(stretch)
        continue
      }
      aggregator.add(figures)
      if some.isSound { stretches.add(figures, of: stretch, length: length) }
    }
  }

  /// Whether blocks are a stretch from its begin to its end: a window cuts some, and the last one goes
  /// on.
  private func isWhole(
    _ blocks: ArraySlice<Block>, of list: BlockList, _ length: Int, _ stretches: FiguresShelf.Kept
  ) -> Bool {
    guard let last = blocks.last, stretches.ends(with: last, length: length) else { return false }
    let begin = blocks.startIndex
    return begin == 0 || stretches.ends(with: list.oldestFirst[begin - 1], length: length)
  }

  /// Adds blocks by what is known of stretches up to that length, and the others one by one.
  private func add(
    _ blocks: ArraySlice<Block>, _ length: Int, to aggregator: inout Aggregator,
    from stretches: FiguresShelf.Kept
  ) throws(QueryError) {
    var rest = blocks
    while !rest.isEmpty {
      guard length >= stretches.shortest else { return try aggregator.add(rest) }
      let stretch = stretches.next(of: &rest, length: length)
      if let figures = stretches[stretch, length] {
        aggregator.add(figures)
      } else {
        try add(stretch, length / 2, to: &aggregator, from: stretches)
      }
    }
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
  /// Entries whose columns were looked at.
  private(set) var examined = 0
  /// Whether all blocks could be read.
  private(set) var isSound = true

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

  /// The same question before anything was added.
  var anew: Aggregator { Aggregator(aggregation, plan, decoder, columns) }

  /// Whether no entry of these blocks is outside the window.
  func takesAll(_ blocks: ArraySlice<Block>) -> Bool {
    plan.window == nil || blocks.allSatisfy { plan.windowVerdict($0) == .all }
  }

  mutating func add(_ blocks: ArraySlice<Block>) throws(QueryError) {
    for block in blocks {
      try checkCancellation()
      guard block.kinds.intersects(plan.kinds), plan.windowVerdict(block) != .none else { continue }
      do throws(StoreError) {
        try add(block)
      } catch {
        // Named in the coverage; the others still answer.
        isSound = false
      }
    }
  }

  /// Adds what was added up elsewhere for the same question.
  mutating func add(_ part: PartialFigures) {
    examined += part.examined
    failures.add(part.failures)
    note(part.first, part.last)
    for group in part.groups {
      var number = tables[0].number(mapped: group.keys[0])
      for place in pairs.indices {
        number = pairs[place].number(
          number, tables[place + 1].number(mapped: group.keys[place + 1]))
      }
      figures.grow(to: pairs.last?.count ?? tables[0].count)
      figures.add(group.figures.whole, to: Int(number))
    }
    figures.add(part.rest.whole, to: -1)
  }

  /// What was added up, for adding it to more; nil when limits were reached, so that it would not
  /// come to the same.
  var part: PartialFigures? {
    mutating get {
      let all = figures.metrics()
      guard tables.isEmpty || all[0].count == 0,
        all.allSatisfy({ $0.latency.collapsedBelow == nil })
      else { return nil }
      return PartialFigures(
        groups: all.dropFirst().enumerated().map { number, metrics in
          (keys(Int32(number)), PartialFigures.Figures(metrics))
        }, rest: PartialFigures.Figures(all[0]), first: first, last: last, failures: failures,
        examined: examined)
    }
  }

  private mutating func add(_ block: Block) throws(StoreError) {
    let scan = try BlockScan(columns.columns(of: block), decoder: decoder, sharesTexts: true)
    let verdict = scan.verdict(plan)
    guard verdict != .none else { return }
    if try addFromHeader(scan, verdict) { return }
    examined += block.rows
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
