import JSON
import Testing
import ToolKit

@testable import MCP

/// Asking the client, in both eras.
struct QuestionsTests {
  private let question = Question.form(
    "confirm", message: "Sure?", properties: ["confirm": ["type": "boolean"]],
    required: ["confirm"])
  private let elicitation = #"{"elicitation":{}}"#

  private func modern(_ more: String = "", id: Int = 1, tool: String = "remove") -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"\#(tool)"\#(more),"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{}}}}}}"#
  }

  @Test(arguments: [
    ("2024-11-05", #"{"elicitation":{}}"#, false), ("2025-03-26", #"{"elicitation":{}}"#, false),
    ("2025-06-18", #"{"elicitation":{}}"#, true), ("2025-06-18", "{}", false),
    ("2025-11-25", #"{"elicitation":{"form":{}}}"#, true),
    ("2025-11-25", #"{"elicitation":{"url":{}}}"#, false),
    ("2025-11-25", #"{"elicitation":true}"#, false),
  ])
  func whoCanBeAskedIsWhatWasDeclared(revision: String, capabilities: String, can: Bool) throws {
    let talk = Talk(revision, capabilities: capabilities)
    _ = talk.say(call)
    #expect(try #require(talk.open.first).terms.answers.contains(.form) == can)
  }

  @Test func aQuestionGoesOutAndItsAnswerComesBackToTheWork() throws {
    let talk = Talk("2025-06-18", capabilities: elicitation)
    _ = talk.say(call)
    let ticket = talk.open[0].ticket
    let sent = talk.happen { $0.ask(ticket, [question]) }
    let asked = try #require(sent.first)
    #expect(asked["method"] == "elicitation/create")
    #expect(asked["params"]?["message"] == "Sure?")
    let id = try #require(asked["id"]?.string)
    #expect(talk.say(#"{"jsonrpc":"2.0","id":"\#(id)","result":{"action":"accept"}}"#).isEmpty)
    #expect(talk.answers == [.success(["confirm": ["action": "accept"]])])
    // A second answer, and one to nothing we asked, are nobody's.
    for other in [id, "srv-999", ""] {
      _ = talk.say(#"{"jsonrpc":"2.0","id":"\#(other)","result":{"action":"accept"}}"#)
    }
    #expect(talk.answers.count == 1)
  }

  @Test func severalQuestionsAreAnsweredTogether() throws {
    let talk = Talk("2025-11-25", capabilities: #"{"elicitation":{},"roots":{}}"#)
    _ = talk.say(call)
    let ticket = talk.open[0].ticket
    let sent = talk.happen { $0.ask(ticket, [question, Question("roots", .roots)]) }
    let ids = sent.compactMap { $0["id"]?.string }
    #expect(sent.count == 2)
    _ = talk.say(#"{"jsonrpc":"2.0","id":"\#(ids[1])","result":{"roots":[]}}"#)
    #expect(talk.answers.isEmpty)
    _ = talk.say(#"{"jsonrpc":"2.0","id":"\#(ids[0])","result":{"action":"cancel"}}"#)
    #expect(
      talk.answers == [.success(["confirm": ["action": "cancel"], "roots": ["roots": []]])])
  }

  @Test func aRefusalAndSilenceAreErrorsOfTheTool() throws {
    let talk = Talk("2025-11-25", capabilities: elicitation)
    _ = talk.say(call)
    let ticket = talk.open[0].ticket
    let id = try #require(talk.happen { $0.ask(ticket, [question]) }.first?["id"]?.string)
    _ = talk.say(#"{"jsonrpc":"2.0","id":"\#(id)","error":{"code":-1,"message":"no user"}}"#)
    _ = talk.happen { $0.ask(ticket, [question]) }
    _ = talk.happen { $0.gaveUp(ticket, at: .seconds(300)) }
    _ = talk.happen { $0.gaveUp(ticket, at: .seconds(300)) }
    let codes = talk.answers.map { answer in
      if case .failure(let error) = answer { error.code } else { "" }
    }
    #expect(codes == ["not_answered", "no_answer"])
  }

  @Test(arguments: [
    #""result":null"#, #""result":5"#, #""result":[]"#, #""error":null"#, #""error":"no""#,
  ])
  func anAnswerThatIsNoneEndsTheWait(answer: String) throws {
    let talk = Talk("2025-11-25", capabilities: elicitation)
    _ = talk.say(call)
    let ticket = talk.open[0].ticket
    let id = try #require(talk.happen { $0.ask(ticket, [question]) }.first?["id"]?.string)
    #expect(talk.say(#"{"jsonrpc":"2.0","id":"\#(id)",\#(answer)}"#).isEmpty)
    guard case .failure(let error)? = talk.answers.first else {
      Issue.record("the work still waits")
      return
    }
    #expect(error.code == "not_answered")
  }

  @Test func eachRoundOfQuestionsHasItsOwnTime() throws {
    let talk = Talk("2025-11-25", capabilities: elicitation)
    _ = talk.say(call)
    let ticket = talk.open[0].ticket
    let id = try #require(talk.happen { $0.ask(ticket, [question]) }.first?["id"]?.string)
    _ = talk.say(#"{"jsonrpc":"2.0","id":"\#(id)","result":{"action":"decline"}}"#)
    _ = talk.happen { $0.ask(ticket, [question], at: .seconds(299)) }
    // The time of the first round is over, which was answered.
    _ = talk.happen { $0.gaveUp(ticket, at: .seconds(300)) }
    #expect(talk.answers.count == 1)
    _ = talk.happen { $0.gaveUp(ticket, at: .seconds(599)) }
    #expect(talk.answers.count == 2)
  }

  @Test func theStatelessRevisionAsksInTheResultAndTakesTheAnswersWithTheNextRequest() throws {
    let talk = Talk()
    let requests = ToolError.inputRequired([question]).details
    let result = try #require(talk.ask(modern(), .asks(requests))?["result"])
    #expect(result["resultType"] == "input_required")
    #expect(result["ttlMs"] == nil)
    #expect(result["inputRequests"]?["confirm"]?["method"] == "elicitation/create")
    let state = try #require(result["requestState"])
    let answer =
      #","inputResponses":{"confirm":{"action":"accept"}},"requestState":\#(state.text)"#
    _ = talk.say(modern(answer, id: 2))
    #expect(talk.open[0].terms.given == ["confirm": ["action": "accept"]])
    // What was said once is kept in the next state.
    let more = try #require(
      JSONReader.value(of: talk.finish(.asks(["more": ["method": "roots/list"]]))[0])["result"])
    let second =
      #","inputResponses":{"more":{"roots":[]}},"requestState":\#(more["requestState"]!.text)"#
    _ = talk.say(modern(second, id: 3))
    #expect(Set(talk.open[0].terms.given.keys) == ["confirm", "more"])
  }

  @Test func aStateIsGoodOnceForItsRequestAndForATime() throws {
    let talk = Talk()
    func state() throws -> String {
      try #require(
        talk.ask(modern(), .asks(["confirm": [:]]))?["result"]?["requestState"]?.text)
    }
    func code(_ line: String) throws -> JSONValue? { try talk.reply(line)["error"]?["code"] }
    let good = try state()
    let answer = { (state: String) in #","inputResponses":{"confirm":{}},"requestState":\#(state)"#
    }
    #expect(try code(modern(answer(good), id: 2, tool: "other")) == -32602)
    let digit = good.contains("a") ? "a" : "0"
    #expect(
      try code(modern(answer(good.replacing(digit, with: "b", maxReplacements: 1)))) == -32602)
    #expect(try code(modern(answer("\"nonsense\""))) == -32602)
    #expect(try code(modern(answer("7"))) == -32602)
    _ = talk.say(modern(answer(good), id: 3))
    #expect(talk.open.count == 1)
    #expect(try code(modern(answer(good), id: 4)) == -32602)
    _ = talk.finish(.answer(sampleAnswer))
    let old = try state()
    talk.now = 600_001
    #expect(try code(modern(answer(old), id: 5)) == -32602)
  }

  @Test func answersToNothingAreNotBelieved() throws {
    let talk = Talk()
    _ = talk.say(modern(#","inputResponses":{"confirm":{"action":"accept"}}"#))
    #expect(talk.open[0].terms.given.isEmpty)
    let message = try talk.reply(modern(#","inputResponses":[1]"#, id: 2))
    #expect(message["error"]?["code"] == -32602)
    let other = try talk.reply(modern(#","inputResponses":{"a":1}"#, id: 2))
    #expect(other["error"]?["code"] == -32602)
  }
}
