/// What one evaluation works on: the entry, the variables of comprehensions, the work left.
struct Frame {
  let record: any Record
  var locals: [Value] = []
  private var budget = Limits.costPerEntry

  init(record: some Record) { self.record = record }

  /// Takes `cost` and one step more from the budget.
  mutating func spend(_ cost: Int) throws(Failure) {
    budget -= 1 + cost
    if budget < 0 { throw .tooCostly }
  }
}

/// A planned condition.
typealias Condition = @Sendable (inout Frame) -> Outcome
/// A planned expression of any type.
typealias Step = @Sendable (inout Frame) throws(Failure) -> Value
