/// SQL statements with their values taken out, so that those of one shape fall together:
/// `SELECT * FROM t WHERE id = 7` becomes `SELECT * FROM t WHERE id = ?`.
package enum StatementTemplate {
  /// Longest statement looked at, in bytes; the rest stands as `…`.
  static let maxLength = 1024

  private static let verbs: Set<String> = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "REPLACE", "MERGE", "CREATE", "ALTER", "DROP",
    "BEGIN", "COMMIT", "ROLLBACK", "SET", "SHOW", "CALL", "EXECUTE", "PREPARE", "COPY", "TRUNCATE",
    "EXPLAIN", "START", "USE", "GRANT", "REVOKE", "VALUES", "DECLARE", "FETCH", "LOCK", "VACUUM",
  ]

  /// Whether a text begins with a verb of SQL, and more follows.
  package static func isStatement(_ text: String) -> Bool {
    guard text.utf8.contains(0x20) else { return false }
    return verbs.contains(String(text.prefix { $0.isLetter }.prefix(12)).uppercased())
  }

  /// The statement with `?` in place of literals and numbers, blanks made one, and lists of values
  /// as long as one.
  package static func template(of statement: String) -> String {
    let bytes = Array(statement.utf8.prefix(maxLength))
    var text: [UInt8] = []
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      switch byte {
      case 0x20, 0x09...0x0d:
        if text.last != 0x20 { text.append(0x20) }
        at += 1
      case 0x27:
        at = literalEnd(bytes, at)
        append(&text)
      case 0x30...0x39 where !isName(text.last):
        while at < bytes.count, isName(bytes[at]) || bytes[at] == 0x2e { at += 1 }
        append(&text)
      default:
        text.append(byte)
        at += 1
      }
    }
    while let last = text.last, last == 0x20 || last == 0x3b { text.removeLast() }
    return String(decoding: text, as: UTF8.self) + (statement.utf8.count > maxLength ? "…" : "")
  }

  /// A value; of several in a row behind commas one is enough.
  private static func append(_ text: inout [UInt8]) {
    var end = text.count
    while end > 0, text[end - 1] == 0x20 { end -= 1 }
    if end >= 2, text[end - 1] == 0x2c {
      var before = end - 1
      while before > 0, text[before - 1] == 0x20 { before -= 1 }
      if before > 0, text[before - 1] == 0x3f {
        text.removeSubrange(before...)
        return
      }
    }
    text.append(0x3f)
  }

  private static func literalEnd(_ bytes: [UInt8], _ start: Int) -> Int {
    var at = start + 1
    while at < bytes.count {
      if bytes[at] == 0x5c {
        at += 2
      } else if bytes[at] == 0x27 {
        if at + 1 < bytes.count, bytes[at + 1] == 0x27 { at += 2 } else { return at + 1 }
      } else {
        at += 1
      }
    }
    return bytes.count
  }

  private static func isName(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x5f || byte == 0x24
  }
}
