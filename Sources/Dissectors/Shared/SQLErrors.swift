import Bytes

/// Takes out of errors what is not kept of statements: servers repeat the part that they do not
/// understand, values that are in use already, and whole rows.
enum SQLErrors {
  /// What stands around something repeated, and whether that is part of the statement, not a value.
  private struct Quote {
    let before: StaticString
    let after: StaticString
    let isStatement: Bool
  }

  private static func quotes(_ dialect: SQLSecrets.Dialect) -> [Quote] {
    switch dialect {
    case .mysql:
      [
        Quote(before: "near '", after: "' at line", isStatement: true),
        Quote(before: "entry '", after: "' for key", isStatement: false),
        Quote(before: "value: '", after: "' for column", isStatement: false),
      ]
    case .postgresql:
      [
        Quote(before: "near \"", after: "\"", isStatement: true),
        Quote(before: ": \"", after: "\"", isStatement: false),
      ]
    }
  }

  /// The words of an error, without the literals it repeats where it names a secret, or the statement
  /// has some (`hasSecrets`).
  static func shown(
    _ text: RawSpan, hasSecrets: Bool, _ dialect: SQLSecrets.Dialect
  ) -> [UInt8] {
    guard hasSecrets || SQLSecrets.tells(text) else { return text.array() }
    for quote in quotes(dialect) {
      guard let at = text.firstOffset(of: quote.before) else { continue }
      let start = at + quote.before.utf8CodeUnitCount
      let end =
        lastOffset(of: quote.after, in: text, from: start)
        ?? lastOffset(of: dialect == .mysql ? "'" : "\"", in: text, from: start) ?? text.byteCount
      guard quote.isStatement else { return replacing(start..<end, of: text) }
      return text.prefix(start).array()
        + SQLSecrets.withoutLiterals(text.slice(start..<end), dialect)
        + text.suffix(from: end).array()
    }
    return text.array()
  }

  /// The details of an error of PostgreSQL, without the row that failed, and without the values of a
  /// key when its columns are called like a secret or the statement has some.
  static func detail(_ text: RawSpan, hasSecrets: Bool) -> [UInt8] {
    let row: StaticString = "row contains ("
    if let at = text.firstOffset(of: row) {
      let start = at + row.utf8CodeUnitCount
      return replacing(
        start..<(lastOffset(of: ")", in: text, from: start) ?? text.byteCount), of: text)
    }
    let values: StaticString = ")=("
    guard let at = text.firstOffset(of: values), hasSecrets || SQLSecrets.tells(text.prefix(at))
    else { return text.array() }
    let start = at + values.utf8CodeUnitCount
    // Of two keys that exclude each other all is left out that follows.
    let isLone = text.firstOffset(of: values, from: start) == nil
    let end = lastOffset(of: isLone ? ") " : ")", in: text, from: start)
    return replacing(
      start..<(end ?? lastOffset(of: ")", in: text, from: start) ?? text.byteCount), of: text)
  }

  /// Where an error of PostgreSQL came from, without the data of a COPY, values of parameters, and
  /// literals of statements with secrets.
  static func context(_ text: RawSpan) -> [UInt8] {
    let data: StaticString = ": \""
    if text.starts(with: "COPY "), let at = text.firstOffset(of: data) {
      let start = at + data.utf8CodeUnitCount
      return replacing(
        start..<(lastOffset(of: "\"", in: text, from: start) ?? text.byteCount), of: text)
    }
    if text.firstOffset(of: " parameter") != nil, text.firstOffset(of: "$1 = ") != nil {
      return SQLSecrets.withoutLiterals(text, .postgresql)
    }
    // Statements stand in double quotes, which are those of a text in MySQL.
    return SQLSecrets.hidden(in: text, .mysql)
  }

  private static func replacing(_ range: Range<Int>, of text: RawSpan) -> [UInt8] {
    text.prefix(range.lowerBound).array() + Array(SQLText.redacted.utf8)
      + text.suffix(from: range.upperBound).array()
  }

  private static func lastOffset(
    of needle: StaticString, in text: RawSpan, from start: Int
  ) -> Int? {
    var found: Int?
    var at = start
    while let next = text.firstOffset(of: needle, from: at) {
      found = next
      at = next + 1
    }
    return found
  }
}
