/// A name that may come next.
package struct Completion: Hashable, Sendable {
  package enum Kind: String, Sendable { case variable, function, macro, keyword, value }

  /// What stands there after choosing it.
  package var text: String
  package var kind: Kind
  /// Its type, for variables: `map<string,string>`.
  package var type: String
  /// One line.
  package var doc: String
  /// Bytes of the text that it replaces, before the cursor.
  package var replaces: Range<Int>

  /// The names that may come at `cursor` (bytes) in `text`, best first, at most `limit`.
  package static func at(
    _ cursor: Int, in text: String, schema: Schema, limit: Int = 50
  ) -> [Completion] {
    []
  }
}
