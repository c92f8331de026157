import JSON
import Testing
import ToolKit

@testable import MCP

/// Calls that take long, for clients that know the tasks extension.
struct TasksTests {
  private func request(
    _ method: String, _ params: String, id: Int = 1, knows: Bool = true
  ) -> String {
    let extensions = knows ? #""extensions":{"io.modelcontextprotocol/tasks":{}}"# : ""
    return
      #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{\#(params),"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{\#(extensions)}}}}"#
  }

  /// A call that became a task: its id.
  private func begin(_ talk: Talk) throws -> String {
    _ = talk.say(request("tools/call", #""name":"slow""#))
    let ticket = try #require(talk.reminders.last)
    let message = try #require(talk.happen { $0.reminded(ticket, at: .seconds(5)) }.first)
    #expect(message["id"] == 1)
    #expect(message["result"]?["resultType"] == "task")
    #expect(message["result"]?["status"] == "working")
    #expect(message["result"]?["createdAt"] == "2026-03-14T14:53:25Z")
    return try #require(message["result"]?["taskId"]?.string)
  }

  private func get(_ talk: Talk, _ id: String) throws -> JSONValue? {
    try talk.reply(request("tasks/get", #""taskId":"\#(id)""#, id: 2))["result"]
  }

  @Test func onlyThoseWhoKnowTasksGetOne() {
    let talk = Talk()
    _ = talk.say(request("tools/call", #""name":"slow""#, knows: false))
    _ = talk.say(request("tools/list", #""x":1"#))
    #expect(talk.reminders.isEmpty)
    let old = Talk("2025-11-25")
    _ = old.say(call)
    #expect(old.reminders.isEmpty)
  }

  @Test func aQuickCallIsAnsweredAsEver() {
    let talk = Talk()
    let answer = talk.ask(request("tools/call", #""name":"quick""#), .answer(sampleAnswer))
    #expect(answer?["result"]?["resultType"] == "complete")
    #expect(talk.happen { $0.reminded(talk.reminders[0], at: .seconds(5)) }.isEmpty)
  }

  @Test func aTaskGoesOnAndEndsWithTheResultOfTheCall() throws {
    let talk = Talk()
    let id = try begin(talk)
    #expect(id.count == 32)
    let ticket = talk.open[0].ticket
    _ = talk.happen {
      $0.progressed(ticket, Progress(done: 1, message: "half way"), at: .seconds(6))
    }
    #expect(try get(talk, id)?["statusMessage"] == "half way")
    #expect(talk.finish(.answer(sampleAnswer)).isEmpty)
    let done = try get(talk, id)
    #expect(done?["resultType"] == "complete")
    #expect(done?["status"] == "completed")
    #expect(done?["result"]?["structuredContent"] == ["total": 2])
    // What has ended stays so.
    _ = talk.say(request("tasks/cancel", #""taskId":"\#(id)""#, id: 3))
    #expect(try get(talk, id)?["status"] == "completed")
  }

  @Test func aTaskCanBeCancelled() throws {
    let talk = Talk()
    let id = try begin(talk)
    let ticket = talk.open[0].ticket
    let message = try talk.reply(request("tasks/cancel", #""taskId":"\#(id)""#, id: 3))
    #expect(message["result"]?["resultType"] == "complete")
    #expect(talk.cancelled == [ticket])
    _ = talk.finish(.answer(sampleAnswer))
    #expect(try get(talk, id)?["status"] == "cancelled")
  }

  @Test func anErrorOfTheProtocolFailsATask() throws {
    let talk = Talk()
    let id = try begin(talk)
    _ = talk.finish(.refused(.internalError("broken")))
    #expect(try get(talk, id)?["status"] == "failed")
    #expect(try get(talk, id)?["error"]?["code"] == -32603)
  }

  @Test func aTaskThatAsksGoesOnWithTheAnswers() throws {
    let talk = Talk()
    let id = try begin(talk)
    _ = talk.finish(.asks(["confirm": ["method": "elicitation/create"]]))
    #expect(try get(talk, id)?["status"] == "input_required")
    #expect(try get(talk, id)?["inputRequests"]?["confirm"] != nil)
    _ = talk.say(
      request(
        "tasks/update", #""taskId":"\#(id)","inputResponses":{"confirm":{"action":"accept"}}"#))
    #expect(talk.open.first?.terms.given == ["confirm": ["action": "accept"]])
    #expect(try get(talk, id)?["status"] == "working")
    _ = talk.finish(.answer(sampleAnswer))
    #expect(try get(talk, id)?["status"] == "completed")
  }

  @Test func thoseWhoListenAreToldWhenATaskEnds() throws {
    let talk = Talk()
    let id = try begin(talk)
    let message = try talk.reply(
      request("subscriptions/listen", #""notifications":{"taskIds":["\#(id)","nobody"]}"#, id: 9))
    #expect(message["params"]?["notifications"] == ["taskIds": [.string(id)]])
    let told = try JSONReader.value(of: talk.finish(.answer(sampleAnswer))[0])
    #expect(told["method"] == "notifications/tasks")
    #expect(told["params"]?["status"] == "completed")
  }

  @Test func othersTasksCannotBeSeen() throws {
    let talk = Talk()
    _ = try begin(talk)
    for id in ["", "1", "00000000000000000000000000000000"] {
      let message = try talk.reply(request("tasks/get", #""taskId":"\#(id)""#, id: 4))
      #expect(message["error"]?["code"] == -32602)
    }
    let message = try talk.reply(request("tasks/get", #""taskId":"x""#, id: 4, knows: false))
    #expect(message["error"]?["code"] == -32021)
    #expect(
      message["error"]?["data"]?["requiredCapabilities"]?["extensions"]?[
        "io.modelcontextprotocol/tasks"] == [:])
  }
}
