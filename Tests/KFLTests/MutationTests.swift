import KFL
import Testing

/// Mangled filters: nothing crashes, places stay inside the text, corrections check.
@Suite struct MutationTests {
  private static let pieces = [
    "&&", "||", "(", ")", "[", "]", "{", "}", "\"", "'", "!", "-", "not ", "and ", "==", "<", ".",
    ",", "?", ":", "in ",
    "..", "*", "/", "\\", "r\"", "b'", "0x", "9223372036854775808", "5m", "“", "é", "\u{0}", "\n",
    "#", "map(x,", "request.",
    "now()", "limit(3)", "=", "&", "nil", "has(", "matches(", "raw.", "`",
  ]

  @Test(arguments: 1...4) func aMangledFilterIsAnswered(_ seed: Int) {
    var random = Random(seed: UInt64(seed))
    let corpus = CasesTests.cases.map(\.text) + SlipsTests.slips.map(\.text)
    for _ in 0..<400 {
      var text = Array((corpus.randomElement(using: &random) ?? "").unicodeScalars)
      for _ in 0..<Int.random(in: 1...5, using: &random) { mangle(&text, corpus, &random) }
      verify(String(String.UnicodeScalarView(text)))
    }
  }

  private func mangle(_ text: inout [Unicode.Scalar], _ corpus: [String], _ random: inout Random) {
    let place = Int.random(in: 0...text.count, using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      text.insert(
        contentsOf: (Self.pieces.randomElement(using: &random) ?? "").unicodeScalars, at: place)
    case 1: if place < text.count { text.remove(at: place) }
    case 2:
      text.insert(
        contentsOf: (corpus.randomElement(using: &random) ?? "").unicodeScalars.prefix(20),
        at: place)
    default: text.removeSubrange(place..<min(text.count, place + 5))
    }
  }

  private func verify(_ text: String) {
    let compilation = Shop.compile(text)
    #expect((compilation.filter == nil) == !compilation.errors.isEmpty)
    for diagnostic in compilation.errors + compilation.warnings {
      #expect(diagnostic.offset >= 0 && diagnostic.offset + diagnostic.length <= text.utf8.count)
      #expect(!diagnostic.caret(in: text).isEmpty)
    }
    if let suggestion = compilation.errors.first?.suggestion {
      #expect(Shop.compile(suggestion).filter != nil, "\(text) → \(suggestion)")
    }
    if let filter = compilation.filter {
      #expect(Shop.compile(filter.normalForm).filter?.normalForm == filter.normalForm, "\(text)")
      #expect(Shop.selected(filter.normalForm) == Shop.selected(filter), "\(text)")
    }
    _ = CEL.evaluate(text, checked: false)
    _ = Completion.at(text.utf8.count / 2, in: text, schema: Shop.schema)
  }
}
