/// What became of a text: a filter, or the errors that speak against it.
package struct Compilation: Sendable {
  package let text: String
  /// Empty when there is a filter.
  package let errors: [Diagnostic]
  package let warnings: [Diagnostic]
  package let filter: Filter?
}
