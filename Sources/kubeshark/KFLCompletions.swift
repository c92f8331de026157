import KFL
import Query

/// Filters that the one being typed may become, for shells.
///
/// - Parameter prefix: the word up to the cursor, with the quote it was begun with when the shell
///   leaves that in.
@Sendable func completedFilters(
  _ arguments: [String], _ index: Int, _ prefix: String
) -> [String] {
  var text = prefix
  if let quote = text.first, quote == "'" || quote == "\"" {
    text.removeFirst()
    // Within single quotes nothing else is special.
    if quote == "\"" { text = text.replacing("\\\"", with: "\"").replacing("\\\\", with: "\\") }
  }
  // A shell puts the longest common beginning in place of what is typed, so all must continue it.
  return Completion.at(text.utf8.count, in: text, schema: FieldSchema.schema, limit: 500)
    .map { completion in
      String(decoding: text.utf8.prefix(completion.replaces.lowerBound), as: UTF8.self)
        + completion.text
    }
    .filter { $0.hasPrefix(text) }
}
