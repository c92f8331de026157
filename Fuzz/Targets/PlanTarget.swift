import Bytes
import Entries
import KFL

@testable import Query
@testable import Store

/// Filters as plans over columns select what the interpreter selects entry by entry, and fail
/// where it fails.
///
///     filter     choices of `FilterMaker`; bit 7 of the first byte: the rest is the text itself
///     entries    choices of `EntryMaker`, behind the filter's
enum PlanTarget {
  static let target = FuzzTarget(
    "plan", "choices that make a filter and entries", maxLength: 1 << 10
  ) { bytes throws(BrokenLaw) in
    var input = FuzzInput(bytes)
    let text: String
    let entries: [Entry]
    if input.uint8() & 128 == 0 {
      text = FilterMaker.filter(&input)
      entries = (0..<1 + input.below(12)).map { EntryMaker.entry(&input, number: $0) }
    } else {
      text = String(decoding: input.rest(), as: UTF8.self)
      entries = PlainEntry.samples.map(\.row.entry)
    }
    let compilation = KFL.compile(text, schema: FieldSchema.schema, now: KFLTarget.now)
    guard let filter = compilation.filter else {
      let isOurs = bytes.first.map { $0 & 128 == 0 } ?? true
      try hold(!isOurs, "\(text): \(compilation.errors.first?.message ?? "")")
      return
    }
    try check(filter, text, entries)
  }

  private static func check(
    _ filter: Filter, _ text: String, _ entries: [Entry]
  ) throws(BrokenLaw) {
    var expected: Set<UInt64> = []
    var failures = 0
    for entry in entries {
      let record = PlainEntry(entry)
      if filter.evaluate(record).isSelected {
        expected.insert(entry.stream)
      } else if fails(filter, record) {
        failures += 1
      }
    }
    var found: Set<UInt64> = []
    var failed = 0
    for block in blocks(entries) {
      let selection: (streams: Set<UInt64>, failures: Int, broken: String?)
      do throws(StoreError) {
        selection = try select(filter, in: block)
      } catch {
        throw BrokenLaw("a block just made cannot be read: \(error)")
      }
      if let law = selection.broken { throw BrokenLaw("\(law): \(text)") }
      found.formUnion(selection.streams)
      failed += selection.failures
    }
    try hold(found == expected, "columns select \(found), entries \(expected): \(text)")
    try hold(failed == failures, "columns fail on \(failed), entries on \(failures): \(text)")
  }

  /// Whether a condition failed and none said no. A legacy path that is missing says no.
  private static func fails(_ filter: Filter, _ record: PlainEntry) -> Bool {
    var failed = false
    for conjunct in filter.conjuncts {
      switch conjunct.evaluate(record) {
      case .yes: break
      case .no, .failed(.absent): return false
      case .failed: failed = true
      }
    }
    return failed
  }

  private static func blocks(_ entries: [Entry]) -> [Block] {
    BlockFamily.allCases.compactMap { family in
      var builder = BlockBuilder(family)
      for entry in entries where BlockFamily(entry.kind) == family { builder.append(entry) }
      // A block that its own reader refuses holds none of the rows that are expected.
      guard let encoded = try? builder.finish() else { return nil }
      return Block(
        summary: BlockSummary(sequence: 1, header: encoded.header), source: .memory(encoded),
        damage: DamageLog(),
        pool: entries.count % 2 == 0 ? TextPool(limit: 1 << 20, minRows: 0) : nil)
    }
  }

  private static func select(
    _ filter: Filter, in block: Block
  ) throws(StoreError) -> (streams: Set<UInt64>, failures: Int, broken: String?) {
    let plan = ScanPlan([filter], window: nil)
    let columns = BlockColumns(block)
    let scan = try BlockScan(columns, decoder: .plain, sharesTexts: true)
    let selection = try scan.select(plan)
    var streams: Set<UInt64> = []
    selection.rows.forEach { row in
      streams.insert(EntryView(columns, row: row, decoder: .plain).id.stream)
    }
    var broken: String?
    switch scan.verdict(plan) {
    case .none: if !streams.isEmpty { broken = "a block is ruled out that has entries" }
    case .all: if streams.count != block.rows { broken = "a block is taken whole that is not" }
    case .some: break
    }
    if let count = scan.headerCount(plan, sharing: true), count != streams.count {
      broken = "a block is counted by its header as \(count) and has \(streams.count)"
    }
    if !block.kinds.intersects(plan.kinds), !streams.isEmpty {
      broken = "a block is ruled out by its kinds that has entries"
    }
    return (streams, selection.failures.count, broken)
  }
}
