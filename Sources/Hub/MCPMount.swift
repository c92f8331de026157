package import MCP

/// MCP over HTTP at `/mcp`, beside or without a Hub's face.
///
/// `GET /mcp` stays the discovery document for those who do not ask for events.
package struct MCPMount: Sendable {
  package let endpoint: HTTPEndpoint
  let visitors: VisitorRules

  package init(_ endpoint: HTTPEndpoint, visitors: VisitorRules) {
    (self.endpoint, self.visitors) = (endpoint, visitors)
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
      || request.header("accept")?.contains("text/event-stream") == true
  }

  func respond(to request: HubRequest) async -> EndpointReply {
    if let refusal = visitors.refusal(
      host: request.header("host"), origin: request.header("origin"))
    {
      return .forbidden(refusal)
    }
    return await endpoint.respond(
      to: EndpointRequest(method: request.method, headers: request.headers, body: request.body))
  }
}
