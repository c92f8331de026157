import JSON
import Testing

@testable import MCP

struct ClientConfigurationTests {
  private func entry(_ client: MCPClient) -> ClientConfiguration {
    ClientConfiguration(
      client: client, command: "/bin/kubeshark", arguments: ["mcp", "--url", "u"])
  }

  @Test func theEntryIsInTheClientsOwnForm() throws {
    for client in MCPClient.allCases {
      let file = try JSONReader.value(of: entry(client).text)
      let found = file[client == .vscode ? "servers" : "mcpServers"]?["kubeshark"]
      #expect(found?["command"] == "/bin/kubeshark")
      #expect(found?["args"] == ["mcp", "--url", "u"])
      // What is printed is what is installed into nothing.
      #expect(try JSONReader.value(of: entry(client).merged(into: "")) == file)
    }
  }

  @Test func allElseInTheFileStays() throws {
    let before =
      #"{"z":1.50,"mcpServers":{"a":{"x":[1]},"kubeshark":{"command":"old","env":{"T":"s"}},"b":{}},"y":null}"#
    let after = try JSONReader.value(of: entry(.cursor).merged(into: before))
    #expect(after.object?.names == ["z", "mcpServers", "y"])
    #expect(after["z"]?.text == "1.50")
    #expect(after["mcpServers"]?.object?.names == ["a", "kubeshark", "b"])
    #expect(after["mcpServers"]?["a"] == ["x": [1]])
    #expect(after["mcpServers"]?["kubeshark"]?["command"] == "/bin/kubeshark")
    #expect(after["mcpServers"]?["kubeshark"]?["env"] == ["T": "s"])
    #expect(try entry(.cursor).merged(into: after.prettyText) == after.prettyText + "\n")
  }

  @Test func secretsGoIntoTheEnvironment() throws {
    for client in MCPClient.allCases {
      var made = entry(client)
      made.environment = ["KUBESHARK_HUB_TOKEN": "a\"b"]
      let file = try JSONReader.value(of: made.text)
      let found = file[client == .vscode ? "servers" : "mcpServers"]?["kubeshark"]
      #expect(found?["env"] == ["KUBESHARK_HUB_TOKEN": "a\"b"])
      #expect(found?["args"] == ["mcp", "--url", "u"])
      #expect(try JSONReader.value(of: made.merged(into: "")) == file)
    }
    var made = entry(.cursor)
    made.environment = ["T": "new"]
    let merged = try made.merged(
      into: #"{"mcpServers":{"kubeshark":{"env":{"T":"old","U":"kept"}}}}"#)
    let env = try JSONReader.value(of: merged)["mcpServers"]?["kubeshark"]?["env"]
    #expect(env == ["T": "new", "U": "kept"])
  }

  @Test(arguments: ["{", "// comment\n{}", "[]", "7", #"{"mcpServers":[]}"#])
  func aFileThatIsSomethingElseIsLeftAlone(text: String) {
    #expect(throws: ClientConfiguration.Problem.self) { try entry(.cursor).merged(into: text) }
  }

  @Test func filesAreWhereTheClientsLook() {
    let path = { (client: MCPClient) in client.path(home: "/h", folder: "/p", settings: nil) }
    #expect(path(.cursor) == "/h/.cursor/mcp.json")
    #expect(path(.claudeCode) == "/p/.mcp.json")
    #if os(Linux)
      #expect(path(.claudeDesktop) == "/h/.config/Claude/claude_desktop_config.json")
      #expect(path(.vscode) == "/h/.config/Code/User/mcp.json")
    #endif
  }
}
