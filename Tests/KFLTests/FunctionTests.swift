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
}
