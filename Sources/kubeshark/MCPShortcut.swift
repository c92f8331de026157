import ArgumentParser

/// `kubeshark mcp` with nothing but flags, as clients start it, read in one step.
///
/// Read as a part of the whole command, level by level, the same flags take several times as long.
/// Whatever is more than flags or wrong is left to that: `install`, help, errors.
struct MCPShortcut: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mcp", _superCommandName: "kubeshark",
    abstract: MCPCommand.configuration.abstract, discussion: MCPCommand.configuration.discussion)

  /// What `kubeshark mcp --help` shows: its flags, which the help of a command with subcommands leaves
  /// to these. Nil when the arguments ask for something else.
  static func help(for arguments: [String]) -> String? {
    let asks = [["mcp", "--help"], ["mcp", "-h"], ["help", "mcp"]].contains(arguments)
    return asks ? helpMessage() : nil
  }

  @OptionGroup var serving: MCPServeCommand

  /// The command that these arguments of the program mean, when it is one of those.
  static func command(for arguments: [String]) -> MCPServeCommand? {
    guard arguments.first == "mcp" else { return nil }
    do { return try parse(Array(arguments.dropFirst())).serving } catch { return nil }
  }
}
