import ArgumentParser
import HubClient
import JSON
import Logging
import MCP
import ToolKit
import Tools

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct MCPCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mcp",
    abstract: "Serve network traffic to an AI assistant over MCP (stdin and stdout).",
    discussion: """
      From capture files, with nothing else needed:
        kubeshark mcp --pcap traffic.pcap --workloads workloads.yaml

      From a Kubeshark deployment:
        kubeshark mcp --url https://kubeshark.example.com

      For the configuration file of an MCP client, add --mcp-config to either.

      \(exitCodes)
      """)

  @OptionGroup var traffic: TrafficOptions

  @Flag(help: "With one --pcap that is still being written: read on as it grows.")
  var follow = false

  @Option(help: ArgumentHelp("Ask the deployment at this address.", valueName: "url"))
  var url: String?

  @Option(
    help: ArgumentHelp(
      "Token for a gated deployment; better in the environment as KUBESHARK_HUB_TOKEN.",
      valueName: "token"))
  var token: String?

  @Option(help: ArgumentHelp("kubeconfig for proxy mode.", valueName: "file"))
  var kubeconfig: String?

  @Option(help: ArgumentHelp("kubeconfig context for proxy mode.", valueName: "name"))
  var context: String?

  @Flag(help: "Offer start_kubeshark and stop_kubeshark in proxy mode.")
  var allowDestructive = false

  @Flag(help: "List the tools and prompts, and exit.")
  var listTools = false

  @Flag(help: "With --list-tools: as JSON.")
  var json = false

  @Flag(help: "Print the configuration for an MCP client, and exit.")
  var mcpConfig = false

  /// The `--url` that was given; an empty one counts as none.
  private var hubURL: String? { url.flatMap { $0.isEmpty ? nil : $0 } }

  func validate() throws {
    if hubURL != nil, !traffic.captures.isEmpty {
      throw ValidationError("--url and --pcap are two sources of traffic: give one of them.")
    }
    if traffic.captures.contains("-") {
      throw ValidationError(
        "--pcap - cannot be used here: standard input carries the MCP messages.")
    }
    if follow, traffic.captures.count != 1 {
      throw ValidationError("--follow goes with one --pcap: the capture still being written.")
    }
    if json, !listTools { throw ValidationError("--json goes with --list-tools.") }
  }

  func run() async throws {
    let log = StderrLog.logger(tag: "kubeshark-mcp")
    if mcpConfig {
      printConfiguration(log)
    } else if listTools {
      try await list(try connected(log))
    } else {
      await serve(try connected(log), log)
    }
  }

  // MARK: Where the traffic comes from

  /// A Hub, however it is reached.
  private struct Source {
    var hub: any HubConnection
    var mode: PromptSetting.Mode
    /// One line for people.
    var origin: String
  }

  private func connected(_ log: Logger) throws(Failure) -> Source {
    if let hubURL { return try elsewhere(hubURL, log) }
    guard !traffic.captures.isEmpty else {
      throw .usage(
        """
        say where the traffic is: --pcap FILE for capture files, or --url URL for a Kubeshark \
        deployment. Reaching a deployment through kubectl is not part of this version; \
        kubectl port-forward service/kubeshark-front 8899:80 and --url http://localhost:8899 \
        do the same.
        """)
    }
    let names = traffic.captures.joined(separator: ", ")
    let hub = try listTools ? traffic.open().hub : traffic.start(follows: follow).hub
    return Source(hub: hub, mode: .embedded, origin: "Capture files: \(names)")
  }

  private func elsewhere(_ url: String, _ log: Logger) throws(Failure) -> Source {
    let address: HubAddress
    do throws(HubAddress.Problem) {
      address = try HubAddress(url)
    } catch {
      throw .usage("--url: \(error.message). \(error.hint)")
    }
    let token = try hubToken()
    if token != nil, address.scheme == "http", !address.isLoopback {
      log.warning("the token travels unencrypted to \(address); use https")
    }
    if allowDestructive { log.warning("--allow-destructive has no effect together with --url") }
    let hub = HubClient(address, token: token, version: Version.text) { log.warning("\($0)") }
    return Source(hub: hub, mode: .url("\(address)"), origin: "")
  }

  private func hubToken() throws(Failure) -> String? {
    let environment = getenv("KUBESHARK_HUB_TOKEN").map { String(cString: $0) }
    // An installer may hand over an empty text, or its own variable, for what was not given.
    let given = [token, environment].compactMap { $0?.filter { !$0.isWhitespace } }
      .first { !$0.isEmpty && !$0.hasPrefix("${") }
    guard let text = given else { return nil }
    guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw .usage("the token holds characters that cannot be part of one")
    }
    return text
  }

  // MARK: What is done with it

  private func serve(_ source: Source, _ log: Logger) async {
    let (input, output) = FileDescriptor.claimStandardStreams()
    let offer = Offer(hub: source.hub, prompts: PromptLibrary.all, mode: source.mode, log: log)
    let identity = ServerIdentity(
      version: Version.text, instructions: instructions(for: source.mode))
    let server = StdioServer(offer: offer, identity: identity) { _exit(0) }
    await untilInterrupted { await server.run(input: input, output: output) }
    // What still runs in the background has nobody left to tell.
    _exit(0)
  }

  private func list(_ source: Source) async throws {
    var catalogue: Catalogue?
    var problem: ToolError?
    do throws(ToolError) {
      catalogue = try await source.hub.catalogue()
    } catch {
      problem = error
    }
    let listing = ToolListing(
      mode: source.mode, origin: source.origin, catalogue: catalogue,
      prompts: PromptLibrary.all.map(\.description), problem: problem)
    print(
      json ? JSONValue.object(listing.json).prettyText : listing.text, terminator: json ? "\n" : "")
    fflush(nil)
    _exit(problem == nil ? 0 : Failure.Code.failed.rawValue)
  }

  private func printConfiguration(_ log: Logger) {
    var arguments = ["mcp"]
    if let hubURL { arguments += ["--url", hubURL] }
    arguments += traffic.carriedOver
    if follow { arguments.append("--follow") }
    if let kubeconfig { arguments += ["--kubeconfig", absolutePath(kubeconfig)] }
    if let context { arguments += ["--context", context] }
    if allowDestructive { arguments.append("--allow-destructive") }
    if token != nil {
      log.warning("the token is left out; put it into the environment as KUBESHARK_HUB_TOKEN")
    }
    print(
      ClientConfiguration(command: executablePath(), arguments: arguments).text, terminator: "")
  }
}
