/// What became of a text: a filter, or the errors that speak against it.
package struct Compilation: Sendable {
  package let text: String
  /// Empty when there is a filter.
  package let errors: [Diagnostic]
  package let warnings: [Diagnostic]
  package let filter: Filter?
  /// Which spelling the text uses; `kfl2` also for what both spell alike.
  package let spelling: Spelling

  package enum Spelling: String, Sendable { case kfl2, legacy, mixed }
}
