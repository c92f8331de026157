import JSON

/// A stretch of a list, and how the client asks for the next.
///
/// A cursor names the last row that was shown, so it stays right when rows are added elsewhere.
enum Page {
  private static let mark = "after:"

  /// The name in a cursor of ours; nil without a cursor.
  static func start(_ params: JSONObject) throws(ProtocolError) -> String? {
    guard let cursor = params["cursor"], !cursor.isNull else { return nil }
    guard let text = cursor.string, text.hasPrefix(mark) else { throw unknown(cursor) }
    return String(text.dropFirst(mark.count))
  }

  /// The rows after the one called `name`, at most `size`, and the cursor for those after them.
  static func rows<Row>(
    of all: [Row], after name: String?, size: Int, name nameOf: (Row) -> String
  ) throws(ProtocolError) -> (rows: ArraySlice<Row>, next: JSONValue?) {
    var rest = all[...]
    if let name {
      guard let at = all.firstIndex(where: { nameOf($0) == name }) else {
        throw unknown(.string(mark + name))
      }
      rest = all[(at + 1)...]
    }
    let rows = rest.prefix(size)
    guard rows.count < rest.count, let last = rows.last else { return (rows, nil) }
    return (rows, .string(mark + nameOf(last)))
  }

  private static func unknown(_ cursor: JSONValue) -> ProtocolError {
    .invalidParams("unknown cursor \(cursor.text.prefix(80))")
  }
}
