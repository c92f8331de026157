/// The MCP clients whose configuration we know how to write.
package enum MCPClient: String, CaseIterable, Sendable {
  case claudeDesktop = "claude-desktop"
  case claudeCode = "claude-code"
  case cursor
  case vscode

  package static let names = allCases.map(\.rawValue).joined(separator: ", ")

  /// The member of the client's file that holds its servers.
  var section: String { self == .vscode ? "servers" : "mcpServers" }

  /// Whether entries say how the server is spoken to.
  var namesTransport: Bool { self == .vscode || self == .claudeCode }

  /// The client's own file.
  ///
  /// - Parameter home: the user's home directory.
  /// - Parameter folder: the working directory, for clients that keep a file in each project.
  /// - Parameter settings: where programs keep their settings (`XDG_CONFIG_HOME`), if that is set.
  package func path(home: String, folder: String, settings: String?) -> String {
    #if os(macOS)
      let programs = home + "/Library/Application Support"
    #else
      let programs = settings ?? home + "/.config"
    #endif
    return switch self {
    case .claudeDesktop: programs + "/Claude/claude_desktop_config.json"
    case .claudeCode: folder + "/.mcp.json"
    case .cursor: home + "/.cursor/mcp.json"
    case .vscode: programs + "/Code/User/mcp.json"
    }
  }
}
