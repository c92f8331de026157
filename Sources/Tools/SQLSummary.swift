/// What a statement is about, in a few words behind its verb: `… FROM orders` of a SELECT.
enum SQLSummary {
  /// Characters of a statement that are looked at.
  private static let examined = 2_000
  /// Characters that are shown of one whose object is not found.
  private static let shown = 60

  /// The first word in upper case.
  static func verb(of statement: String) -> String {
    statement.prefix(examined).split { $0.isWhitespace }.first?.uppercased() ?? ""
  }

  /// The statement without its first word, shortened.
  static func object(of statement: String) -> String {
    let words = statement.prefix(examined).split { $0.isWhitespace }
    guard let verb = words.first?.uppercased() else { return "" }
    let rest = words.dropFirst()
    switch verb {
    case "SELECT", "WITH", "(SELECT", "VALUES":
      guard let object = object(behind: "FROM", in: rest) else { return shortened(rest) }
      return "… FROM " + object
    case "DELETE": return object(behind: "FROM", in: rest).map { "FROM " + $0 } ?? shortened(rest)
    case "INSERT", "REPLACE", "MERGE":
      return object(behind: "INTO", in: rest).map { "INTO " + $0 } ?? shortened(rest)
    case "UPDATE": return rest.first { $0.uppercased() != "ONLY" }.map(plain) ?? ""
    default: return shortened(rest)
    }
  }

  private static func object(
    behind keyword: String, in words: ArraySlice<Substring>
  ) -> String? {
    guard let place = words.firstIndex(where: { $0.uppercased() == keyword }),
      place + 1 < words.endIndex
    else { return nil }
    return plain(words[place + 1])
  }

  /// `orders(item,` is `orders`.
  private static func plain(_ word: Substring) -> String {
    let marks: Set<Character> = ["(", ",", ";", ")"]
    let name = word.drop { $0 == "(" }.prefix { !marks.contains($0) }
    return name.isEmpty ? String(word) : String(name)
  }

  private static func shortened(_ words: ArraySlice<Substring>) -> String {
    let text = words.joined(separator: " ")
    return text.count <= shown ? text : text.prefix(shown) + "…"
  }
}
