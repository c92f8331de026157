import JSON

/// JSON values written as YAML that a person can read: blocks, in the order of their members.
///
/// Only what the writer itself makes is ever read back, so that it knows one style: two spaces,
/// lists at the depth of their name, texts in quotes where they could be taken for something else.
enum YAML {
  /// Begins a text that goes out as it stands: an expression of Helm's templates.
  static let raw: Character = "\u{1}"

  /// Begins an element of a list that is there only under a condition of Helm's templates: the
  /// condition, this character again, the element.
  static let conditional: Character = "\u{2}"

  /// The value as a document, with a line feed at its end.
  static func document(_ value: JSONValue) -> String {
    switch value {
    case .object(let object) where !object.isEmpty: block(object, 0)
    case .array(let array) where !array.isEmpty: block(array, 0)
    default: scalar(value) + "\n"
    }
  }

  private static func block(_ object: JSONObject, _ depth: Int) -> String {
    let margin = String(repeating: " ", count: depth)
    return object.members.map { member in
      margin + scalar(.string(member.name)) + ":" + below(member.value, depth)
    }.joined()
  }

  private static func block(_ array: [JSONValue], _ depth: Int) -> String {
    let margin = String(repeating: " ", count: depth)
    return array.map { element in
      switch element {
      case .object(let object) where !object.isEmpty:
        // The first member stands behind the dash.
        margin + "- " + block(object, depth + 2).dropFirst(depth + 2)
      case .array(let inner) where !inner.isEmpty:
        margin + "- " + block(inner, depth + 2).dropFirst(depth + 2)
      case .string(let text) where text.first == conditional: condition(text, margin)
      default: margin + "- " + scalar(element) + "\n"
      }
    }.joined()
  }

  /// The value on one line.
  static func flow(_ value: JSONValue) -> String {
    switch value {
    case .object(let object):
      "{"
        + object.members.map { scalar(.string($0.name)) + ": " + flow($0.value) }
        .joined(separator: ", ") + "}"
    case .array(let array): "[" + array.map(flow).joined(separator: ", ") + "]"
    default: scalar(value)
    }
  }

  private static func condition(_ text: String, _ margin: String) -> String {
    let parts = text.split(separator: conditional, maxSplits: 1)
    return """
      \(margin){{- if \(parts[0]) }}
      \(margin)- \(parts[1])
      \(margin){{- end }}

      """
  }

  /// What follows a name and its colon.
  private static func below(_ value: JSONValue, _ depth: Int) -> String {
    switch value {
    case .object(let object) where !object.isEmpty: "\n" + block(object, depth + 2)
    case .array(let array) where !array.isEmpty && !isShort(array): "\n" + block(array, depth)
    default: " " + scalar(value) + "\n"
    }
  }

  /// Whether a list is one of a few words, which stand on the line of their name.
  private static func isShort(_ array: [JSONValue]) -> Bool {
    array.reduce(0) { $0 + ($1.string?.utf8.count ?? 100) } <= 50
      && array.allSatisfy { $0 == "" || isPlain($0.string ?? "") }
  }

  private static func scalar(_ value: JSONValue) -> String {
    if case .array(let array) = value, !array.isEmpty {
      return "[" + array.map(scalar).joined(separator: ", ") + "]"
    }
    guard case .string(let text) = value else { return value.text }
    if text.first == raw { return String(text.dropFirst()) }
    return isPlain(text) ? text : value.text
  }

  /// Whether a text needs no quotes: it begins with a letter or a slash, holds nothing that YAML
  /// reads as its own, and is no word that stands for another value.
  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, text.utf8.count <= 200,
      first.properties.isAlphabetic && first.isASCII || first == "/"
    else { return false }
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
    guard !words.contains(text.lowercased()) else { return false }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_./".utf8.contains(byte)
      }
    }
  }
}
