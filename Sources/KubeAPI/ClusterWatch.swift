import AsyncHTTPClient
package import HubClient
package import Identity
import NIOCore
import Synchronization

/// The pods, services and endpoints of a cluster as they are now, by its API server.
///
/// Those that are gone stay known for a while, so that traffic of a moment ago keeps its names.
package final class ClusterWatch: Sendable {
  /// Objects that are gone and still known.
  private static let maxFormer = 10_000
  /// Changes are put together for that long, at least and at most: a rollout changes hundreds of
  /// objects in a second.
  private static let patience = (least: Duration.milliseconds(200), most: Duration.seconds(5))

  /// How long changes are put together after the last ones took so long. To name a large cluster anew
  /// takes its time, and there something changes at any moment: on each node a fifth of a core goes
  /// to it at most.
  static func pause(after work: Duration) -> Duration {
    min(patience.most, max(patience.least, work * 4))
  }

  private struct State {
    /// By list, then by uid.
    var facts: [String: [String: InventoryReader.Fact]] = [:]
    /// Of pods that are gone or have changed their addresses, oldest first.
    var former: [InventoryReader.Fact] = []
    /// Lists that were read once.
    var listed: Set<String> = []
    /// Namespaces whose pods may not be listed.
    var closed: Set<String> = []
    var problems: [String: String] = [:]
    var isDirty = false
  }

  private let lists: [ResourceWatch]
  private let client: HTTPClient
  private let state = Mutex(State())
  private let latest = Mutex(Inventory())

  /// - Parameters:
  ///   - namespaces: those to watch; empty for the whole cluster, which needs a cluster role.
  /// - Throws: what is wrong with the files of `access`.
  package init(
    _ access: APIAccess, namespaces: [String]
  ) throws(HubClientSettings.Problem) {
    var settings = HubClientSettings()
    settings.caFile = access.caFile
    let tls = try RenewedTLS(settings)
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls.first, redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(10), read: .seconds(330)))
    configuration.httpVersion = .http1Only
    // The library's only way to reach its channels.
    configuration.http1_1ConnectionDebugInitializer = { KeptAlive.install(in: $0) }
    // Each watch has a connection of its own, and lists must not wait for one.
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 512
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    let token = TokenSource(access.tokenFile.map { .file($0) })
    var lists: [ResourceWatch] = []
    for (group, resource, kind) in [
      ("/api/v1", "pods", "Pod"), ("/api/v1", "services", "Service"),
      ("/apis/discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
    ] {
      let places: [String?] = namespaces.isEmpty ? [nil] : namespaces
      lists += places.map { namespace in
        let place = namespace.map { "/namespaces/" + $0 } ?? ""
        return ResourceWatch(
          path: group + place + "/" + resource, kind: kind, namespace: namespace, client: client,
          access: access, token: token, tls: tls)
      }
    }
    (self.client, self.lists) = (client, lists)
  }

  /// The cluster as it was a moment ago.
  package var inventory: Inventory { latest.withLock { $0 } }

  /// Whether everything was listed once.
  package var isComplete: Bool { state.withLock { isKnown($0) } }

  /// One of several namespaces that is closed keeps nobody from the others: who removes a namespace
  /// removes the right to look into it as well.
  private func isKnown(_ state: State) -> Bool {
    !state.listed.isEmpty
      && lists.allSatisfy { list in
        state.listed.contains(list.path)
          || list.namespace.map { state.closed.contains($0) } ?? false
      }
  }

  /// Why something is not up to date, as sentences without their full stops.
  package var problems: [String] { state.withLock { $0.problems.values.sorted() } }

  /// Watches until its task is cancelled.
  ///
  /// - Parameters:
  ///   - tell: gets a sentence without its full stop when something cannot be kept up to date, and
  ///     when it can again.
  ///   - changed: called when the inventory is another one.
  package func run(
    tell: @escaping @Sendable (String) -> Void,
    _ changed: @escaping @Sendable (Inventory) async -> Void
  ) async {
    await withTaskGroup(of: Void.self) { group in
      for list in lists {
        group.addTask {
          await list.run { if let news = self.take($0, of: list) { tell(news) } }
        }
      }
      group.addTask {
        while !Task.isCancelled {
          let begun = ContinuousClock.now
          if let inventory = self.rebuilt() { await changed(inventory) }
          try? await Task.sleep(for: Self.pause(after: ContinuousClock.now - begun))
        }
      }
    }
    try? await client.shutdown()
  }

  /// - Returns: what is new for whoever watches over it, as a sentence without its full stop.
  private func take(_ change: ResourceWatch.Change, of list: ResourceWatch) -> String? {
    state.withLock { state -> String? in
      switch change {
      case .all(let objects):
        var facts: [String: InventoryReader.Fact] = [:]
        for object in objects { facts[object.id] = object.fact }
        for (uid, fact) in state.facts[list.path] ?? [:] where facts[uid] == nil {
          Self.retire(fact, &state)
        }
        state.facts[list.path] = facts
        state.listed.insert(list.path)
        if list.kind == "Pod", let namespace = list.namespace { state.closed.remove(namespace) }
        state.isDirty = true
      case .put(let object):
        guard let fact = object.fact else { return nil }
        let before = state.facts[list.path]?.updateValue(fact, forKey: object.id)
        // Most of what happens to a pod says nothing new of it, and all of a cluster's pods to be
        // named anew is work for each of its nodes.
        guard before != fact else { return nil }
        if let before, !before.hasAddresses(of: fact) { Self.retire(before, &state) }
        state.isDirty = true
      case .removed(let object):
        if let fact = state.facts[list.path]?.removeValue(forKey: object.id) {
          Self.retire(fact, &state)
        }
        state.isDirty = true
      case .problem(let problem): return Self.note(problem, of: list, &state)
      case .forbidden(let problem):
        if list.kind == "Pod", !state.listed.contains(list.path), let namespace = list.namespace {
          state.closed.insert(namespace)
          state.isDirty = true
        }
        return Self.note(problem, of: list, &state)
      }
      return nil
    }
  }

  private static func note(
    _ problem: String?, of list: ResourceWatch, _ state: inout State
  ) -> String? {
    let before = state.problems[list.path]
    state.problems[list.path] = problem
    guard problem != before else { return nil }
    return problem ?? "the API server can be asked for \(list.path) again"
  }

  private static func retire(_ fact: InventoryReader.Fact, _ state: inout State) {
    guard let former = fact.former else { return }
    if state.former.count >= maxFormer { state.former.removeFirst(maxFormer / 10) }
    state.former.append(former)
  }

  /// The inventory when something has changed; nothing before all was listed once.
  private func rebuilt() -> Inventory? {
    let facts: [InventoryReader.Fact]? = state.withLock { state in
      guard state.isDirty, isKnown(state) else { return nil }
      state.isDirty = false
      return state.facts.sorted { $0.key < $1.key }.flatMap { $0.value.values } + state.former
    }
    guard let facts else { return nil }
    let inventory = InventoryReader.inventory(of: facts)
    latest.withLock { $0 = inventory }
    return inventory
  }
}
