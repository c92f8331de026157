import Entries
import KFL
import Store

// What conditions say about a whole block, from its header alone.
extension BlockScan {
  func verdict(_ test: ScanTest) -> Verdict {
    switch test {
    case .constant(let flag): return flag ? .all : .none
    case .kind(let bits):
      let kinds = columns.block.kinds.bits
      return kinds & ~bits == 0 ? .all : kinds & bits == 0 ? .none : .some
    case .field(let test): return verdict(test)
    case .any(let parts): return parts.reduce(.none) { max($0, verdict($1)) }
    case .all(let parts): return parts.reduce(.all) { min($0, verdict($1)) }
    case .row: return .some
    }
  }

  private func verdict(_ test: FieldTest) -> Verdict {
    switch test.access {
    case .ints(let id, _, let absent):
      guard let info = info(id) else { return test.verdictOfNone }
      if let count = headerCount(test) { return count == 0 ? .none : count == rows ? .all : .some }
      guard let allowed = test.intervals, case .range(let range) = info.zone else { return .some }
      let isFull = info.present == rows
      if allowed.covers(range), isFull || allowed.contains(absent) { return .all }
      return allowed.overlaps(range) || !isFull && allowed.contains(absent) ? .some : .none
    case .fromInt:
      guard let count = headerCount(test) else { return .some }
      return count == 0 ? .none : count == rows ? .all : .some
    case .texts(let ids): return verdict(test, ids)
    case .coded(let id): return info(id) == nil ? test.verdictOfNone : .some
    default: return .some
    }
  }

  private func verdict(_ test: FieldTest, _ ids: [FieldID]) -> Verdict {
    let infos = ids.compactMap { info($0) }
    if infos.isEmpty { return test.verdictOfNone }
    if let wanted = test.texts, !wanted.contains("") {
      let isPossible = wanted.contains { text in infos.contains { $0.zone.mayContain(text) } }
      if !isPossible { return .none }
    }
    // The first text that is not empty counts: any of those listed may be it.
    var (yes, no) = (0, 0)
    func note(_ outcome: Outcome) -> Bool {
      switch outcome {
      case .yes: yes += 1
      case .no: no += 1
      case .failed: return false
      }
      return true
    }
    var mayBeNone = true
    for info in infos {
      guard case .texts(let set) = info.zone else { return .some }
      let texts = set.texts
      for text in texts where !text.isEmpty {
        guard note(test.decide(.string(text))) else { return .some }
      }
      if info.present == rows, !texts.contains("") { mayBeNone = false }
    }
    if mayBeNone, !note(test.ofNone) { return .some }
    return no == 0 ? .all : yes == 0 ? .none : .some
  }
}

// How many entries pass, where the header knows how often each value occurs.
extension BlockScan {
  /// How many entries a plan selects; nil when rows have to be read to know.
  ///
  /// - Parameter sharing: whether texts may be put among those of other blocks first, which costs
  ///   about what reading rows does, but once only.
  func headerCount(_ plan: ScanPlan, sharing: Bool) -> Int? {
    switch plan.windowVerdict(columns.block) {
    case .none: return 0
    case .some: return nil
    case .all: break
    }
    var partial: Int?
    for condition in plan.conditions {
      switch verdict(condition.test) {
      case .none: return 0
      case .all: continue
      case .some:
        // Of two conditions that hold for some it is not known for how many both hold.
        guard partial == nil, let count = headerCount(condition.test, sharing) else {
          return nil
        }
        partial = count
      }
    }
    return partial ?? rows
  }

  private func headerCount(_ test: ScanTest, _ sharing: Bool) -> Int? {
    switch test {
    case .constant(let flag): return flag ? rows : 0
    case .kind(let bits):
      guard let info = info(.kind), info.present == rows, let counts = info.counts else {
        return nil
      }
      return counts.items.reduce(0) { sum, item in
        bits >> UInt64(truncatingIfNeeded: item.value & 63) & 1 == 1 ? sum + item.count : sum
      }
    case .field(let test):
      if case .texts(let ids) = test.access { return textCount(test, ids, sharing) }
      return headerCount(test)
    case .any, .all, .row: return nil
    }
  }

  private func headerCount(_ test: FieldTest) -> Int? {
    switch test.access {
    case .ints(let id, let kind, let absent):
      return sum(id) { value in
        if let allowed = test.intervals { return allowed.contains(value ?? absent) ? .yes : .no }
        return value.map { test.decide(kind.value($0)) } ?? test.ofNone
      }
    case .fromInt(let id):
      let type = Catalogue[id].type
      guard info(id)?.type == type, let kind = FieldAccess.IntKind(type) else { return nil }
      return sum(id) { value in
        let row = OneField(id: id, value: value.map(kind.fieldValue) ?? .none)
        return test.decide(Value(row.derived(test.field), of: test.field))
      }
    default: return nil
    }
  }

  /// How many entries hold a text that a match selects, where that is known of each text.
  private func textCount(_ test: FieldTest, _ ids: [FieldID], _ sharing: Bool) -> Int? {
    let infos = ids.compactMap { info($0) }
    guard infos.count == 1, let info = infos.first, let match = test.match,
      let decisions = test.decisions, let texts = try? texts(info.id, making: sharing)
    else { return nil }
    let fitting = texts.codes(of: decisions.fitting(texts.table)).rows
    return (match.isNegated ? info.present - fitting : fitting)
      + (match.selectsEmpty ? rows - info.present : 0)
  }

  /// How many entries hold a value of the column, or none, that `decide` selects; nil when the
  /// header does not know, or when the condition fails on some.
  private func sum(_ id: FieldID, _ decide: (Int64?) -> Outcome) -> Int? {
    guard let info = info(id), let counts = info.counts else { return nil }
    var result = 0
    for item in counts.items {
      switch decide(item.value) {
      case .yes: result += item.count
      case .no: break
      case .failed: return nil
      }
    }
    guard info.present < rows else { return result }
    switch decide(nil) {
    case .yes: return result + rows - info.present
    case .no: return result
    case .failed: return nil
    }
  }
}

extension FieldTest {
  /// What it says of a block in which no entry has the field.
  fileprivate var verdictOfNone: Verdict {
    switch ofNone {
    case .yes: .all
    case .no: .none
    case .failed: .some
    }
  }
}

extension Verdict: Comparable {
  private var order: Int {
    switch self {
    case .none: 0
    case .some: 1
    case .all: 2
    }
  }

  static func < (a: Verdict, b: Verdict) -> Bool { a.order < b.order }
}
