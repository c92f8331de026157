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

  /// Whether a text begins with a verb of SQL, comments before it passed over, and more follows.
  package static func isStatement(_ text: String) -> Bool {
    guard text.utf8.contains(0x20) else { return false }
    let bytes = Array(text.utf8.prefix(maxLength))
    var at = 0
    while at < bytes.count {
      if let end = commentEnd(bytes, at) {
        at = end
      } else if isBlank(bytes[at]) {
        at += 1
      } else {
        break
      }
    }
    let word = bytes[at...].prefix { isLetter($0) }.prefix(12)
    return verbs.contains(String(decoding: word, as: UTF8.self).uppercased())
  }

  /// The statement with `?` in place of literals and numbers, blanks made one, lists of values as
  /// long as one, and without its comments, which may differ with each call.
  package static func template(of statement: String) -> String {
    let bytes = Array(statement.utf8.prefix(maxLength))
    var reading = shape(bytes, escapes: false)
    // Whether a backslash escapes a quote is up to the language: the reading that closes all
    // literals is right.
    if !reading.isClosed, bytes.contains(0x5c) {
      let other = shape(bytes, escapes: true)
      if other.isClosed { reading = other }
    }
    return String(decoding: reading.text, as: UTF8.self)
      + (statement.utf8.count > maxLength ? "…" : "")
  }

  private static func shape(
    _ bytes: [UInt8], escapes: Bool
  ) -> (text: [UInt8], isClosed: Bool) {
    var text: [UInt8] = []
    var isClosed = true
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      if let end = commentEnd(bytes, at) {
        blank(&text)
        at = end
        continue
      }
      switch byte {
      case let byte where isBlank(byte):
        blank(&text)
        at += 1
      case 0x22, 0x60:
        // An apostrophe in a quoted name begins no literal.
        let end = bytes[(at + 1)...].firstIndex(of: byte).map { $0 + 1 } ?? at + 1
        text += bytes[at..<end]
        at = end
      case 0x27:
        let isEscaped =
          escapes || text.last.map { $0 | 0x20 } == 0x65 && !isName(text.dropLast().last)
        let end = literalEnd(bytes, at, escapes: isEscaped)
        isClosed = end != nil
        at = end ?? bytes.count
        append(&text)
      case 0x24 where !isName(text.last):
        if let end = dollarEnd(bytes, at) {
          at = end
          append(&text)
        } else {
          text.append(byte)
          at += 1
        }
      case 0x30...0x39 where !isName(text.last):
        while at < bytes.count, isName(bytes[at]) || bytes[at] == 0x2e { at += 1 }
        dropSign(&text)
        append(&text)
      default:
        text.append(byte)
        at += 1
      }
    }
    while let last = text.last, last == 0x20 || last == 0x3b { text.removeLast() }
    return (text, isClosed)
  }

  /// One blank between words, none before the first.
  private static func blank(_ text: inout [UInt8]) {
    if let last = text.last, last != 0x20 { text.append(0x20) }
  }

  /// Where a comment that begins at `start` ends; nil when none begins there. One without end
  /// reaches to the end of the text.
  private static func commentEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    let rest = bytes[start...]
    switch bytes[start] {
    case 0x2d where rest.starts(with: lineMark): break
    case 0x23:
      // Elsewhere it is an operator of PostgreSQL.
      let before = bytes[..<start].last { $0 != 0x20 && $0 != 0x09 }
      guard before == nil || before == 0x0a else { return nil }
    case 0x2f where rest.starts(with: blockMark):
      // What stands in /*! … */ is code to MySQL.
      if rest.dropFirst(2).first == 0x21 { return nil }
      var at = start + 2
      while at + 1 < bytes.count {
        if bytes[at] == 0x2a, bytes[at + 1] == 0x2f { return at + 2 }
        at += 1
      }
      return bytes.count
    default: return nil
    }
    return rest.firstIndex(of: 0x0a) ?? bytes.count
  }

  private static let lineMark = Array("--".utf8)
  private static let blockMark = Array("/*".utf8)

  /// Where `$$text$$` or `$tag$text$tag$` of PostgreSQL ends; nil when none begins at `start`.
  private static func dollarEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    let tagEnd = bytes[(start + 1)...].prefix(32).firstIndex { $0 == 0x24 || !isName($0) }
    guard let tagEnd, bytes[tagEnd] == 0x24, tagEnd == start + 1 || bytes[start + 1] > 0x39 else {
      return nil
    }
    let tag = bytes[start...tagEnd]
    var at = tagEnd + 1
    while at < bytes.count {
      if bytes[at] == 0x24, bytes[at...].starts(with: tag) { return at + tag.count }
      at += 1
    }
    return bytes.count
  }

  /// Takes away the sign of the number that follows: behind an operator, a bracket or a comma it is
  /// the number's, elsewhere it adds or subtracts.
  private static func dropSign(_ text: inout [UInt8]) {
    guard text.last == 0x2d || text.last == 0x2b,
      let before = text.dropLast().last(where: { $0 != 0x20 }), operators.contains(before)
    else { return }
    text.removeLast()
  }

  private static let operators = Array("=<>(,+-*/%|".utf8)

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

  /// Where the literal that begins at `start` ends; nil when it does not.
  private static func literalEnd(_ bytes: [UInt8], _ start: Int, escapes: Bool) -> Int? {
    var at = start + 1
    while at < bytes.count {
      if bytes[at] == 0x5c, escapes {
        at += 2
      } else if bytes[at] == 0x27 {
        if at + 1 < bytes.count, bytes[at + 1] == 0x27 { at += 2 } else { return at + 1 }
      } else {
        at += 1
      }
    }
    return nil
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0d).contains(byte)
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

  private static func isName(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return isLetter(byte) || byte &- 0x30 < 10 || byte == 0x5f || byte == 0x24
  }
}
