import Hub
import JSON
import Logging
import MCP
import ToolKit

/// An MCP server whose tools, prompts and resources show every feature of the protocol under the
/// names that the official conformance suite asks for.
///
/// Run it with a port: `mcp-fixture 8898`, then speak to `http://127.0.0.1:8898/mcp`. As
/// `mcp-fixture stdio` it speaks on its standard input and output.
@main
enum MCPFixture {
  static func main() async throws {
    let log = logger()
    let changes = Changes()
    let offer = Offer(
      hub: FixtureHub(changes: changes), prompts: FixturePrompts.all,
      resources: FixtureResources.all,
      completing: { question, _ in ["alpha", "beta"].filter { $0.hasPrefix(question.value) } },
      mode: .embedded, log: log)
    var limits = Session.Limits()
    // Here the steps count, not how often a client wants to hear of them.
    limits.progressInterval = .zero
    limits.taskAfter = .milliseconds(300)
    let identity = ServerIdentity(
      name: "mcp-fixture", title: "Fixture", description: "Every feature once", version: "1.0.0",
      instructions: "For tests.",
      features: .init(
        listsChange: true, resources: true, watching: true, completions: true, logging: true))
    if CommandLine.arguments.dropFirst().first == "stdio" {
      await serve(offer, identity, limits, changes)
    } else {
      let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 0
      try await serve(offer, identity, limits, changes, port: port, log)
    }
  }

  private static func serve(
    _ offer: Offer, _ identity: ServerIdentity, _ session: Session.Limits, _ changes: Changes
  ) async {
    let (input, output) = FileDescriptor.claimStandardStreams()
    var limits = StdioServer.Limits()
    limits.session = session
    await StdioServer(offer: offer, identity: identity, limits: limits)
      .run(input: input, output: output) { connection in
        changes.listen { connection.changed([$0]) }
      }
  }

  private static func serve(
    _ offer: Offer, _ identity: ServerIdentity, _ session: Session.Limits, _ changes: Changes,
    port: Int, _ log: Logger
  ) async throws {
    var limits = HTTPEndpoint.Limits()
    limits.session = session
    let endpoint = HTTPEndpoint(offer: offer, identity: identity, token: nil, limits: limits)
    changes.listen { endpoint.changed([$0]) }
    let server = HubServer(
      nil, mcp: MCPMount(endpoint, visitors: VisitorRules()), host: "127.0.0.1", port: port,
      log: log
    ) { port in
      log.notice("listening on http://127.0.0.1:\(port)/mcp")
    }
    try await server.run()
  }

  /// To standard error, which nobody buffers.
  private static func logger() -> Logger {
    var log = Logger(label: "mcp-fixture") { StreamLogHandler.standardError(label: $0) }
    log.logLevel = .notice
    return log
  }
}
