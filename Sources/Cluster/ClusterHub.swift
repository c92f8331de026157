package import HubClient
package import JSON
import Synchronization
package import ToolKit

/// The Hub of a Kubernetes cluster, through `kubectl port-forward`.
///
/// Nothing is asked of the cluster before somebody wants something. The way there is opened once
/// for all callers, watched, and opened again when it breaks; a call that only reads is then sent
/// once more.
package final class ClusterHub: RemoteHub {
  package var access: ClusterAccess { place.withLock { $0.access } }
  /// Where the access comes from, for sentences.
  package let origin: String
  /// What to do when nothing is installed.
  private let start: String
  private let version: String
  private let license: String?
  private let place: Mutex<(access: ClusterAccess, token: ClusterToken)>
  private let notice: @Sendable (String) -> Void
  private let listener = Mutex<Listener?>(nil)
  private let epoch = ContinuousClock.now
  private let state = Mutex(LinkState<ClusterLink>())
  private let latest = Mutex(Known())
  /// Rung when the link was opened, or could not be.
  private let attempts = Doorbell()
  /// Rung when it was opened, or lost.
  private let turns = Doorbell()

  /// - Parameters:
  ///   - start: a sentence for when nothing is installed.
  ///   - license: what a Hub of the published product takes where no token can be had.
  ///   - notice: takes a sentence for the log.
  package init(
    _ access: ClusterAccess, origin: String, start: String, version: String,
    license: String? = nil, notice: @escaping @Sendable (String) -> Void
  ) {
    (self.origin, self.start, self.version, self.notice) = (origin, start, version, notice)
    self.license = license
    place = Mutex((access, ClusterToken(access)))
  }

  /// The same cluster, with what is installed in another namespace.
  func inNamespace(_ namespace: String?) throws(ToolError) -> ClusterHub {
    let other = try access.inNamespace(namespace)
    if other == access { return self }
    return ClusterHub(
      other, origin: origin, start: start, version: version, license: license, notice: notice)
  }

  /// From now on that is where the Hub is.
  func move(to new: ClusterAccess) {
    place.withLock { place in
      if place.access != new { place = (new, ClusterToken(new)) }
    }
  }

  /// What was known is forgotten: something was installed or removed.
  func expectChanges() {
    latest.withLock { $0 = Known(changes: $0.changes + 1) }
    state.withLock { state in
      _ = state.dropped()
      state.forgive()
    }
    turns.ring()
    tellChanges()
  }

  /// The last catalogue, and how often all that was known has been forgotten.
  private struct Known: Sendable {
    var catalogue: Catalogue?
    var changes = 0
  }

  private var changes: Int { latest.withLock { $0.changes } }

  /// Keeps what was asked for when there had been so many `changes`, if there still have.
  private func keep(_ catalogue: Catalogue, _ changes: Int) {
    latest.withLock { if $0.changes == changes { $0.catalogue = catalogue } }
  }

  /// Those who watch should ask for the lists anew.
  func tellChanges() { listener.withLock { $0 }?.changed() }

  private struct Listener: Sendable {
    var changed: @Sendable () -> Void
    var told: @Sendable (String) -> Void
  }

  var now: Duration { ContinuousClock.now - epoch }
  package let resumptions = HubClient.Limits().resumptions

  private func say(_ sentence: String) {
    notice(sentence)
    listener.withLock { $0 }?.told(sentence)
  }

  func error(_ fault: ClusterFault) -> ToolError { fault.toolError(origin: origin, start: start) }

  // MARK: The link

  /// How long a call waits for the next attempt.
  private static let patience = Duration.seconds(5)

  /// The way to the Hub, opened if need be.
  ///
  /// - Parameter patience: a pause after failures that is waited for; a longer one is an error.
  func link(patience: Duration = .zero) async throws(ToolError) -> ClusterLink {
    while true {
      guard !Task.isCancelled else { throw error(.cancelled) }
      let seen = attempts.count
      switch state.withLock({ $0.next(now) }) {
      case .use(let link): return link
      case .fail(let error, let until):
        guard until - now <= patience else { throw error }
        do { try await Task.sleep(for: until - now) } catch { throw self.error(.cancelled) }
      case .wait: await attempts.wait(beyond: seen)
      case .open: return try await open()
      }
    }
  }

  private func open() async throws(ToolError) -> ClusterLink {
    defer { attempts.ring() }
    do throws(ToolError) {
      let number = state.withLock { $0.current }
      let asked = access
      let link = try await newLink(asked, number: number)
      guard asked == access else {
        state.withLock { $0.failed(nil, now) }
        return try await self.link()
      }
      guard state.withLock({ $0.opened(link, now) }) else { return try await self.link() }
      // It may have ended before it counted as open.
      if let reason = link.lostBecause { lose(number, reason) }
      turns.ring()
      return link
    } catch {
      // A caller that gave up says nothing about the cluster.
      state.withLock { $0.failed(error.status == 499 ? nil : error, now) }
      throw error
    }
  }

  private func newLink(
    _ access: ClusterAccess, number: Int
  ) async throws(ToolError) -> ClusterLink {
    let services: [ClusterService]
    let kubectl = Kubectl(access: access)
    do throws(ClusterFault) {
      services = try await ClusterService.installed(kubectl)
    } catch {
      throw self.error(error)
    }
    var problem: ToolError?
    for service in services {
      for root in service.roots {
        do throws(ToolError) {
          return try await newLink(access, number: number, to: service, below: root)
        } catch {
          // What is said of the front goes first; a Hub behind it may still answer.
          if error.status == 499 { throw error }
          problem = problem ?? error
          guard error.code == "no_mcp_endpoint" else { break }
        }
      }
    }
    throw problem ?? error(.notInstalled(namespace: access.namespace))
  }

  private func newLink(
    _ access: ClusterAccess, number: Int, to service: ClusterService, below root: String
  ) async throws(ToolError) -> ClusterLink {
    let end = LinkEnd()
    let forward: PortForward
    do throws(ClusterFault) {
      forward = try await PortForward.open(service, access) { [weak self] reason in
        let reason = reason ?? "kubectl ended"
        end.set(reason)
        self?.lose(number, reason)
      }
    } catch {
      throw self.error(error)
    }
    let link = try ClusterLink(
      forward, service: service.name, below: root, number: number,
      token: place.withLock { $0.token }.minted,
      license: license, version: version,
      end: end, notice: notice)
    // What answers must be a Hub.
    let changes = self.changes
    let catalogue = try await use(link) { (client) async throws(ToolError) in
      try await client.catalogue()
    }
    keep(catalogue, changes)
    return link
  }

  private func lose(_ link: ClusterLink, _ reason: String) { lose(link.number, reason) }

  private func lose(_ number: Int, _ reason: String) {
    let error = self.error(
      .notReady(namespace: access.namespace, "the connection broke: \(reason)"))
    guard state.withLock({ $0.lost(number, because: error, now) }) != nil else { return }
    say("the way to the Hub in namespace \(access.namespace) is gone: \(reason)")
    turns.ring()
  }

  // MARK: Asking

  /// Runs `body`, and once more with a token when the Hub asks for one.
  private func use<Value: Sendable>(
    _ link: ClusterLink, _ body: (HubClient) async throws(ToolError) -> Value
  ) async throws(ToolError) -> Value {
    let token = place.withLock { $0.token }
    await token.refresh()
    do throws(ToolError) {
      return try await body(link.client)
    } catch {
      guard error.code == "authentication_required" else { throw worded(error, link) }
    }
    // Nothing has been done yet, so that every call may be repeated.
    link.client.expireCatalogue()
    do throws(ClusterFault) { try await token.mint() } catch {
      if error == .cancelled { throw self.error(error) }
    }
    do throws(ToolError) { return try await body(link.client) } catch { throw worded(error, link) }
  }

  /// Runs `body` over the link, and once more over a new one when the old one broke.
  private func ask<Value: Sendable>(
    repeats: (HubClient) -> Bool, _ body: (HubClient) async throws(ToolError) -> Value
  ) async throws(ToolError) -> Value {
    let link = try await link(patience: Self.patience)
    do throws(ToolError) {
      return try await use(link, body)
    } catch {
      guard Self.isBroken(error) else { throw error }
      lose(link, "it ended in mid-answer")
      guard repeats(link.client) else { throw error }
    }
    let next = try await self.link(patience: Self.patience)
    return try await use(next, body)
  }

  private static func isBroken(_ error: ToolError) -> Bool {
    error.code == "hub_unreachable" || error.code == "hub_dropped"
  }

  /// What the client of a URL says, for somebody who has given none.
  private func worded(_ error: ToolError, _ link: ClusterLink) -> ToolError {
    let place = "service/\(link.service) in namespace '\(access.namespace)'"
    var error = error
    switch error.code {
    case "hub_unreachable", "hub_dropped":
      error.message = "The connection to the Hub (\(place)) broke: \(error.message)"
      error.hint = "It is being rebuilt; try again. check_kubeshark_status tells how the Hub is."
    case "not_a_hub", "no_mcp_endpoint", "mcp_disabled":
      error.message = "What answers at \(place) is no Hub that can be used: \(error.message)"
      error.hint = """
        Is that Kubeshark, with MCP enabled? Another release namespace is chosen by \
        --release-namespace.
        """
    default: break
    }
    return error
  }

  package func catalogue() async throws(ToolError) -> Catalogue {
    let changes = self.changes
    do throws(ToolError) {
      let catalogue = try await ask(repeats: { _ in true }) { (client) async throws(ToolError) in
        try await client.catalogue()
      }
      keep(catalogue, changes)
      return catalogue
    } catch {
      guard error.status != 499, let known = latest.withLock({ $0.catalogue }) else { throw error }
      say("serving the tools known so far: \(error.message)")
      return known
    }
  }

  package func call(
    _ name: String, arguments: JSONObject, caller: Caller
  ) async throws(ToolError) -> ToolAnswer {
    try await ask(repeats: { $0.isReading(name) }) { (client) async throws(ToolError) in
      try await client.call(name, arguments: arguments, caller: caller)
    }
  }

  package func file(_ path: String, from start: FileStart) async throws(ToolError) -> HubFile {
    let link = try await link()
    var file = try await use(link) { (client) async throws(ToolError) in
      try await client.file(path, from: start)
    }
    let copy = file.copy
    // The link must not be let go while it is read from.
    file.copy = { sink async throws(ToolError) in
      try await copy(sink)
      _ = link
    }
    return file
  }

  package func address(of path: String) async throws(ToolError) -> FileAddress {
    try await link().client.address(of: path)
  }

  // MARK: Watching

  /// The agents as the Hub sees them; nil when it knows none of that kind.
  func agents() async throws(ToolError) -> [AgentState]? {
    let link = try await link(patience: Self.patience)
    do throws(ToolError) {
      return try await use(link) { (client) async throws(ToolError) in
        try await client.document("/agents").flatMap { AgentState.all(in: $0) }
      }
    } catch {
      if Self.isBroken(error) { lose(link, "it ended in mid-answer") }
      throw error
    }
  }

  /// What asking the Hub gives right now, and how long that took, whatever was known before.
  func probe() async throws(ToolError) -> (catalogue: Catalogue, service: String, took: Duration) {
    state.withLock { $0.forgive() }
    let link = try await link()
    do throws(ToolError) {
      let (catalogue, took) = try await use(link) { (client) async throws(ToolError) in
        try await client.probe()
      }
      return (catalogue, link.service, took)
    } catch {
      if Self.isBroken(error) { lose(link, "it ended in mid-answer") }
      throw error
    }
  }

  /// Opens the way to the Hub and keeps it open from now on.
  ///
  /// - Parameter changed: called when the Hub's tools or prompts are other ones, or it came back.
  /// - Parameter told: takes the sentences that also go into the log.
  package func watch(
    changed: @escaping @Sendable () -> Void, told: @escaping @Sendable (String) -> Void
  ) {
    listener.withLock { $0 = Listener(changed: changed, told: told) }
    Task.detached { [weak self] in
      var known: Catalogue?
      var isFirst = true
      var pause = Self.shortestPause
      while let self {
        let seen = turns.count
        let (found, problem) = await look()
        // Nobody has seen a list yet that the first look could have changed.
        if let found, found != known, !isFirst { changed() }
        isFirst = false
        known = found ?? known
        pause = found == nil ? min(Self.longestPause, pause * 2) : Self.shortestPause
        if problem == "cluster_sign_in" {
          // Each try may open another page in somebody's browser: it is for whoever asks next.
          await turns.wait(beyond: seen)
          continue
        }
        await turns.wait(beyond: seen, atMost: found == nil ? pause : Self.look)
      }
    }
  }

  /// Between two looks while all is well.
  private static let look = Duration.seconds(20)
  /// While nothing answers: each pause is twice the one before.
  private static let shortestPause = Duration.seconds(1)
  private static let longestPause = Duration.seconds(60)

  /// What the Hub offers now; nil when it cannot be asked, with the code of the reason.
  private func look() async -> (catalogue: Catalogue?, problem: String?) {
    let changes = self.changes
    do throws(ToolError) {
      let link = try await link()
      do throws(ToolError) {
        let catalogue = try await use(link) { (client) async throws(ToolError) in
          try await client.probe().catalogue
        }
        keep(catalogue, changes)
        return (catalogue, nil)
      } catch {
        if Self.isBroken(error) || error.code == "hub_timeout" {
          lose(link, "it ended in mid-answer")
        }
        return (nil, error.code)
      }
    } catch { return (nil, error.code) }
  }
}
