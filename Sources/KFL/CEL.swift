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
    .success(.null)
  }
}
