import Bytes
import Entries
import KFL
import Store

/// The rows of a block that a plan selects.
struct BlockSelection {
  var rows: Bitmap
  var failures = QueryResult.Failures()
}

extension BlockScan {
  /// What a plan says about the block as a whole, from its header alone.
  func verdict(_ plan: ScanPlan) -> Verdict {
    var result = plan.windowVerdict(columns.block)
    for condition in plan.conditions where result != .none {
      result = min(result, verdict(condition.test))
    }
    return result
  }

  /// The rows that a plan selects.
  func select(_ plan: ScanPlan) throws(StoreError) -> BlockSelection {
    var order = ScanOrder(plan)
    return try select(plan, &order)
  }

  /// The rows that a plan selects, its conditions tried in that order.
  func select(_ plan: ScanPlan, _ order: inout ScanOrder) throws(StoreError) -> BlockSelection {
    var alive = Bitmap(rows: rows, filled: true)
    var failedRows = Bitmap(rows: rows, filled: false)
    switch plan.windowVerdict(columns.block) {
    case .none: return BlockSelection(rows: Bitmap(rows: rows, filled: false))
    case .all: break
    case .some:
      if let window = plan.window, let instants = try lane(.instant) {
        alive = matching(window, instants, alive)
      }
    }
    defer { order.settle() }
    for place in order.places {
      let condition = plan.conditions[place]
      switch verdict(condition.test) {
      case .all: continue
      case .none: return BlockSelection(rows: Bitmap(rows: rows, filled: false))
      case .some: break
      }
      let before = alive.count
      let kept = try matching(condition.test, alive)
      // A row that failed stays alive: a later condition may still say no to it.
      let failed = takeFailed()
      alive = kept
      if let failed {
        alive.formUnion(failed)
        failedRows.formUnion(failed)
      }
      let left = alive.count
      order.note(place, seen: before, kept: left)
      if left == 0 { break }
    }
    failedRows.formIntersection(alive)
    alive.subtract(failedRows)
    let count = failedRows.count
    // Whoever asks may not see what entries hold as it is.
    let cause = failure?.sentence { text in
      plan.conditions.contains { $0.conjunct.normalForm.contains(text) }
    }
    return BlockSelection(
      rows: alive, failures: .init(count: count, cause: count > 0 ? cause : nil))
  }

  // MARK: Rows

  /// Whether so few rows are left that reading them one by one beats decoding the column.
  private func isSparse(_ base: Bitmap) -> Bool { base.count * 16 < rows }

  /// The rows of `base` that pass; those that fail are noted.
  func matching(_ test: ScanTest, _ base: Bitmap) throws(StoreError) -> Bitmap {
    switch test {
    case .constant(let flag): return flag ? base : Bitmap(rows: rows, filled: false)
    case .kind(let bits):
      func isIn(_ kind: Int64) -> Bool { bits >> UInt64(truncatingIfNeeded: kind & 63) & 1 == 1 }
      if isSparse(base) {
        let column = try columns.column(.kind)
        return Bitmap(in: base) { row in column?.int(at: row).map(isIn) ?? false }
      }
      guard let kinds = try lane(.kind) else { return Bitmap(rows: rows, filled: false) }
      return Bitmap(inWords: base) { row in isIn(kinds[row]) }
    case .field(let test): return try matching(test, base)
    case .any(let parts):
      var result = Bitmap(rows: rows, filled: false)
      var rest = base
      for part in parts {
        let found = try verdict(part) == .none ? nil : matching(part, rest)
        guard let found else { continue }
        result.formUnion(found)
        rest.subtract(found)
      }
      return result
    case .all(let parts):
      var result = base
      for part in parts where verdict(part) != .all { result = try matching(part, result) }
      return result
    case .row(let conjunct, _):
      return Bitmap(in: base) { row in
        note(conjunct.evaluate(ScanRecord(scan: self, row: row)), row)
      }
    }
  }

  private func matching(_ test: FieldTest, _ base: Bitmap) throws(StoreError) -> Bitmap {
    switch test.access {
    case .ints(let id, let kind, let absent):
      if let allowed = test.intervals, isSparse(base), let column = try columns.column(id) {
        return Bitmap(in: base) { row in allowed.contains(column.int(at: row) ?? absent) }
      }
      if let allowed = test.intervals, let integers = try columns.column(id)?.integers {
        if let presence = integers.presence {
          // Rows without a value are out: it is enough to look at the values that are there.
          if !allowed.contains(absent) {
            return Bitmap(spreading: dense(allowed, integers), over: presence, in: base)
          }
        } else if let words = allowed.onlyRange.flatMap({ integers.words(in: $0) }) {
          var result = Bitmap(words: words, rows: rows)
          result.formIntersection(base)
          return result
        }
      }
      if kind == .bool { return try matchingFlags(test, id, isAbsentTrue: absent != 0, base) }
      guard let lane = try lane(id, absent: absent) else { return constant(test.ofNone, base) }
      if let allowed = test.intervals { return matching(allowed, lane, base) }
      return Bitmap(in: base) { row in note(test.decide(kind.value(lane[row])), row) }
    case .texts(let ids):
      let there = ids.filter { info($0) != nil }
      if let match = test.match, there.count == 1, !match.isNegated, !match.selectsEmpty,
        try isAbsent(test, match, there[0])
      {
        return Bitmap(rows: rows, filled: false)
      }
      return try matchingTexts(test, there, base)
    case .coded(let id):
      guard let column = try columns.column(id) else { return constant(test.ofNone, base) }
      return try matchingCodes(test, id, column, base) { Value($0, of: test.field) }
    case .fromCoded(let id):
      let derived: (FieldValue) -> Value = { value in
        Value(OneField(id: id, value: value).derived(test.field), of: test.field)
      }
      guard let column = try columns.column(id) else {
        return constant(test.decide(derived(.none)), base)
      }
      return try matchingCodes(test, id, column, base, value: derived)
    case .fromInt(let id): return try matchingDerived(test, id, base)
    case .kinds, .row, .content:
      return Bitmap(in: base) { row in note(test.decide(value(of: test.field, row)), row) }
    }
  }

  /// The codes of a column whose texts fit, where they are known among those of other blocks.
  private func sharedCodes(_ test: FieldTest, _ id: FieldID) throws(StoreError) -> [UInt32]? {
    guard let decisions = test.decisions, let texts = try texts(id) else { return nil }
    return texts.codes(of: decisions.fitting(texts.table)).codes
  }

  /// Whether no text of a column can fit, as far as that is known without reading them.
  private func isAbsent(
    _ test: FieldTest, _ match: TextMatch, _ id: FieldID
  ) throws(StoreError) -> Bool {
    if let codes = try sharedCodes(test, id) { return codes.isEmpty }
    guard let grams = try columns.block.grams(id) else { return false }
    return match.needles.allSatisfy { !$0.isEmpty && !grams.mayContain($0) }
  }

  /// A test of truth values: what it says of either settles all rows.
  private func matchingFlags(
    _ test: FieldTest, _ id: FieldID, isAbsentTrue: Bool, _ base: Bitmap
  ) throws(StoreError) -> Bitmap {
    guard case .bools(let column) = try columns.column(id) else {
      return constant(test.ofNone, base)
    }
    var flags = Bitmap(words: column.words(), rows: column.count)
    if let presence = column.presence {
      flags = Bitmap(spreading: flags, over: presence, in: Bitmap(rows: rows, filled: true))
      if isAbsentTrue {
        var absent = Bitmap(rows: rows, filled: true)
        absent.subtract(presence.words)
        flags.formUnion(absent)
      }
    }
    let (ofTrue, ofFalse) = (test.decide(.bool(true)), test.decide(.bool(false)))
    if case .failed = ofTrue { return Bitmap(in: base) { note(flags[$0] ? ofTrue : ofFalse, $0) } }
    if case .failed = ofFalse { return Bitmap(in: base) { note(flags[$0] ? ofTrue : ofFalse, $0) } }
    var result = base
    if !ofTrue.isSelected { result.subtract(flags) }
    if !ofFalse.isSelected { result.formIntersection(flags) }
    return result
  }

  private func constant(_ outcome: Outcome, _ base: Bitmap) -> Bitmap {
    Bitmap(in: base) { row in note(outcome, row) }
  }

  /// Whether the outcome selects; a failure is noted down.
  @inline(__always)
  private func note(_ outcome: Outcome, _ row: Int) -> Bool {
    switch outcome {
    case .yes: return true
    case .no: return false
    case .failed(let reason):
      noteFailure(reason, row)
      return false
    }
  }

  /// Which of the values that are there a test allows.
  private func dense(_ allowed: IntervalSet, _ column: IntColumn) -> Bitmap {
    if let words = allowed.onlyRange.flatMap({ column.words(in: $0) }) {
      return Bitmap(words: words, rows: column.count)
    }
    let values = column.denseValues()
    return matching(allowed, values, Bitmap(rows: values.count, filled: true))
  }

  private func matching(_ allowed: IntervalSet, _ lane: [Int64], _ base: Bitmap) -> Bitmap {
    if let range = allowed.onlyRange {
      // One comparison decides both ends: what lies below wraps to far above.
      let low = range.lowerBound
      let span = UInt64(bitPattern: range.upperBound &- low)
      return Bitmap(inWords: base) { row in UInt64(bitPattern: lane[row] &- low) <= span }
    }
    return Bitmap(in: base) { row in allowed.contains(lane[row]) }
  }

  /// A test of the first non-empty of several text columns: each decides the rows that the ones
  /// before it leave open.
  private func matchingTexts(
    _ test: FieldTest, _ ids: [FieldID], _ base: Bitmap
  ) throws(StoreError) -> Bitmap {
    var result = Bitmap(rows: rows, filled: false)
    var rest = base
    for (place, id) in ids.enumerated() {
      guard case .texts(let texts) = try columns.column(id) else { continue }
      var here = rest
      if place < ids.count - 1 {
        rest = try open(id, texts, rest)
        here.subtract(rest)
      } else {
        rest = Bitmap(rows: rows, filled: false)
      }
      result.formUnion(
        try matchingCodes(test, id, .texts(texts), here) { Value($0, of: test.field) })
      if rest.isEmpty { return result }
    }
    result.formUnion(constant(test.ofNone, rest))
    return result
  }

  /// The rows of `base` in which a text column holds nothing, or the empty text.
  func open(
    _ id: FieldID, _ column: TextColumn, _ base: Bitmap
  ) throws(StoreError) -> Bitmap {
    var result = base
    if let presence = column.presence {
      result.subtract(presence.words)
    } else {
      result = Bitmap(rows: rows, filled: false)
    }
    if let empty = column.dictionary.code(of: ""), let codes = try codes(id) {
      result.formUnion(Bitmap(in: base) { codes[$0] == empty })
    }
    return result
  }

  /// A test of a coded column: decided once for each distinct value that comes up.
  private func matchingCodes(
    _ test: FieldTest, _ id: FieldID, _ column: Column, _ base: Bitmap,
    value: (FieldValue) -> Value
  ) throws(StoreError) -> Bitmap {
    let count = base.count
    // Few rows: unpacking single codes beats unpacking all.
    guard !isSparse(base) else { return matchingSparse(test, column, base, value) }
    var selected: [Bool]?
    var fitting = try sharedCodes(test, id)
    if fitting == nil, let match = test.match, case .texts(let texts) = column,
      column.codeCount < count
    {
      fitting = match.fitting(texts.dictionary)
    }
    if let fitting, let match = test.match, case .texts(let texts) = column {
      if !match.isNegated, !match.selectsEmpty, let some = matching(fitting, texts, base) {
        return some
      }
      selected = [Bool](repeating: match.isNegated, count: column.codeCount)
      for code in fitting { selected?[Int(code)] = !match.isNegated }
      selected?[0] = match.selectsEmpty
    }
    guard let codes = try codes(id) else { return matchingSparse(test, column, base, value) }
    if let selected { return Bitmap(inWords: base) { row in selected[Int(codes[row])] } }
    var table = OutcomeTable(count: column.codeCount)
    if column.codeCount * 2 < count {
      for code in 0..<column.codeCount {
        _ = table.mark(code) { test.decide(value(column.fieldValue(code: UInt32(code)))) }
      }
      let marks = table.marks
      let result = Bitmap(in: base) { row in
        marks[Int(codes[row])] == OutcomeTable.Mark.yes.rawValue
      }
      if !table.failures.isEmpty {
        base.forEach { row in
          if let reason = table.failures[Int(codes[row])] { noteFailure(reason, row) }
        }
      }
      return result
    }
    return Bitmap(in: base) { row in
      let code = Int(codes[row])
      let mark = table.mark(code) { test.decide(value(column.fieldValue(code: UInt32(code)))) }
      if mark == .failed, let reason = table.failures[code] { noteFailure(reason, row) }
      return mark == .yes
    }
  }

  /// The rows of `base` with one of these codes, found without unpacking all; nil where that is no
  /// gain. Most often no text of a block fits, and its rows need not be read.
  private func matching(_ fitting: [UInt32], _ texts: TextColumn, _ base: Bitmap) -> Bitmap? {
    guard !fitting.isEmpty else { return Bitmap(rows: rows, filled: false) }
    guard fitting.count <= Self.fewCodes, let words = texts.words(ofCodes: fitting) else {
      return nil
    }
    let dense = Bitmap(words: words, rows: texts.count)
    if let presence = texts.presence { return Bitmap(spreading: dense, over: presence, in: base) }
    var result = dense
    result.formIntersection(base)
    return result
  }

  /// Codes that are looked for one by one.
  private static let fewCodes = 4

  private func matchingSparse(
    _ test: FieldTest, _ column: Column, _ base: Bitmap, _ value: (FieldValue) -> Value
  ) -> Bitmap {
    if let match = test.match, case .texts(let texts) = column {
      return Bitmap(in: base) { row in
        texts.dictionary.withBytes(texts.code(at: row)) { match.selects($0) }
      }
    }
    var known: [UInt32: Outcome] = [:]
    return Bitmap(in: base) { row in
      let code = column.code(at: row)
      if let outcome = known[code] { return note(outcome, row) }
      let outcome = test.decide(value(column.fieldValue(code: code)))
      known[code] = outcome
      return note(outcome, row)
    }
  }

  /// A test of a field worked out from one integer column.
  private func matchingDerived(
    _ test: FieldTest, _ id: FieldID, _ base: Bitmap
  ) throws(StoreError) -> Bitmap {
    let column = try columns.column(id)
    // Enumerations are small numbers; everything else is worked out row by row.
    var table = OutcomeTable(count: 257)
    return Bitmap(in: base) { row in
      let value = column?.value(at: row) ?? .none
      func outcome() -> Outcome {
        test.decide(Value(OneField(id: id, value: value).derived(test.field), of: test.field))
      }
      let place: Int
      switch value {
      case .none: place = 256
      case .int(let number) where number >= 0 && number < 256: place = Int(number)
      default: return note(outcome(), row)
      }
      let mark = table.mark(place, outcome)
      if mark == .failed, let reason = table.failures[place] { noteFailure(reason, row) }
      return mark == .yes
    }
  }
}

/// What a test said of each distinct value, as far as it was asked.
private struct OutcomeTable {
  enum Mark: UInt8 {
    case no = 0
    case yes = 1
    case failed = 2
    case unknown = 3
  }

  private(set) var marks: [UInt8]
  private(set) var failures: [Int: Failure] = [:]

  init(count: Int) { marks = [UInt8](repeating: Mark.unknown.rawValue, count: count) }

  @inline(__always)
  mutating func mark(_ place: Int, _ decide: () -> Outcome) -> Mark {
    if let known = Mark(rawValue: marks[place]), known != .unknown { return known }
    return decided(place, decide())
  }

  private mutating func decided(_ place: Int, _ outcome: Outcome) -> Mark {
    let mark: Mark
    switch outcome {
    case .yes: mark = .yes
    case .no: mark = .no
    case .failed(let reason):
      mark = .failed
      failures[place] = reason
    }
    marks[place] = mark.rawValue
    return mark
  }
}
