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
    let expression: ValueExpression
    do throws(ValueExpression.Refused) {
      expression = try ValueExpression(
        text, schema: schema, now: Timestamp(nanoseconds: 0), dialect: .cel, checks: checked)
    } catch {
      return .failure(error.errors[0])
    }
    return Result { () throws(Diagnostic) in
      try expression.value(of: Bindings(values: bindings.map(\.1)))
    }
  }

  private struct Bindings: Record {
    var values: [Value]
    func value(_ slot: Int) -> Value { values[slot] }
  }
}
