import ArgumentParser
import Hub
import Logging
import MCP
import Ring
import Synchronization
import ToolKit
import Tools

/// Who may ask a Hub over HTTP, and how it proves who it is.
struct HubAccessOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Who may ask: a line for each token, its role and its namespaces; read anew when it changes. "
        + "Needed where others reach the address.", valueName: "file"))
  var authTokens: String?

  @Option(
    help: ArgumentHelp(
      "Serve over TLS with this certificate (PEM); read again when it changes.", valueName: "file"))
  var tlsCert: String?

  @Option(help: ArgumentHelp("Key of that certificate (PEM).", valueName: "file"))
  var tlsKey: String?

  func validate() throws {
    if (tlsCert == nil) != (tlsKey == nil) {
      throw ValidationError("--tls-cert and --tls-key go together.")
    }
  }

  /// The tokens; nil where none are needed and none were given.
  private func tokens(
    for address: ListenAddress, _ files: RenewedFiles, _ log: Logger
  ) throws(Failure) -> AccessList? {
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
    let path = absolutePath(authTokens)
    let first = FileSystem.stamp(of: path)
    let file = try Self.tokens(path)
    if tlsCert == nil, !address.isLoopback {
      log.warning("tokens travel unencrypted to \(address.host); use --tls-cert and --tls-key")
    }
    let seen = Mutex(first)
    let list = AccessList(file) {
      let now = FileSystem.stamp(of: path)
      let isNew = seen.withLock { seen in
        defer { seen = now }
        return seen != now
      }
      guard isNew else { return nil }
      do throws(Failure) { return try Self.tokens(path) } catch {
        log.warning("the tokens known so far stay: \(error.message)")
        return nil
      }
    }
    files.add("--auth-tokens") {
      do throws(Failure) {
        list.renew(try Self.tokens(path))
        return nil
      } catch { return error.message }
    }
    return list
  }

  private static func tokens(_ path: String) throws(Failure) -> AccessFile {
    let bytes = try contents(of: path, limit: AccessFile.maxBytes + 1)
    guard bytes.count <= AccessFile.maxBytes else {
      throw .usage("--auth-tokens \(path) is larger than \(AccessFile.maxBytes >> 20) MiB")
    }
    do throws(AccessFile.Mistake) {
      return try AccessFile(String(decoding: bytes, as: UTF8.self))
    } catch {
      throw .usage("--auth-tokens \(path): \(error.message)")
    }
  }

  func tls(_ files: RenewedFiles, _ log: Logger) throws(Failure) -> HubTLS? {
    guard let tlsCert, let tlsKey else { return nil }
    return try Self.tls(tlsCert, tlsKey, flags: "--tls", files, log)
  }

  /// - Parameter flags: what the flags that name the files begin with.
  static func tls(
    _ certificate: String, _ key: String, flags: String, _ files: RenewedFiles, _ log: Logger
  ) throws(Failure) -> HubTLS {
    do throws(HubTLS.Mistake) {
      let tls = try HubTLS(
        certificate: absolutePath(certificate), key: absolutePath(key), flags: flags,
        tell: { log.warning("\($0)") })
      files.add("\(flags)-cert with \(flags)-key") {
        do throws(HubTLS.Mistake) {
          try tls.renew()
          return nil
        } catch { return error.message }
      }
      return tls
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
    agents: AgentsMount?, files: RenewedFiles, _ log: Logger,
    offer: @escaping @Sendable (any HubConnection) -> HubSource
  ) throws(Failure) -> (face: HubFace, mcp: MCPMount) {
    let tokens = try tokens(for: address, files, log)
    let gate = Gate(tokens)
    let readers = Dictionary(
      hub.rows.filter(\.annotations.readOnly).flatMap { row in
        ([row.name] + row.aliases).map { ($0, Set(row.parameters.map(\.name))) }
      }, uniquingKeysWith: { first, _ in first })
    let isOpen = tokens == nil
    let hubs = PerAccess<any HubConnection> { access in
      if isOpen { return hub }
      let visible = access.namespaces.map { hub.scoped(to: $0) } ?? hub
      return GuardedHub(visible, access, readers: readers)
    }
    let face = HubFace(
      hub: { hubs[$0] },
      routes: hub.rows.flatMap { row in
        ([row.route] + row.moreRoutes).map { HubRoute($0, tool: row.name) }
      },
      visitors: visitors, gate: gate, metrics: metrics, isReady: isReady,
      agents: agents,
      onFault: { id, error in
        log.error("\(id): \(error.code): \(error.message)")
      })
    @Sendable func endpoint(_ hub: any HubConnection, token: String?) -> HTTPEndpoint {
      let source = offer(hub)
      return HTTPEndpoint(offer: source.offer(log: log), identity: source.identity, token: token)
    }
    guard isOpen else {
      return (
        face, MCPMount(gate: gate, visitors: visitors) { endpoint(hubs[$0], token: nil) }
      )
    }
    let token = try EndpointToken.token(for: address) { log.warning("\($0)") }
    return (face, MCPMount(endpoint(hub, token: token), visitors: visitors))
  }
}
