import Hummingbird
package import Logging

/// Serves a `HubFace` on a TCP port until it is told to stop.
package struct HubServer: Sendable {
  /// Longest request body, in bytes: arguments are small.
  static let maxBody = 1 << 20

  private let face: HubFace
  private let host: String
  private let port: Int
  private let log: Logger
  private let onListening: @Sendable (_ port: Int) async -> Void

  /// - Parameter port: 0 lets the system choose.
  /// - Parameter onListening: gets the port once connections are accepted.
  package init(
    _ face: HubFace, host: String, port: Int, log: Logger,
    onListening: @escaping @Sendable (_ port: Int) async -> Void
  ) {
    (self.face, self.host, self.port) = (face, host, port)
    (self.log, self.onListening) = (log, onListening)
  }

  /// Serves until SIGTERM or SIGINT, then lets requests under way end.
  ///
  /// - Throws: what the system says when the address cannot be used.
  package func run() async throws {
    let responder = CallbackResponder<BasicRequestContext> { request, _ in
      try await respond(to: request)
    }
    let application = Application(
      responder: responder,
      configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
      onServerRunning: { await onListening($0.localAddress?.port ?? port) }, logger: log)
    try await application.runService()
  }

  /// A call is cancelled when its client goes away. To notice that, the connection is watched, and
  /// a connection that was watched cannot be used again.
  private func respond(to request: Request) async throws -> Response {
    let isHead = request.method == .head
    let isCall = HubFace.isCall(request.uri.path)
    let response =
      if isCall {
        try await request.body.consumeWithCancellationOnInboundClose { body in
          try await respond(to: request, body)
        }
      } else {
        try await respond(to: request, request.body)
      }
    var headers = HTTPFields()
    if isCall { headers[.connection] = "close" }
    headers[.contentType] = response.contentType
    headers[.eTag] = response.tag
    headers[.allow] = response.allow
    headers[.cacheControl] = "no-store"
    let body = ByteBuffer(bytes: isHead ? [] : response.body)
    return Response(
      status: .init(code: response.status), headers: headers, body: .init(byteBuffer: body))
  }

  private func respond(to request: Request, _ body: RequestBody) async throws -> HubResponse {
    guard let bytes = try await collected(body) else {
      return HubResponse.tooLarge(limit: Self.maxBody)
    }
    return await face.respond(to: HubRequest(request, body: bytes))
  }

  /// The whole body, or nil when it is too large.
  private func collected(_ body: RequestBody) async throws -> [UInt8]? {
    var bytes: [UInt8] = []
    for try await chunk in body {
      guard bytes.count + chunk.readableBytes <= Self.maxBody else { return nil }
      bytes.append(contentsOf: chunk.readableBytesView)
    }
    return bytes
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
