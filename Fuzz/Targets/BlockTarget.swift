import Bytes
import Entries
import JSON
import KFL

@testable import Query
@testable import Store

/// Blocks of a store, as they are and with checksums that fit: whoever sends one can compute them.
/// They are read column by column, asked as tools ask, and merged with a block that is sound.
enum BlockTarget {
  static let target = FuzzTarget(
    "block", "a block of entries, whose checksums are made to fit", maxLength: 16 << 10
  ) { bytes throws(BrokenLaw) in
    if let block = try? EncodedBlock(parsing: bytes) { try readEverything(block) }
    guard let forged = sealed(bytes) else { return }
    try readEverything(forged)
  }

  /// The block with a header checksum and an id that fit, when its header can be read then.
  /// Sections apart keep their checksums: they are checked before, in `EncodedBlock(parsing:)`.
  private static func sealed(_ bytes: [UInt8]) -> EncodedBlock? {
    guard bytes.count >= BlockPrefix.byteCount else { return nil }
    let length = Int(bytes.rawSpan.little32(12))
    let end = BlockPrefix.byteCount + length
    guard end <= bytes.count else { return nil }
    let header = Array(bytes[BlockPrefix.byteCount..<end])
    let id = BlockID(header: header.rawSpan)
    var sealed = Array(bytes[..<16])
    sealed.append(little: crc32c(header.rawSpan))
    sealed.append(little: 0 as UInt32)
    sealed.append(little: id.high)
    sealed.append(little: id.low)
    sealed += bytes[BlockPrefix.byteCount...]
    guard let header = try? BlockHeader(parsing: sealed), header.byteCount <= sealed.count else {
      return nil
    }
    return EncodedBlock(header: header, bytes: sealed)
  }

  /// Rows looked at one by one.
  private static let rowsShown = 16

  private static func readEverything(_ encoded: EncodedBlock) throws(BrokenLaw) {
    let summary = BlockSummary(sequence: 1, header: encoded.header)
    let damage = DamageLog()
    let block = Block(summary: summary, source: .memory(encoded), damage: damage)
    for id in FieldID.allCases {
      let column: Column?
      do throws(StoreError) {
        column = try block.column(id)
      } catch {
        try hold(!error.description.isEmpty, "an error without a word")
        continue
      }
      if let column { try verify(column, of: id, in: block) }
      _ = try? block.grams(id)?.mayContain(Array("orders".utf8))
      _ = try? block.header().info(id)?.zone.mayContain("GET")
    }
    var reader = ContentReader(block: block)
    for row in 0..<min(block.rows, rowsShown) {
      _ = try? reader.content(row: row)
      _ = try? block.headerFields(row: row)
    }
    try ask(block)
    try merge(block)
  }

  // MARK: Asking

  /// Rows shown whole, with every field that has a name.
  private static let rowsAsked = 3

  private static let filters: [Filter] = [
    "http && status_code >= 400", "src.pod.name == \"web\" || dst.port in [80, 443]",
    "elapsed_time > 100 && !(method in [\"GET\"])",
    "path.contains(\"orders\") || url.matches(\"(?i)A\")",
    "\"a\" in dns_questions || size(namespaces) == 2",
  ].compactMap {
    KFL.compile($0, schema: FieldSchema.schema, now: KFLTarget.now).filter
  }

  private static let keys: [[GroupKey]] = [
    [], [.interval(nanoseconds: 60_000_000_000)],
    [.field(.statusCode), .firstOf([.destinationServiceName, .destinationIP])],
    [.field(.path, map: TextMap("short") { String($0.prefix(4)) }), .field(.method)],
    [.field(.failed), .field(.sourceLabels)],
  ]

  /// Questions about a block that a stranger made: answers may be nonsense, and rows are at most
  /// those it has.
  private static func ask(_ block: Block) throws(BrokenLaw) {
    let columns = BlockColumns(block)
    for row in 0..<min(block.rows, rowsAsked) {
      let view = EntryView(columns, row: row, decoder: .plain)
      for field in Catalogue.named where field.id != .raw { _ = view.value(field.id) }
      let record = JSONValue.object(view.raw)
      let again = try? JSONReader.value(of: record.text)
      try hold(again == record, "the record is read back as something else: \(record.text)")
    }
    let shelf = ColumnShelf()
    for (place, keys) in keys.enumerated() {
      let filter = place < filters.count && place % 2 == 1 ? [filters[place]] : []
      let aggregation = Aggregation(filter, families: .everything, by: keys)
      let plan = ScanPlan(aggregation.filters, window: nil)
      var aggregator = Aggregator(aggregation, plan, .plain, shelf)
      guard (try? aggregator.add([block][...])) != nil else { continue }
      let total = aggregator.result(QueryCoverage()).total.count
      try hold((0...block.rows).contains(total), "\(total) of \(block.rows) entries are counted")
    }
    for filter in filters {
      let plan = ScanPlan([filter], window: nil)
      guard let scan = try? BlockScan(columns, decoder: .plain) else { continue }
      _ = scan.verdict(plan)
      _ = scan.headerCount(plan, sharing: false)
      _ = try? scan.select(plan)
    }
    for level in [FlowQuery.Level.address, .service] {
      let query = FlowQuery(level: level)
      var flows = FlowAggregator(query, ScanPlan([], window: nil), .plain, shelf)
      var coverage = QueryCoverage()
      try? flows.add(block, &coverage)
      _ = flows.result(coverage)
    }
    let snapshot = StoreSnapshot(lists: BlockLists([block]), sequence: 1, log: DamageLog())
    for order in [Query.Order.newest, .oldest, .latency] {
      var pager = try? Pager(
        Query(order: order, limit: 2), snapshot, memoryLimit: 1 << 20, .plain, shelf)
      guard let result = try? pager?.run() else { continue }
      try hold(result.rows.count <= 2, "\(result.rows.count) rows are on a page of 2")
      try hold(result.total <= block.rows, "\(result.total) of \(block.rows) entries are found")
    }
  }

  // MARK: Merging

  /// A sound block of each family.
  private static let sound: [BlockFamily: Block] = {
    var blocks: [BlockFamily: Block] = [:]
    for family in BlockFamily.allCases {
      var builder = BlockBuilder(family)
      for sample in PlainEntry.samples where BlockFamily(sample.row.entry.kind) == family {
        builder.append(sample.row.entry)
      }
      guard let encoded = try? builder.finish() else { continue }
      blocks[family] = block(encoded)
    }
    return blocks
  }()

  private static func block(_ encoded: EncodedBlock) -> Block {
    Block(
      summary: BlockSummary(sequence: 2, header: encoded.header), source: .memory(encoded),
      damage: DamageLog())
  }

  /// Merged with a sound one, a block gives one that is sound too, or is found out: never is the
  /// other one blamed.
  private static func merge(_ block: Block) throws(BrokenLaw) {
    guard let sound = sound[block.family], block.rows + sound.rows <= StoreLimits().rowLimit else {
      return
    }
    for blocks in [[sound, block], [sound, block, sound, block]] {
      let merged: EncodedBlock
      do throws(MergeFailure) {
        merged = try BlockMerge.merged(blocks).block
      } catch {
        try hold(blocks[error.source] === block, "a sound block is blamed")
        continue
      }
      let rows = blocks.reduce(0) { $0 + $1.rows }
      try hold(merged.header.rows == rows, "\(rows) rows are merged to \(merged.header.rows)")
      try hold(
        (try? EncodedBlock(parsing: merged.bytes))?.id == merged.id,
        "what was merged cannot be read")
    }
  }

  private static func verify(
    _ column: Column, of id: FieldID, in block: Block
  ) throws(BrokenLaw) {
    switch column {
    case .texts(let texts):
      let codes = texts.codes()
      try hold(codes.count == block.rows, "\(id) has \(codes.count) rows of \(block.rows)")
      try hold(codes.allSatisfy { Int($0) < texts.codeCount }, "\(id) has a code beyond its values")
      _ = texts.dictionary.codes(containing: "e")
      _ = texts.dictionary.code(of: "GET")
    case .ints(let ints), .instants(let ints):
      let values = ints.values()
      try hold(values.count == block.rows, "\(id) has \(values.count) rows of \(block.rows)")
    default: break
    }
    for row in 0..<min(block.rows, rowsShown) { _ = column.value(at: row) }
  }
}
