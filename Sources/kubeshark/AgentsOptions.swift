import ArgumentParser
import Hub
import Identity
import KubeAPI
import Logging
import Ring
import Store
import Synchronization
import Tools

/// The flags of a Hub whose traffic comes from agents.
struct AgentsOptions: ParsableArguments {
  @Flag(
    name: .customLong("agents"),
    help: "Take the traffic that agents send (kubeshark agent), by --agent-token-file.")
  var isWanted = false

  @Option(
    help: ArgumentHelp(
      "With --agents: the secret that agents show; read again when it changes.",
      valueName: "file"))
  var agentTokenFile: String?

  @Option(
    help: ArgumentHelp(
      "With --agents: where agents reach this Hub, when not at --listen; nothing else is served there "
        + "but health.", valueName: "host:port"))
  var agentsListen: String?

  @Option(
    help: ArgumentHelp(
      "With --agents-listen: serve agents over TLS with this certificate (PEM), read again when it "
        + "changes; without it by that of --tls-cert, if any.", valueName: "file"))
  var agentsTlsCert: String?

  @Option(help: ArgumentHelp("The certificate's key (PEM).", valueName: "file"))
  var agentsTlsKey: String?

  @Option(
    help: ArgumentHelp(
      "With --agents in a cluster: take names from these namespaces only, separated by commas; no "
        + "cluster role is needed then.", valueName: "names"))
  var namespaces: String?

  @OptionGroup var api: KubeAPIOptions

  func validate() throws {
    if isWanted, agentTokenFile == nil {
      throw ValidationError("--agents needs --agent-token-file: the secret that agents show.")
    }
    if !isWanted, agentTokenFile != nil {
      throw ValidationError("--agent-token-file goes with --agents.")
    }
    if (agentsTlsCert == nil) != (agentsTlsKey == nil) {
      throw ValidationError("--agents-tls-cert and --agents-tls-key go together.")
    }
    if agentsTlsCert != nil, agentsListen == nil {
      throw ValidationError(
        "--agents-tls-cert goes with --agents-listen: at --listen it is --tls-cert for all.")
    }
  }

  /// What agents are shown where they have an address of their own; nil for what all are.
  func tls(_ files: RenewedFiles, _ log: Logger) throws(Failure) -> HubTLS? {
    guard let agentsTlsCert, let agentsTlsKey else { return nil }
    return try HubAccessOptions.tls(
      agentsTlsCert, agentsTlsKey, flags: "--agents-tls", files, log)
  }

  /// Traffic comes from one place.
  func check(_ traffic: TrafficOptions) throws(Failure) {
    if isWanted, traffic.live.isNamed || !traffic.captures.isEmpty {
      throw .usage(
        "--agents is a source of traffic beside --pcap and --interface: give one of them")
    }
  }

  /// The traffic of agents with the place they send it to; nil when it is not wanted.
  ///
  /// - Parameter tell: gets a sentence without its full stop when names cannot be learnt.
  func start(
    _ traffic: TrafficOptions, _ files: RenewedFiles, tell: @escaping @Sendable (String) -> Void
  ) throws(Failure) -> (started: StartedTraffic, mount: AgentsMount)? {
    guard isWanted, let agentTokenFile else { return nil }
    let token: SharedToken
    do throws(SharedToken.Mistake) { token = try SharedToken(absolutePath(agentTokenFile)) } catch {
      throw .usage("--agent-token-file: \(error.message)")
    }
    files.add("--agent-token-file") {
      do throws(SharedToken.Mistake) {
        try token.renew()
        return nil
      } catch { return error.message }
    }
    let inventory = RenewedInventory(try traffic.inventory())
    let folder = try traffic.dataFolder(standard: AgentTraffic.standardBytes.disk)
    let redactor =
      traffic.showSecrets ? Redactor.off : Redactor(key: try traffic.liveKey(folder))
    let reading: AgentTraffic
    do throws(StoreError) {
      reading = try AgentTraffic(
        data: folder, limits: traffic.storeLimits(standard: AgentTraffic.standardBytes.memory))
    } catch { throw .failed("\(error)") }
    let gatherer = try gatherer(reading, traffic)
    let watch = try api.watch(namespaces: NamespaceList.names(namespaces, flag: "--namespaces"))
    if let watch { Task { await watch.run(tell: tell) { _ in } } }
    let current: @Sendable () -> Inventory = { watch?.inventory ?? inventory.value }
    if watch == nil {
      traffic.renewWorkloads(files) {
        inventory.value = $0
        return nil
      }
    } else if traffic.workloads != nil {
      tell("--workloads is not used: the cluster's API says who holds which address")
    }
    let library = try traffic.library(
      current, redactor, raw: gatherer, calls: AgentTraffic.standardBytes.disk)
    gatherer.keepWithin { library.room }
    reading.start()
    let hub = EmbeddedHub(
      reading.traffic(redactor: redactor, inventory: current),
      version: Version.text,
      set: traffic.toolSet, library: library)
    return (
      StartedTraffic(hub: hub, reading: reading),
      AgentsMount(reading.intake, gatherer: gatherer, token: token)
    )
  }

  /// An inventory that may be exchanged while others look at it.
  private final class RenewedInventory: Sendable {
    private let latest: Mutex<Inventory>

    init(_ first: Inventory) { latest = Mutex(first) }

    var value: Inventory {
      get { latest.withLock { $0 } }
      set { latest.withLock { $0 = newValue } }
    }
  }

  /// Raw packets of agents come beside the snapshots that are made of them.
  private func gatherer(
    _ reading: AgentTraffic, _ traffic: TrafficOptions
  ) throws(Failure) -> Gatherer {
    do throws(RingError) {
      let folder =
        if let data = traffic.data { absolutePath(data) } else { try TemporaryFolder.make() }
      return try Gatherer(reading.registry, folder: folder + "/gathered")
    } catch { throw .failed("raw packets of agents: \(error)") }
  }
}
