import ArgumentParser
import Hub
import Logging
import MCP
import Pipeline
import ToolKit
import Tools

struct HubCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hub",
    abstract: "Serve the traffic of capture files, live interfaces or agents over HTTP.",
    discussion: """
      GET /api/mcp describes the tools, POST /api/mcp/tools/call asks one:
        kubeshark hub --pcap traffic.pcap
        kubeshark hub --interface any --data /var/lib/kubeshark
        curl http://127.0.0.1:8899/api/mcp
        kubeshark mcp --url http://127.0.0.1:8899

      In a cluster agents send what they see on their nodes:
        kubeshark hub --listen :8899 --agents --agent-token-file agent-token --data /data \\
          --auth-tokens tokens

      MCP over HTTP is at /mcp. Where others can reach the address, --auth-tokens says who may ask:
      a file with a line TOKEN ROLE [NAMESPACES] each, such as
        3yGcW1mZkQ8vTq2R kubeshark-viewer shop,payments-*

      \(hangupHelp)

      SIGHUP reads the file of --workloads anew as well: names of calls from then on, and of workloads
      in lists, are as it says. Finished captures keep the names they were read with.

      \(exitCodes)
      """)

  @OptionGroup var traffic: TrafficOptions

  @Flag(help: "With one --pcap that is still being written: read on as it grows.")
  var follow = false

  @Option(help: ArgumentHelp("Where to listen; port 0 takes a free one.", valueName: "host:port"))
  var listen = "127.0.0.1:8899"

  @Option(
    name: .customLong("allow-host"),
    help: ArgumentHelp("A host name this Hub goes by; can be repeated.", valueName: "name"))
  var allowedHosts: [String] = []

  @OptionGroup var access: HubAccessOptions

  @OptionGroup var agents: AgentsOptions

  func run() async throws {
    let log = StderrLog.logger(tag: "kubeshark-hub")
    try agents.check(traffic)
    guard traffic.isNamed || agents.isWanted else {
      throw Failure.usage(
        "name the traffic to serve: kubeshark hub --pcap FILE, --interface NAME, or --agents")
    }
    let address = try ListenAddress(listen, flag: "--listen")
    let files = RenewedFiles()
    let mounted = try agents.start(traffic, files) { log.warning("\($0)") }
    let started: StartedTraffic
    if let mounted {
      started = mounted.started
    } else if traffic.live.isNamed {
      started = try traffic.startLive(files) { log.warning("\($0)") }
    } else {
      started = try traffic.start(follows: follow, files)
    }
    let reading = started.reading
    let visitors = VisitorRules(names: allowedHosts + [address.host])
    let mode: PromptSetting.Mode = traffic.live.isNamed || agents.isWanted ? .live : .embedded
    let tls = try access.tls(files, log)
    let agentsTLS = try agents.tls(files, log) ?? tls
    let (face, mcp) = try access.faces(
      of: started.hub, at: address, visitors: visitors, metrics: { reading.statistics.metrics },
      isReady: { reading.statistics.isComplete || reading.statistics.isGrowing },
      agents: mounted?.mount, files: files, log
    ) { hub in HubSource(hub: hub, mode: mode, origin: "") }
    // The library's own lines stay out, except when something is wrong.
    let quiet = StderrLog.logger(tag: "kubeshark-hub", level: .warning)
    let server = HubServer(
      face, mcp: mcp, agents: agents.agentsListen == nil ? mounted?.mount : nil,
      host: address.host, port: address.port, tls: tls,
      log: quiet
    ) { port in
      log.info("listening on \(address.url(port: port, scheme: tls == nil ? "http" : "https"))")
    }
    Hangup.obey(files, log)
    do {
      if let mounted, let text = agents.agentsListen {
        try await run(server, beside: mounted.mount, at: text, agentsTLS, reading, log)
      } else {
        try await server.run()
      }
    } catch {
      throw Failure.failed(
        "cannot serve on \(listen): \(ListenAddress.reason(error, flag: "--listen"))")
    }
    reading.stop()
    started.bar?.close()
  }

  /// Serves people at one address and agents at another, until one of them ends.
  private func run(
    _ server: HubServer, beside mount: AgentsMount, at text: String, _ tls: HubTLS?,
    _ reading: any TrafficReading, _ log: Logger
  ) async throws {
    let address = try ListenAddress(text, flag: "--agents-listen")
    let face = HubFace(
      hub: { _ in NoTools() }, routes: [], visitors: VisitorRules(names: [address.host]),
      isReady: { reading.statistics.isComplete || reading.statistics.isGrowing })
    let beside = HubServer(
      face, agents: mount, host: address.host, port: address.port, tls: tls,
      log: StderrLog.logger(tag: "kubeshark-hub", level: .warning)
    ) { port in
      log.info(
        "agents reach it at \(address.url(port: port, scheme: tls == nil ? "http" : "https"))")
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      group.addTask { try await beside.run() }
      // Both end on the same signal; when one cannot be served the other is not needed.
      try await group.next()
      group.cancelAll()
      try await group.waitForAll()
    }
  }
}
