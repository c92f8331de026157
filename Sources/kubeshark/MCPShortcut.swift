import ArgumentParser

/// `kubeshark mcp` with nothing but flags, as clients start it, read in one step.
///
/// Read as a part of the whole command, level by level, the same flags take several times as long.
/// Whatever is more than flags or wrong is left to that: `install`, help, errors.
struct MCPShortcut: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mcp", _superCommandName: "kubeshark")

  @OptionGroup var serving: MCPServeCommand

  /// The command that these arguments of the program mean, when it is one of those.
  static func command(for arguments: [String]) -> MCPServeCommand? {
    guard arguments.first == "mcp" else { return nil }
    do { return try parse(Array(arguments.dropFirst())).serving } catch { return nil }
  }
}
