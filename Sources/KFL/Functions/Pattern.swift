private import CRE2

/// A compiled regular expression: RE2, found anywhere in a text, in time linear in the text.
///
/// `@unchecked Sendable`: RE2 objects may be used by several threads at once; only `deinit` frees.
package final class Pattern: @unchecked Sendable {
  private let re: OpaquePointer
  /// Instructions of the program, a measure of its cost.
  let programLength: Int

  /// A pattern RE2 does not take.
  package struct Refused: Error {
    package var reason: String
    /// Whether it is valid but too large.
    var isTooLarge = false
  }

  package init(_ text: String) throws(Refused) {
    guard text.utf8.count <= Limits.patternLength else {
      throw Refused(
        reason: "the pattern is longer than \(Limits.patternLength) bytes", isTooLarge: true)
    }
    guard let re = ks_re2_compile(text, text.utf8.count, Limits.patternMemory) else {
      throw Refused(reason: "no memory for the pattern", isTooLarge: true)
    }
    if let error = ks_re2_error(re) {
      let reason = String(cString: error)
      ks_re2_free(re)
      throw Refused(reason: Pattern.sentence(reason), isTooLarge: reason.contains("too large"))
    }
    self.re = re
    programLength = Int(ks_re2_program_size(re))
  }

  deinit { ks_re2_free(re) }

  package func isFound(in text: String) -> Bool { ks_re2_find(re, text, text.utf8.count) }

  /// RE2's message with what it means for people used to other engines.
  private static func sentence(_ reason: String) -> String {
    if reason.contains("invalid perl operator: (?=")
      || reason.contains("invalid perl operator: (?!")
      || reason.contains("invalid perl operator: (?<")
    {
      return "\(reason); RE2 has no look-around"
    }
    if let escape = reason.firstRange(of: "invalid escape sequence: \\"),
      reason[escape.upperBound...].first?.isNumber ?? false
    {
      return "\(reason); RE2 has no back-references"
    }
    return reason
  }
}
