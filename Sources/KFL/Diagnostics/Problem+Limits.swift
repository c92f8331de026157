// Filters that are too long, too deep or too costly.

extension Problem {
  static func tooLong(_ length: Int) -> Problem {
    Problem(
      .limit, "the filter has \(length) bytes; at most \(Limits.textLength) are allowed",
      at: Limits.textLength..<Limits.textLength + 1)
  }

  static func tooDeep(_ range: Range<Int>) -> Problem {
    Problem(.limit, "the filter nests deeper than \(Limits.nesting) levels", at: range)
  }

  static func tooLarge(_ range: Range<Int>) -> Problem {
    Problem(
      .limit, "the filter has more than \(Limits.nodes) parts once its macros are expanded",
      at: range)
  }

  static func tooManyElements(_ range: Range<Int>) -> Problem {
    Problem(.limit, "a list holds at most \(Limits.literalElements) elements", at: range)
  }

  static func tooManyPatterns(_ range: Range<Int>) -> Problem {
    Problem(.limit, "the regular expressions of the filter are too large or too many", at: range)
  }

  static func nestedComprehensions(_ range: Range<Int>) -> Problem {
    Problem(
      .limit, "at most \(Limits.nestedComprehensions) comprehensions may stand inside each other",
      at: range)
  }
}
