import JSON
import Synchronization
package import ToolKit

/// A Hub over HTTP: a request goes in, a response comes out.
///
/// Every path is known with and without the prefix `/api`, which a front before us strips. MCP
/// over HTTP has its place at `POST /mcp`.
package final class HubFace: Sendable {
  /// Calls at the same time; beyond that callers are asked to come again.
  static let maxCalls = 256

  private let hub: any HubConnection
  private let routes: [HubRoute]
  private let visitors: VisitorRules
  private let isReady: @Sendable () -> Bool
  private let load = Mutex((running: 0, refused: 0))

  /// - Parameter isReady: whether questions are answered without waiting for traffic to be read.
  package init(
    hub: any HubConnection, routes: [HubRoute], visitors: VisitorRules = VisitorRules(),
    isReady: @escaping @Sendable () -> Bool = { true }
  ) {
    (self.hub, self.routes, self.visitors) = (hub, routes, visitors)
    self.isReady = isReady
  }

  /// Calls that were turned away because of `maxCalls`.
  package var callsRefused: Int { load.withLock { $0.refused } }

  /// Whether this path may lead to a tool, whose work may take its time.
  static func isCall(_ path: String) -> Bool {
    let parts = path.split(separator: "/").filter { $0 != "api" }
    return parts.first == "mcp" && parts.count > 1
  }

  package func respond(to request: HubRequest) async -> HubResponse {
    if let refusal = visitors.refusal(
      host: request.header("host"), origin: request.header("origin"))
    {
      return .error(
        ToolError(
          status: 403, code: "forbidden_host", message: "Refused: \(refusal).",
          hint: "Use the address it listens on, or name the host with --allow-host."))
    }
    do throws(ToolError) {
      return try await response(to: request)
    } catch {
      return .error(error)
    }
  }

  private func response(to request: HubRequest) async throws(ToolError) -> HubResponse {
    var path = request.path.split(separator: "/").map { percentDecoded($0) }
    switch path {
    case ["healthz"]: return try only(["GET"], request) { .json(["status": "ok"]) }
    case ["readyz"]: return try only(["GET"], request) { readiness() }
    default: break
    }
    if path.first == "api" { path.removeFirst() }
    guard path.first == "mcp" else { throw noSuchPath(request) }
    path.removeFirst()
    switch path {
    case []:
      guard isAllowed(["GET"], request) else { return notAllowed(["GET"], request) }
      return try await discovery(request)
    case ["tools", "call"]:
      guard request.method == "POST" else { return notAllowed(["POST"], request) }
      let (name, arguments) = try namedCall(request)
      return try await call(name, arguments, request)
    case _ where path.count == 2 && path[0] == "tools":
      guard request.method == "POST" else { return notAllowed(["POST"], request) }
      return try await call(path[1], try bodyObject(request) ?? JSONObject(), request)
    default: return try await rest(path, request)
    }
  }

  // MARK: Answers

  private func readiness() -> HubResponse {
    isReady() ? .json(["status": "ready"]) : .json(["status": "reading"], status: 503)
  }

  private func discovery(_ request: HubRequest) async throws(ToolError) -> HubResponse {
    let document = Discovery.document(try await hub.catalogue(), routes: routes)
    var response = HubResponse.json(document)
    let tag = Discovery.tag(of: response.body)
    if request.header("if-none-match") == tag {
      response = HubResponse(status: 304)
    }
    response.tag = tag
    return response
  }

  private func rest(
    _ path: [String], _ request: HubRequest
  ) async throws(ToolError) -> HubResponse {
    let matching = routes.compactMap { route in
      route.arguments(in: path).map { (route: route, arguments: $0) }
    }
    .sorted { ($0.route.length == path.count ? 0 : 1) < ($1.route.length == path.count ? 0 : 1) }
    guard !matching.isEmpty else { throw noSuchPath(request) }
    guard let match = matching.first(where: { isAllowed([$0.route.method], request) }) else {
      return notAllowed(matching.map(\.route.method), request)
    }
    var arguments = arguments(inQuery: request.query)
    if match.route.method != "GET", let body = try bodyObject(request) {
      for member in body.members { arguments[member.name] = member.value }
    }
    for member in match.arguments.members { arguments[member.name] = member.value }
    return try await call(match.route.tool, arguments, request)
  }

  private func call(
    _ tool: String, _ arguments: JSONObject, _ request: HubRequest
  ) async throws(ToolError) -> HubResponse {
    let isFree = load.withLock { load in
      if load.running < Self.maxCalls {
        load.running += 1
        return true
      }
      load.refused += 1
      return false
    }
    guard isFree else {
      throw ToolError(
        status: 429, code: "busy", message: "\(Self.maxCalls) calls are under way.",
        hint: "Try again in a moment.", details: ["retry_after": 1])
    }
    defer { load.withLock { $0.running -= 1 } }
    let answer = try await hub.call(tool, arguments: arguments) { _ in }
    guard request.header("accept")?.contains(MediaType.answer) == true else {
      return .json(answer.structured)
    }
    return .json(
      [
        "structured": .object(answer.structured), "text": .string(answer.text),
        "obeysSchema": .bool(answer.obeysSchema),
      ], type: MediaType.answer)
  }

  // MARK: Requests

  private func namedCall(
    _ request: HubRequest
  ) throws(ToolError) -> (name: String, arguments: JSONObject) {
    let body = try bodyObject(request) ?? JSONObject()
    guard let name = body["name"]?.string, !name.isEmpty else {
      throw .invalid(
        "name", "tool name is required",
        hint: #"Send {"name":"list_api_calls","arguments":{}}."#)
    }
    switch body["arguments"] {
    case nil, .null?: return (name, JSONObject())
    case .object(let arguments)?: return (name, arguments)
    default: throw .invalid("arguments", "arguments must be a JSON object")
    }
  }

  /// The body as an object; nil when it is empty.
  private func bodyObject(_ request: HubRequest) throws(ToolError) -> JSONObject? {
    if request.body.isEmpty { return nil }
    guard let type = request.header("content-type"), MediaType.isJSON(type) else {
      throw ToolError(
        status: 415, code: "unsupported_media_type", message: "The body must be JSON.",
        hint: "Send Content-Type: application/json.")
    }
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONReader.value(of: request.body)
    } catch {
      throw ToolError(
        status: 400, code: "invalid_json", message: "The body is not JSON: \(error).",
        position: error.offset)
    }
    guard let object = value.object else {
      throw ToolError(
        status: 400, code: "invalid_json", message: "The body must be a JSON object.")
    }
    return object
  }

  private func isAllowed(_ methods: [String], _ request: HubRequest) -> Bool {
    methods.contains(request.method) || (request.method == "HEAD" && methods.contains("GET"))
  }

  private func only(
    _ methods: [String], _ request: HubRequest, _ answer: () -> HubResponse
  ) throws(ToolError) -> HubResponse {
    isAllowed(methods, request) ? answer() : notAllowed(methods, request)
  }

  private func notAllowed(_ methods: [String], _ request: HubRequest) -> HubResponse {
    let allowed = methods.joined(separator: ", ")
    var response = HubResponse.error(
      ToolError(
        status: 405, code: "method_not_allowed",
        message: "\(request.path) does not take this method.", hint: "Use \(allowed)."))
    response.allow = allowed
    return response
  }

  private func noSuchPath(_ request: HubRequest) -> ToolError {
    ToolError(
      status: 404, code: "no_such_path", message: "There is nothing at \(request.path).",
      hint: "GET /api/mcp lists the tools and paths of this Hub.")
  }
}
