/// What is wrong, or doubtful, in a filter, and where.
package struct Diagnostic: Error, Hashable, Sendable {
  package enum Code: String, Sendable, CaseIterable {
    case syntax, undeclared, type
    case notBool = "not-bool"
    case regex, literal, unsupported, limit
    // Warnings.
    case mixedPrecedence = "mixed-precedence"
    case coerced
    case legacySpelling = "legacy-spelling"
    case unknownField = "unknown-field"
    case unanchoredRegex = "unanchored-regex"
    case defaultNegation = "default-negation"
    case alwaysTrue = "always-true"
    case alwaysFalse = "always-false"
    case letterCase = "case"
    case cidrAsText = "cidr-as-text"
    case wildcardAsText = "wildcard-as-text"
    case versionAsNumber = "version-as-number"
    case tcpFlag = "tcp-flag"
    /// Evaluating the expression failed, at run time.
    case evaluation = "evaluation-errors"
  }

  package var code: Code
  /// One sentence, without position.
  package var message: String
  /// Bytes from the start of the text.
  package var offset: Int
  /// Bytes the diagnostic is about; at least 1 inside the text, 0 at its end.
  package var length: Int
  /// From 1.
  package var line: Int
  /// Code points from the start of the line, from 1.
  package var column: Int
  package var expected: String?
  package var found: String?
  /// The whole expression corrected; it checks.
  package var suggestion: String?

  package init(
    _ code: Code, _ message: String, offset: Int, length: Int, line: Int = 1, column: Int = 1,
    expected: String? = nil, found: String? = nil, suggestion: String? = nil
  ) {
    self.code = code
    self.message = message
    self.offset = offset
    self.length = length
    self.line = line
    self.column = column
    self.expected = expected
    self.found = found
    self.suggestion = suggestion
  }
}
