import Bytes
import Entries
import KFL
import Store

/// Filters as conditions over columns: what is decided once per block, once per distinct value,
/// in a loop over integers, or row by row.
struct ScanPlan: Sendable {
  /// Instants asked for, in nanoseconds; nil for all, an empty set for none.
  let window: IntervalSet?
  /// Cheapest first.
  let conditions: [ScanCondition]
  /// Kinds that a selected entry may have.
  let kinds: KindSet
  /// What looking at one row costs, roughly, counted in rows of plain columns.
  let weight: Int

  init(_ filters: [Filter], window: Range<Timestamp>?) {
    self.window = window.map { window in
      window.isEmpty
        ? IntervalSet([])
        : IntervalSet([window.lowerBound.nanoseconds...window.upperBound.nanoseconds - 1])
    }
    let made = filters.flatMap(\.conjuncts).map { ScanCondition($0) }
    conditions = made.enumerated().sorted {
      ($0.element.cost, $0.offset) < ($1.element.cost, $1.offset)
    }
    .map(\.element)
    kinds = KindSet(bits: made.reduce(.max) { $0 & $1.test.possibleKinds })
    weight =
      conditions.contains { $0.test.reach == .content }
      ? 200 : conditions.contains { $0.test.reach == .row } ? 10 : 1
  }

  /// Whether the block lies wholly inside, partly inside, or outside the window.
  func windowVerdict(_ block: Block) -> Verdict {
    guard let window else { return .all }
    let range = block.first.nanoseconds...max(block.first, block.last).nanoseconds
    return window.covers(range) ? .all : window.overlaps(range) ? .some : .none
  }
}

/// What a condition says about all rows of a block together.
enum Verdict: Sendable { case none, some, all }

/// One conjunct with the way it is run.
struct ScanCondition: Sendable {
  let conjunct: Conjunct
  let test: ScanTest
  let cost: Int

  init(_ conjunct: Conjunct) {
    self.conjunct = conjunct
    test = ScanTest(conjunct)
    cost = conjunct.rank + test.reach.rawValue * 10
  }
}

/// A condition over the columns of a block.
indirect enum ScanTest: Sendable {
  case constant(Bool)
  /// Whether the kind is one of these: bits by raw value.
  case kind(UInt64)
  case field(FieldTest)
  /// Parts that cannot fail.
  case any([ScanTest])
  case all([ScanTest])
  /// Anything else, entry by entry.
  case row(Conjunct, needsContent: Bool)

  /// How far a test has to reach. Raw values order them by cost.
  enum Reach: Int, Comparable {
    case column = 0, row = 1, content = 2

    static func < (a: Reach, b: Reach) -> Bool { a.rawValue < b.rawValue }
  }

  init(_ conjunct: Conjunct) {
    if let simple = ScanTest(conjunct.shape) {
      self = simple
    } else if conjunct.slots.count == 1, let slot = conjunct.slots.first {
      let match = TextMatch(conjunct, of: FieldSchema.fields[slot])
      self = ScanTest(slot, match: match) { value in conjunct.evaluate(OneSlot(value: value)) }
    } else {
      let needsContent = conjunct.slots.contains { slot in
        if case .content = FieldAccess.bySlot[slot] { true } else { false }
      }
      self = .row(conjunct, needsContent: needsContent)
    }
  }

  /// A shape whose parts cannot fail; nil for others.
  private init?(_ shape: Conjunct.Shape) {
    switch shape {
    case .constant(let flag): self = .constant(flag)
    case .flag(let slot, let isNegated):
      self.init(slot, intervals: IntervalSet(isNegated ? [0...0] : [1...1])) { value in
        if case .bool(let flag) = value { flag != isNegated ? .yes : .no } else { .no }
      }
    case .comparison(let slot, let comparison, let constant):
      var match: TextMatch?
      if case .string(let text) = constant, comparison == .equal || comparison == .notEqual {
        match = TextMatch(equal: [text], isNegated: comparison == .notEqual)
      }
      self.init(
        slot, intervals: Self.intervals(slot) { IntervalSet(comparison, constant, value: $0) },
        match: match
      ) { value in value.compares(comparison, to: constant) ?? false ? .yes : .no }
    case .oneOf(let slot, let values, let isNegated):
      let texts = values.compactMap { if case .string(let text) = $0 { text } else { nil } }
      let intervals = Self.intervals(slot) { value in
        let union = values.reduce(IntervalSet([])) {
          $0.union(IntervalSet(.equal, $1, value: value))
        }
        return isNegated ? union.complement : union
      }
      self.init(
        slot, intervals: intervals,
        match: texts.count == values.count ? TextMatch(equal: texts, isNegated: isNegated) : nil
      ) { value in values.contains { value.equals($0) } != isNegated ? .yes : .no }
    case .anyOf(let shapes), .allOf(let shapes):
      var parts: [ScanTest] = []
      for shape in shapes {
        guard let part = ScanTest(shape) else { return nil }
        parts.append(part)
      }
      if case .anyOf = shape { self = .any(parts) } else { self = .all(parts) }
    case .text, .other: return nil
    }
  }

  /// The integers of the slot's column that `make` allows; nil when it is no integer column.
  private static func intervals(
    _ slot: Int, _ make: ((Int64) -> Value) -> IntervalSet
  ) -> IntervalSet? {
    guard case .ints(_, let kind, _) = FieldAccess.bySlot[slot] else { return nil }
    // Truth values have no order to halve in.
    return kind == .bool ? nil : make { kind.value($0) }
  }

  private init(
    _ slot: Int, intervals: IntervalSet? = nil, match: TextMatch? = nil,
    decide: @escaping @Sendable (Value) -> Outcome
  ) {
    let access = FieldAccess.bySlot[slot]
    let field = FieldSchema.fields[slot]
    switch access {
    case .kinds(let bits):
      self = Self.flag(decide) { isNegated in .kind(isNegated ? ~bits : bits) }
    case .row where field.id == .http2:
      self = Self.flag(decide, Self.isHTTP2)
    case .row where field.id == .tls:
      self = Self.flag(decide, Self.isTLS)
    case .fromInt(.kind):
      var bits: UInt64 = 0
      for kind in ProtocolKind.allCases {
        let row = OneField(id: .kind, value: .int(Int64(kind.rawValue)))
        switch decide(Value(row.derived(field), of: field)) {
        case .yes: bits |= 1 << UInt64(kind.rawValue)
        case .no: break
        case .failed:
          self = .field(FieldTest(access, field, nil, nil, decide))
          return
        }
      }
      self = .kind(bits)
    // Bytes decide nothing of a text that reads as another one where there is none.
    default:
      self = .field(
        FieldTest(access, field, intervals, field.absent == nil ? match : nil, decide))
    }
  }

  /// A test of a truth value: it, its opposite, or a constant, as `decide` wants.
  private static func flag(
    _ decide: (Value) -> Outcome, _ make: (_ isNegated: Bool) -> ScanTest
  ) -> ScanTest {
    switch (decide(.bool(true)).isSelected, decide(.bool(false)).isSelected) {
    case (true, true): .constant(true)
    case (false, false): .constant(false)
    case (true, false): make(false)
    case (false, true): make(true)
    }
  }

  /// As the row of `http2` has it.
  private static func isHTTP2(_ isNegated: Bool) -> ScanTest {
    let always: UInt64 = 1 << UInt64(ProtocolKind.http2.rawValue)
    let either = KindSet([ProtocolKind.grpc, .gqlv1, .gqlv2]).bits
    let version = isText(.httpVersion, "HTTP/2", isNegated)
    return isNegated
      ? .all([.kind(~always), .any([.kind(~either), version])])
      : .any([.kind(always), .all([.kind(either), version])])
  }

  /// As the row of `tls` has it.
  private static func isTLS(_ isNegated: Bool) -> ScanTest {
    let decrypted = ScanTest.field(
      FieldTest(.ints(.decrypted, .bool, absent: 0), Catalogue[.decrypted], nil, nil) { value in
        value.equals(.bool(true)) != isNegated ? .yes : .no
      })
    let source = isText(.captureSource, "ebpf_tls", isNegated)
    return isNegated ? .all([decrypted, source]) : .any([decrypted, source])
  }

  /// Whether a text column holds that text, or does not.
  private static func isText(_ id: FieldID, _ text: String, _ isNegated: Bool) -> ScanTest {
    .field(
      FieldTest(
        .texts([id]), Catalogue[id], nil, TextMatch(equal: [text], isNegated: isNegated)
      ) { value in value.equals(.string(text)) != isNegated ? .yes : .no })
  }

  /// Kinds of entries that may pass, as bits by raw value.
  var possibleKinds: UInt64 {
    switch self {
    case .constant(let flag): flag ? .max : 0
    case .kind(let bits): bits
    case .any(let parts): parts.reduce(0) { $0 | $1.possibleKinds }
    case .all(let parts): parts.reduce(.max) { $0 & $1.possibleKinds }
    case .field, .row: .max
    }
  }

  var reach: Reach {
    switch self {
    case .constant, .kind: .column
    case .field(let test): test.reach
    case .any(let parts), .all(let parts): parts.map(\.reach).max() ?? .column
    case .row(_, let needsContent): needsContent ? .content : .row
    }
  }
}

/// A condition on one field.
struct FieldTest: Sendable {
  let access: FieldAccess
  let field: Field
  /// What it says of a value.
  let decide: @Sendable (Value) -> Outcome
  /// The integers it allows, for integer columns where that is known.
  let intervals: IntervalSet?
  /// The same for text columns, where bytes decide.
  let match: TextMatch?
  /// What `match` says of texts that blocks share.
  let decisions: TextDecisions?

  init(
    _ access: FieldAccess, _ field: Field, _ intervals: IntervalSet?,
    _ match: TextMatch?, _ decide: @escaping @Sendable (Value) -> Outcome
  ) {
    (self.access, self.field, self.decide) = (access, field, decide)
    (self.intervals, self.match) = (intervals, match)
    decisions = match.map { TextDecisions($0) }
  }

  /// The only texts it allows, where that is known.
  var texts: [String]? {
    guard let match, match.kind == .equal, !match.isNegated else { return nil }
    return match.needles.map { String(decoding: $0, as: UTF8.self) }
  }

  var reach: ScanTest.Reach {
    switch access {
    case .row: .row
    case .content: .content
    default: .column
    }
  }

  /// What it says of an entry without the field.
  var ofNone: Outcome { decide(Value(.none, of: field)) }
}

/// An entry of which only one variable is known, and asked for.
private struct OneSlot: Record {
  let value: Value
  func value(_ slot: Int) -> Value { value }
}

/// An entry of which only one column is known.
struct OneField: FieldRow {
  let id: FieldID
  let value: FieldValue

  func value(_ id: FieldID) -> FieldValue { id == self.id ? value : .none }

  /// What a row that is derived from this column makes of it.
  func derived(_ field: Field) -> FieldValue {
    if case .derived(_, let work) = field.source { work(self) } else { .none }
  }
}
