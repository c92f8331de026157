import Bytes
package import Entries
import KFL
import Store

/// Finds one page of a query in the blocks of a snapshot.
///
/// Blocks are visited in the order of the answer. Once the page is full and no later block can
/// better it, the rest is only counted, as long as the budget lasts.
struct Pager {
  /// Blocks whose columns an answer may keep; rows of more blocks are copied out.
  static let heldBlocks = 32

  private let query: Query
  private let plan: ScanPlan
  private let decoder: ContentDecoder
  private let snapshot: StoreSnapshot
  private let blocks: [Block]
  private let limit: Int
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
    var columns: BlockColumns
  }

  init(
    _ query: Query, _ snapshot: StoreSnapshot, _ decoder: @escaping ContentDecoder
  ) throws(QueryError) {
    self.query = query
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
    let all = snapshot.blocks(query.families, plan)
    coverage = QueryCoverage(all)
    switch query.order {
    case .newest, .latency: blocks = all.newestFirst
    case .oldest: blocks = all
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
    return result()
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
    let scan = try BlockScan(BlockColumns(block), decoder: decoder)
    switch scan.verdict(plan) {
    case .none: return
    case .all where !mayShow:
      total += block.rows
      return
    case .all, .some: break
    }
    if !mayShow {
      guard budget >= block.rows * plan.weight else {
        budget = 0
        isExact = false
        return
      }
      budget -= block.rows * plan.weight
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
        case .range(let range) = (try? block.header())?.info(.elapsed)?.zone
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
    guard let instants = try scan.lane(.instant), let streams = try scan.lane(.streamNumber),
      let indices = try scan.lane(.streamIndex)
    else { return }
    let latencies = query.order == .latency ? try scan.lane(.elapsed, absent: -1) : nil
    let sequence = scan.columns.block.sequence
    let keep = limit + 1
    var found: [Position] = []
    func consider(_ row: Int) {
      let position = Position(
        latency: query.order == .latency ? latencies?[row] ?? -1 : 0, instant: instants[row],
        stream: streams[row], index: indices[row], sequence: sequence, row: Int64(row))
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
    if query.order == .newest {
      rows.forEachDescending { row in
        consider(row)
        return true
      }
    } else {
      rows.forEach(consider)
    }
    Self.trim(&found, keep, query.order)
    hits += found.map { Hit(position: $0, columns: scan.columns) }
    hits.sort { $0.position.precedes($1.position, in: query.order) }
    if hits.count > keep { hits.removeLast(hits.count - keep) }
  }

  private static func trim(_ found: inout [Position], _ keep: Int, _ order: Query.Order) {
    found.sort { $0.precedes($1, in: order) }
    if found.count > keep { found.removeLast(found.count - keep) }
  }

  private mutating func result() -> QueryResult {
    let page = hits.prefix(limit)
    coverage.damage = snapshot.damage
    return QueryResult(
      rows: views(page), total: total, isTotalExact: isExact,
      nextCursor: hits.count > limit
        ? page.last.map { PageCursor.text($0.position, mark: mark) } : nil,
      failures: failures, coverage: coverage)
  }

  /// The rows, copied out of their blocks when those are many: an answer must not hold on to the
  /// columns of a thousand blocks.
  private func views(_ page: ArraySlice<Hit>) -> [EntryView] {
    var views = page.map {
      EntryView($0.columns, row: Int($0.position.row), decoder: decoder)
    }
    let places = Dictionary(grouping: page.indices, by: { page[$0].position.sequence })
    guard places.count > Self.heldBlocks else { return views }
    for (_, rows) in places {
      guard let first = rows.first else { continue }
      let wanted = query.fields.map { ids in ids.flatMap { Catalogue[$0].columns } + Self.always }
      let here = (try? page[first].columns.block.header())?.columns.map(\.id) ?? []
      let ids = wanted.map { wanted in here.filter(wanted.contains) } ?? here
      for row in rows { views[row].copy(ids) }
    }
    return views
  }

  /// What every view is asked for.
  private static let always: [FieldID] = [
    .kind, .instant, .nodeID, .streamNumber, .streamIndex, .halves,
  ]
}

extension [Block] {
  /// The same blocks by their last entry, newest first. Most often they lie that way already.
  var newestFirst: [Block] {
    let reversed = Array(self.reversed())
    let isSorted = zip(reversed, reversed.dropFirst()).allSatisfy { a, b in
      (a.last, a.sequence) > (b.last, b.sequence)
    }
    return isSorted ? reversed : sorted { ($0.last, $0.sequence) > ($1.last, $1.sequence) }
  }
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
