import ArgumentParser
import Hub
import Logging
import MCP
import ToolKit
import Tools

/// Who may ask a Hub over HTTP, and how it proves who it is.
struct HubAccessOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Who may ask: a line for each token, its role and its namespaces. Needed where others reach "
        + "the address.", valueName: "file"))
  var authTokens: String?

  @Option(help: ArgumentHelp("Serve over TLS with this certificate (PEM).", valueName: "file"))
  var tlsCert: String?

  @Option(help: ArgumentHelp("Key of that certificate (PEM).", valueName: "file"))
  var tlsKey: String?

  func validate() throws {
    if (tlsCert == nil) != (tlsKey == nil) {
      throw ValidationError("--tls-cert and --tls-key go together.")
    }
  }

  /// The tokens; nil where none are needed and none were given.
  private func tokens(for address: ListenAddress, _ log: Logger) throws(Failure) -> AccessFile? {
    guard let authTokens else {
      guard address.isLoopback else {
        throw .usage(
          """
          others can reach \(address.host), and the traffic is private: give --auth-tokens FILE \
          with a line TOKEN ROLE [NAMESPACES] for each who may ask. Roles: \
          \(Access.roles.map(\.name).joined(separator: ", "))
          """)
      }
      return nil
    }
    let bytes = try contents(of: authTokens, limit: AccessFile.maxBytes + 1)
    guard bytes.count <= AccessFile.maxBytes else {
      throw .usage("--auth-tokens \(authTokens) is larger than \(AccessFile.maxBytes >> 20) MiB")
    }
    if tlsCert == nil, !address.isLoopback {
      log.warning("tokens travel unencrypted to \(address.host); use --tls-cert and --tls-key")
    }
    do throws(AccessFile.Mistake) {
      return try AccessFile(String(decoding: bytes, as: UTF8.self))
    } catch {
      throw .usage("--auth-tokens \(authTokens): \(error.message)")
    }
  }

  func tls() throws(Failure) -> HubTLS? {
    guard let tlsCert, let tlsKey else { return nil }
    do throws(HubTLS.Mistake) {
      return try HubTLS(certificate: absolutePath(tlsCert), key: absolutePath(tlsKey))
    } catch {
      throw .usage(error.message)
    }
  }

  /// The two faces of a Hub, for whoever may ask.
  ///
  /// - Parameter offer: what MCP shows of a Hub.
  func faces(
    of hub: EmbeddedHub, at address: ListenAddress, visitors: VisitorRules,
    metrics: @escaping @Sendable () -> [Metric], isReady: @escaping @Sendable () -> Bool,
    agents: AgentsMount?, _ log: Logger, offer: (any HubConnection) -> HubSource
  ) throws(Failure) -> (face: HubFace, mcp: MCPMount) {
    let tokens = try tokens(for: address, log)
    let gate = Gate(tokens)
    let readers = hub.rows.filter(\.annotations.readOnly).flatMap { [$0.name] + $0.aliases }
    var hubs: [Access: any HubConnection] = [:]
    for access in tokens?.accesses ?? [] {
      let visible = access.namespaces.map { hub.scoped(to: $0) } ?? hub
      hubs[access] = GuardedHub(visible, access, readers: Set(readers))
    }
    let byAccess = hubs
    let face = HubFace(
      hub: { byAccess[$0] ?? hub },
      routes: hub.rows.flatMap { row in
        ([row.route] + row.moreRoutes).map { HubRoute($0, tool: row.name) }
      },
      visitors: visitors, gate: gate, metrics: metrics, isReady: isReady,
      agents: agents)
    func endpoint(_ hub: any HubConnection, token: String?) -> HTTPEndpoint {
      let source = offer(hub)
      return HTTPEndpoint(offer: source.offer(log: log), identity: source.identity, token: token)
    }
    guard tokens != nil else {
      let token = try EndpointToken.token(for: address) { log.warning("\($0)") }
      return (face, MCPMount(endpoint(hub, token: token), visitors: visitors))
    }
    return (
      face,
      MCPMount(byAccess.mapValues { endpoint($0, token: nil) }, gate: gate, visitors: visitors)
    )
  }
}
