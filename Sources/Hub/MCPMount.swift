package import MCP
import ServiceLifecycle
import Synchronization

/// MCP over HTTP at `/mcp`, beside or without a Hub's face.
///
/// `GET /mcp` stays the discovery document for those who do not ask for events.
package final class MCPMount: Sendable {
  private struct State {
    var endpoints: [Access: HTTPEndpoint] = [:]
    var work: [Task<Void, Never>] = []
    var isClosed = false
  }

  private let gate: Gate
  private let make: @Sendable (Access) -> HTTPEndpoint
  private let state = Mutex(State())
  let visitors: VisitorRules

  /// The same endpoint for everybody.
  package convenience init(_ endpoint: HTTPEndpoint, visitors: VisitorRules) {
    self.init(gate: Gate(), visitors: visitors) { _ in endpoint }
  }

  /// An endpoint for each access, since sessions must not be shared between them.
  package init(
    gate: Gate, visitors: VisitorRules, _ make: @escaping @Sendable (Access) -> HTTPEndpoint
  ) {
    (self.gate, self.visitors, self.make) = (gate, visitors, make)
  }

  /// The endpoint for whoever sent the request; nil without a token that is known.
  func endpoint(for request: HubRequest) -> HTTPEndpoint? {
    gate.access(request).map { endpoint(for: $0) }
  }

  private func endpoint(for access: Access) -> HTTPEndpoint {
    let (endpoint, isNew) = state.withLock { state -> (HTTPEndpoint, Bool) in
      if let known = state.endpoints[access] { return (known, false) }
      let endpoint = make(access)
      state.endpoints[access] = endpoint
      return (endpoint, true)
    }
    guard isNew else { return endpoint }
    let work = Task.detached { await endpoint.run() }
    let isClosed = state.withLock { state in
      state.work.append(work)
      return state.isClosed
    }
    // The server closed while it was made.
    if isClosed { endpoint.close() }
    return endpoint
  }

  /// Ends all endpoints when the server ends.
  func run() async {
    // The server closes first, and a service that is over before its turn counts as failed.
    try? await gracefulShutdown()
    close()
    for work in state.withLock({ $0.work }) { await work.value }
  }

  /// Ends open streams, and work under way after the grace.
  func close() {
    let endpoints = state.withLock { state in
      state.isClosed = true
      return Array(state.endpoints.values)
    }
    for endpoint in endpoints { endpoint.close() }
  }

  /// Whether the request is for the endpoint.
  ///
  /// - Parameter isAlone: whether no Hub is served at the same place.
  func takes(_ request: HubRequest, isAlone: Bool) -> Bool {
    var path = request.path.split(separator: "/")
    if path.first == "api" { path.removeFirst() }
    guard path == ["mcp"] else { return false }
    guard !isAlone, ["GET", "HEAD"].contains(request.method) else { return true }
    return request.header("mcp-session-id") != nil
      || request.header("accept")?.contains(MediaType.events) == true
  }

  /// The reply to a visitor who may not ask at all, with a token or without; nil for all others.
  func refusal(_ request: HubRequest) -> EndpointReply? {
    visitors.refusal(host: request.header("host"), origin: request.header("origin"))
      .map { .forbidden($0) }
  }

  func respond(to request: HubRequest, _ endpoint: HTTPEndpoint) async -> EndpointReply {
    await endpoint.respond(
      to: EndpointRequest(method: request.method, headers: request.headers, body: request.body))
  }
}
