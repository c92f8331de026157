import JSON
import TestSupport
import Testing
import ToolKit

@testable import MCP

struct SessionTests {
  @Test(arguments: [
    ("2024-11-05", "2024-11-05"), ("2025-03-26", "2025-03-26"), ("2025-06-18", "2025-06-18"),
    ("2025-11-25", "2025-11-25"), ("2026-07-28", "2025-11-25"), ("1999-01-01", "2025-11-25"),
    ("nonsense", "2025-11-25"), ("", "2025-11-25"),
  ])
  func theHandshakeSettlesARevision(asked: String, given: String) throws {
    let talk = Talk()
    let message = try talk.reply(
      #"{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"\#(asked)","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#
    )
    let result = try #require(message["result"])
    #expect(result["protocolVersion"]?.string == given)
    #expect(result["serverInfo"]?["name"] == "kubeshark-mcp")
    #expect((result["serverInfo"]?["title"] != nil) == (given >= "2025-06-18"))
    #expect(result["capabilities"]?["tools"]?.object != nil)
    #expect(result["instructions"] == "Use the tools.")
  }

  @Test func aHandshakeWithoutParamsIsTakenForTheFirstRevision() throws {
    let talk = Talk()
    let message = try talk.reply(#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#)
    #expect(message["result"]?["protocolVersion"] == "2024-11-05")
  }

  @Test func aSecondHandshakeIsAnsweredAgain() throws {
    let talk = Talk("2024-11-05")
    let message = try talk.reply(
      #"{"jsonrpc":"2.0","id":5,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}"#)
    #expect(message["result"]?["protocolVersion"] == "2025-06-18")
  }

  @Test func pingIsAnsweredBeforeTheHandshakeAndAfter() {
    var talk = Talk()
    #expect(talk.say(ping) == [pong])
    talk = Talk("2025-11-25")
    #expect(talk.say(ping) == [pong])
  }

  @Test func beforeTheHandshakeOtherRequestsAreToldWhatIsMissing() throws {
    let talk = Talk()
    for line in [list, call, #"{"jsonrpc":"2.0","id":7,"method":"server/discover"}"#] {
      let message = try talk.reply(line)
      #expect(message["error"]?["code"] == -32602)
      #expect(message["error"]?["message"]?.string?.contains("initialize") == true)
    }
  }

  @Test(arguments: ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
  func toolsAreListedAsTheRevisionWritesThem(revision: String) throws {
    let talk = Talk(revision)
    let message = try #require(talk.ask(list, .tools([sampleTool])))
    #expect(message["id"] == 7)
    let tool = try #require(message["result"]?["tools"]?[0]?.object)
    #expect(tool["name"] == "list_api_calls")
    #expect(tool["inputSchema"]?["type"] == "object")
    #expect((tool["annotations"] != nil) == (revision >= "2025-03-26"))
    #expect((tool["title"] != nil) == (revision >= "2025-06-18"))
    #expect((tool["outputSchema"] != nil) == (revision >= "2025-06-18"))
    #expect(message["result"]?["nextCursor"] == nil)
    #expect(message["result"]?["ttlMs"] == nil)
  }

  @Test(arguments: ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
  func answersCarryTheirStructureWhereTheRevisionHasIt(revision: String) throws {
    let talk = Talk(revision)
    let result = try #require(talk.ask(call, .answer(sampleAnswer))?["result"]?.object)
    #expect(result["content"] == [["type": "text", "text": "2 calls"]])
    #expect(result["structuredContent"] == (revision >= "2025-06-18" ? ["total": 2] : nil))
    #expect(result["isError"] == nil)
    #expect(result["resultType"] == nil)
  }

  @Test func aToolThatFailsIsAResultAndKeepsAwayFromStructuredContent() throws {
    let talk = Talk("2025-11-25")
    let error = ToolError.invalid("kfl", "no such field", hint: "Use status_code.")
    let result = try #require(talk.ask(call, .failed(error))?["result"]?.object)
    #expect(result["isError"] == true)
    #expect(result["content"]?[0]?["text"] == "no such field\nUse status_code.")
    #expect(result["structuredContent"] == nil)
    #expect(result["_meta"]?["kubeshark.com/error"]?["argument"] == "kfl")
  }

  @Test func argumentsMayBeMissingOrNull() throws {
    for arguments in ["", #","arguments":null"#, #","arguments":{}"#] {
      let talk = Talk("2025-11-25")
      _ = talk.say(
        #"{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"t"\#(arguments)}}"#)
      guard case .callTool(let call) = try #require(talk.open.first).work else {
        Issue.record("no call")
        return
      }
      #expect(call.arguments.isEmpty)
    }
  }

  @Test(arguments: [
    (#""method":"tools/call","params":{}"#, -32602),
    (#""method":"tools/call","params":{"name":5}"#, -32602),
    (#""method":"tools/call","params":{"name":""}"#, -32602),
    (#""method":"tools/call","params":{"name":"t","arguments":[1]}"#, -32602),
    (#""method":"prompts/get","params":{}"#, -32602),
    (#""method":"prompts/get","params":{"name":"p","arguments":{"a":{}}}"#, -32602),
    (#""method":"tools/list","params":{"cursor":"x"}"#, -32602),
    (#""method":"tools/list","params":{"cursor":""}"#, -32602),
    (#""method":"prompts/list","params":{"cursor":"x"}"#, -32602),
    (#""method":"resources/read""#, -32602), (#""method":"logging/setLevel""#, -32602),
    (#""method":"completion/complete","params":{"ref":{"type":"odd"}}"#, -32602),
    (#""method":"server/discover""#, -32601), (#""method":"no/such""#, -32601),
    (#""method":"""#, -32601),
  ])
  func requestsThatCannotBeServedAreErrors(request: String, code: Int) throws {
    for revision in ["2024-11-05", "2025-11-25"] {
      let talk = Talk(revision)
      let message = try talk.reply(#"{"jsonrpc":"2.0","id":4,\#(request)}"#)
      #expect(message["error"]?["code"] == JSONValue(code))
      #expect(message["id"] == 4)
      #expect(talk.open.isEmpty)
    }
  }

  @Test func onlyListsHaveCursors() throws {
    let talk = Talk("2025-11-25")
    let line =
      #"{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"t","cursor":"x"}}"#
    #expect(talk.ask(line, .answer(sampleAnswer))?["result"] != nil)
  }

  @Test func promptsAreListedAndFilled() throws {
    let talk = Talk("2025-06-18")
    let listed = talk.ask(
      #"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#, .prompts([samplePrompt]))
    #expect(listed?["result"]?["prompts"]?[0]?["arguments"]?[0]?["required"] == false)
    let got = talk.ask(
      #"{"jsonrpc":"2.0","id":2,"method":"prompts/get","params":{"name":"find_errors"}}"#,
      .prompt(FilledPrompt(description: "Errors.", text: "Find them.")))
    #expect(got?["result"]?["messages"]?[0]?["role"] == "user")
    #expect(got?["result"]?["messages"]?[0]?["content"]?["text"] == "Find them.")
  }

  @Test func promptArgumentsAreTextsAndEmptyOnesAreNotGiven() throws {
    let talk = Talk("2025-06-18")
    _ = talk.say(
      #"{"jsonrpc":"2.0","id":2,"method":"prompts/get","params":{"name":"p","arguments":{"a":"x","b":"","c":null,"d":5}}}"#
    )
    guard case .getPrompt(let get) = try #require(talk.open.first).work else {
      Issue.record("no prompt")
      return
    }
    #expect(get.arguments == ["a": "x", "d": "5"])
  }

  @Test func cancelledWorkIsStoppedAndNeverAnswered() {
    let talk = Talk("2025-11-25")
    _ = talk.say(call)
    let cancel =
      #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":8,"reason":"r"}}"#
    #expect(talk.say(cancel.replacing("8", with: "\"8\"")) == [])
    #expect(talk.cancelled.isEmpty)
    #expect(talk.say(cancel) == [])
    #expect(talk.cancelled == [talk.open[0].ticket])
    #expect(talk.progress(Progress(done: 1), at: 0) == [])
    #expect(talk.finish(.answer(sampleAnswer)) == [])
    #expect(talk.say(cancel) == [])
    #expect(talk.session.isIdle)
  }

  @Test func answersComeInTheOrderTheWorkEnds() {
    let talk = Talk("2025-11-25")
    _ = talk.say(call)
    _ = talk.say(list)
    #expect(talk.say(ping) == [pong])
    let (first, second) = (talk.open[0].ticket, talk.open[1].ticket)
    #expect(talk.finish(second, .tools([])).count == 1)
    #expect(talk.finish(first, .answer(sampleAnswer)).count == 1)
    #expect(talk.finish(first, .answer(sampleAnswer)).isEmpty)
  }

  @Test func progressGrowsIsNotTooFastAndEndsWithTheAnswer() throws {
    let talk = Talk("2025-03-26")
    _ = talk.say(
      #"{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"t","_meta":{"progressToken":"p"}}}"#
    )
    let first = talk.progress(Progress(done: 1, total: 4, message: "reading"), at: 0)
    #expect(
      first == [
        #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":1,"total":4,"message":"reading"}}"#
      ])
    #expect(talk.progress(Progress(done: 2), at: 199) == [])
    #expect(talk.progress(Progress(done: 1), at: 500) == [])
    #expect(talk.progress(Progress(done: .nan), at: 500) == [])
    #expect(talk.progress(Progress(done: 2.5), at: 500).count == 1)
    let ticket = talk.open[0].ticket
    #expect(talk.finish(.answer(sampleAnswer)).count == 1)
    #expect(talk.progress(Progress(done: 3), of: ticket, at: 9_000).isEmpty)
  }

  @Test func progressIsNotSentWithoutATokenAndWithoutAMessageInTheFirstRevision() {
    var talk = Talk("2024-11-05")
    _ = talk.say(call)
    #expect(talk.progress(Progress(done: 1), at: 0) == [])
    talk = Talk("2024-11-05")
    _ = talk.say(
      #"{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"t","_meta":{"progressToken":9}}}"#
    )
    #expect(
      talk.progress(Progress(done: 1, message: "m"), at: 0) == [
        #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":9,"progress":1}}"#
      ])
  }

  @Test func beyondTheLimitRequestsAreRefusedAndCounted() throws {
    var limits = Session.Limits()
    limits.pending = 2
    let talk = Talk("2025-11-25", limits: limits)
    #expect(talk.say(call) == [])
    #expect(talk.say(call) == [])
    let message = try talk.reply(call)
    #expect(message["error"]?["code"] == -32603)
    #expect(talk.session.counters.requestsRefused == 1)
    #expect(talk.say(ping) == [pong])
    _ = talk.finish(.answer(sampleAnswer))
    #expect(talk.say(call) == [])
  }

  @Test func aLineThatIsTooLongIsAnsweredAndCounted() throws {
    var session = Session(Talk.identity)
    let actions = session.received(Message(.tooLong(70_000_000, head: [])))
    guard case .send(let message, _) = try #require(actions.first) else { return }
    #expect(message["error"]?["code"] == -32600)
    #expect(session.counters.linesTooLong == 1)
  }

  @Test func randomConversationsAnswerEachRequestOnce() {
    var random = SeededGenerator(seed: 7)
    let methods = ["tools/call", "tools/list", "ping", "prompts/get", "x", "initialize"]
    for _ in 0..<200 {
      let talk = Talk("2025-11-25")
      var answers: [String: Int] = [:]
      var asked: Set<String> = []
      var given: Set<String> = []
      func note(_ sent: [String]) {
        for line in sent {
          if let id = try? JSONReader.value(of: line)["id"]?.text { answers[id, default: 0] += 1 }
        }
      }
      for step in 0..<60 {
        switch Int.random(in: 0..<4, using: &random) {
        case 0, 1:
          let method = methods.randomElement(using: &random)!
          asked.insert("\(step)")
          note(
            talk.say(
              #"{"jsonrpc":"2.0","id":\#(step),"method":"\#(method)","params":{"name":"t"}}"#))
        case 2:
          let id = Int.random(in: 0..<60, using: &random)
          let before = talk.cancelled.count
          note(
            talk.say(
              #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":\#(id)}}"#
            ))
          if talk.cancelled.count > before { given.insert("\(id)") }
        default:
          if !talk.open.isEmpty { note(talk.finish(.answer(sampleAnswer))) }
        }
      }
      while !talk.open.isEmpty { note(talk.finish(.tools([]))) }
      #expect(talk.session.isIdle)
      #expect(Set(answers.keys) == asked.subtracting(given))
      #expect(answers.values.allSatisfy { $0 == 1 })
    }
  }
}
