import JSON

/// An HTTP request to an MCP endpoint: no socket, no stream.
package struct EndpointRequest: Sendable {
  package var method: String
  /// Names in lower case.
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]

  package init(method: String, headers: [(name: String, value: String)], body: [UInt8]) {
    (self.method, self.headers, self.body) = (method, headers, body)
  }

  /// The value of the first header of that name.
  func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

  /// Whether the client takes that media type; one that names none takes all.
  func accepts(_ type: String) -> Bool {
    guard let accept = header("accept") else { return true }
    let family = type.prefix { $0 != "/" } + "/*"
    return accept.lowercased().split(separator: ",").contains { part in
      let named = part.prefix { $0 != ";" }.filter { $0 != " " }
      return named == type || named == "*/*" || named == family
    }
  }
}

/// The response of an MCP endpoint.
package struct EndpointReply: Sendable {
  package enum Body: Sendable {
    case bytes([UInt8])
    case events(EventStream)
  }

  package var status: Int
  package var headers: [(name: String, value: String)] = []
  package var body = Body.bytes([])

  static let json = "application/json"
  static let events = "text/event-stream"

  /// A response without a body.
  init(status: Int) { self.status = status }

  init(status: Int, _ message: JSONValue) {
    self.status = status
    var writer = JSONWriter()
    writer.write(message)
    body = .bytes(writer.bytes)
    headers = [("content-type", Self.json)]
  }

  init(_ stream: EventStream) {
    status = 200
    body = .events(stream)
    headers = [
      ("content-type", Self.events), ("cache-control", "no-store"), ("x-accel-buffering", "no"),
    ]
  }

  /// A visitor who may not ask at all.
  package static func forbidden(_ reason: String) -> EndpointReply {
    .refused(403, "refused: \(reason)")
  }

  /// A refusal for a reason of HTTP; the body says it as JSON-RPC would.
  static func refused(_ status: Int, _ reason: String) -> EndpointReply {
    EndpointReply(status: status, Reply.error(.invalidRequest(reason), revision: .july2026))
  }
}

/// A stream of server-sent events that goes on until its request is answered.
package struct EventStream: Sendable {
  private let exchange: Exchange
  /// What to write before anything else.
  package let first: [UInt8]
  private let left: @Sendable () -> Void

  init(_ exchange: Exchange, first: Exchange.Event, left: @escaping @Sendable () -> Void) {
    (self.exchange, self.first, self.left) = (exchange, first.bytes, left)
    exchange.beat()
  }

  /// The next event, to be written at once; nil at the end. One task at a time may wait for it.
  package func next() async -> [UInt8]? {
    var iterator = exchange.events.makeAsyncIterator()
    return await iterator.next()?.bytes
  }

  /// The client has gone.
  package func abandon() {
    left()
    exchange.finish()
  }
}
