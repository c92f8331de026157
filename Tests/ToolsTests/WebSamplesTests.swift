import FoundationEssentials
import JSON
import TestSupport
import Testing
import ToolKit

@testable import Tools

/// The captures of real servers and clients in `Samples/web`: what the list of calls says of each.
@Suite struct WebSamplesTests {
  private static let expected: [(name: String, calls: String)] = [
    (
      "content",
      """
      gql query Cheap 200
      gql query One 200
      gql mutation order 200
      gql mutation Order 200 failed
      gql query items 200 failed
      http POST /graphql 200
      gql query items 200
      http GET /prices 200
      """
    ),
    (
      "mcp",
      """
      mcp server/discover 200
      mcp tools/list 200
      mcp tools/call find_item 200
      mcp tools/call count_stock 200
      mcp tools/call brew 200 failed
      mcp resources/read shop://prices 200
      mcp prompts/get recommend 200
      mcp resources/read shop://nothing 400 failed
      mcp prompts/get nothing 200 failed
      """
    ),
    (
      "llm",
      """
      llm chat gpt-tea 200
      llm chat gpt-tea 200
      llm chat gpt-busy 429 failed
      llm chat gpt-busy 200
      llm response gpt-tea 200
      llm embedding embed-tea 200
      llm message claude-tea 200
      llm message claude-tea 200
      llm message claude-busy 200 failed
      llm generate gemini-tea 200
      llm generate gemini-tea 200
      """
    ),
  ]

  @Test(arguments: 0..<3)
  func callsReadAsTheyShould(place: Int) async throws {
    let (name, expected) = Self.expected[place]
    let calls = try await Self.calls(in: name).map { call in
      let row = ["proto", "method", "path", "status"].compactMap { name in
        call[name].map { $0.string ?? $0.text }
      }
      return (row + (call["error"] == true ? ["failed"] : [])).joined(separator: " ")
    }
    #expect(calls.joined(separator: "\n") == expected)
  }

  /// Three connections: one compressed, one not, and one that the server closes.
  @Test func messagesAreThoseThatWereSent() async throws {
    let session =
      "text text text text text text text text ping pong binary text close close"
    let opcodes = try await Self.calls(in: "websocket").filter { $0["proto"] == "ws" }
      .compactMap { $0["method"]?.string }
    #expect(opcodes.joined(separator: " ") == "\(session) \(session) text close close")
  }

  /// Made-up prompts, keys and tokens are in these captures, and in no answer.
  @Test func nothingPrivateIsShown() async throws {
    for name in ["websocket", "llm", "mcp"] {
      let hub = try Self.hub(name)
      for format in ["compact", "full", "raw"] {
        let answer = try await ShopHub.ask(
          "list_api_calls",
          ["format": .string(format), "limit": 1_000, "max_tokens": 100_000], of: hub)
        let text = answer.text + JSONValue.object(answer.structured).text
        for word in ["made-up", "three minutes", "Green tea", "White ", "Leeds"] {
          #expect(!text.contains(word), "\(word) in \(name), \(format)")
        }
      }
    }
  }

  private static func hub(_ name: String) throws -> EmbeddedHub {
    try ShopHub.open(
      [checkout.appendingPathComponent("Samples/web/\(name).pcap").path], named: false)
  }

  private static func calls(in name: String) async throws -> [JSONValue] {
    let answer = try await ShopHub.ask(
      "list_api_calls", ["limit": 1_000, "order": "asc", "max_tokens": 100_000], of: hub(name))
    return answer.structured["calls"]?.array ?? []
  }
}
