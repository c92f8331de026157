import Foundation
import KFL
import TestSupport
import Testing

/// The cases of `Tests/KFL/cases.txt`: normal forms and results.
@Suite struct CasesTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var text: String
    var normalForm: String
    var names: [String]
    var testDescription: String { text }
  }

  static let cases: [Case] = lines("Tests/KFL/cases.txt").compactMap { line in
    let parts = line.components(separatedBy: " => ")
    guard parts.count == 3 else { return nil }
    let names =
      parts[2] == "*"
      ? Shop.entries.map(\.name)
      : parts[2] == "-" ? [] : parts[2].split(separator: " ").map(String.init)
    return Case(text: parts[0], normalForm: parts[1], names: names)
  }

  @Test(arguments: cases) func aFilterHasItsNormalFormAndSelects(_ example: Case) throws {
    let compilation = Shop.compile(example.text)
    let filter = try #require(compilation.filter, "\(compilation.errors)")
    #expect(filter.normalForm == example.normalForm)
    #expect(Shop.selected(filter) == example.names)
  }

  @Test(arguments: cases) func theNormalFormIsAFilterThatSelectsTheSame(_ example: Case) throws {
    let filter = try #require(Shop.compile(example.normalForm).filter)
    #expect(filter.normalForm == example.normalForm)
    #expect(Shop.selected(filter) == example.names)
  }

  @Test func theFileIsRead() { #expect(Self.cases.count > 90) }
}

/// Lines of a file of the checkout, without comments and empty ones.
func lines(_ path: String) -> [String] {
  let text = (try? String(contentsOf: checkout.appending(path: path), encoding: .utf8)) ?? ""
  return text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
}
