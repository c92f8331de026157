import JSON
import Testing
import ToolKit

@testable import MCP

/// Lists that change, resources that are watched, log messages: what is told without being asked.
struct NoticesTests {
  private func listen(_ wanted: String, id: String = "\"sub\"") -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"method":"subscriptions/listen","params":{"notifications":\#(wanted),"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#
  }

  @Test func listsThatChangeAreToldOnceTheHandshakeIsOver() {
    let talk = Talk()
    #expect(talk.happen { $0.changed([.tools]) }.isEmpty)
    for revision in ["2024-11-05", "2025-11-25"] {
      let talk = Talk(revision)
      let told = talk.happen { $0.changed([.tools, .prompts, .resources]) }
      #expect(
        told.map { $0["method"] } == [
          "notifications/tools/list_changed", "notifications/prompts/list_changed",
          "notifications/resources/list_changed",
        ])
    }
  }

  @Test func aServerWhoseListsStayTellsNothing() {
    let talk = Talk("2025-11-25", identity: ServerIdentity(version: "1", instructions: ""))
    #expect(talk.happen { $0.changed([.tools]) }.isEmpty)
  }

  @Test func aSubscriptionIsAcknowledgedWithWhatIsHonoured() throws {
    let talk = Talk()
    let message = try talk.reply(
      listen(
        #"{"toolsListChanged":true,"promptsListChanged":false,"resourceSubscriptions":["net://a"],"odd":1}"#
      ))
    #expect(message["method"] == "notifications/subscriptions/acknowledged")
    #expect(
      message["params"]?["notifications"]
        == ["toolsListChanged": true, "resourceSubscriptions": ["net://a"]])
    #expect(message["params"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"] == "sub")
  }

  @Test func eachSubscriptionGetsWhatItAskedForUnderItsOwnID() throws {
    let talk = Talk()
    _ = talk.say(listen(#"{"toolsListChanged":true}"#))
    _ = talk.say(listen(#"{"toolsListChanged":true,"promptsListChanged":true}"#, id: "7"))
    let ids = { (told: [JSONValue]) in
      told.map { $0["params"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"] }
    }
    #expect(ids(talk.happen { $0.changed([.tools]) }) == ["sub", 7])
    #expect(ids(talk.happen { $0.changed([.prompts]) }) == [7])
    _ = talk.say(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#)
    #expect(ids(talk.happen { $0.changed([.tools]) }) == ["sub"])
    // The end is a result for those that are still open.
    let ended = talk.happen { $0.closing() }
    #expect(ended.map { $0["id"] } == ["sub"])
    #expect(ended[0]["result"]?["resultType"] == "complete")
    #expect(talk.happen { $0.closing() }.isEmpty)
  }

  @Test func watchedResourcesAreToldWhenTheyChange() throws {
    let talk = Talk("2025-06-18")
    let subscribe =
      #"{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"net://a"}}"#
    #expect(try talk.reply(subscribe)["result"] == [:])
    #expect(talk.happen { $0.updated("net://b") }.isEmpty)
    #expect(talk.happen { $0.updated("net://a") }.map { $0["params"] } == [["uri": "net://a"]])
    _ = talk.say(subscribe.replacing("subscribe", with: "unsubscribe"))
    #expect(talk.happen { $0.updated("net://a") }.isEmpty)
  }

  @Test func logMessagesBeginAtTheLevelThatWasSet() throws {
    let talk = Talk("2025-11-25")
    #expect(talk.happen { $0.logged(.info, "hub", "x") }.isEmpty)
    #expect(talk.happen { $0.logged(.warning, "hub", "x") }.count == 1)
    let set = #"{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"debug"}}"#
    #expect(try talk.reply(set)["result"] == [:])
    let told = talk.happen { $0.logged(.debug, "hub", "x") }
    #expect(told.first?["params"] == ["level": "debug", "logger": "hub", "data": "x"])
    let wrong = set.replacing("debug", with: "loud")
    #expect(try talk.reply(wrong)["error"]?["code"] == -32602)
  }

  @Test func aStatelessRequestSaysForItselfWhetherItWantsLogMessages() {
    let talk = Talk()
    let quiet = StatelessTests.request("tools/call", #""name":"t""#)
    let loud = quiet.replacing(
      #""io.modelcontextprotocol/clientCapabilities""#,
      with:
        #""io.modelcontextprotocol/logLevel":"info","io.modelcontextprotocol/clientCapabilities""#)
    _ = talk.say(quiet)
    _ = talk.say(loud)
    let tickets = talk.open.map(\.ticket)
    #expect(talk.happen { $0.logged(.error, "l", "x", tickets[0]) }.isEmpty)
    #expect(talk.happen { $0.logged(.info, "l", "x", tickets[1]) }.count == 1)
    #expect(talk.happen { $0.logged(.debug, "l", "x", tickets[1]) }.isEmpty)
    #expect(talk.happen { $0.logged(.error, "l", "x") }.isEmpty)
  }
}
