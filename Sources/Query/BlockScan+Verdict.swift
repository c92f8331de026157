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
      guard let allowed = test.intervals, case .range(let range) = info.zone else { return .some }
      let isFull = info.present == rows
      if allowed.covers(range), isFull || allowed.contains(absent) { return .all }
      return allowed.overlaps(range) || !isFull && allowed.contains(absent) ? .some : .none
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
    guard infos.count == 1, let info = infos.first, case .texts(let set) = info.zone else {
      return .some
    }
    var (yes, no) = (0, 0)
    for text in set.texts {
      switch test.decide(.string(text)) {
      case .yes: yes += 1
      case .no: no += 1
      case .failed: return .some
      }
    }
    if info.present < rows {
      switch test.ofNone {
      case .yes: yes += 1
      case .no: no += 1
      case .failed: return .some
      }
    }
    return no == 0 ? .all : yes == 0 ? .none : .some
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
