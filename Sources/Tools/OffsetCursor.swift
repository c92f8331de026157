import JSON
import ToolKit

/// A cursor into a list that is put together anew for each page: how many rows came before, and a
/// mark of the question, so that it cannot be used with another.
enum OffsetCursor {
  static func text(_ offset: Int, mark: String) -> String {
    "o.\(String(digest(mark), radix: 36)).\(offset)"
  }

  /// Rows before the page that `cursor` asks for; 0 without one.
  static func offset(_ arguments: Arguments, mark: String) throws(ToolError) -> Int {
    guard let text = arguments.text(.cursor) else { return 0 }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "o", let found = UInt32(parts[1], radix: 36),
      let offset = Int(parts[2]), (0...1_000_000_000).contains(offset)
    else { throw refused("That is no cursor; give next_cursor of an earlier answer as it is.") }
    guard found == digest(mark) else {
      throw refused(
        "The cursor belongs to another question; repeat the arguments it came from, or leave it out."
      )
    }
    return offset
  }

  private static func refused(_ message: String) -> ToolError {
    ToolError(
      status: 400, code: "invalid_cursor", message: message,
      hint: "Leave cursor out to begin with the first page.", argument: "cursor")
  }

  /// FNV-1a.
  private static func digest(_ text: String) -> UInt32 {
    text.utf8.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}

extension Answer {
  /// How many rows there are, and how to go on after the first `next` of them.
  mutating func add(total: Int, next: Int, mark: String) {
    structured["total"] = JSONValue(total)
    structured["truncated"] = .bool(next < total)
    if next < total { structured["next_cursor"] = .string(OffsetCursor.text(next, mark: mark)) }
  }
}
