import KFL
import Testing

@Suite struct CompletionTests {
  private func texts(_ text: String) -> [String] {
    Completion.at(text.utf8.count, in: text, schema: Shop.schema).map(\.text)
  }

  @Test func aWordIsCompletedToVariablesFirst() {
    #expect(texts("stat").first == "status_code")
    #expect(texts("http && src.po").prefix(3) == ["src.port", "src.pod.name", "src.pod.namespace"])
  }

  @Test func partsOfNamesAreFoundToo() {
    #expect(texts("code").contains("status_code"))
    #expect(texts("questions").contains("dns_questions"))
  }

  @Test func methodsFollowADotByType() {
    #expect(texts("path.st") == ["startsWith("])
    #expect(texts("dns_questions.ex") == ["exists(x, ", "exists_one(x, "])
    #expect(texts("timestamp.getH") == ["getHours("])
    #expect(texts("namespaces.filter(n, true).si") == ["size("])
  }

  @Test func operatorsFollowAnOperand() {
    #expect(texts("http ").first == "&&")
    #expect(texts("path st") == ["startsWith"])
    #expect(texts("status_code ").contains(">="))
    #expect(!texts("status_code ").contains("contains"))
  }

  @Test func anOperatorIsFollowedByNames() {
    #expect(texts("http and ").contains("status_code"))
    #expect(texts("method in ").contains("path"))
  }

  @Test func textAndCommentsHaveNone() {
    #expect(texts("path == \"sta").isEmpty)
    #expect(texts("http # sta").isEmpty)
  }

  @Test func aCompletionSaysWhatItReplaces() throws {
    let completion = try #require(
      Completion.at(12, in: "http && stat && dns", schema: Shop.schema).first)
    #expect(completion.replaces == 8..<12)
    #expect(completion.doc == "Response status.")
    #expect(completion.type == "int")
  }

  @Test func anyCursorIsAnswered() {
    for cursor in [-5, 0, 3, 1000] {
      _ = Completion.at(cursor, in: "häß && \"", schema: Shop.schema)
    }
  }
}
