import JSON
import Testing

@testable import MCP

struct MessageTests {
  @Test(arguments: [
    "7", "\"7\"", "\"\"", "-1", "9007199254740993", "123456789012345678901234567890",
    "5.0", "1e3", "\"\\u00e4\"",
  ])
  func idsComeBackAsTheyWere(id: String) throws {
    let talk = Talk()
    let sent = talk.say(#"{"jsonrpc":"2.0","id":\#(id),"method":"ping"}"#)
    let json = try JSONReader.value(of: id).text
    #expect(sent == [#"{"jsonrpc":"2.0","id":\#(json),"result":{}}"#])
  }

  @Test(arguments: [
    "42", "\"x\"", "null", "true", "{}", #"{"jsonrpc":"2.0"}"#, #"{"method":"ping","id":null}"#,
    #"{"jsonrpc":"2.0","method":"ping","id":null}"#,
    #"{"jsonrpc":"2.0","method":"ping","id":true}"#,
    #"{"jsonrpc":"2.0","method":"ping","id":{}}"#, #"{"jsonrpc":"2.0","method":"ping","id":[1]}"#,
    "[]", "[1]", #"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
  ])
  func whatIsNoRequestIsRefusedWithoutAnID(line: String) throws {
    let talk = Talk()
    let message = try talk.reply(line)
    #expect(message["error"]?["code"] == -32600)
    #expect(message.object?["id"] == .null)
  }

  @Test(arguments: [
    (#"{"jsonrpc":"2.0","id":3}"#, "3"), (#"{"id":"a","method":"ping"}"#, "\"a\""),
    (#"{"jsonrpc":"1.0","id":3,"method":"ping"}"#, "3"),
    (#"{"jsonrpc":"2.0","id":3,"method":5}"#, "3"),
    (#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, "1.5"),
  ])
  func whatIsNoRequestIsRefusedByItsID(line: String, id: String) throws {
    let talk = Talk()
    let message = try talk.reply(line)
    #expect(message["error"]?["code"] == -32600)
    #expect(message["id"]?.text == id)
  }

  @Test(arguments: [
    "not json", "{", "\"\\x\"", "[1,]", "nul", "01", "{\"a\":1}}",
    String(repeating: "[", count: 100_000), "\"\u{1}\"",
  ])
  func whatIsNotJSONIsAParseError(line: String) throws {
    let talk = Talk()
    let message = try talk.reply(line)
    #expect(message["error"]?["code"] == -32700)
    #expect(message.object?["id"] == .null)
  }

  @Test func invalidUTF8IsAParseError() throws {
    #expect(
      Message(.text([0x22, 0xff, 0x22])) == .notJSON(reason: "not valid UTF-8 at byte 1"))
  }

  @Test func anErrorWithoutAnIDLeavesItOutFromNovember2025On() throws {
    let talk = Talk("2025-11-25")
    let message = try talk.reply("?")
    #expect(message["error"]?["code"] == -32700)
    #expect(message.object?["id"] == nil)
  }

  @Test(arguments: [
    #"{"jsonrpc":"2.0","method":"notifications/unknown"}"#, #"{"jsonrpc":"2.0","method":"ping"}"#,
    #"{"jsonrpc":"2.0","method":"tools/call","params":[1]}"#,
    #"{"jsonrpc":"2.0","method":"initialized"}"#, #"{"jsonrpc":"2.0","id":9,"result":{}}"#,
    #"{"jsonrpc":"2.0","id":9,"error":{"code":1,"message":"x"}}"#,
    #"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
    #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":null}}"#,
  ])
  func notificationsAndResponsesAreNeverAnswered(line: String) {
    let talk = Talk("2025-06-18")
    #expect(talk.say(line) == [])
    #expect(talk.open.isEmpty)
  }

  @Test(arguments: [#""x""#, "[1]", "5", "true"])
  func paramsMustBeAnObject(params: String) throws {
    let talk = Talk("2025-06-18")
    let message = try talk.reply(
      #"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":\#(params)}"#)
    #expect(message["error"]?["code"] == -32602)
    #expect(message["id"] == 2)
  }
}
