import JSON
import Testing
import ToolKit

@testable import MCP

struct BatchTests {
  @Test func oneArrayAnswersOnceTheLastOneIsDone() throws {
    let talk = Talk("2025-03-26")
    let note = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
    #expect(talk.say("[\(ping),\(call),\(note),\(list),5]") == [])
    #expect(talk.finish(.answer(sampleAnswer)) == [])
    let sent = talk.finish(.tools([]))
    #expect(sent.count == 1)
    let answers = try #require(sent.first.flatMap { try JSONReader.value(of: $0).array })
    #expect(answers.map { $0.object?["id"]?.text } == ["1", "null", "8", "7"])
    #expect(answers[1]["error"]?["code"] == -32600)
  }

  @Test func aBatchOfNotificationsIsNotAnswered() {
    let talk = Talk("2025-03-26")
    #expect(talk.say(#"[{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","method":"b"}]"#) == [])
  }

  @Test func aBatchThatNeedsNoWorkIsAnsweredAtOnce() {
    let talk = Talk("2025-03-26")
    #expect(talk.say("[\(ping)]") == ["[\(pong)]"])
  }

  @Test func cancellingTheLastOneSendsTheRest() {
    let talk = Talk("2025-03-26")
    #expect(talk.say("[\(ping),\(call)]") == [])
    let sent = talk.say(
      #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":8}}"#)
    #expect(sent == ["[\(pong)]"])
    #expect(talk.finish(.answer(sampleAnswer)) == [])
  }

  @Test func theHandshakeCannotBePartOfABatch() throws {
    let talk = Talk("2025-03-26")
    let answers = try talk.reply(
      #"[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}]"#)
    #expect(answers[0]?["error"]?["code"] == -32600)
  }

  @Test func requestsOfTheStatelessRevisionCannotBePartOfABatch() throws {
    let talk = Talk("2025-03-26")
    let modern = StatelessTests.request("server/discover")
    let answers = try talk.reply("[\(modern),\(ping)]")
    #expect(answers[0]?["error"]?["code"] == -32600)
    #expect(answers[0]?["id"] == "q")
    #expect(answers[1]?["result"] == [:])
  }

  @Test func anEmptyOrGiantBatchIsOneError() throws {
    let talk = Talk("2025-03-26")
    let giant = "[" + Array(repeating: "0", count: 1_001).joined(separator: ",") + "]"
    for line in ["[]", giant] {
      let message = try talk.reply(line)
      #expect(message["error"]?["code"] == -32600)
    }
    #expect(talk.session.counters.batchesRefused == 1)
  }

  @Test(arguments: ["2024-11-05", "2025-06-18", "2025-11-25"])
  func otherRevisionsKnowNoBatches(revision: String) throws {
    let talk = Talk(revision)
    let sent = talk.say("[\(ping),\(ping)]")
    #expect(sent.count == 1)
    #expect(try JSONReader.value(of: sent[0])["error"]?["code"] == -32600)
  }
}
