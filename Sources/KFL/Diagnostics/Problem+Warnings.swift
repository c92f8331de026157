// Doubts about filters that check.

extension Problem {
  static func mixedPrecedence(_ range: Range<Int>) -> Problem {
    Problem(
      .mixedPrecedence,
      "`and` binds tighter than `or`: this part is read as if in parentheses; older versions read "
        + "the rest of the filter as one operand. Write the parentheses", at: range)
  }

  static func capitalOperator(_ word: String, at range: Range<Int>) -> Problem {
    Problem(
      .letterCase, "operators are lower-case: \(word.lowercased())", at: range,
      expected: word.lowercased(), found: word)
  }

  static func capitalFlag(_ name: String, at range: Range<Int>) -> Problem {
    Problem(
      .letterCase, "variables are lower-case: read as \(name.lowercased())", at: range,
      expected: name.lowercased(), found: name)
  }

  static func coerced(_ text: String, at range: Range<Int>) -> Problem {
    Problem(
      .coerced, "the text \"\(text)\" is read as the number \(text)", at: range, expected: text,
      found: "\"\(text)\"")
  }

  static func milliseconds(_ number: Int64, at range: Range<Int>) -> Problem {
    Problem(
      .coerced, "\(number) is read as milliseconds since 1970; write timestamp(\"…\")", at: range)
  }

  static func unknownField(_ path: String, at range: Range<Int>, in checker: Checker) -> Problem {
    let near =
      ForeignName.meant(by: path, schema: checker.schema)
      ?? Nearest.name(to: path, among: checker.schema.variables.lazy.map(\.name))
    return Problem(
      .unknownField,
      "no protocol writes \(path)" + (near.map { "; did you mean \($0)?" } ?? ""), at: range,
      expected: near, found: path)
  }

  static func unanchored(_ pattern: String, at range: Range<Int>) -> Problem {
    Problem(
      .unanchoredRegex, "the pattern is found anywhere: anchor it as \"^\(pattern)\"", at: range,
      expected: "^" + pattern, found: pattern)
  }

  static func defaultNegation(
    _ name: String, flag: String, at range: Range<Int>
  ) -> Problem {
    Problem(
      .defaultNegation,
      "true for every entry that is not \(flag), where \(name) has its default; add `\(flag) &&`",
      at: range)
  }

  static func constant(_ holds: Bool, at range: Range<Int>) -> Problem {
    Problem(
      holds ? .alwaysTrue : .alwaysFalse,
      "both sides are constants: this is always \(holds)", at: range)
  }

  static func trueWhenEmpty(_ name: String, flag: String, at range: Range<Int>) -> Problem {
    Problem(
      .alwaysTrue,
      "`all` is true where \(name) is empty, as on every entry that is not \(flag); add `\(flag) &&`",
      at: range)
  }

  static func lowerCaseProtocol(_ text: String, at range: Range<Int>) -> Problem {
    Problem(
      .letterCase, "protocol names are upper-case: \"\(text.uppercased())\"", at: range,
      expected: text.uppercased(), found: text)
  }

  static func networkAsText(_ name: String, _ text: String, at range: Range<Int>) -> Problem {
    Problem(
      .cidrAsText, "compares text: no address equals a network; use in_cidr(\(name), \"\(text)\")",
      at: range)
  }

  /// Arguments of tools end in `*` for a prefix; filters do not.
  static func wildcardAsText(_ name: String, _ text: String, at range: Range<Int>) -> Problem {
    let prefix = Value.quoted(String(text.dropLast()))
    return Problem(
      .wildcardAsText, "`*` is no wildcard here; write \(name).startsWith(\(prefix))", at: range)
  }

  /// `tlsx_version < 1.2` holds for every entry that is not TLS, too.
  static func versionAsNumber(_ name: String, at range: Range<Int>) -> Problem {
    Problem(
      .versionAsNumber,
      "\(name) is a code: 769 is TLS 1.0, 770 is 1.1, 771 is 1.2 and 772 is 1.3; put `tlsx &&` in "
        + "front", at: range)
  }

  static func transportFlag(_ name: String, at range: Range<Int>) -> Problem {
    Problem(
      .tcpFlag,
      "\(name) selects entries of the raw \(name.uppercased()) dissector only; for the transport use "
        + "l4proto == \"\(name)\"", at: range)
  }
}
