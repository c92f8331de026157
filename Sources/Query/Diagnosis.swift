package import Entries

/// Why a query finds nothing, or little: what each of its conditions removes, and what there is
/// instead.
package struct Diagnosis: Sendable {
  /// Entries there are, and how many of them lie in the window.
  package var entries: Int
  package var inWindow: Int
  /// How many match outside the window, when none or few do inside.
  package var outsideWindow: Int
  /// Entries that match.
  package var matching: Int
  /// In the order they are written.
  package var conditions: [Condition]
  /// A filter that leaves out as little as possible and finds something; nil when the query does
  /// already, or when nothing would help.
  package var relaxed: Relaxed?
  /// Whether all entries were looked at; else the counts are of the newest ones only.
  package var isComplete: Bool
  package var coverage: QueryCoverage

  package struct Condition: Sendable {
    /// Its KFL spelling.
    package var text: String
    /// Entries of the window that fulfil it, whatever the others say.
    package var alone: Int
    /// Entries left once it and all before it were applied.
    package var remaining: Int
    /// Entries that fulfil all the others.
    package var without: Int
    /// The field it is about, when it is about one; both where it asks the same of either side.
    package var fields: [Field] = []
    package var field: Field? { fields.count == 1 ? fields[0] : nil }
    /// Values of that field that occur most, among entries that fulfil the other conditions; among
    /// all of the window where there are none. From a sample where those are many.
    package var values: [(value: FieldValue, count: Int)]
    /// An existing value that is much like the one asked for.
    package var nearest: String?

    /// Entries that it took away from those before it.
    package func removed(from before: Int) -> Int { before - remaining }
  }

  package struct Relaxed: Sendable {
    /// KFL text; empty for no condition at all.
    package var filter: String
    package var hits: Int
    /// The conditions left out, or asked otherwise.
    package var leftOut: [String]
  }
}
