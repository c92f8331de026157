package import Entries
import KFL
package import Store

/// Entries of a store in this process.
package struct StoreSource: CallSource {
  package let store: EntryStore
  let decoder: ContentDecoder
  /// Bytes that one query may keep.
  let memoryLimit: Int
  let kept: KeptWork

  /// - Parameters:
  ///   - memoryLimit: bytes that one query may keep.
  ///   - decoder: undoes the content codings of bodies that filters and views read.
  ///   - kept: what stays from query to query; sources of one store with one decoder share it.
  package init(
    _ store: EntryStore, memoryLimit: Int = QueryMemory.limit,
    decoder: ContentDecoder = .plain, kept: KeptWork = KeptWork()
  ) {
    (self.store, self.memoryLimit, self.decoder) = (store, memoryLimit, decoder)
    self.kept = kept
  }

  @concurrent
  package func query(_ query: Query) async throws(QueryError) -> QueryResult {
    var pager = try Pager(
      query, store.snapshot(), memoryLimit: memoryLimit, decoder, kept.columns)
    return try pager.run()
  }

  /// Looks through the blocks whose streams may contain it.
  @concurrent
  package func entry(_ id: EntryID) async throws(QueryError) -> EntryLookup {
    let snapshot = store.snapshot()
    guard let stream = Int64(exactly: id.stream) else { return .unknown(oldestKept: true) }
    for block in snapshot.blocks.reversed() {
      try checkCancellation()
      if let view = found(stream, id, in: block) { return .found(view) }
    }
    return .unknown(oldestKept: store.counters.blocksExpired == 0)
  }

  private func found(_ stream: Int64, _ id: EntryID, in block: Block) -> EntryView? {
    guard let header = try? block.header(), let info = header.info(.streamNumber) else {
      return nil
    }
    if let range = info.zone.range, !range.contains(stream) { return nil }
    guard let scan = try? BlockScan(kept.columns.columns(of: block), decoder: decoder),
      let streams = try? scan.lane(.streamNumber), let indices = try? scan.lane(.streamIndex)
    else { return nil }
    for row in streams.indices
    where streams[row] == stream && indices[row] & 0xff_ffff == Int64(id.index) & 0xff_ffff {
      let view = EntryView(scan.columns, row: row, decoder: decoder)
      if id.node == nil || view.id.description == id.description { return view }
    }
    return nil
  }
}

/// What queries leave to those that follow.
package struct KeptWork: Sendable {
  let columns = ColumnShelf()
  let figures: FiguresShelf

  package init() { self.init(figures: FiguresShelf()) }

  init(figures: FiguresShelf) { self.figures = figures }
}

/// - Throws: `.cancelled` when the task was.
func checkCancellation() throws(QueryError) {
  if Task.isCancelled { throw .cancelled }
}

extension StoreSnapshot {
  /// The blocks that a query draws from.
  func list(_ families: Query.Families, _ plan: ScanPlan) -> BlockList {
    switch families {
    case .calls: list(.calls)
    case .connections: list(.connections)
    case .everything: list()
    case .automatic: list(plan.asksForConnections ? nil : .calls)
    }
  }
}

extension ScanPlan {
  /// Whether a condition reads what only connection and flow records have.
  var asksForConnections: Bool {
    conditions.contains { condition in
      condition.conjunct.slots.contains { slot in
        let field = FieldSchema.fields[slot]
        switch field.id {
        case .conn, .flow, .tcpConn, .udpConn, .tcpFlow, .udpFlow, .tcpMetrics: return true
        default: return field.scope == "conn" || field.scope == "flow"
        }
      }
    }
  }
}

extension BlockList {
  /// The blocks that may have rows in the window of a plan, oldest first.
  func oldestFirst(_ plan: ScanPlan) -> ArraySlice<Block> {
    guard let window = plan.window else { return oldestFirst[...] }
    return window.range.map { oldestFirst(in: $0) } ?? []
  }

  /// The blocks that may have rows in the window of a plan, newest first.
  func newestFirst(_ plan: ScanPlan) -> ArraySlice<Block> {
    guard let window = plan.window else { return newestFirst[...] }
    return window.range.map { newestFirst(in: $0) } ?? []
  }
}

extension QueryCoverage {
  init(_ list: BlockList) { (entries, range) = (list.rows, list.range) }
}
