import Bytes
import Entries
import KFL
import Store

/// A condition on one text that its bytes decide, so that no text has to be made of them.
struct TextMatch: Hashable, Sendable {
  enum Kind: String, Sendable, CaseIterable {
    case equal
    case prefix = "startsWith"
    case suffix = "endsWith"
    case contains
  }

  let kind: Kind
  /// What the text is compared with; one of them has to fit.
  let needles: [[UInt8]]
  /// Whether none may fit.
  let isNegated: Bool

  /// Equality with one of these texts, or with none of them.
  init(equal texts: [String], isNegated: Bool) {
    (kind, needles, self.isNegated) = (.equal, texts.map { Array($0.utf8) }, isNegated)
  }

  /// The match that a condition spells; nil when it is another condition.
  ///
  /// Read from the normal form, `path.startsWith("/api")`: that has one spelling, and a literal
  /// without quotes and escapes inside means its own bytes.
  init?(_ conjunct: Conjunct, of field: Field) {
    guard let name = field.name else { return nil }
    var text = conjunct.normalForm[...]
    isNegated = text.first == "!"
    if isNegated { text.removeFirst() }
    for kind in Kind.allCases where kind != .equal {
      let head = "\(name).\(kind.rawValue)(\""
      guard text.hasPrefix(head), text.hasSuffix("\")") else { continue }
      let literal = text.dropFirst(head.count).dropLast(2)
      guard !literal.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") })
      else { return nil }
      (self.kind, needles) = (kind, [Array(literal.utf8)])
      return
    }
    return nil
  }

  /// Whether text of these bytes is selected.
  func selects(_ bytes: RawSpan) -> Bool {
    for place in needles.indices where fits(bytes, needles[place]) { return !isNegated }
    return isNegated
  }

  private func fits(_ bytes: RawSpan, _ needle: [UInt8]) -> Bool {
    let (count, length) = (bytes.byteCount, needle.count)
    guard count >= length else { return false }
    switch kind {
    case .equal: return count == length && isAt(0, bytes, needle.span)
    case .prefix: return isAt(0, bytes, needle.span)
    case .suffix: return isAt(count - length, bytes, needle.span)
    case .contains:
      guard let first = needle.first else { return true }
      var from = 0
      while let at = bytes.firstOffset(of: first, from: from), at <= count - length {
        if isAt(at, bytes, needle.span) { return true }
        from = at + 1
      }
      return false
    }
  }

  private func isAt(_ offset: Int, _ bytes: RawSpan, _ needle: Span<UInt8>) -> Bool {
    for place in needle.indices where bytes.byte(offset + place) != needle[place] { return false }
    return true
  }

  /// Whether each code's text is selected; code 0 stands for the empty text.
  func selected(_ dictionary: ValueDictionary) -> [Bool] {
    var result: [Bool]
    if kind == .contains, needles.count == 1, let needle = needles.first, !needle.isEmpty {
      // One search through all texts together.
      result = [Bool](repeating: isNegated, count: dictionary.codeCount)
      for code in dictionary.codes(containing: String(decoding: needle, as: UTF8.self)) {
        result[Int(code)] = !isNegated
      }
    } else if kind == .equal, needles.count <= 4 {
      result = [Bool](repeating: isNegated, count: dictionary.codeCount)
      for needle in needles {
        guard let code = dictionary.code(of: String(decoding: needle, as: UTF8.self)) else {
          continue
        }
        result[Int(code)] = !isNegated
      }
    } else {
      result = [Bool](repeating: false, count: dictionary.codeCount)
      for code in 1..<max(1, dictionary.codeCount) {
        result[code] = dictionary.withBytes(UInt32(code)) { selects($0) }
      }
    }
    // Only an empty needle fits the empty text, whatever the kind.
    result[0] = needles.contains(where: \.isEmpty) != isNegated
    return result
  }
}
