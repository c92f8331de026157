import Bytes
package import Entries
import KFL
import Store

/// Finds one page of a query in the blocks of a snapshot.
///
/// Blocks are visited in the order of the answer. Once the page is full and no later block can
/// better it, the rest is only counted, as long as the budget lasts.
struct Pager {
  /// Blocks whose columns an answer may keep, when they take half of a query's memory at most;
  /// else rows are copied out.
  static let heldBlocks = 32

  private let query: Query
  private let plan: ScanPlan
  private let decoder: ContentDecoder
  private let columns: ColumnShelf
  private let snapshot: StoreSnapshot
  private let blocks: ArraySlice<Block>
  private let limit: Int
  private let memoryLimit: Int
  private let mark: UInt32
  /// Only positions behind this one are shown.
  private let after: Position?

  /// The best so far, best first; one more than the page holds, to know whether there is more.
  private var hits: [Hit] = []
  private var total = 0
  private var isExact = true
  private var budget: Int
  private var failures = QueryResult.Failures()
  private var order: ScanOrder
  private var coverage: QueryCoverage

  private struct Hit {
    var position: Position
    /// Without its columns: an answer must not hold on to those of a thousand blocks.
    var block: Block
  }

  init(
    _ query: Query, _ snapshot: StoreSnapshot, memoryLimit: Int,
    _ decoder: ContentDecoder, _ columns: ColumnShelf
  ) throws(QueryError) {
    self.columns = columns
    self.query = query
    self.memoryLimit = memoryLimit
    self.snapshot = snapshot
    self.decoder = decoder
    plan = ScanPlan(query.filters, window: query.window)
    let rowLimit = query.filters.compactMap(\.rowLimit).min() ?? Query.maxLimit
    order = ScanOrder(plan)
    limit = max(1, min(query.limit, Query.maxLimit, rowLimit))
    mark = PageCursor.mark(query)
    let mark = mark
    after = try query.cursor.map { (text) throws(QueryError) in
      try PageCursor.position(text, mark: mark)
    }
    budget = query.countBudget
    let list = snapshot.list(query.families, plan)
    coverage = QueryCoverage(list)
    switch query.order {
    case .newest, .latency: blocks = list.newestFirst(plan)
    case .oldest: blocks = list.oldestFirst(plan)
    }
  }

  mutating func run() throws(QueryError) -> QueryResult {
    for block in blocks {
      try checkCancellation()
      guard block.kinds.intersects(plan.kinds), plan.windowVerdict(block) != .none else { continue }
      // Later blocks cannot better the page either.
      if !isExact, budget <= 0, query.order != .latency, !mayShow(block), isBehindCursor(block) {
        break
      }
      // A block that cannot be read is named in the coverage; the others still answer.
      try? visit(block)
    }
    return try result()
  }

  private mutating func visit(_ block: Block) throws(StoreError) {
    let mayShow = mayShow(block)
    if !mayShow {
      guard budget > 0 else {
        isExact = false
        return
      }
      // What the header costs.
      budget -= 64
      if plan.conditions.isEmpty, plan.windowVerdict(block) == .all {
        total += block.rows
        return
      }
    }
    let scan = try BlockScan(columns.columns(of: block), decoder: decoder)
    switch scan.verdict(plan) {
    case .none: return
    case .all where !mayShow:
      total += block.rows
      return
    case .all, .some: break
    }
    if !mayShow {
      if let count = scan.headerCount(plan, sharing: false) {
        total += count
        return
      }
      guard budget >= block.rows * plan.weight else {
        budget = 0
        isExact = false
        return
      }
      budget -= block.rows * plan.weight
      if let count = scan.headerCount(plan, sharing: true) {
        coverage.examined += block.rows
        total += count
        return
      }
    }
    coverage.examined += block.rows
    let selection = try scan.select(plan, &order)
    failures.add(selection.failures)
    total += selection.rows.count
    if mayShow { try collect(selection.rows, scan) }
  }

  /// Whether a row of the block may belong to the page.
  private func mayShow(_ block: Block) -> Bool {
    let (first, last) = (block.first.nanoseconds, block.last.nanoseconds)
    switch query.order {
    case .newest:
      if let after, first > after.instant { return false }
      guard hits.count > limit, let worst = hits.last else { return true }
      return last >= worst.position.instant
    case .oldest:
      if let after, last < after.instant { return false }
      guard hits.count > limit, let worst = hits.last else { return true }
      return first <= worst.position.instant
    case .latency:
      guard hits.count > limit, let worst = hits.last,
        let range = (try? block.header())?.info(.elapsed)?.zone.range
      else { return true }
      return range.upperBound >= worst.position.latency
    }
  }

  /// Whether all of the block comes after the cursor, so that only the page can keep it out.
  private func isBehindCursor(_ block: Block) -> Bool {
    guard let after else { return true }
    return query.order == .newest
      ? block.last.nanoseconds < after.instant : block.first.nanoseconds > after.instant
  }

  /// Takes the rows of a block that belong among the best.
  private mutating func collect(_ rows: Bitmap, _ scan: BlockScan) throws(StoreError) {
    let found =
      query.order == .latency ? try slowest(rows, scan) : try outermost(rows, scan)
    hits += found.map { Hit(position: $0, block: scan.columns.block) }
    hits.sort { $0.position.precedes($1.position, in: query.order) }
    let keep = limit + 1
    if hits.count > keep { hits.removeLast(hits.count - keep) }
  }

  /// The first rows of a block on the way of an order by time. Rows lie in that order, so that no
  /// more are looked at than the page takes.
  private func outermost(_ rows: Bitmap, _ scan: BlockScan) throws(StoreError) -> [Position] {
    guard let instants = try scan.columns.column(.instant),
      let streams = try scan.columns.column(.streamNumber),
      let indices = try scan.columns.column(.streamIndex)
    else { return [] }
    var found: [Position] = []
    let arrivals = try scan.columns.block.arrivals()
    func take(_ row: Int) -> Bool {
      let position = Position(
        latency: 0, instant: instants.int(at: row) ?? 0, stream: streams.int(at: row) ?? 0,
        index: indices.int(at: row) ?? 0, arrival: arrivals[row], row: row)
      if let after, !after.precedes(position, in: query.order) { return true }
      if hits.count > limit, let worst = hits.last,
        !position.precedes(worst.position, in: query.order)
      {
        return false
      }
      found.append(position)
      return found.count <= limit
    }
    var rows = rows
    if let after {
      // Rows before the cursor are passed over without a look; equal instants are compared.
      let border = Self.firstRow(scan.rows) { row in
        let instant = instants.int(at: row) ?? 0
        return query.order == .newest ? instant > after.instant : instant >= after.instant
      }
      rows.keep(query.order == .newest ? 0..<border : border..<scan.rows)
    }
    if query.order == .newest { rows.forEachDescending(take) } else { rows.forEachAscending(take) }
    return found
  }

  /// The first row for which `isBehind` holds; it holds for all after it. `rows` when for none.
  private static func firstRow(_ rows: Int, where isBehind: (Int) -> Bool) -> Int {
    var (low, high) = (0, rows)
    while low < high {
      let middle = (low + high) / 2
      if isBehind(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// The slowest rows of a block that a page has room for.
  private func slowest(_ rows: Bitmap, _ scan: BlockScan) throws(StoreError) -> [Position] {
    guard let instants = try scan.lane(.instant), let streams = try scan.lane(.streamNumber),
      let indices = try scan.lane(.streamIndex)
    else { return [] }
    let latencies = try scan.lane(.elapsed, absent: -1)
    let arrivals = try scan.columns.block.arrivals()
    let keep = limit + 1
    var found: [Position] = []
    rows.forEach { row in
      let position = Position(
        latency: latencies?[row] ?? -1, instant: instants[row], stream: streams[row],
        index: indices[row], arrival: arrivals[row], row: row)
      if let after, !after.precedes(position, in: query.order) { return }
      if hits.count >= keep, let worst = hits.last,
        !position.precedes(worst.position, in: query.order)
      {
        return
      }
      found.append(position)
      // Never more than two pages in hand.
      if found.count >= 2 * keep { Self.trim(&found, keep, query.order) }
    }
    Self.trim(&found, keep, query.order)
    return found
  }

  private static func trim(_ found: inout [Position], _ keep: Int, _ order: Query.Order) {
    found.sort { $0.precedes($1, in: order) }
    if found.count > keep { found.removeLast(found.count - keep) }
  }

  private mutating func result() throws(QueryError) -> QueryResult {
    let page = hits.prefix(limit)
    let rows = try views(page)
    coverage.damage = snapshot.damage
    return QueryResult(
      rows: rows, total: total, isTotalExact: isExact,
      nextCursor: hits.count > limit
        ? page.last.map { PageCursor.text($0.position, mark: mark) } : nil,
      failures: failures, coverage: coverage)
  }

  /// The rows, copied out of their blocks when those are many or large.
  private func views(_ page: ArraySlice<Hit>) throws(QueryError) -> [EntryView] {
    let places = Dictionary(grouping: page.indices, by: { page[$0].block.sequence })
    let blocks = places.values.compactMap { rows in rows.first.map { page[$0].block } }
    let held = blocks.reduce(0) { $0 + ((try? $1.header())?.columnBytes ?? 0) }
    let areCopied = places.count > Self.heldBlocks || held > memoryLimit / 2
    var views: [Int: EntryView] = [:]
    var memory = 0
    for rows in places.values {
      guard let first = rows.first else { continue }
      let columns = self.columns.columns(of: page[first].block)
      let ids = areCopied ? wantedColumns(of: page[first].block) : []
      for row in rows {
        var view = EntryView(columns, row: page[row].position.row, decoder: decoder)
        if areCopied { memory += view.copy(ids) }
        views[row] = view
      }
      guard memory <= memoryLimit else {
        throw .overMemory("The rows of this page", limit: memoryLimit, "ask for fewer at a time")
      }
    }
    return page.indices.compactMap { views[$0] }
  }

  /// The columns of a block that may be asked for.
  private func wantedColumns(of block: Block) -> [FieldID] {
    let here = (try? block.header())?.columns.map(\.id) ?? []
    guard let fields = query.fields else { return here }
    let wanted = fields.flatMap { Catalogue[$0].columns } + Self.always
    return here.filter(wanted.contains)
  }

  /// What every view is asked for.
  private static let always: [FieldID] = [
    .kind, .instant, .nodeID, .streamNumber, .streamIndex, .halves,
  ]
}

extension Field {
  /// The columns it is made from.
  package var columns: [FieldID] {
    switch source {
    case .column: [id] + (fallback.map { [$0] } ?? [])
    case .same(let other): [other]
    case .content: []
    case .kinds: [.kind]
    case .firstOf(let ids), .union(let ids): ids
    case .derived(let ids, _): ids
    }
  }
}
