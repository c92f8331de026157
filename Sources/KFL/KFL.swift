package import Bytes

/// The filter language: text in, a checked and planned filter out.
///
/// Four steps with four types: text → `Syntax` (parser) → `Checked` (checker) → `Filter`
/// (planner) → run. One parser reads both spellings, KFL2 (Common Expression Language) and the
/// legacy word operators, freely mixed. The language knows fields as data: a `Schema` of rows.
package enum KFL {
  /// Which readings the parser admits.
  package enum Dialect: String, Sendable {
    /// KFL2 and the legacy spelling, mixed.
    case kfl
    /// The Common Expression Language alone: no word operators, no legacy names.
    case cel
  }

  /// `text` compiled against `schema`: its errors and warnings, or a filter.
  ///
  /// - Parameters:
  ///   - now: the instant that `now()` stands for, fixed for the life of the filter.
  ///   - checks: whether types are checked; without, mistakes surface as evaluation failures.
  package static func compile(
    _ text: String, schema: Schema, now: Timestamp, dialect: Dialect = .kfl, checks: Bool = true
  ) -> Compilation {
    let bytes = Array(text.utf8)
    let reading = Reading(
      bytes, as: .filter, schema: schema, now: now, dialect: dialect, checks: checks)
    let warnings = reading.warnings.prefix(Limits.warnings).map { Diagnostic($0, in: bytes) }
    guard reading.problems.isEmpty, let checked = reading.checked else {
      return Compilation(
        text: text, errors: reading.errors(bytes, schema: schema, now: now), warnings: warnings,
        filter: nil, spelling: reading.spelling)
    }
    let filter = Filter(checked, rowLimit: reading.rowLimit, schema: schema, dialect: dialect)
    return Compilation(
      text: text, errors: [], warnings: warnings, filter: filter, spelling: reading.spelling)
  }
}

/// A text parsed and checked, with everything that was noticed.
struct Reading {
  private(set) var checked: Checked?
  private(set) var problems: [Problem] = []
  private(set) var warnings: [Problem] = []
  private(set) var rowLimit: Int?
  private(set) var spelling = Compilation.Spelling.kfl2

  private let purpose: Purpose
  private let dialect: KFL.Dialect
  private let checks: Bool

  /// What a text is read for.
  enum Purpose {
    /// A condition; it may ask for a number of rows.
    case filter
    /// An expression of any type.
    case value
  }

  init(
    _ text: [UInt8], as purpose: Purpose, schema: Schema, now: Timestamp, dialect: KFL.Dialect,
    checks: Bool,
    errorLimit: Int = Limits.errors
  ) {
    (self.purpose, self.dialect, self.checks) = (purpose, dialect, checks)
    let parser: Parser
    let syntax: Syntax?
    do throws(Problem) {
      var reader = try Parser(text, dialect: dialect)
      syntax = try reader.run()
      parser = reader
    } catch {
      problems = [error]
      return
    }
    guard let syntax else {
      if dialect == .cel {
        problems = [Problem(.syntax, "there is no expression", at: 0..<0)]
      } else {
        checked = Checked(.literal(.bool(true)), .bool, 0..<text.count)
      }
      return
    }
    var checker = Checker(
      schema: schema, dialect: dialect, checks: checks, now: now, source: text,
      hasWords: parser.hasWords)
    checker.errorLimit = errorLimit
    let result = purpose == .filter ? checker.filter(syntax) : checker.value(syntax)
    problems = checker.problems
    warnings = parser.warnings + checker.warnings
    rowLimit = checker.rowLimit
    if problems.isEmpty { checked = result }
    if parser.hasWords || parser.hasLegacySigns || checker.hasLegacyNames {
      spelling = parser.hasModernSigns || checker.hasModernNames ? .mixed : .legacy
    }
  }

  /// The errors of a text that was refused, each with the whole expression corrected.
  func errors(_ text: [UInt8], schema: Schema, now: Timestamp) -> [Diagnostic] {
    var suggestion: String?
    if dialect == .kfl, checks {
      suggestion = Repair.corrected(text, problems) { candidate in
        Reading(
          candidate, as: purpose, schema: schema, now: now, dialect: dialect, checks: true,
          errorLimit: 3
        ).problems
      }
    }
    return problems.map { Diagnostic($0, in: text, suggestion: suggestion) }
  }
}
