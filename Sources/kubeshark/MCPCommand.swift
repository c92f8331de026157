import ArgumentParser
import Hub
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
    abstract: "Serve network traffic to an AI assistant over MCP (stdin and stdout, or HTTP).",
    discussion: """
      From capture files, with nothing else needed:
        kubeshark mcp --pcap traffic.pcap --workloads workloads.yaml

      From live interfaces (Linux, with the capability CAP_NET_RAW):
        kubeshark mcp --interface eth0 --bpf 'tcp port 80'

      From a Kubeshark deployment:
        kubeshark mcp --url https://kubeshark.example.com

      From the deployment in the current Kubernetes cluster, through kubectl port-forward:
        kubeshark mcp
        kubeshark mcp --kubeconfig ~/.kube/config --context shop --release-namespace kubeshark

      Over HTTP instead of stdin and stdout, at http://127.0.0.1:8898/mcp:
        kubeshark mcp --pcap traffic.pcap --http 127.0.0.1:8898

      To have an MCP client start it, add --mcp-config to print what goes into its configuration,
      or write it there: kubeshark mcp install --client cursor --pcap traffic.pcap

      \(exitCodes)
      """,
    subcommands: [MCPServeCommand.self, MCPInstallCommand.self],
    defaultSubcommand: MCPServeCommand.self)
}

/// The flags of `mcp` that go into a client's configuration.
struct MCPOptions: ParsableArguments {
  @OptionGroup var traffic: TrafficOptions

  @Flag(help: "With one --pcap that is still being written: read on as it grows.")
  var follow = false

  @OptionGroup var remote: HubOptions

  @OptionGroup var cluster: ClusterOptions

  func validate() throws {
    if remote.url.isGiven, traffic.isNamed {
      let other =
        traffic.live.isNamed ? "--interface" : traffic.captures.isEmpty ? "--data" : "--pcap"
      throw ValidationError("--url and \(other) are two sources of traffic: give one of them.")
    }
    if traffic.captures.contains("-") {
      throw ValidationError(
        "--pcap - cannot be used here: standard input carries the MCP messages.")
    }
    if follow, traffic.captures.count != 1 {
      throw ValidationError("--follow goes with one --pcap: the capture still being written.")
    }
  }

  /// The arguments with which a client starts the same server.
  var carriedOver: [String] {
    var arguments = ["mcp"] + remote.carriedOver + traffic.carriedOver
    if follow { arguments.append("--follow") }
    let isProxy = !remote.url.isGiven && !traffic.isNamed
    return arguments + cluster.carriedOver(resolvesKubeconfig: isProxy)
  }

  /// The entry for a client's configuration.
  ///
  /// - Parameter withToken: whether the token goes into it, as environment of the server.
  func clientEntry(
    for client: MCPClient, withToken: Bool = false, _ log: Logger
  ) throws(Failure) -> ClientConfiguration {
    var entry = ClientConfiguration(
      client: client, command: executablePath(), arguments: carriedOver)
    if withToken {
      entry.environment = ["KUBESHARK_HUB_TOKEN": .string(try tokenForClient())]
      log.warning(
        "the configuration holds the token in plain text: let nobody else read the file it goes into"
      )
    } else if remote.token.isGiven {
      log.warning(
        """
        the token is left out; put it into the environment as KUBESHARK_HUB_TOKEN, or print it with \
        --mcp-config --with-token
        """)
    }
    return entry
  }

  /// The token that a client's configuration is to hold.
  private func tokenForClient() throws(Failure) -> String {
    guard remote.url.isGiven else {
      throw .usage("--with-token goes with --url: only a deployment at an address takes a token")
    }
    guard !remote.tokenFile.isGiven else {
      throw .usage(
        "--token-file goes into the configuration, and the token is read there: leave --with-token out"
      )
    }
    guard let token = try remote.givenToken() else {
      throw .usage("--with-token needs a token: give --token, or set KUBESHARK_HUB_TOKEN")
    }
    return token
  }

  /// The Hub that the flags name.
  ///
  /// - Parameters:
  ///   - reads: whether captures are read, not only their catalogue asked for.
  ///   - files: gets what can be read anew.
  func source(
    reads: Bool, _ log: Logger, _ files: RenewedFiles? = nil
  ) throws(Failure) -> HubSource {
    if let source = try remote.source(cluster.place, log) {
      if cluster.allowDestructive {
        log.warning("--allow-destructive has no effect together with --url")
      }
      return source
    }
    guard traffic.isNamed else {
      if remote.token.isGiven || remote.tokenFile.isGiven {
        log.warning("a token goes with --url; here the cluster is asked for one")
      }
      return try cluster.source(remote.downloadFolder, log)
    }
    if traffic.live.isNamed {
      let names = traffic.live.interfaces.joined(separator: ", ")
      let origin = "Live interfaces: \(names)"
      guard reads else {
        let hub = try traffic.catalogue()
        return HubSource(
          hub: hub, mode: .live, origin: origin, local: remote.fileTools(hub))
      }
      let started = try traffic.startLive(files) { log.warning("\($0)") }
      return HubSource(
        hub: started.hub, mode: .live, origin: origin, local: remote.fileTools(started.hub),
        end: { started.reading.stop() })
    }
    let names = (traffic.captures + [traffic.data].compactMap { $0 }).joined(separator: ", ")
    let hub = try reads ? traffic.start(follows: follow, files).hub : traffic.open().hub
    return HubSource(
      hub: hub, mode: .embedded, origin: "Capture files: \(names)", local: remote.fileTools(hub))
  }
}

/// `kubeshark mcp` itself.
struct MCPServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve (what kubeshark mcp does by itself).",
    discussion: exitCodes)

  @OptionGroup var options: MCPOptions

  @Option(
    help: ArgumentHelp(
      "Serve MCP over HTTP at /mcp of this address instead of stdin and stdout.",
      valueName: "host:port"))
  var http: String?

  @Option(
    name: .customLong("allow-host"),
    help: ArgumentHelp(
      "With --http: a host name this server goes by; can be repeated.", valueName: "name"))
  var allowedHosts: [String] = []

  @Option(
    help: ArgumentHelp("Longest message on standard input, in MiB.", valueName: "count"))
  var maxMessage = LineSplitter.standardLimit >> 20

  @Flag(help: "List the tools and prompts, and exit.")
  var listTools = false

  @Flag(help: "With --list-tools: as JSON.")
  var json = false

  @Flag(help: "Print the configuration for an MCP client, and exit.")
  var mcpConfig = false

  @Option(
    help: ArgumentHelp(
      "With --mcp-config: the client it is for (\(MCPClient.names)).", valueName: "name"))
  var client: MCPClient?

  @Flag(
    help: """
      With --mcp-config: put the token of --token or KUBESHARK_HUB_TOKEN into it, in plain text.
      """)
  var withToken = false

  func validate() throws {
    if withToken, !mcpConfig { throw ValidationError("--with-token goes with --mcp-config.") }
    if json, !listTools { throw ValidationError("--json goes with --list-tools.") }
    if client != nil, !mcpConfig { throw ValidationError("--client goes with --mcp-config.") }
    if !allowedHosts.isEmpty, http == nil {
      throw ValidationError("--allow-host goes with --http.")
    }
    guard (1...1_024).contains(maxMessage) else {
      throw ValidationError("--max-message is in MiB, from 1 to 1024.")
    }
  }

  func run() async throws {
    let log = StderrLog.logger(
      tag: "kubeshark-mcp", level: options.cluster.place.debug ? .debug : .info)
    if mcpConfig {
      let entry = try options.clientEntry(
        for: client ?? .claudeDesktop, withToken: withToken, log)
      print(entry.text, terminator: "")
    } else if listTools {
      try await list(try options.source(reads: false, log))
    } else if let http {
      let files = RenewedFiles()
      try await serve(
        try options.source(reads: true, log, files), over: try ListenAddress(http, flag: "--http"),
        files, log)
    } else {
      await serve(try options.source(reads: true, log), log)
    }
  }

  // MARK: Serving

  private func serve(_ source: HubSource, _ log: Logger) async {
    let (input, output) = FileDescriptor.claimStandardStreams()
    var limits = StdioServer.Limits()
    limits.line = maxMessage << 20
    let server = StdioServer(
      offer: source.offer(log: log), identity: source.identity, limits: limits,
      thread: source.thread, rested: { ProgramPages.giveBack() },
      overdue: {
        source.end()
        _exit(0)
      })
    await Interruption.cancels {
      await server.run(input: input, output: output) { connection in
        source.watch?(
          { connection.changed([.tools, .prompts, .resources]) },
          { connection.log(.warning, "hub", .string($0)) })
      }
    }
    source.end()
    // What still runs in the background has nobody left to tell.
    TemporaryFolder.remove()
    _exit(0)
  }

  private func serve(
    _ source: HubSource, over address: ListenAddress, _ files: RenewedFiles, _ log: Logger
  ) async throws {
    let endpoint = HTTPEndpoint(
      offer: source.offer(log: log), identity: source.identity,
      token: try EndpointToken.token(for: address) { log.warning("\($0)") },
      rested: { ProgramPages.giveBack() })
    source.watch?(
      { endpoint.changed([.tools, .prompts, .resources]) },
      { endpoint.log(.warning, "hub", $0) })
    let mount = MCPMount(endpoint, visitors: VisitorRules(names: allowedHosts + [address.host]))
    let quiet = StderrLog.logger(tag: "kubeshark-mcp", level: .warning)
    let server = HubServer(
      nil, mcp: mount, host: address.host, port: address.port, log: quiet
    ) { port in
      log.info("listening on \(address.url(port: port))/mcp")
    }
    Hangup.obey(files, log)
    do {
      try await server.run()
    } catch {
      throw Failure.failed(
        "cannot serve on \(address.host):\(address.port): "
          + ListenAddress.reason(error, flag: "--http"))
    }
    source.end()
    TemporaryFolder.remove()
    _exit(0)
  }

  private func list(_ source: HubSource) async throws {
    var catalogue: Catalogue?
    var problem: ToolError?
    do throws(ToolError) {
      catalogue = try await source.hub.catalogue()
    } catch {
      problem = error
    }
    let listing = ToolListing(
      mode: source.mode, origin: source.origin,
      local: source.local.filter(\.isListed).map(\.description), catalogue: catalogue,
      prompts: PromptLibrary.all.map(\.description), problem: problem)
    print(
      json ? JSONValue.object(listing.json).prettyText : listing.text, terminator: json ? "\n" : "")
    fflush(nil)
    TemporaryFolder.remove()
    _exit(problem == nil ? 0 : Failure.Code.failed.rawValue)
  }
}
