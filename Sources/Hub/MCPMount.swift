package import MCP

/// MCP over HTTP at `/mcp`, beside or without a Hub's face.
///
/// `GET /mcp` stays the discovery document for those who do not ask for events.
package struct MCPMount: Sendable {
  /// All endpoints there are.
  let endpoints: [HTTPEndpoint]
  private let choose: @Sendable (HubRequest) -> HTTPEndpoint?
  let visitors: VisitorRules

  /// The same endpoint for everybody.
  package init(_ endpoint: HTTPEndpoint, visitors: VisitorRules) {
    (endpoints, self.visitors) = ([endpoint], visitors)
    choose = { _ in endpoint }
  }

  /// An endpoint for each access, since sessions must not be shared between them.
  package init(_ byAccess: [Access: HTTPEndpoint], gate: Gate, visitors: VisitorRules) {
    (endpoints, self.visitors) = (Array(byAccess.values), visitors)
    choose = { request in gate.access(request).flatMap { byAccess[$0] } }
  }

  /// The endpoint for whoever sent the request; nil without a token that is known.
  func endpoint(for request: HubRequest) -> HTTPEndpoint? { choose(request) }

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

  func respond(to request: HubRequest, _ endpoint: HTTPEndpoint) async -> EndpointReply {
    if let refusal = visitors.refusal(
      host: request.header("host"), origin: request.header("origin"))
    {
      return .forbidden(refusal)
    }
    return await endpoint.respond(
      to: EndpointRequest(method: request.method, headers: request.headers, body: request.body))
  }
}
