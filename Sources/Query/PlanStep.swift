import Entries
package import KFL

/// One condition of a filter and how a store decides it, for people.
package struct PlanStep: Sendable {
  /// Its KFL spelling.
  package var condition: String
  /// How it is decided, a few words without full stop.
  package var method: String
}

extension Filter {
  /// The conditions in the order they are tried, cheapest first. None selects everything.
  package var planSteps: [PlanStep] {
    ScanPlan([self], window: nil).conditions.map { condition in
      PlanStep(condition: condition.conjunct.normalForm, method: condition.test.method)
    }
  }
}

extension ScanTest {
  fileprivate var method: String {
    switch self {
    case .constant(let flag): flag ? "always true" : "never true"
    case .kind: "kind of entry, often for whole blocks"
    case .field(let test): test.method
    case .any(let parts), .all(let parts):
      parts.map(\.method).reduce(into: [String]()) { methods, method in
        if !methods.contains(method) { methods.append(method) }
      }.joined(separator: "; ")
    case .row(_, needsContent: false): "entry by entry, from columns"
    case .row(_, needsContent: true): "entry by entry, from headers or bodies"
    }
  }
}

extension FieldTest {
  fileprivate var method: String {
    switch access {
    case .ints:
      intervals == nil ? "column of numbers" : "column of numbers, blocks skipped by their range"
    case .texts: "column of texts, once per distinct text"
    case .coded: "column, once per distinct value"
    case .fromCoded(let id): "from \(name(of: id)), once per distinct value"
    case .fromInt(let id): "from \(name(of: id)), number by number"
    case .kinds: "kind of entry, often for whole blocks"
    case .row: "entry by entry, from columns"
    case .content: "entry by entry, from headers or bodies"
    }
  }

  private func name(of id: FieldID) -> String { Catalogue[id].name ?? "\(id)" }
}
