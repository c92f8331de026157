import ArgumentParser
import Bytes
import Cluster
import Logging
import Synchronization
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a Hub of the cluster is forwarded to.
struct LocalPort: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Address of this machine where the Hub is forwarded to (default 127.0.0.1).",
      valueName: "address"))
  var proxyHost: String?

  @Option(
    help: ArgumentHelp("Its port; 0 takes a free one (default 8899).", valueName: "port"))
  var proxyFrontPort: Int?

  func validate() throws {
    if let proxyFrontPort, !(0...65_535).contains(proxyFrontPort) {
      throw ValidationError("--proxy-front-port is a port from 0 to 65535.")
    }
  }

  /// Forwards the Hub until a signal comes.
  func forward(
    _ access: ClusterAccess, _ settings: ClusterSettings, _ log: Logger
  ) async throws(Failure) {
    let given = proxyHost ?? settings.text(.proxyHost) ?? "127.0.0.1"
    let port = proxyFrontPort ?? settings.count(.proxyPort)
    let address = try ListenAddress(hostAndPort(given, port), flag: "--proxy-host")
    if !address.isLoopback {
      log.warning(
        "everybody who reaches \(address.host) can ask the Hub, and the traffic is private")
    }
    let forward = HubForward(
      access, origin: access.origin { environment($0) }, host: address.host, port: address.port)
    let problem = Mutex<ToolError?>(nil)
    await Interruption.cancels {
      do throws(ToolError) {
        try await forward.run { port in
          print("The Hub is at \(address.url(port: port)) until Ctrl-C.")
          fflush(nil)
        } lost: { reason in
          log.warning("the way to the Hub is gone, and is opened again: \(reason)")
        }
      } catch { problem.withLock { $0 = error } }
    }
    if let problem = problem.withLock({ $0 }) {
      throw .failed(ClusterWork.words(problem.text))
    }
  }
}

struct ProxyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "proxy",
    abstract: "Forward the Hub of the cluster to this machine.",
    discussion: """
      kubeshark proxy -s kubeshark
      kubeshark mcp --url http://127.0.0.1:8899

      The forward is opened again when the pod, the network or the laptop went away. kubeshark mcp
      needs none of this: without --url it has a forward of its own.

      \(exitCodes)
      """)

  @OptionGroup var place: ClusterPlace

  @OptionGroup var local: LocalPort

  func run() async throws {
    let log = StderrLog.logger(tag: "kubeshark")
    let settings = try place.settings(log).values
    try await local.forward(try place.access(settings), settings, log)
  }
}
