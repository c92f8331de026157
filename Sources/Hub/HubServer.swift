import Hummingbird
package import Logging
import MCP
import ServiceLifecycle

/// Serves a `HubFace`, MCP, or both, on a TCP port until it is told to stop.
package struct HubServer: Sendable {
  /// Longest request body of the face, in bytes: arguments are small.
  static let maxBody = 1 << 20

  private let face: HubFace?
  private let mcp: MCPMount?
  private let host: String
  private let port: Int
  private let log: Logger
  private let onListening: @Sendable (_ port: Int) async -> Void

  /// - Parameter port: 0 lets the system choose.
  /// - Parameter onListening: gets the port once connections are accepted.
  package init(
    _ face: HubFace?, mcp: MCPMount? = nil, host: String, port: Int, log: Logger,
    onListening: @escaping @Sendable (_ port: Int) async -> Void
  ) {
    (self.face, self.mcp, self.host, self.port) = (face, mcp, host, port)
    (self.log, self.onListening) = (log, onListening)
  }

  /// Serves until SIGTERM or SIGINT, then lets requests under way end.
  ///
  /// - Throws: what the system says when the address cannot be used.
  package func run() async throws {
    let responder = CallbackResponder<BasicRequestContext> { request, _ in
      try await respond(to: request)
    }
    var application = Application(
      responder: responder,
      configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
      onServerRunning: { await onListening($0.localAddress?.port ?? port) }, logger: log)
    if let mcp { application.addServices(EndpointService(endpoint: mcp.endpoint)) }
    try await application.runService()
  }

  private func respond(to request: Request) async throws -> Response {
    let outline = HubRequest(request, body: [])
    if let mcp, mcp.takes(outline, isAlone: face == nil) {
      return try await respond(to: request, mcp)
    }
    guard let face else {
      return response(HubResponse(status: 404), isHead: request.method == .head, closes: false)
    }
    return try await respond(to: request, face)
  }

  // MARK: The Hub

  /// A call is cancelled when its client goes away. To notice that, the connection is watched, and
  /// a connection that was watched cannot be used again.
  private func respond(to request: Request, _ face: HubFace) async throws -> Response {
    let isCall = HubFace.isCall(request.uri.path)
    let answer =
      if isCall {
        try await request.body.consumeWithCancellationOnInboundClose { body in
          try await respond(to: request, body, face)
        }
      } else {
        try await respond(to: request, request.body, face)
      }
    return response(answer, isHead: request.method == .head, closes: isCall)
  }

  private func response(_ answer: HubResponse, isHead: Bool, closes: Bool) -> Response {
    var headers = HTTPFields()
    if closes { headers[.connection] = "close" }
    headers[.contentType] = answer.contentType
    headers[.eTag] = answer.tag
    headers[.allow] = answer.allow
    headers[.cacheControl] = "no-store"
    let body = ByteBuffer(bytes: isHead ? [] : answer.body)
    return Response(
      status: .init(code: answer.status), headers: headers, body: .init(byteBuffer: body))
  }

  private func respond(
    to request: Request, _ body: RequestBody, _ face: HubFace
  ) async throws -> HubResponse {
    guard let bytes = try await collected(body, limit: Self.maxBody) else {
      return HubResponse.tooLarge(limit: Self.maxBody)
    }
    return await face.respond(to: HubRequest(request, body: bytes))
  }

  // MARK: MCP

  private func respond(to request: Request, _ mcp: MCPMount) async throws -> Response {
    let limit = mcp.endpoint.limits.body
    // One byte more than fits: the endpoint then says that it is too much.
    let bytes = try await collected(request.body, limit: limit)
    let question = HubRequest(
      request, body: bytes ?? [UInt8](repeating: 0x20, count: limit + 1))
    let reply = await withGracefulShutdownHandler {
      await mcp.respond(to: question)
    } onGracefulShutdown: {
      mcp.endpoint.close()
    }
    var headers = HTTPFields()
    for header in reply.headers {
      if let name = HTTPFields.Element.Name(header.name) { headers[name] = header.value }
    }
    let body: ResponseBody
    switch reply.body {
    case .bytes(let bytes):
      if bytes.count > 0 { headers[.cacheControl] = "no-store" }
      if question.body.count > limit { headers[.connection] = "close" }
      body = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
    case .events(let stream):
      headers[.connection] = "close"
      body = events(stream, request, mcp.endpoint)
    }
    return Response(status: .init(code: reply.status), headers: headers, body: body)
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

/// Keeps the endpoint's work going as long as the server runs.
private struct EndpointService: Service {
  let endpoint: HTTPEndpoint

  func run() async throws {
    await withGracefulShutdownHandler {
      await endpoint.run()
    } onGracefulShutdown: {
      endpoint.close()
    }
    // The server closes it first, and a service that is over before its turn counts as failed.
    try? await gracefulShutdown()
  }
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
