import JSON
import Testing
import ToolKit

struct QuestionTests {
  @Test(arguments: [
    (#"{"action":"accept","content":{"name":"Ann","sure":false}}"#, true),
    (#"{"action":"decline"}"#, true), (#"{"action":"cancel","content":{}}"#, true),
    (#"{"action":"accept"}"#, false), (#"{"action":"accept","content":[]}"#, false),
    (#"{"action":"accept","content":{"name":"Ann"}}"#, false),
    (#"{"action":"accept","content":{"name":"Ann","sure":"yes"}}"#, false),
    (#"{"action":"accept","content":{"name":null,"sure":true}}"#, false),
    (#"{"action":"maybe"}"#, false), ("{}", false),
  ])
  func aFormIsAnsweredByWhatItRequires(answer: String, isAnswered: Bool) throws {
    let question = Question.form(
      "k", message: "?",
      properties: ["name": ["type": "string"], "sure": ["type": "boolean"], "age": [:]],
      required: ["name", "sure"])
    let given = try #require(try JSONReader.value(of: answer).object)
    #expect(question.isAnswered(by: given) == isAnswered)
  }

  @Test func othersAreAnsweredByTheirContent() {
    let sample = Question("s", .sample)
    #expect(sample.isAnswered(by: ["role": "assistant", "content": ["type": "text"]]))
    #expect(!sample.isAnswered(by: ["action": "accept"]))
    let roots = Question("r", .roots)
    #expect(roots.isAnswered(by: ["roots": []]))
    #expect(!roots.isAnswered(by: ["roots": "none"]))
  }
}
