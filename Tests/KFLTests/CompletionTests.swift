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
    #expect(texts("dns_questions.ex") == ["exists(x, ", "exists_one(x, ", "existsOne(i, x, "])
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
    #expect(texts("http and ").contains("path"))
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

  @Test func whatWalksAListGivesANameWithMembers() {
    #expect(texts("dns_questions.exists(q, q.ends") == ["endsWith("])
    #expect(texts("dns && dns_questions.exists(na").contains("node_name"))
    #expect(texts("dns_questions.exists(question, que").first == "question")
    #expect(!texts("dns_questions.exists(question, true) && que").contains("question"))
  }

  @Test func functionsMacrosAndOlderNamesAreOffered() {
    #expect(texts("map_").first == "map_get(")
    #expect(texts("http && htt").contains("https"))
    #expect(texts("ha").contains("has("))
    #expect(texts("request.pa").contains("request.path"))
    #expect(texts("elapsedT").first == "elapsed_time")
    #expect(texts("elapsedT").last == "elapsedTime")
    for completion in Completion.at(0, in: "", schema: Shop.schema, limit: 1_000) {
      #expect(!completion.text.isEmpty)
    }
  }

  @Test(arguments: [
    ("method == ", ["\"GET\"", "\"POST\""]), ("method == \"P", ["\"POST\""]),
    ("http && method != 'g", ["'GET'"]), ("method in [", ["\"GET\"", "\"POST\""]),
    ("method in [\"GET\", \"", ["\"GET\"", "\"POST\""]), ("method not in [\"PO", ["\"POST\""]),
    ("request.method == \"G", ["\"GET\""]),
  ])
  func valuesOfTheFieldAreOffered(_ text: String, _ expected: [String]) {
    #expect(texts(text).prefix(expected.count) == expected[...])
  }

  @Test func aValueReplacesItsQuote() throws {
    let text = "http && method == \"P"
    let completion = try #require(
      Completion.at(text.utf8.count, in: text, schema: Shop.schema).first)
    #expect(completion.kind == .value)
    #expect(completion.replaces == 18..<20)
  }

  @Test func otherTextHasNoValues() {
    #expect(texts("path == \"G").isEmpty)
    #expect(texts("path.contains(\"G").isEmpty)
    #expect(texts("\"GET\" == \"P").isEmpty)
    #expect(texts("[\"GET\", \"P").isEmpty)
  }

  @Test func everyCompletionSaysWhatItIs() {
    for text in ["", "http ", "path.", "method == ", "dns_questions.", "request.", "map_"] {
      for completion in Completion.at(
        text.utf8.count, in: text, schema: Shop.documented, limit: 500)
      {
        #expect(!completion.doc.isEmpty, "\(completion.text)")
        #expect(!completion.doc.contains("\n"))
      }
    }
  }
}
