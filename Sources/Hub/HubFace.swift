import Bytes
import JSON
package import ToolKit

/// A Hub over HTTP: a request goes in, a response comes out.
///
/// Every path is known with and without the prefix `/api`, which a front before us strips. MCP
/// over HTTP has its place at `POST /mcp`.
package final class HubFace: Sendable {
  /// The Hub as somebody with these rights sees it.
  package typealias HubChoice = @Sendable (Access) -> any HubConnection

  private let hub: HubChoice
  private let routes: [HubRoute]
  private let visitors: VisitorRules
  let gate: Gate
  let limits: HubLimits
  private let turns: CallGate
  package let counters: HubCounters
  private let metrics: @Sendable () -> [Metric]
  private let isReady: @Sendable () -> Bool
  private let agents: AgentsMount?
  private let onFault: @Sendable (_ id: String, ToolError) -> Void

  /// - Parameters:
  ///   - onFault: told of errors that are the Hub's own, with the id that the client was given.
  ///   - isReady: whether questions are answered without waiting for traffic to be read.
  ///   - metrics: what `GET /metrics` shows beside the face's own counters.
  package init(
    hub: @escaping HubChoice, routes: [HubRoute], visitors: VisitorRules = VisitorRules(),
    gate: Gate = Gate(), limits: HubLimits = HubLimits(), counters: HubCounters = HubCounters(),
    metrics: @escaping @Sendable () -> [Metric] = { [] },
    isReady: @escaping @Sendable () -> Bool = { true }, agents: AgentsMount? = nil,
    onFault: @escaping @Sendable (_ id: String, ToolError) -> Void = { _, _ in }
  ) {
    (self.hub, self.routes, self.visitors) = (hub, routes, visitors)
    (self.gate, self.limits, self.counters) = (gate, limits, counters)
    turns = CallGate(width: limits.calls, waiting: limits.waitingCalls)
    (self.metrics, self.isReady, self.agents, self.onFault) = (metrics, isReady, agents, onFault)
  }

  /// Whether this path may lead to a tool, whose work may take its time.
  static func isCall(_ path: String) -> Bool {
    let parts = path.split(separator: "/").filter { $0 != "api" }
    return parts.first == "mcp" && parts.count > 1
  }

  /// Whether the answer is a stream of progress that ends with the result.
  static func wantsEvents(_ request: HubRequest) -> Bool {
    isCall(request.path) && request.header("accept")?.contains(MediaType.events) == true
  }

  package func respond(
    to request: HubRequest, progress: @escaping ProgressReport = { _ in }
  ) async -> HubResponse {
    let answer: HubResponse
    do throws(ToolError) {
      answer = try await admitted(request, progress)
    } catch {
      answer = .error(traced(error))
    }
    counters.answered(answer.status)
    return answer.encoded(for: request)
  }

  /// An error of the Hub's own with an id, under which the log has it, too.
  private func traced(_ error: ToolError) -> ToolError {
    guard error.status == 500 || !(400...599).contains(error.status) else { return error }
    var traced = error
    let id = hex((0..<8).map { _ in UInt8.random(in: 0 ... .max) })
    traced.details["correlation_id"] = .string(id)
    onFault(id, error)
    return traced
  }

  /// Host, token and size, before anything else is looked at.
  private func admitted(
    _ request: HubRequest, _ progress: @escaping ProgressReport
  ) async throws(ToolError) -> HubResponse {
    if let refusal = visitors.refusal(
      host: request.header("host"), origin: request.header("origin"))
    {
      counters.turnAway(.host)
      throw ToolError(
        status: 403, code: "forbidden_host", message: "Refused: \(refusal).",
        hint: "Use the address it listens on, or name the host with --allow-host.")
    }
    let size = request.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
    guard size <= limits.headers else {
      counters.turnAway(.headers)
      throw .headersTooLarge("\(size) bytes", limit: limits.headers)
    }
    // Whoever starts and watches the process has no token.
    switch request.path {
    case "/healthz": return only(request) { .json(["status": "ok"]) }
    case "/readyz": return only(request) { readiness() }
    default: break
    }
    guard let access = gate.access(request) else {
      counters.turnAway(.token)
      return Gate.refusal
    }
    do throws(ToolError) {
      return try await response(to: request, access, progress)
    } catch {
      if error.status == 403 { counters.turnAway(.capability) }
      throw error
    }
  }

  /// Whether this path may be that of a file.
  static func isFile(_ path: String) -> Bool {
    var parts = path.split(separator: "/")[...]
    if parts.first == "api" { parts.removeFirst() }
    return parts.count > 2 && parts.first == "mcp" && parts.last == "pcap"
  }

  /// The file that a request asks for; nil when it asks for something else.
  ///
  /// - Throws: what keeps it from being had.
  package func file(for request: HubRequest) async throws(ToolError) -> FileReply? {
    guard Self.isFile(request.path), isAllowed(["GET"], request),
      visitors.refusal(host: request.header("host"), origin: request.header("origin")) == nil,
      let access = gate.access(request)
    else { return nil }
    counters.begin()
    let begun = ContinuousClock.now
    var status = 500
    defer { counters.end("file", status: status, ContinuousClock.now - begun) }
    do throws(ToolError) {
      try await enter()
      defer { turns.leave() }
      let reply = try await reply(to: request, from: hub(access))
      status = reply.status
      return reply
    } catch {
      status = error.status
      throw error
    }
  }

  /// The same as a value.
  func fileResult(for request: HubRequest) async -> Result<FileReply?, ToolError> {
    do throws(ToolError) { return .success(try await file(for: request)) } catch {
      return .failure(traced(error))
    }
  }

  private func reply(
    to request: HubRequest, from hub: any HubConnection
  ) async throws(ToolError) -> FileReply {
    let target = request.path + (request.query.isEmpty ? "" : "?" + request.query)
    // A range is for GET alone (RFC 9110 §14.2).
    var wanted = request.method == "GET" ? ByteRange(request.header("range")) : nil
    // A range of another version is worth nothing (RFC 9110 §13.1.5).
    let version = request.header("if-range")
    var file = try await hub.file(
      target, from: FileStart(offset: wanted?.start ?? 0, tag: version))
    if let tag = file.tag {
      if request.wantsOther(than: tag) {
        throw ToolError(
          status: 412, code: "precondition_failed",
          message: "The file is another one than If-Match names.",
          hint: "Fetch it anew, without If-Match.", details: ["etag": .string(tag)])
      }
      if request.knows(tag) { return FileReply(known: file, tag: tag) }
    }
    if let version, version != file.tag { wanted = nil }
    if let wanted, let length = file.length, wanted.range(of: length) == nil {
      return FileReply(file, wanted)
    }
    // One that cannot begin where it was asked to is sent whole.
    if let wanted, file.offset > wanted.start {
      file = try await hub.file(target, from: .beginning)
    }
    return FileReply(file, wanted)
  }

  private func response(
    to request: HubRequest, _ access: Access, _ progress: @escaping ProgressReport
  ) async throws(ToolError) -> HubResponse {
    var path = request.path.split(separator: "/").map { percentDecoded($0) }
    if path == ["metrics"] {
      try checkSeesAll(access)
      return only(request) { metricsPage() }
    }
    if path.first == "api" { path.removeFirst() }
    if path == ["agents"], let agents {
      try checkSeesAll(access)
      return only(request) { agents.list }
    }
    if path == ["echo"] { return only(request) { .json(["status": "ok"]) } }
    if path == ["settings", "dissection"] {
      return try await dissectionSetting(request, access, progress)
    }
    if path == ["whoami"] { return only(request) { .json(access.json) } }
    guard path.first == "mcp" else { throw noSuchPath(request) }
    path.removeFirst()
    switch path {
    case []:
      guard isAllowed(["GET"], request) else { return notAllowed(["GET"], request) }
      return try await discovery(request, access)
    case ["tools", "call"]:
      guard request.method == "POST" else { return notAllowed(["POST"], request) }
      let (name, arguments) = try namedCall(request)
      return try await call(name, arguments, request, access, progress)
    case _ where path.count == 2 && path[0] == "tools":
      guard request.method == "POST" else { return notAllowed(["POST"], request) }
      let arguments = try bodyObject(request) ?? JSONObject()
      return try await call(path[1], arguments, request, access, progress)
    default: return try await rest(path, request, access, progress)
    }
  }

  /// Counts of all that is captured are for nobody who sees some namespaces alone.
  private func checkSeesAll(_ access: Access) throws(ToolError) {
    guard access.namespaces != nil else { return }
    throw ToolError(
      status: 403, code: "forbidden",
      message: "These counts are of all namespaces, and this token is for some only.",
      hint: "Ask with a token that is for all namespaces.")
  }

  /// The switch that dashboards know: `{"enabled": true}`, or `{"dissection": …}`.
  private func dissectionSetting(
    _ request: HubRequest, _ access: Access, _ progress: @escaping ProgressReport
  ) async throws(ToolError) -> HubResponse {
    guard request.method == "POST" else { return notAllowed(["POST"], request) }
    let body = try bodyObject(request) ?? JSONObject()
    guard let isOn = (body["enabled"] ?? body["dissection"])?.bool else {
      throw .invalid("enabled", "enabled must be true or false", hint: #"Send {"enabled":true}."#)
    }
    return try await call(
      isOn ? "enable_dissection" : "disable_dissection", JSONObject(), request, access, progress)
  }

  // MARK: Answers

  private func readiness() -> HubResponse {
    isReady() ? .json(["status": "ready"]) : .json(["status": "reading"], status: 503)
  }

  private func metricsPage() -> HubResponse {
    HubResponse(
      status: 200, contentType: MetricsPage.contentType,
      body: Array(MetricsPage.text(metrics(), counters.values).utf8))
  }

  private func discovery(
    _ request: HubRequest, _ access: Access
  ) async throws(ToolError) -> HubResponse {
    let document = Discovery.document(try await hub(access).catalogue(), routes: routes)
    var response = HubResponse.json(document)
    let tag = Discovery.tag(of: response.body)
    if request.knows(tag) { response = HubResponse(status: 304) }
    response.tag = tag
    return response
  }

  private func rest(
    _ path: [String], _ request: HubRequest, _ access: Access,
    _ progress: @escaping ProgressReport
  ) async throws(ToolError) -> HubResponse {
    let matching = routes.compactMap { route in
      route.arguments(in: path).map { (route: route, arguments: $0) }
    }
    guard !matching.isEmpty else { throw noSuchPath(request) }
    // Where a route is meant exactly, none is that takes the rest of the path for an argument.
    let exact = matching.filter { $0.route.length == path.count }
    let meant = exact.isEmpty ? matching : exact
    guard let match = meant.first(where: { isAllowed([$0.route.method], request) }) else {
      return notAllowed(meant.map(\.route.method), request)
    }
    var arguments = arguments(inQuery: request.query)
    if match.route.method != "GET", let body = try bodyObject(request) {
      for member in body.members { arguments[member.name] = member.value }
    }
    for member in match.arguments.members { arguments[member.name] = member.value }
    return try await call(match.route.tool, arguments, request, access, progress)
  }

  private func call(
    _ tool: String, _ arguments: JSONObject, _ request: HubRequest, _ access: Access,
    _ progress: @escaping ProgressReport
  ) async throws(ToolError) -> HubResponse {
    counters.begin()
    let start = ContinuousClock.now
    // Names that callers make up are not counted one by one.
    let name = routes.contains { $0.tool == tool } ? tool : "other"
    var status = 500
    defer { counters.end(name, status: status, ContinuousClock.now - start) }
    do throws(ToolError) {
      let answer = try await timed(tool, arguments, access, progress)
      status = 200
      guard request.header("accept")?.contains(MediaType.answer) == true else {
        return .json(answer.structured)
      }
      return .json(
        [
          "structured": .object(answer.structured), "text": .string(answer.text),
          "obeysSchema": .bool(answer.obeysSchema),
        ], type: MediaType.answer)
    } catch {
      status = error.status
      throw error
    }
  }

  /// Waits for a turn among the calls, which `turns.leave` ends.
  private func enter() async throws(ToolError) {
    switch await turns.enter() {
    case .taken: return
    case .givenUp: throw .cancelled
    case .full:
      counters.turnAway(.calls)
      throw ToolError(
        status: 429, code: "busy",
        message: "\(limits.calls) calls are under way, and \(limits.waitingCalls) wait.",
        hint: "Try again in a moment.", details: ["retry_after": 1])
    }
  }

  /// Longest sleep of what watches the time of a call.
  private static let step = Duration.seconds(1)

  /// The tool's answer, or an error when it takes too long, its waiting for a turn included.
  private func timed(
    _ tool: String, _ arguments: JSONObject, _ access: Access,
    _ progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let hub = hub(access)
    let limit = limits.callTime
    let result = await withTaskGroup(of: Result<ToolAnswer, ToolError>?.self) { group in
      group.addTask {
        do throws(ToolError) {
          try await self.enter()
          defer { self.turns.leave() }
          return .success(
            try await hub.call(tool, arguments: arguments, caller: Caller(progress: progress)))
        } catch { return .failure(error) }
      }
      group.addTask {
        // In steps: a sleep that is cancelled is kept by the system until its time has come.
        let end = ContinuousClock.now + limit
        while !Task.isCancelled, ContinuousClock.now < end {
          try? await Task.sleep(for: min(end - .now, Self.step))
        }
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
    if let result { return try result.get() }
    guard !Task.isCancelled else { throw .cancelled }
    counters.turnAway(.callTime)
    throw ToolError(
      status: 504, code: "too_slow",
      message: "The call took longer than \(limit.components.seconds) s and was ended.",
      hint: "Narrow the window or the filter.")
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

  private func only(_ request: HubRequest, _ answer: () -> HubResponse) -> HubResponse {
    isAllowed(["GET"], request) ? answer() : notAllowed(["GET"], request)
  }

  private func notAllowed(_ methods: [String], _ request: HubRequest) -> HubResponse {
    // Whatever takes GET takes HEAD (RFC 9110 §9.3.2).
    let names = Set(methods).union(methods.contains("GET") ? ["HEAD"] : [])
    let allowed = names.sorted().joined(separator: ", ")
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
