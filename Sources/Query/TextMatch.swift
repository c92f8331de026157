import Bytes
import Entries
import KFL
import Store
import Synchronization

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

  /// Whether the empty text is selected, which is what an entry without the field reads as.
  var selectsEmpty: Bool {
    // Only an empty needle fits the empty text, whatever the kind.
    needles.contains(where: \.isEmpty) != isNegated
  }

  /// The codes of the texts that fit, ascending.
  func fitting(_ dictionary: ValueDictionary) -> [UInt32] {
    if let part { return dictionary.codes(containing: String(decoding: part, as: UTF8.self)) }
    if kind == .equal, needles.count <= 4 {
      return Set(needles).compactMap { dictionary.code(of: String(decoding: $0, as: UTF8.self)) }
        .sorted()
    }
    return (1..<UInt32(max(1, dictionary.codeCount))).filter { code in
      dictionary.withBytes(code) { selects($0) } != isNegated
    }
  }

  /// The numbers from `first` on of the shared texts that fit, ascending.
  func fitting(_ texts: borrowing Interner, from first: Int) -> [UInt16] {
    // Codes count from 1, numbers from 0.
    if let part { return texts.codes(containing: part, from: first + 1).map { UInt16($0 - 1) } }
    var found: [UInt16] = []
    for number in first..<max(first, texts.count)
    where texts.withBytes(number + 1, { selects($0) }) != isNegated {
      found.append(UInt16(number))
    }
    return found
  }

  /// What has to be a part of a text, where that is all: one search finds it in many texts.
  private var part: [UInt8]? {
    guard kind == .contains, needles.count == 1, let needle = needles.first, !needle.isEmpty else {
      return nil
    }
    return needle
  }
}

/// Which of the texts that blocks share a match fits: decided once for each text, not once for each
/// block it is in.
final class TextDecisions: Sendable {
  private struct Known {
    let table: SharedTexts
    /// Texts decided.
    var count = 0
    var numbers: [UInt16] = []
  }
  private let match: TextMatch
  private let known = Mutex<[Known]>([])

  init(_ match: TextMatch) { self.match = match }

  /// The numbers of the texts that fit among those the table has at the moment, ascending.
  func fitting(_ table: SharedTexts) -> [UInt16] {
    known.withLock { known in
      let place = known.firstIndex { $0.table === table } ?? known.count
      if place == known.count { known.append(Known(table: table)) }
      if known[place].count < table.count {
        table.withTexts { texts in
          known[place].numbers += match.fitting(texts, from: known[place].count)
          known[place].count = texts.count
        }
      }
      return known[place].numbers
    }
  }
}
