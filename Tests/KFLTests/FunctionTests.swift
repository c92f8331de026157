import KFL
import Testing

/// Every function row: its example is a test, and it is documented.
@Suite struct FunctionTests {
  static let names = Function.all.map(\.name)

  @Test(arguments: names) func theExampleGivesWhatItSays(_ name: String) throws {
    let function = try #require(Function.all.first { $0.name == name })
    let wrapped = "(\(function.example.text)) == \(literal(function.example.gives))"
    let filter = try #require(Shop.compile(wrapped).filter, "\(Shop.compile(wrapped).errors)")
    #expect(filter.evaluate(Shop.entries[0].entry).isSelected)
  }

  private func literal(_ value: Value) -> String { value.literalText }

  @Test(arguments: names) func theRowIsComplete(_ name: String) throws {
    let function = try #require(Function.all.first { $0.name == name })
    #expect(function.doc.hasSuffix("."))
    #expect(!function.signatures.isEmpty)
    #expect(function.usage.contains(name))
    #expect(function.example.text.contains(name))
  }

  @Test func standardExpressionsKnowStandardFunctionsOnly() {
    for function in Function.all where !function.isStandard {
      guard case .failure = CEL.evaluate(function.example.text) else {
        Issue.record("\(function.name) is not standard")
        continue
      }
    }
  }

  @Test(arguments: SpecialForm.all.map(\.name)) func aFormDoesWhatItsExampleSays(
    _ name: String
  ) throws {
    let form = try #require(SpecialForm.all.first { $0.name == name })
    #expect(form.usage.contains(name + "(") && form.example.text.contains(name + "("))
    #expect(form.doc.hasSuffix("."))
    let value = try CEL.evaluate(form.example.text).get()
    #expect(value.equals(form.example.gives), "\(value)")
  }

  @Test(arguments: OperatorRow.all + OperatorRow.arithmetic)
  func anOperatorHasAnExampleThatChecks(_ row: OperatorRow) {
    let compilation = Shop.compile(row.example)
    #expect(compilation.errors.isEmpty, "\(row.example)")
    #expect(row.example.contains(row.sign.prefix(1)))
  }

  @Test(arguments: LegacyName.all.map(\.name)) func anOlderNameIsReadAsItsMeaning(_ name: String) {
    let row = LegacyName.all.first { $0.name == name }
    #expect(!(row?.meaning.isEmpty ?? true))
  }
}
