import Bytes
import Entries
import KFL
import Testing

@testable import Query

@Suite struct TextMatchTests {
  private func match(_ text: String) throws -> TextMatch? {
    let conjunct = try #require(try filter(text).conjuncts.first)
    return TextMatch(conjunct, of: Catalogue[.path])
  }

  @Test func plainMatchesAreRead() throws {
    let texts = ["", "/api", "/api/orders", "x/api", "grüß"]
    for text in [
      "path.startsWith(\"/api\")", "path.endsWith(\"/api\")", "path.contains(\"api\")",
      "!path.contains(\"api\")", "path.contains(\"\")", "!path.startsWith(\"\")",
      "path.endsWith(\"üß\")", "path contains '/a'", "path.contains(\"grüß und mehr\")",
    ] {
      let match = try #require(try match(text), "\(text)")
      let conjunct = try filter(text).conjuncts[0]
      for candidate in texts {
        let bytes = Array(candidate.utf8)
        #expect(
          match.selects(bytes.rawSpan) == conjunct.evaluate(text: candidate).isSelected,
          "\(text) of \(candidate)")
      }
    }
  }

  @Test func otherConditionsAreLeftToTheLanguage() throws {
    for text in [
      "path.contains(\"a\\\"b\")", "path.contains(\"a\\\\b\")", "path.contains(lower(\"A\"))",
      "path.matches(\"a\")", "lower(path).contains(\"a\")", "path.contains(\"a\") == true",
      "path.contains(\"a\") || path.contains(\"b\")", "size(path) > 3",
    ] { #expect(try match(text) == nil, "\(text)") }
  }
}
