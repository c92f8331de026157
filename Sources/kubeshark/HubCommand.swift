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
    abstract: "Serve the traffic of capture files or live interfaces over HTTP.",
    discussion: """
      GET /api/mcp describes the tools, POST /api/mcp/tools/call asks one:
        kubeshark hub --pcap traffic.pcap
        kubeshark hub --interface any --data /var/lib/kubeshark
        curl http://127.0.0.1:8899/api/mcp
        kubeshark mcp --url http://127.0.0.1:8899

      MCP over HTTP is at /mcp. Where others can reach the address, --auth-tokens says who may ask:
      a file with a line TOKEN ROLE [NAMESPACES] each, such as
        3yGcW1mZkQ8vTq2R kubeshark-viewer shop,payments-*

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

  func run() async throws {
    let log = StderrLog.logger(tag: "kubeshark-hub")
    guard traffic.isNamed else {
      throw Failure.usage(
        "name the traffic to serve: kubeshark hub --pcap FILE, or --interface NAME")
    }
    let address = try ListenAddress(listen, flag: "--listen")
    let started =
      traffic.live.isNamed
      ? try traffic.startLive { log.warning("\($0)") } : try traffic.start(follows: follow)
    let reading = started.reading
    let visitors = VisitorRules(names: allowedHosts + [address.host])
    let mode: PromptSetting.Mode = traffic.live.isNamed ? .live : .embedded
    let tls = try access.tls()
    let (face, mcp) = try access.faces(
      of: started.hub, at: address, visitors: visitors, metrics: { reading.statistics.metrics },
      isReady: { reading.statistics.isComplete || reading.statistics.isGrowing }, log
    ) { hub in HubSource(hub: hub, mode: mode, origin: "") }
    // The library's own lines stay out, except when something is wrong.
    let quiet = StderrLog.logger(tag: "kubeshark-hub", level: .warning)
    let server = HubServer(
      face, mcp: mcp, host: address.host, port: address.port, tls: tls, log: quiet
    ) { port in
      log.info("listening on \(address.url(port: port, scheme: tls == nil ? "http" : "https"))")
    }
    do {
      try await server.run()
    } catch {
      throw Failure.failed(
        "cannot serve on \(listen): \(ListenAddress.reason(error, flag: "--listen"))")
    }
    reading.stop()
    started.bar?.close()
  }
}
