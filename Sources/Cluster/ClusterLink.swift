import HubClient
import Synchronization
import ToolKit

/// A forward, and the client that speaks through it. Both end with the last one who uses them.
final class ClusterLink: Sendable {
  let client: HubClient
  let service: String
  let number: Int
  private let forward: PortForward
  private let end: LinkEnd

  init(
    _ forward: PortForward, service: String, below root: String, number: Int, token: MintedToken,
    license: String?,
    version: String, end: LinkEnd, notice: @escaping @Sendable (String) -> Void
  ) throws(ToolError) {
    (self.forward, self.service, self.number, self.end) = (forward, service, number, end)
    var settings = HubClientSettings()
    settings.root = root
    (settings.token, settings.license) = (.minted(token), license)
    var limits = HubClient.Limits()
    // Over this forward there is no second try: a new one is opened for it.
    limits.repeats = 0
    do {
      client = try HubClient(
        HubAddress("http://127.0.0.1:\(forward.port)"), settings, version: version, limits: limits,
        notice: notice)
    } catch {
      throw ToolError(
        status: 500, code: "client_failed", message: "The client cannot be made: \(error).")
    }
  }

  /// Why the forward has ended; nil while it stands.
  var lostBecause: String? { end.reason }

  deinit {
    // The client must be closed before it goes.
    let (client, forward) = (client, forward)
    Task.detached {
      forward.stop()
      await client.shutdown()
    }
  }
}

/// The end of a forward, which may come before anybody knows its link.
final class LinkEnd: Sendable {
  private let state = Mutex<String?>(nil)

  var reason: String? { state.withLock { $0 } }

  func set(_ reason: String) { state.withLock { $0 = reason } }
}
