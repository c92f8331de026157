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
    Compilation(text: text, errors: [], warnings: [], filter: nil)
  }
}
