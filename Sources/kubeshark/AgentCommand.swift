import ArgumentParser
import Bytes
import Capture
import Hub
import HubClient
import Logging
import MCP
import NodeAgent
import Pipeline
import Ring
import Shipping
import Store
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct AgentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent",
    abstract: "Capture a node's traffic and send its calls to a Hub.",
    discussion: """
      One runs on each node of a cluster; raw packets stay on it, calls go to the Hub:
        kubeshark agent --hub http://kubeshark-hub:8899 --token-file agent-token --data /data

      In a cluster (or with --kube-api) it captures pods, as --namespaces and --pod-regex choose \
      them; elsewhere all traffic of the machine.

      While the Hub is away calls wait in the folder of --data, up to --buffer. /healthz, /readyz \
      and /metrics are at --listen.

      \(hangupHelp)

      \(exitCodes)
      """)

  @OptionGroup var target: AgentHubOptions

  @Option(
    help: ArgumentHelp(
      "Keep what waits for the Hub, and raw packets, in this folder.", valueName: "folder"))
  var data: String

  @Option(
    help: ArgumentHelp(
      "Name of this node (default: NODE_NAME in the environment, else the machine's).",
      valueName: "name"))
  var node: String?

  @Option(
    name: .customLong("interface"),
    help: ArgumentHelp("Capture this interface; can be repeated.", valueName: "name"))
  var interfaces: [String] = [Interfaces.any]

  @Option(
    help: ArgumentHelp("Where health and metrics are told.", valueName: "host:port"))
  var listen = "127.0.0.1:8897"

  @OptionGroup var limits: AgentLimitOptions

  @OptionGroup var cluster: AgentTargetOptions

  func run() async throws {
    let log = StderrLog.logger(tag: "kubeshark-agent")
    let address = try ListenAddress(listen, flag: "--listen")
    let agent = try start(log)
    let face = HubFace(
      hub: { _ in NoTools() }, routes: [], visitors: VisitorRules(names: [address.host]),
      metrics: { agent.metrics }, isReady: { agent.isReady })
    let quiet = StderrLog.logger(tag: "kubeshark-agent", level: .warning)
    let server = HubServer(face, host: address.host, port: address.port, log: quiet) { port in
      log.info("health at \(address.url(port: port))/healthz; node \(agent.node)")
    }
    let files = RenewedFiles()
    target.add(to: files)
    Hangup.obey(files, log)
    let work = Task { await agent.run() }
    do { try await server.run() } catch {
      throw Failure.failed(
        "cannot serve on \(listen): \(ListenAddress.reason(error, flag: "--listen"))")
    }
    work.cancel()
    await work.value
    await agent.stop()
  }

  private func start(_ log: Logger) throws(Failure) -> Agent {
    let node = try nodeName()
    let rule = try cluster.rule()
    let watch = try cluster.watch()
    let link = try target.link()
    let folder = absolutePath(data)
    let capture = try capture(everything: watch == nil)
    let tell: @Sendable (String) -> Void = { log.warning("\($0)") }
    let (lock, store) = try opened(folder)
    let ringLimits = try limits.ring()
    let ring: Ring
    do throws(RingError) {
      ring = try Ring(folder + "/ring", limits: ringLimits)
    } catch { throw .failed("\(error)") }
    let kept = limits.capture
    let workers = NodeCapture.workers(cores: Processors.usable, memory: kept.memory)
    let nodeCapture = NodeCapture(
      capture, node: node, workers: workers, into: store, ring: ring, limits: kept, tell: tell)
    return Agent(
      node: node, version: Version.text, capture: nodeCapture, link: link, lock: lock,
      cluster: watch, rule: rule, tell: tell)
  }

  /// The folder's lock, and what waits in it.
  private func opened(_ folder: String) throws(Failure) -> (FolderLock, EntryStore) {
    do throws(StoreError) {
      let lock = try FolderLock(folder)
      let store = try EntryStore(
        .file(path: folder + "/outbox.sqlite"),
        limits: NodeCapture.storeLimits(limits.capture))
      return (lock, store)
    } catch { throw .usage("--data: \(error)") }
  }

  private func nodeName() throws(Failure) -> String {
    var name = node ?? environment("NODE_NAME") ?? ""
    if name.isEmpty {
      var bytes = [CChar](repeating: 0, count: 256)
      if gethostname(&bytes, bytes.count - 1) == 0 {
        name = String(
          decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
    guard AgentRegistry.isName(name) else {
      throw .usage("--node: \(AgentRegistry.nameRule)")
    }
    return name
  }

  private func capture(everything: Bool) throws(Failure) -> LiveCapture {
    var settings = LiveSettings(interfaces: interfaces, sockets: Processors.usable)
    settings.ringBytes = limits.ringMemory
    do throws(LiveError) {
      // Of pods, nothing before it is known which.
      settings.filter = everything ? try target.withoutOurs() : .nothing
      return try LiveCapture(settings)
    } catch {
      throw error.code == .unknownInterface ? .usage("\(error)") : .failed("\(error)")
    }
  }
}
