/// What one evaluation works on: the entry, the variables of comprehensions, the work left.
struct Frame {
  let record: any Record
  var locals: [Value] = []
  var budget = Limits.costPerEntry

  init(record: some Record) { self.record = record }
}

/// A planned condition.
typealias Condition = @Sendable (inout Frame) -> Outcome
/// A planned expression of any type.
typealias Step = @Sendable (inout Frame) throws(Failure) -> Value
