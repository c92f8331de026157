/// One of the conditions a filter is the conjunction of.
package struct Conjunct: Sendable {
  /// Its KFL2 spelling.
  package let normalForm: String
  /// Where it stands in the filter's text, in bytes.
  package let range: Range<Int>
  /// Slots of the variables it reads, ascending.
  package let slots: [Int]
  /// What evaluating it costs, for ordering: 0 flags and numbers, 1 text equality, 2 prefixes and
  /// suffixes, 3 `contains`, 4 map look-ups, 5 `matches`, 6 comprehensions and dynamic paths.
  package let rank: Int
  package let shape: Shape
  let condition: Condition

  /// What it says about one entry.
  package func evaluate(_ record: some Record) -> Outcome {
    var frame = Frame(record: record)
    return condition(&frame)
  }

  /// What it says when its only variable holds that text (`Shape.text`).
  package func evaluate(text: String) -> Outcome { evaluate(TextRecord(text: text)) }

  /// Shapes that a store can decide from columns, zone maps and dictionaries.
  package indirect enum Shape: Sendable {
    case constant(Bool)
    /// A bool variable, bare or negated.
    case flag(slot: Int, isNegated: Bool)
    /// `variable op constant`; the constant has the variable's type, or is another kind of number.
    case comparison(slot: Int, Comparison, Value)
    /// `variable in [constants]`, or not in them.
    case oneOf(slot: Int, [Value], isNegated: Bool)
    case anyOf([Shape])
    case allOf([Shape])
    /// Depends on one text variable only: evaluate once per distinct text with `evaluate(text:)`.
    case text(slot: Int)
    case other
  }
}

/// A relation between two values that have an order.
package enum Comparison: String, Sendable, CaseIterable {
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
}

/// An entry of which only one text is known.
private struct TextRecord: Record {
  var text: String
  func value(_ slot: Int) -> Value { .string(text) }
}
