import Entries
import Foundation
import KFL
import TestSupport
import Testing

@testable import Query

@Suite struct KFLReferenceTests {
  /// `make reference` writes it anew.
  @Test func thePageIsTheOneOfTheRows() throws {
    let file = checkout.appendingPathComponent("docs/kfl.md")
    let page = try String(contentsOf: file, encoding: .utf8)
    #expect(page == KFLReference.page, "docs/kfl.md is old: run make reference")
  }

  @Test func everyFieldAndFunctionIsOnThePage() {
    for variable in FieldSchema.schema.variables {
      #expect(KFLReference.page.contains("| `\(variable.name)` |"))
    }
    for call in KFLReference.calls { #expect(KFLReference.page.contains("`\(call.usage)`")) }
    for line in KFLReference.page.split(separator: "\n") where line.hasPrefix("|") {
      let cells = line.replacing("\\|", with: "").filter { $0 == "|" }.count
      #expect((3...5).contains(cells), "\(line)")
    }
  }

  @Test func examplesOfOperatorsCompile() throws {
    for row in OperatorRow.all + OperatorRow.arithmetic { _ = try filter(row.example) }
  }

  @Test func valuesAreThoseOfTextFields() {
    for field in Catalogue.named where !field.values.isEmpty {
      #expect(field.type == .text || field.type == .texts, "\(field.id)")
      #expect(Set(field.values).count == field.values.count)
    }
  }
}
