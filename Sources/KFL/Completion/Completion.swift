/// A name, an operator or a value that may come next.
package struct Completion: Hashable, Sendable {
  package enum Kind: String, Sendable {
    case variable, function, macro, keyword
    /// A text literal.
    case value
  }

  /// What stands there after choosing it.
  package var text: String
  package var kind: Kind
  /// Its type, for variables: `map<string,string>`.
  package var type: String
  /// One line.
  package var doc: String
  /// Bytes of the text that it replaces, up to the cursor.
  package var replaces: Range<Int>

  /// What may come at `cursor` (bytes) in `text`, best first, at most `limit`.
  ///
  /// Inside comments there is nothing, and inside a text literal only what the field beside it may
  /// hold.
  package static func at(
    _ cursor: Int, in text: String, schema: Schema, limit: Int = 50
  ) -> [Completion] {
    let bytes = Array(text.utf8.prefix(max(0, cursor)))
    guard bytes.count <= Limits.textLength else { return [] }
    return Array(Completer(bytes, schema: schema).completions.prefix(max(0, limit)))
  }
}
