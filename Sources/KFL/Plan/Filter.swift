/// A checked filter, ready to run. Cheap to copy, safe to share.
package struct Filter: Sendable {
  /// The KFL2 spelling: selects the same entries.
  package let normalForm: String
  package let dialect: KFL.Dialect
  /// `bool`, except for expressions compiled for their value.
  package let type: KFLType
  /// Slots of the variables it reads, ascending.
  package let variables: [Int]
  /// Rows asked for by `limit(n)`.
  package let rowLimit: Int?
  /// The conditions that must all hold, in the order they are worth trying. Empty = everything.
  package let conjuncts: [Conjunct]

  /// What the filter says about one entry.
  ///
  /// A conjunct that is false settles it, whatever fails beside it.
  package func evaluate(_ record: some Record) -> Outcome {
    var failure: Failure?
    for conjunct in conjuncts {
      switch conjunct.evaluate(record) {
      case .no: return .no
      case .yes: continue
      case .failed(let reason): failure = failure ?? reason
      }
    }
    return failure.map(Outcome.failed) ?? .yes
  }
}

extension Filter {
  /// The plan of a checked condition.
  init(_ checked: Checked, rowLimit: Int?, schema: Schema, dialect: KFL.Dialect) {
    let planner = Planner(schema: schema)
    var slots: Set<Int> = []
    var rank = 0
    planner.survey(checked, &slots, &rank)
    self.init(
      normalForm: Printer.text(of: checked, schema: schema), dialect: dialect,
      type: checked.type, variables: slots.sorted(), rowLimit: rowLimit,
      conjuncts: planner.conjuncts(checked))
  }

  /// The entries that this filter and `other` both select: scopes are joined to filters here, on
  /// the parsed trees, so that no text can escape its scope.
  package func restricted(to other: Filter) -> Filter {
    let parts = [self, other].filter { !$0.conjuncts.isEmpty }.map(\.normalForm)
    return Filter(
      normalForm: parts.isEmpty
        ? "true" : parts.count == 1 ? parts[0] : parts.map { "(\($0))" }.joined(separator: " && "),
      dialect: dialect, type: .bool,
      variables: Set(variables + other.variables).sorted(),
      rowLimit: [rowLimit, other.rowLimit].compactMap { $0 }.min(),
      conjuncts: (conjuncts + other.conjuncts).enumerated()
        .sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(\.element))
  }
}
