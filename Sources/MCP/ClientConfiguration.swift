import JSON

/// The entry that makes an MCP client start this server: what `--mcp-config` prints.
package struct ClientConfiguration: Sendable {
  /// Absolute path of the program; clients have no PATH to look it up in.
  private let command: String
  private let arguments: [String]

  package init(command: String, arguments: [String]) {
    (self.command, self.arguments) = (command, arguments)
  }

  package var text: String {
    let list = arguments.map { JSONValue.string($0).text }.joined(separator: ", ")
    return """
      {
        "mcpServers": {
          "kubeshark": {
            "command": \(JSONValue.string(command).text),
            "args": [\(list)]
          }
        }
      }

      """
  }
}
