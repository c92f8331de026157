import JSON
import KFL
import Query
import ToolKit

/// A filter's diagnostics as a tool's error: the caret, every mistake, the corrected expression.
enum KFLErrors {
  static func error(
    _ compiled: Compilation, first: Diagnostic, argument: String
  ) -> ToolError {
    var details = JSONObject()
    details["caret"] = .string(place(of: first, in: compiled.text))
    details["errors"] = .array(compiled.errors.map { .object($0.json) })
    let suggestion = compiled.errors.lazy.compactMap(\.suggestion).first
    if let suggestion { details["suggestion"] = .string(suggestion) }
    return ToolError(
      status: 400, code: "invalid_kfl", message: "The filter is not valid: \(first.message)",
      hint: suggestion.map { "Try \(argument)=\(JSONValue.string($0).text)" }
        ?? "list_workloads has names; the resource net://kfl/fields, or kubeshark kfl fields, has "
        + "all fields.",
      argument: argument, position: first.offset, details: details)
  }

  /// The line with the mistake and a mark under it. What is wrong says the message, and what
  /// would be right the hint.
  private static func place(of diagnostic: Diagnostic, in text: String) -> String {
    diagnostic.caret(in: text).split(separator: "\n", omittingEmptySubsequences: false).prefix(2)
      .enumerated().map { number, line in
        guard number == 1, let last = line.lastIndex(of: "^") else { return String(line) }
        return String(line[...last])
      }.joined(separator: "\n")
  }
}
