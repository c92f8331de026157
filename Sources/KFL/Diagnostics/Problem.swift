/// A diagnostic in the making: what is wrong, where, and the edits that would mend it.
///
/// One word wide: problems travel as thrown errors through deep recursion, and wide errors would
/// widen every stack frame.
struct Problem: Error {
  private var content: Content

  private final class Content: Sendable {
    let code: Diagnostic.Code
    let message: String
    let range: Range<Int>
    let expected: String?
    let found: String?
    let fix: [Edit]

    init(
      _ code: Diagnostic.Code, _ message: String, _ range: Range<Int>, _ expected: String?,
      _ found: String?, _ fix: [Edit]
    ) {
      self.code = code
      self.message = message
      self.range = range
      self.expected = expected
      self.found = found
      self.fix = fix
    }
  }

  @inline(never)
  init(
    _ code: Diagnostic.Code, _ message: String, at range: Range<Int>, expected: String? = nil,
    found: String? = nil, fix: [Edit] = []
  ) {
    content = Content(code, message, range, expected, found, fix)
  }

  var code: Diagnostic.Code { content.code }
  var message: String { content.message }
  /// Bytes of the filter.
  var range: Range<Int> { content.range }
  var expected: String? { content.expected }
  var found: String? { content.found }
  /// What to change in the text; empty when nothing can be proposed.
  var fix: [Edit] { content.fix }

  /// The same problem with another fix.
  func with(fix: [Edit]) -> Problem {
    Problem(code, message, at: range, expected: expected, found: found, fix: fix)
  }

  /// The same problem told where a macro stands: its own place lies in another text.
  func inMacro(_ name: String, at range: Range<Int>) -> Problem {
    Problem(
      code, "in the macro \(name): " + message, at: range, expected: expected, found: found)
  }
}

/// A replacement of some bytes of the filter.
struct Edit: Hashable, Sendable {
  var range: Range<Int>
  var text: String

  init(_ range: Range<Int>, _ text: String) {
    self.range = range
    self.text = text
  }

  static func insert(_ text: String, at offset: Int) -> Edit { Edit(offset..<offset, text) }
  static func delete(_ range: Range<Int>) -> Edit { Edit(range, "") }
}

extension [Edit] {
  /// `text` with all edits made; nil when they overlap or leave the text.
  func applied(to text: [UInt8]) -> [UInt8]? {
    var result: [UInt8] = []
    var at = 0
    for edit in sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      guard edit.range.lowerBound >= at, edit.range.upperBound <= text.count else { return nil }
      result += text[at..<edit.range.lowerBound]
      result += edit.text.utf8
      at = edit.range.upperBound
    }
    return result + text[at...]
  }
}
