/// One entry as the evaluator sees it: values by slot.
///
/// Make conforming types small (a block and a row number): they are carried as existentials.
package protocol Record {
  /// The value of the variable in that slot of the schema. An entry without it gives the
  /// variable's `missing` value. `raw` gives a map.
  func value(_ slot: Int) -> Value
}

/// What a condition says about one entry.
package enum Outcome: Sendable {
  case no
  case yes
  /// An evaluation error reached the top: the entry is not selected, and is counted.
  case failed(Failure)

  /// Whether the entry is selected.
  package var isSelected: Bool { if case .yes = self { true } else { false } }
}
