import JSON
import Testing
import ToolKit

@testable import MCP

struct StatelessTests {
  static let meta =
    #""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#

  static func request(_ method: String, _ params: String = "") -> String {
    let comma = params.isEmpty ? "" : ","
    return
      #"{"jsonrpc":"2.0","id":"q","method":"\#(method)","params":{\#(params)\#(comma)\#(Self.meta)}}"#
  }

  @Test func discoveryNeedsNoHandshakeAndNoWork() throws {
    let talk = Talk()
    let message = try talk.reply(Self.request("server/discover"))
    let result = try #require(message["result"])
    #expect(result["resultType"] == "complete")
    #expect(result["supportedVersions"] == ["2026-07-28"])
    #expect(result["ttlMs"] == 3_600_000)
    #expect(result["cacheScope"] == "private")
    #expect(
      result["_meta"]?["io.modelcontextprotocol/serverInfo"]?["name"] == "kubeshark-mcp")
  }

  @Test func resultsSayTheirKindAndListsHowLongTheyHold() throws {
    let talk = Talk()
    let tools = try #require(talk.ask(Self.request("tools/list"), .tools([sampleTool]))?["result"])
    #expect(tools["resultType"] == "complete")
    #expect(tools["ttlMs"] == 300_000)
    #expect(tools["tools"]?[0]?["outputSchema"] != nil)
    let call = Self.request("tools/call", #""name":"t","arguments":{}"#)
    let answer = try #require(talk.ask(call, .answer(sampleAnswer))?["result"])
    #expect(answer["resultType"] == "complete")
    #expect(answer["ttlMs"] == nil)
    #expect(answer["structuredContent"] == ["total": 2])
    let error = try #require(talk.ask(call, .failed(.notFound("gone")))?["result"])
    #expect(error["isError"] == true)
    #expect(error["_meta"]?["kubeshark.com/error"]?["code"] == "not_found")
    #expect(error["_meta"]?["io.modelcontextprotocol/serverInfo"] != nil)
  }

  @Test(arguments: [
    "initialize", "ping", "logging/setLevel", "resources/subscribe", "tasks/list", "nothing",
  ])
  func methodsOfTheHandshakeAreGone(method: String) throws {
    let talk = Talk()
    let message = try talk.reply(Self.request(method))
    #expect(message["error"]?["code"] == -32601)
    #expect(message["id"] == "q")
  }

  @Test func anotherVersionIsRefusedWithThoseWeHave() throws {
    for version in ["2027-01-01", "2025-11-25"] {
      let talk = Talk()
      let line = Self.request("tools/list").replacing("2026-07-28", with: version)
      let error = try talk.reply(line)["error"]
      #expect(error?["code"] == -32022)
      #expect(error?["data"]?["requested"]?.string == version)
      #expect(error?["data"]?["supported"]?[0] == "2026-07-28")
    }
  }

  @Test(arguments: [
    #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#,
    #"{"io.modelcontextprotocol/clientCapabilities":{}}"#,
    #"{"io.modelcontextprotocol/protocolVersion":7,"io.modelcontextprotocol/clientCapabilities":{}}"#,
    #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":[]}"#,
    #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/logLevel":"loud"}"#,
  ])
  func whatARequestMustSayIsChecked(meta: String) throws {
    let talk = Talk()
    let message = try talk.reply(
      #"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":\#(meta)}}"#)
    #expect(message["error"]?["code"] == -32602)
  }

  @Test func bothErasShareOneConnectionAndLearnNothingFromEachOther() throws {
    var talk = Talk("2025-03-26")
    let modern = try #require(talk.ask(Self.request("tools/list"), .tools([sampleTool]))?["result"])
    #expect(modern["resultType"] == "complete")
    let old = try #require(talk.ask(list, .tools([sampleTool]))?["result"])
    #expect(old["resultType"] == nil)
    #expect(old["tools"]?[0]?["title"] == nil)
    talk = Talk()
    _ = talk.say(Self.request("tools/list"))
    let message = try talk.reply(list)
    #expect(message["error"]?["code"] == -32602)
  }
}
