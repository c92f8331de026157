/// Bounds on what a filter may cost, each with its reason.
package enum Limits {
  /// Longest filter, in bytes. Filters are written by people or pasted lists.
  package static let textLength = 64 << 10
  /// Deepest nesting of operators, calls and brackets, so that small thread stacks suffice.
  package static let nesting = 250
  /// Most elements of one list or map literal.
  package static let literalElements = 10_000
  /// Comprehensions inside each other: each multiplies the work by the length of its list.
  package static let nestedComprehensions = 4
  /// Nodes after macros are expanded, so that macros of macros cannot double forever.
  package static let nodes = 50_000
  /// Macros inside macros.
  package static let nestedMacros = 16
  /// Errors reported of one filter.
  package static let errors = 20
  /// Warnings reported of one filter.
  package static let warnings = 20
  /// Steps one condition may take on one entry: about ten milliseconds.
  package static let costPerEntry = 1_000_000
  /// Memory of one compiled regular expression, in bytes (RE2's own measure).
  package static let patternMemory: Int64 = 1 << 19
  /// Longest regular expression, in bytes.
  package static let patternLength = 4096
  /// Instructions of all compiled regular expressions of one filter.
  package static let patternInstructions = 50_000
  /// What a regular expression costs of that beside its own instructions.
  static let patternCost = 100
  /// Bytes of a time-zone file; the largest shipped ones have about 4 KB.
  package static let zoneFileLength = 64 << 10
  /// Time zones kept in memory.
  package static let cachedZones = 64
}
