/// A diagnostic in the making: what is wrong, where, and the edits that would mend it.
struct Problem: Error {
  var code: Diagnostic.Code
  var message: String
  /// Bytes of the filter.
  var range: Range<Int>
  var expected: String?
  var found: String?
  /// What to change in the text; empty when nothing can be proposed.
  var fix: [Edit] = []

  init(
    _ code: Diagnostic.Code, _ message: String, at range: Range<Int>, expected: String? = nil,
    found: String? = nil, fix: [Edit] = []
  ) {
    self.code = code
    self.message = message
    self.range = range
    self.expected = expected
    self.found = found
    self.fix = fix
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
