/// How much is done with packets. Where more come than can be dissected, it is done with less, step by
/// step, before packets are left out altogether.
package enum Effort: Int, Hashable, Sendable, Comparable, CaseIterable {
  /// Everything.
  case whole
  /// Calls without the bodies of their messages.
  case withoutBodies
  /// Connections and flows, with their counts and health; no calls.
  case flowsOnly

  package static func < (a: Effort, b: Effort) -> Bool { a.rawValue < b.rawValue }
}
