import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import JSON
package import Logging
import MCP
import NIOCore
import ServiceLifecycle
import ToolKit

/// Serves a `HubFace`, MCP, or both, on a TCP port until it is told to stop.
package struct HubServer: Sendable {
  private let face: HubFace?
  private let mcp: MCPMount?
  private let agents: AgentsMount?
  private let host: String
  private let port: Int
  private let tls: HubTLS?
  private let limits: HubLimits
  private let counters: HubCounters
  private let log: Logger
  private let onListening: @Sendable (_ port: Int) async -> Void

  /// - Parameter port: 0 lets the system choose.
  /// - Parameter tls: the certificate; without one the server speaks in clear text.
  /// - Parameter onListening: gets the port once connections are accepted.
  package init(
    _ face: HubFace?, mcp: MCPMount? = nil, agents: AgentsMount? = nil, host: String, port: Int,
    tls: HubTLS? = nil,
    log: Logger,
    onListening: @escaping @Sendable (_ port: Int) async -> Void
  ) {
    (self.face, self.mcp, self.agents) = (face, mcp, agents)
    (self.host, self.port) = (host, port)
    (self.tls, self.log, self.onListening) = (tls, log, onListening)
    limits = face?.limits ?? HubLimits()
    counters = face?.counters ?? HubCounters()
  }

  /// Serves until SIGTERM or SIGINT, then lets requests under way end.
  ///
  /// - Throws: what the system says when the address cannot be used.
  package func run() async throws {
    let responder = CallbackResponder<WatchedContext> { request, context in
      try await respond(to: request, on: context.channel)
    }
    let (limits, counters) = (limits, counters)
    // Somewhat more than is allowed is read, so that the answer can say what was too much.
    let http = HTTPServerBuilder.http1(
      configuration: .init(
        additionalChannelHandlers: [ConnectionWatch(limits, counters)],
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: 2 * limits.headers, maxHeaderListSize: 2 * limits.headers)))
    var application = Application(
      responder: responder,
      server: try tls.map { try HTTPServerBuilder.tls(http, tlsConfiguration: $0.configuration) }
        ?? http,
      configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
      onServerRunning: { await onListening($0.localAddress?.port ?? port) }, logger: log)
    if let mcp { application.addServices(MCPService(mcp: mcp)) }
    try await application.runService()
  }

  private func respond(to request: Request, on channel: any Channel) async throws -> Response {
    if counters.values.connections > limits.connections {
      counters.turnAway(.connections)
      return response(
        .error(
          ToolError(
            status: 503, code: "too_many_connections",
            message: "\(limits.connections) connections are open.",
            hint: "Close some, or try again in a moment.", details: ["retry_after": 1])),
        isHead: request.method == .head, closes: true)
    }
    let outline = HubRequest(request, body: [])
    switch agents?.place(outline.path) {
    case .shipment(let node)?:
      return try await respond(to: request, outline, of: node, channel)
    case .raw(let node, let id)?:
      return try await receive(request, outline, id, from: node, channel)
    case .list?, nil: break
    }
    if let mcp, mcp.takes(outline, isAlone: face == nil) {
      return try await respond(to: request, mcp, channel)
    }
    guard let face else {
      return response(HubResponse(status: 404), isHead: request.method == .head, closes: false)
    }
    return try await respond(to: request, face, channel)
  }

  /// Tells the connection whose turn it is.
  private func tell(_ channel: any Channel, _ event: ConnectionWatch.Event) {
    // What is written afterwards goes to the same loop, and behind it.
    channel.triggerUserOutboundEvent(event, promise: nil)
  }

  // MARK: The Hub

  /// Work is cancelled when its client goes away.
  private func respond(
    to request: Request, _ face: HubFace, _ channel: any Channel
  ) async throws -> Response {
    let isHead = request.method == .head
    let outline = HubRequest(request, body: [])
    if HubFace.isFile(request.uri.path) {
      switch await working(channel, { await face.fileResult(for: outline) }) {
      case .success(let reply?): return response(reply, isHead: isHead, channel)
      case .success(nil): break
      case .failure(let error):
        tell(channel, .answered)
        return response(.error(error), isHead: isHead, closes: false)
      }
    }
    if HubFace.wantsEvents(outline) { return try await stream(request, face, channel) }
    guard let bytes = try await collected(request.body, limit: limits.body) else {
      counters.turnAway(.body)
      // What is left of the body is not worth reading.
      return response(.tooLarge(limit: limits.body), isHead: isHead, closes: true)
    }
    let question = HubRequest(request, body: bytes)
    let answer = await working(channel) { await face.respond(to: question) }
    tell(channel, .answered)
    return response(answer, isHead: isHead, closes: false)
  }

  /// What `work` gives, which is cancelled when the client of the connection goes.
  private func working<Value: Sendable>(
    _ channel: any Channel, _ work: @escaping @Sendable () async -> Value
  ) async -> Value {
    let departure = Departure()
    tell(channel, .working(departure))
    return await departure.cancelling(work)
  }

  /// A file, written as fast as the client takes it.
  private func response(
    _ reply: FileReply, isHead: Bool, _ channel: any Channel
  ) -> Response {
    var headers = HTTPFields()
    for field in reply.fields {
      if let name = HTTPFields.Element.Name(field.name) { headers[name] = field.value }
    }
    let length = reply.range.map { Int($0.upperBound - $0.lowerBound) }
    guard !isHead, reply.hasBody else {
      tell(channel, .answered)
      if let length, isHead, reply.hasBody { headers[.contentLength] = String(length) }
      return Response(status: .init(code: reply.status), headers: headers)
    }
    let body = ResponseBody(contentLength: length) { writer in
      let pieces = Handover()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          defer { pieces.end() }
          try await reply.copy { (bytes) async throws(ToolError) in
            guard await pieces.give(bytes) else {
              throw ToolError(status: 499, code: "cancelled", message: "The client went away.")
            }
          }
        }
        defer { pieces.end() }
        while let bytes = await pieces.take() {
          // It is the client's turn until it has taken the piece.
          tell(channel, .answered)
          try await writer.write(ByteBuffer(bytes: bytes))
          tell(channel, .answering)
        }
        try await group.waitForAll()
        tell(channel, .answered)
      }
      try await writer.finish(nil)
    }
    return Response(status: .init(code: reply.status), headers: headers, body: body)
  }

  private func response(_ answer: HubResponse, isHead: Bool, closes: Bool) -> Response {
    var headers = HTTPFields()
    if closes { headers[.connection] = "close" }
    headers[.contentType] = answer.contentType
    headers[.eTag] = answer.tag
    headers[.allow] = answer.allow
    for field in answer.fields {
      if let name = HTTPFields.Element.Name(field.name) { headers[name] = field.value }
    }
    headers[.cacheControl] = "no-store"
    // HEAD tells the length that GET would have (RFC 9110 §8.6).
    if isHead, answer.status != 304 { headers[.contentLength] = String(answer.body.count) }
    let body = ByteBuffer(bytes: isHead ? [] : answer.body)
    return Response(
      status: .init(code: answer.status), headers: headers, body: .init(byteBuffer: body))
  }

  /// The progress of a call, then its result.
  private func stream(
    _ request: Request, _ face: HubFace, _ channel: any Channel
  ) async throws -> Response {
    guard let bytes = try await collected(request.body, limit: limits.body) else {
      counters.turnAway(.body)
      return response(.tooLarge(limit: limits.body), isHead: false, closes: true)
    }
    tell(channel, .answering)
    let question = HubRequest(request, body: bytes)
    let requestBody = request.body
    let headers: HTTPFields = [
      .contentType: MediaType.events, .cacheControl: "no-store", .connection: "close",
    ]
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        try await requestBody.consumeWithCancellationOnInboundClose { rest in
          // The body was read before; see `events`.
          _ = rest.makeAsyncIterator()
          let (lines, end) = HubFace.lines()
          async let work: Void = face.answer(question, to: end)
          for await line in lines { try await writer.write(ByteBuffer(bytes: line)) }
          await work
        }
        try await writer.finish(nil)
      })
  }

  // MARK: Agents

  private func respond(
    to request: Request, _ outline: HubRequest, of node: String, _ channel: any Channel
  ) async throws -> Response {
    guard let agents else { return Response(status: .notFound) }
    if let refusal = agents.refusal(outline, node: node) {
      if refusal.status == 401 { counters.turnAway(.token) }
      return response(refusal, isHead: false, closes: true)
    }
    var isRead = false
    let answer = try await agents.answer(outline, node: node) {
      let bytes = try await collected(request.body, limit: agents.length(outline) ?? 0)
      isRead = bytes != nil
      tell(channel, .answering)
      return bytes
    }
    counters.answered(answer.status)
    tell(channel, .answered)
    return response(answer, isHead: false, closes: !isRead)
  }

  /// Raw packets, as many as come; only a silence counts as too slow.
  private func receive(
    _ request: Request, _ outline: HubRequest, _ id: String, from node: String,
    _ channel: any Channel
  ) async throws -> Response {
    guard let agents else { return Response(status: .notFound) }
    if let refusal = agents.refusal(outline, node: node, isRaw: true) {
      if refusal.status == 401 { counters.turnAway(.token) }
      return response(refusal, isHead: false, closes: true)
    }
    let pieces = request.body.map { (chunk: ByteBuffer) -> [UInt8] in
      // Whoever sends has its time anew with every piece.
      self.tell(channel, .answered)
      return Array(chunk.readableBytesView)
    }
    let answer = await agents.answer(id, from: node, pieces)
    counters.answered(answer.status)
    tell(channel, .answered)
    return response(answer, isHead: false, closes: true)
  }

  // MARK: MCP

  private func respond(
    to request: Request, _ mcp: MCPMount, _ channel: any Channel
  ) async throws -> Response {
    let outline = HubRequest(request, body: [])
    let isHead = request.method == .head
    // First of all: a page of another origin need not know whether a token would help.
    if let refusal = mcp.refusal(outline) {
      counters.turnAway(.host)
      return response(refusal, isHead: isHead, closes: true)
    }
    guard let endpoint = mcp.endpoint(for: outline) else {
      counters.turnAway(.token)
      return response(Gate.refusal, isHead: isHead, closes: true)
    }
    let limit = endpoint.limits.body
    // One byte more than fits: the endpoint then says that it is too much.
    let bytes = try await collected(request.body, limit: limit)
    let question = HubRequest(
      request, body: bytes ?? [UInt8](repeating: 0x20, count: limit + 1))
    tell(channel, .answering)
    let reply = await withGracefulShutdownHandler {
      await mcp.respond(to: question, endpoint)
    } onGracefulShutdown: {
      endpoint.close()
    }
    guard case .events(let stream) = reply.body else {
      tell(channel, .answered)
      return response(reply, isHead: isHead, closes: question.body.count > limit)
    }
    var answer = response(reply, isHead: isHead, closes: true)
    answer.body = events(stream, request, endpoint)
    return answer
  }

  /// The reply, without its events where those are its body.
  private func response(_ reply: EndpointReply, isHead: Bool, closes: Bool) -> Response {
    var headers = HTTPFields()
    for header in reply.headers {
      if let name = HTTPFields.Element.Name(header.name) { headers[name] = header.value }
    }
    var body = ByteBuffer()
    if case .bytes(let bytes) = reply.body, !bytes.isEmpty {
      headers[.cacheControl] = "no-store"
      if !isHead { body.writeBytes(bytes) }
    }
    if closes { headers[.connection] = "close" }
    return Response(
      status: .init(code: reply.status), headers: headers, body: .init(byteBuffer: body))
  }

  /// Writes the events until they end or the client goes.
  private func events(
    _ stream: EventStream, _ request: Request, _ endpoint: HTTPEndpoint
  ) -> ResponseBody {
    let requestBody = request.body
    return ResponseBody { writer in
      let finished = try await withGracefulShutdownHandler {
        try await requestBody.consumeWithInboundCloseHandler { rest in
          // The body was read before, so its end will not come here again. A reader that is dropped
          // ends it; without one the library traps when it lets go of it.
          _ = rest.makeAsyncIterator()
          do {
            try await writer.write(ByteBuffer(bytes: stream.first))
            while let event = await stream.next() {
              try await writer.write(ByteBuffer(bytes: event))
            }
            return true
          } catch {
            stream.abandon()
            return false
          }
        } onInboundClosed: {
          stream.abandon()
        }
      } onGracefulShutdown: {
        endpoint.close()
      }
      if finished { try await writer.finish(nil) }
    }
  }

  /// The whole body, or nil when it is too large.
  private func collected(_ body: RequestBody, limit: Int) async throws -> [UInt8]? {
    var bytes: [UInt8] = []
    for try await chunk in body {
      guard bytes.count + chunk.readableBytes <= limit else { return nil }
      bytes.append(contentsOf: chunk.readableBytesView)
    }
    return bytes
  }
}

/// A request with its connection.
private struct WatchedContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}

/// Keeps what MCP works on going as long as the server runs.
private struct MCPService: Service {
  let mcp: MCPMount

  func run() async throws { await mcp.run() }
}

extension HubRequest {
  fileprivate init(_ request: Request, body: [UInt8]) {
    // In HTTP/1.1 the Host header becomes the authority.
    var headers = request.headers.map { (name: $0.name.canonicalName, value: $0.value) }
    if let host = request.head.authority { headers.append(("host", host)) }
    self.init(
      method: request.method.rawValue, path: request.uri.path, query: request.uri.query ?? "",
      headers: headers, body: body)
  }
}
