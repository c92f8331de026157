import ArgumentParser
import Hub
import Logging
import Pipeline
import ToolKit
import Tools

struct HubCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hub",
    abstract: "Serve the traffic of capture files over HTTP.",
    discussion: """
      GET /api/mcp describes the tools, POST /api/mcp/tools/call asks one:
        kubeshark hub --pcap traffic.pcap
        curl http://127.0.0.1:8899/api/mcp
        kubeshark mcp --url http://127.0.0.1:8899

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

  func run() async throws {
    let log = StderrLog.logger(tag: "kubeshark-hub")
    guard !traffic.captures.isEmpty else {
      throw Failure.usage("name the traffic to serve, for example: kubeshark hub --pcap FILE")
    }
    let (host, port) = try listenAddress(listen)
    let started = try traffic.start(follows: follow)
    let capture = started.capture
    let face = HubFace(
      hub: started.hub, routes: started.hub.rows.map { HubRoute($0.route, tool: $0.name) },
      visitors: VisitorRules(names: allowedHosts + [host]),
      isReady: { capture.statistics.isComplete || capture.statistics.isGrowing })
    if !isLoopback(host) {
      log.warning("whoever reaches \(listen) can read this traffic; nobody has to sign in")
    }
    // The library's own lines stay out, except when something is wrong.
    let quiet = StderrLog.logger(tag: "kubeshark-hub", level: .warning)
    let server = HubServer(face, host: host, port: port, log: quiet) { port in
      log.info("listening on http://\(host.contains(":") ? "[\(host)]" : host):\(port)")
    }
    do {
      try await server.run()
    } catch {
      throw Failure.failed("cannot serve on \(listen): \(reason(error))")
    }
    capture.stop()
  }
}

/// Host and port of `host:port`, `:port`, `port` or `[ip]:port`.
private func listenAddress(_ text: String) throws(Failure) -> (host: String, port: Int) {
  var host = "127.0.0.1"
  var number = text[...]
  if let colon = text.lastIndex(of: ":") {
    if colon != text.startIndex { host = String(text[..<colon]) }
    number = text[text.index(after: colon)...]
  }
  if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
  guard let port = Int(number), (0...65_535).contains(port) else {
    throw .usage("--listen \(text) is not an address such as 127.0.0.1:8899")
  }
  return (host, port)
}

/// What the system says, without the names of its calls.
private func reason(_ error: any Error) -> String {
  let text = "\(error)"
  if text.contains("in use") {
    return "another program listens there. Choose another port by --listen."
  }
  if text.contains("assign requested") {
    return "this machine has no such address. Choose another by --listen."
  }
  if text.contains("ermission denied") {
    return "this user may not listen on that port. Choose one above 1023 by --listen."
  }
  return text
}

private func isLoopback(_ host: String) -> Bool {
  host == "localhost" || host == "::1" || host.hasPrefix("127.")
}
