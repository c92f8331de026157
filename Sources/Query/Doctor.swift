import Bytes
import Entries
import KFL
import Store

extension StoreSource {
  @concurrent
  package func diagnose(_ query: Query) async throws(QueryError) -> Diagnosis {
    let snapshot = store.snapshot()
    let plan = ScanPlan(query.filters, window: query.window)
    let list = snapshot.list(query.families, plan)
    var doctor = Doctor(query, decoder)
    var coverage = QueryCoverage(list)
    for block in list.newestFirst {
      try checkCancellation()
      try? doctor.look(at: block, &coverage)
    }
    coverage.damage = snapshot.damage
    return doctor.diagnosis(coverage)
  }
}

/// Counts what each condition of a query does on its own and together with the others.
struct Doctor {
  /// Conditions told apart; further ones are not looked at.
  static let maxConditions = 24
  /// Entries looked at, when conditions read columns, when one works row by row, and when one
  /// reads headers or bodies.
  static let maxRows = (columns: 2_000_000, rows: 300_000, contents: 50_000)
  /// Entries whose values are counted, for each condition.
  static let maxSample = 50_000
  /// Distinct values counted, and shown.
  static let maxDistinct = 5_000
  /// Bytes of them, so that all samples together stay below `QueryMemory.limit`.
  static let maxSampleBytes = 1 << 20
  static let shownValues = 5

  private let query: Query
  private let decoder: ContentDecoder
  private let window: ScanPlan
  private let conditions: [ScanCondition]
  private let limit: Int
  private var effects: [Effect]
  private var entries = 0
  private var inWindow = 0
  private var outside = 0
  private var matching = 0
  private var looked = 0
  private var isComplete = true

  private struct Effect {
    var alone = 0
    var remaining = 0
    var without = 0
    /// Values among entries that fulfil the other conditions, and among all.
    var nearby = Sample()
    var anywhere = Sample()
  }

  private struct Sample {
    var counts: [FieldValue: Int] = [:]
    var taken = 0
    private var bytes = 0

    /// Adds what one entry has.
    mutating func add(_ values: Set<FieldValue>) {
      taken += 1
      for value in values {
        if let count = counts[value] {
          counts[value] = count + 1
        } else if counts.count < Doctor.maxDistinct, bytes < Doctor.maxSampleBytes {
          counts[value] = 1
          bytes += value.memory
        }
      }
    }

    var top: [(value: FieldValue, count: Int)] {
      counts.filter { $0.key != .none && $0.key != .text("") }
        .sorted { a, b in
          a.value != b.value ? a.value > b.value : FieldValue.areAscending([a.key], [b.key])
        }
        .map { ($0.key, $0.value) }
    }
  }

  init(_ query: Query, _ decoder: ContentDecoder) {
    self.query = query
    self.decoder = decoder
    window = ScanPlan([], window: query.window)
    // As written: filter by filter, each from its beginning.
    conditions = Array(
      query.filters.flatMap { filter in
        filter.conjuncts.sorted { $0.range.lowerBound < $1.range.lowerBound }
      }.map { ScanCondition($0) }.prefix(Self.maxConditions))
    limit =
      switch conditions.map(\.test.reach).max() ?? .column {
      case .column: Self.maxRows.columns
      case .row: Self.maxRows.rows
      case .content: Self.maxRows.contents
      }
    effects = [Effect](repeating: Effect(), count: conditions.count)
  }

  mutating func look(
    at block: Block, _ coverage: inout QueryCoverage
  ) throws(StoreError) {
    entries += block.rows
    guard looked < limit else {
      isComplete = false
      return
    }
    looked += block.rows
    coverage.examined += block.rows
    let scan = try BlockScan(BlockColumns(block), decoder: decoder)
    let inside = try scan.select(window).rows
    inWindow += inside.count
    let all = Bitmap(rows: scan.rows, filled: true)
    var passing: [Bitmap] = []
    for condition in conditions {
      let found: Bitmap
      switch scan.verdict(condition.test) {
      case .none: found = Bitmap(rows: scan.rows, filled: false)
      case .all: found = all
      case .some: found = try scan.matching(condition.test, all)
      }
      passing.append(found)
    }
    count(passing, inside, scan)
  }

  private mutating func count(_ passing: [Bitmap], _ inside: Bitmap, _ scan: BlockScan) {
    // after[i]: rows that fulfil the conditions from i on.
    var after = [Bitmap](
      repeating: Bitmap(rows: scan.rows, filled: true), count: passing.count + 1)
    for place in passing.indices.reversed() {
      after[place] = after[place + 1]
      after[place].formIntersection(passing[place])
    }
    var before = inside
    for place in passing.indices {
      var alone = passing[place]
      alone.formIntersection(inside)
      effects[place].alone += alone.count
      var others = before
      others.formIntersection(after[place + 1])
      effects[place].without += others.count
      sample(place, others, inside, scan)
      before.formIntersection(passing[place])
      effects[place].remaining += before.count
    }
    matching += before.count
    var outside = after[0]
    outside.subtract(inside)
    self.outside += outside.count
  }

  private mutating func sample(
    _ place: Int, _ others: Bitmap, _ inside: Bitmap, _ scan: BlockScan
  ) {
    let fields = Self.fields(of: conditions[place])
    guard !fields.isEmpty else { return }
    others.forEachDescending { row in
      guard effects[place].nearby.taken < Self.maxSample else { return false }
      effects[place].nearby.add(Self.values(of: fields, ScanRow(scan: scan, row: row)))
      return true
    }
    guard effects[place].nearby.taken == 0 else { return }
    inside.forEachDescending { row in
      guard effects[place].anywhere.taken < Self.maxSample else { return false }
      effects[place].anywhere.add(Self.values(of: fields, ScanRow(scan: scan, row: row)))
      return true
    }
  }

  /// What an entry has in those fields, each value once.
  private static func values(of fields: [Field], _ row: ScanRow) -> Set<FieldValue> {
    Set(fields.map { row.value($0.id) })
  }

  /// The one field a condition is about, when its values say something; two where it asks the same of
  /// either side.
  private static func fields(of condition: ScanCondition) -> [Field] {
    let fields = condition.conjunct.slots.prefix(3).map { FieldSchema.fields[$0] }
    let isOne = fields.count == 1
    let isEitherSide =
      fields.count == 2 && Set(fields.map { $0.name?.drop { $0 != "." } ?? "" }).count == 1
      && Set(fields.map { $0.name?.prefix { $0 != "." } ?? "" }) == ["src", "dst"]
    guard isOne || isEitherSide else { return [] }
    let areTold = fields.allSatisfy { field in
      if case .content = field.source { return false }
      switch field.type {
      case .text, .int, .texts: return true
      default: return false
      }
    }
    return areTold ? fields : []
  }

  func diagnosis(_ coverage: QueryCoverage) -> Diagnosis {
    var shown: [Diagnosis.Condition] = []
    for (condition, effect) in zip(conditions, effects) {
      let top = effect.nearby.counts.isEmpty ? effect.anywhere.top : effect.nearby.top
      shown.append(
        Diagnosis.Condition(
          text: condition.conjunct.normalForm, alone: effect.alone, remaining: effect.remaining,
          without: effect.without, fields: Self.fields(of: condition),
          values: Array(top.prefix(Self.shownValues)),
          nearest: condition.wantedText.flatMap { wanted in
            nearestText(to: wanted, among: top.lazy.map(\.value))
          }))
    }
    return Diagnosis(
      entries: entries, inWindow: inWindow, outsideWindow: outside, matching: matching,
      conditions: shown, relaxed: matching == 0 ? relaxed(shown) : nil, isComplete: isComplete,
      coverage: coverage)
  }

  /// Asking for the existing value that was nearly named, or leaving out one condition, if that
  /// finds something: the one that costs most. Else the longest beginning that finds something.
  private func relaxed(_ shown: [Diagnosis.Condition]) -> Diagnosis.Relaxed? {
    guard inWindow > 0, !shown.isEmpty else { return nil }
    let best = shown.indices.filter { shown[$0].without > 0 }
      .max { shown[$0].without < shown[$1].without }
    let kept: [Int]
    let hits: Int
    if let best {
      if let (text, hits) = corrected(best, shown[best]) {
        var texts = shown.map(\.text)
        texts[best] = text
        return Diagnosis.Relaxed(filter: joined(texts), hits: hits, leftOut: [shown[best].text])
      }
      kept = shown.indices.filter { $0 != best }
      hits = shown[best].without
    } else {
      let length = shown.firstIndex { $0.remaining == 0 } ?? shown.count
      kept = Array(0..<length)
      hits = length == 0 ? inWindow : shown[length - 1].remaining
    }
    return Diagnosis.Relaxed(
      filter: joined(kept.map { shown[$0].text }), hits: hits,
      leftOut: shown.indices.filter { !kept.contains($0) }.map { shown[$0].text })
  }

  /// The condition with the value that is nearly the one asked for, and how many entries that
  /// finds; nil when there is none, or when not all values were counted.
  private func corrected(
    _ place: Int, _ shown: Diagnosis.Condition
  ) -> (text: String, hits: Int)? {
    let sample = effects[place].nearby
    guard let nearest = shown.nearest, !shown.fields.isEmpty,
      // Where another field stands in, the values counted are not those the filter reads.
      shown.fields.allSatisfy({ $0.fallback == nil }), sample.taken < Self.maxSample,
      let hits = sample.counts[.text(nearest)], hits > 0
    else { return nil }
    let literal = Value.string(nearest).literalText
    let texts = shown.fields.compactMap(\.name).map { "\($0) == \(literal)" }
    return (texts.joined(separator: " || "), hits)
  }

  /// Conditions as one filter. An alternative among them needs parentheses.
  private func joined(_ texts: [String]) -> String {
    texts.count == 1
      ? texts[0]
      : texts.map { $0.contains("||") || $0.contains("?") ? "(\($0))" : $0 }
        .joined(separator: " && ")
  }
}

extension ScanCondition {
  /// The text that an equality asks for.
  fileprivate var wantedText: String? {
    switch conjunct.shape {
    case .comparison(_, .equal, .string(let text)): text
    // Of either side.
    case .anyOf(let shapes):
      shapes.lazy.compactMap { shape in
        if case .comparison(_, .equal, .string(let text)) = shape { text } else { nil }
      }.first
    default: nil
    }
  }
}

/// The text among `values` that is most like `wanted`: equal but for case, or one of the two
/// within the other, or few letters apart.
private func nearestText(
  to wanted: String, among values: some Sequence<FieldValue>
) -> String? {
  let key = wanted.lowercased()
  guard !key.isEmpty else { return nil }
  var best: (text: String, distance: Int)?
  for case .text(let text) in values where text != wanted {
    let other = text.lowercased()
    let distance: Int
    if other == key {
      distance = 0
    } else if other.contains(key) || key.contains(other) && other.count > 2 {
      distance = 1
    } else {
      distance = editDistance(key, other, limit: min(3, key.count / 3))
    }
    if distance <= max(1, min(3, key.count / 3)), distance < best?.distance ?? .max {
      best = (text, distance)
    }
  }
  return best?.text
}

/// Letters to change, insert or take out; anything above `limit` is `limit` + 1.
private func editDistance(_ a: String, _ b: String, limit: Int) -> Int {
  let (a, b) = (Array(a.utf8.prefix(64)), Array(b.utf8.prefix(64)))
  guard abs(a.count - b.count) <= limit else { return limit + 1 }
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let next = min(diagonal + (x == y ? 0 : 1), row[j] + 1, row[j + 1] + 1)
      diagonal = row[j + 1]
      row[j + 1] = next
    }
  }
  return min(row[b.count], limit + 1)
}
