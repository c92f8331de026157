import Bytes

/// The Common Expression Language by itself, as `kfl eval --cel` shows it.
package enum CEL {
  /// The value of a standard expression.
  ///
  /// - Parameters:
  ///   - bindings: names with their values; a dotted name is found before a member of a shorter one.
  ///   - checked: whether types are checked first. Failures of either kind come back alike.
  package static func evaluate(
    _ text: String, bindings: [(String, Value)] = [], checked: Bool = true
  ) -> Result<Value, Diagnostic> {
    let schema = Schema(bindings.map { Variable($0.0, $0.1.type) }, macros: [:])
    return evaluate(
      text, schema: schema, record: Bindings(values: bindings.map(\.1)),
      now: Timestamp(nanoseconds: 0),
      dialect: .cel, checked: checked)
  }

  private struct Bindings: Record {
    var values: [Value]
    func value(_ slot: Int) -> Value { values[slot] }
  }

  /// The value of any expression, of either dialect, on one record.
  static func evaluate(
    _ text: String, schema: Schema, record: some Record, now: Timestamp, dialect: KFL.Dialect,
    checked: Bool
  ) -> Result<Value, Diagnostic> {
    let bytes = Array(text.utf8)
    let reading = Reading(
      bytes, schema: schema, now: now, dialect: dialect, checks: checked)
    // A value need not be a condition.
    if let problem = reading.problems.first { return .failure(Diagnostic(problem, in: bytes)) }
    guard let node = reading.checked else { return .success(.bool(true)) }
    var frame = Frame(record: record)
    do throws(Failure) {
      return .success(try Planner(schema: schema).step(node)(&frame))
    } catch {
      return .failure(
        Diagnostic(Problem(.evaluation, error.sentence, at: node.range), in: bytes))
    }
  }
}
