import ArgumentParser

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The program: parse, run, map errors to exit codes.
@main
enum Main {
  static func main() async {
    signal(SIGPIPE, SIG_IGN)
    // A client may change its mind in the first milliseconds.
    let command = CommandLine.arguments.dropFirst().first ?? ""
    if command == "mcp" { Interruption.endsAtOnce() }
    if ["mcp", "tap", "clean", "proxy", "logs"].contains(command) { SearchPath.widen() }
    await exit(run())
  }

  /// Off the main actor at once: each hop to it and back is a thread switch.
  @concurrent private static func run() async -> Int32 {
    do {
      let arguments = KFLCommand.separated(
        PlainFlags.read(
          CommandLine.arguments.dropFirst().filter { !NamespaceList.empty.contains($0) }))
      if let help = MCPShortcut.help(for: arguments) {
        print(help)
        return 0
      }
      if let serving = MCPShortcut.command(for: arguments) {
        try await serving.run()
        return 0
      }
      var command = try Kubeshark.parseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      return 0
    } catch let failure as Failure {
      printError("kubeshark: " + failure.message)
      return failure.code.rawValue
    } catch {
      let message = Kubeshark.fullMessage(for: error)
      let code = Kubeshark.exitCode(for: error)
      if code.isSuccess {
        print(message)
        return 0
      }
      if !message.isEmpty { printError(message) }
      return code == .validationFailure ? Failure.Code.usage.rawValue : code.rawValue
    }
  }
}

struct Kubeshark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kubeshark",
    abstract: "Network traffic for AI assistants and people.",
    discussion: """
      Ask a capture file a question through an MCP client:
        kubeshark mcp --pcap traffic.pcap --mcp-config

      \(exitCodes)
      """,
    version: Version.text,
    subcommands: [
      MCPCommand.self, HubCommand.self, AgentCommand.self, CallsCommand.self, KFLCommand.self,
      TapCommand.self,
      CleanCommand.self, ProxyCommand.self, LogsCommand.self, ManifestsCommand.self,
      VersionCommand.self,
    ])
}

struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version.")

  func run() { print(Version.text) }
}

/// A line on standard error.
func printError(_ line: String) {
  let text = line + "\n"
  _ = text.utf8.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) }
}
