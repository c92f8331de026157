package import Bytes

/// An expression of any type, checked and planned for its value; `Filter` is for conditions.
package struct ValueExpression: Sendable {
  /// Its KFL2 spelling.
  package let normalForm: String
  package let type: KFLType
  private let text: [UInt8]
  private let range: Range<Int>
  private let step: Step

  /// Why a text is no expression: at least one error.
  package struct Refused: Error {
    package var errors: [Diagnostic]
  }

  /// The expression that `text` is.
  ///
  /// - Parameters:
  ///   - now: the instant that `now()` stands for.
  ///   - checks: whether types are checked; without, mistakes surface as evaluation failures.
  package init(
    _ text: String, schema: Schema, now: Timestamp, dialect: KFL.Dialect = .kfl,
    checks: Bool = true
  ) throws(Refused) {
    let bytes = Array(text.utf8)
    let reading = Reading(
      bytes, as: .value, schema: schema, now: now, dialect: dialect, checks: checks)
    guard reading.problems.isEmpty, let checked = reading.checked else {
      throw Refused(errors: reading.errors(bytes, schema: schema, now: now))
    }
    normalForm = Printer.text(of: checked, schema: schema)
    type = checked.type
    self.text = bytes
    range = checked.range
    step = Planner(schema: schema).step(checked)
  }

  /// Its value on one entry.
  /// - Throws: why it has none there, at the place of the whole expression.
  package func value(of record: some Record) throws(Diagnostic) -> Value {
    var frame = Frame(record: record)
    do throws(Failure) {
      return try step(&frame)
    } catch {
      throw Diagnostic(Problem(.evaluation, error.sentence, at: range), in: text)
    }
  }
}
