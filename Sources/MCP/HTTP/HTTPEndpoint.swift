import Bytes
import JSON
import Synchronization
package import ToolKit

/// An MCP server over Streamable HTTP: a request goes in, a response or a stream comes out.
///
/// Clients of the handshake revisions get a session, those of 2026-07-28 need none; both are
/// served at the same path.
package final class HTTPEndpoint: Sendable {
  package struct Limits: Sendable {
    /// Longest message, in bytes.
    package var body = 4 << 20
    /// Sessions at the same time; beyond that the one that was silent longest has to go.
    package var sessions = 1_000
    /// Calls to the Hub at the same time.
    package var calls = 64
    /// How long work may go on after the server was told to end.
    package var grace = Duration.milliseconds(900)
    package var session = Session.Limits()

    package init() {}
  }

  /// What the limits turned away.
  package struct Counters: Hashable, Sendable {
    package var sessionsEvicted = 0
    package var strangersRefused = 0
  }

  /// A client of a handshake revision.
  private struct Held {
    var connection: Connection
    var lastUsed: Duration
    /// Open `GET` streams, oldest first.
    var streams: [Exchange] = []
  }

  /// A request that is being answered.
  private struct Open {
    var exchange: Exchange
    var connection: Connection
  }

  private struct State {
    var sessions: [String: Held] = [:]
    var exchanges: [Origin: Open] = [:]
    var issued = 0
    var counters = Counters()
    var isClosing = false
  }

  package let limits: Limits
  private let identity: ServerIdentity
  private let token: String?
  private let workshop: Workshop
  private let sealer = Sealer()
  private let epoch = wallClockNow()
  private let state = Mutex(State())
  private let stateless: Mutex<Connection?> = Mutex(nil)

  /// - Parameter token: what clients must send as `Authorization: Bearer`; nil for none.
  /// - Parameter rested: called each time that nothing was asked for a moment and nothing is under
  ///   way, after the start as well.
  package init(
    offer: Offer, identity: ServerIdentity, token: String?, limits: Limits = Limits(),
    rested: (@Sendable () -> Void)? = nil
  ) {
    (self.identity, self.token, self.limits) = (identity, token, limits)
    workshop = Workshop(offer, calls: limits.calls, rested: rested)
    let shared = Connection(
      Session(
        identity, limits: limits.session, sealer: sealer, epoch: epoch, refusing: .july2026),
      workshop: workshop, outlet: outlet(session: nil))
    stateless.withLock { $0 = shared }
  }

  package var counters: Counters { state.withLock { $0.counters } }

  /// Works until `close`.
  package func run() async {
    workshop.settle()
    await workshop.run()
  }

  /// Ends open streams, and work under way after the grace.
  package func close() {
    let connections = state.withLock { state -> [Connection] in
      guard !state.isClosing else { return [] }
      state.isClosing = true
      return state.sessions.values.map(\.connection)
    }
    for connection in connections + [shared] { connection.close() }
    after(limits.grace) { [self] in
      for connection in connections + [shared] { connection.stop() }
      let open = state.withLock { state in
        defer { state.exchanges = [:] }
        return state.exchanges.values.map(\.exchange) + state.sessions.values.flatMap(\.streams)
      }
      for exchange in open { exchange.finish() }
      workshop.close()
    }
  }

  /// The lists are other ones now.
  package func changed(_ lists: [Session.List]) { forAll { $0.changed(lists) } }
  /// The contents under that address are other ones now.
  package func updated(_ uri: String) { forAll { $0.updated(uri) } }
  /// A line for the clients' logs.
  package func log(_ level: LogLevel, _ logger: String, _ text: String) {
    forAll { $0.log(level, logger, .string(text)) }
  }

  private func forAll(_ body: (Connection) -> Void) {
    let connections = state.withLock { $0.sessions.values.map(\.connection) }
    for connection in connections + [shared] { body(connection) }
  }

  private var shared: Connection {
    guard let connection = stateless.withLock({ $0 }) else {
      preconditionFailure("used before it was made")
    }
    return connection
  }

  // MARK: Requests

  package func respond(to request: EndpointRequest) async -> EndpointReply {
    guard isKnown(request) else {
      state.withLock { $0.counters.strangersRefused += 1 }
      var reply = EndpointReply.refused(
        401, "a token is needed: send Authorization: Bearer TOKEN")
      reply.headers.append(("www-authenticate", "Bearer"))
      return reply
    }
    let isStateless = request.header(HeaderRules.version) == Revision.july2026.rawValue
    switch request.method {
    case "POST": return await post(request)
    case "GET" where !isStateless: return listen(request)
    case "DELETE" where !isStateless: return end(request)
    default:
      var reply = EndpointReply.refused(405, "\(request.method) is not a method of this path")
      reply.headers.append(("allow", isStateless ? "POST" : "GET, POST, DELETE"))
      return reply
    }
  }

  /// Compares all bytes, so that the time says nothing about where a guess went wrong.
  private func isKnown(_ request: EndpointRequest) -> Bool {
    guard let token else { return true }
    guard let given = request.header("authorization"),
      given.prefix(7).lowercased() == "bearer "
    else { return false }
    let (ours, theirs) = (Array(token.utf8), Array(given.dropFirst(7).utf8))
    var difference = ours.count ^ theirs.count
    for (index, byte) in theirs.enumerated() {
      difference |= Int(byte ^ ours[index % max(1, ours.count)])
    }
    return difference == 0 && !ours.isEmpty
  }

  private func post(_ request: EndpointRequest) async -> EndpointReply {
    let type = (request.header("content-type") ?? "").prefix { $0 != ";" }.filter { $0 != " " }
    guard type.lowercased() == EndpointReply.json else {
      return .refused(415, "send Content-Type: application/json")
    }
    guard request.accepts(EndpointReply.json) || request.accepts(EndpointReply.events) else {
      return .refused(406, "accept application/json and text/event-stream")
    }
    guard request.body.count <= limits.body else {
      return .refused(413, "the message is longer than \(limits.body) bytes")
    }
    let message = Message(.text(request.body))
    if message.begins(with: Initialize.name) { return await initialize(request, message) }
    if HeaderRules.isStateless(request, message) {
      if let refusal = Self.refusal(request, message) { return refusal }
      return await exchange(message, request, shared, isStateless: true)
    }
    if case .notJSON = message, request.header("mcp-session-id") == nil {
      return await exchange(message, request, shared, isStateless: true)
    }
    switch held(request) {
    case .failure(let refusal): return refusal.reply
    case .success(let connection):
      return await exchange(message, request, connection, isStateless: false)
    }
  }

  /// The reply to what the session shared by the clients of 2026-07-28 must not see; nil for all
  /// else.
  private static func refusal(
    _ request: EndpointRequest, _ message: Message
  ) -> EndpointReply? {
    switch message {
    case .single(.notification):
      // A client cancels by closing its stream. By the id it could take back what others asked for.
      return EndpointReply(status: 202)
    case .single(.request(let inner)):
      if let error = HeaderRules.mismatch(request, inner) {
        return EndpointReply(status: 400, Reply.error(error, id: inner.id))
      }
      guard inner.method != Listener.name || request.accepts(EndpointReply.events) else {
        return .refused(406, "accept text/event-stream: \(Listener.name) has no other answer")
      }
      return nil
    default: return nil
    }
  }

  // MARK: Sessions

  private struct Refusal: Error { var reply: EndpointReply }

  private func initialize(_ request: EndpointRequest, _ message: Message) async -> EndpointReply {
    let id = state.withLock { state -> String in
      state.issued += 1
      return sealer.name("session", state.issued)
    }
    let connection = Connection(
      Session(identity, limits: limits.session, sealer: sealer, epoch: epoch),
      workshop: workshop, outlet: outlet(session: id))
    let evicted = state.withLock { state -> Held? in
      state.sessions[id] = Held(connection: connection, lastUsed: workshop.now)
      guard state.sessions.count > limits.sessions,
        let oldest = state.sessions.min(by: { $0.value.lastUsed < $1.value.lastUsed })
      else { return nil }
      state.counters.sessionsEvicted += 1
      return state.sessions.removeValue(forKey: oldest.key)
    }
    if let evicted { discard(evicted) }
    var reply = await exchange(message, request, connection, isStateless: false)
    reply.headers.append(("mcp-session-id", id))
    return reply
  }

  private static let ended = EndpointReply.refused(
    404, "this session has ended; begin again with initialize")

  /// The session a request belongs to.
  private func held(_ request: EndpointRequest) -> Result<Connection, Refusal> {
    guard let id = request.header("mcp-session-id") else {
      return .failure(
        Refusal(reply: .refused(400, "Mcp-Session-Id is missing; begin with initialize")))
    }
    if let version = request.header(HeaderRules.version) {
      guard let revision = Revision(rawValue: version), !revision.isStateless else {
        return .failure(Refusal(reply: .refused(400, "unknown MCP-Protocol-Version \(version)")))
      }
    }
    let now = workshop.now
    let connection = state.withLock { state in
      state.sessions[id]?.lastUsed = now
      return state.sessions[id]?.connection
    }
    guard let connection else { return .failure(Refusal(reply: Self.ended)) }
    return .success(connection)
  }

  /// `GET`: what is not an answer to anything.
  private func listen(_ request: EndpointRequest) -> EndpointReply {
    guard request.accepts(EndpointReply.events) else {
      return .refused(406, "accept text/event-stream")
    }
    if case .failure(let refusal) = held(request) { return refusal.reply }
    let id = request.header("mcp-session-id") ?? ""
    let exchange = Exchange()
    let isHeld = state.withLock { state in
      guard state.sessions[id] != nil else { return false }
      state.sessions[id]?.streams.append(exchange)
      return true
    }
    guard isHeld else { return Self.ended }
    return EndpointReply(
      EventStream(exchange, first: .quiet) { [self] in
        state.withLock { $0.sessions[id]?.streams.removeAll { $0 === exchange } }
      })
  }

  /// `DELETE`: the client ends its session.
  private func end(_ request: EndpointRequest) -> EndpointReply {
    if case .failure(let refusal) = held(request) { return refusal.reply }
    let held = state.withLock { state in
      state.sessions.removeValue(forKey: request.header("mcp-session-id") ?? "")
    }
    if let held { discard(held) }
    return EndpointReply(status: 204)
  }

  private func discard(_ held: Held) {
    held.connection.stop()
    // Nothing more comes from there: whoever waits for an answer is told.
    let waiting = state.withLock { state in
      let origins = state.exchanges.filter { $0.value.connection === held.connection }.keys
      return origins.compactMap { state.exchanges.removeValue(forKey: $0)?.exchange }
    }
    for exchange in waiting + held.streams { exchange.discard() }
  }

  // MARK: Exchanges

  private func outlet(session id: String?) -> Connection.Outlet {
    Connection.Outlet(
      send: { [weak self] message, origin in
        guard let self else { return }
        // What answers nothing goes to the newest stream the client holds open.
        let exchange = state.withLock { state in
          origin.map { state.exchanges[$0]?.exchange }
            ?? id.flatMap { state.sessions[$0]?.streams.last }
        }
        exchange?.add(message)
      },
      end: { [weak self] origin in
        let open = self?.state.withLock { $0.exchanges.removeValue(forKey: origin) }
        open?.exchange.finish()
      })
  }

  /// Hands a message in, and gives back what comes of it: one message as JSON, or a stream when
  /// there is more or it takes long.
  private func exchange(
    _ message: Message, _ request: EndpointRequest, _ connection: Connection, isStateless: Bool
  ) async -> EndpointReply {
    let exchange = Exchange()
    let origin = state.withLock { state -> Origin in
      state.issued += 1
      let origin = Origin(state.issued)
      state.exchanges[origin] = Open(exchange: exchange, connection: connection)
      return origin
    }
    let canStream = request.accepts(EndpointReply.events)
    let canBePlain = request.accepts(EndpointReply.json)
    let left: @Sendable () -> Void = { [self] in
      // A broken connection takes nothing back before 2026-07-28.
      if isStateless { connection.dropped(origin) }
      state.withLock { $0.exchanges[origin] = nil }
    }
    connection.received(message, from: origin)
    if connection.isOver {
      // Its session ended since it was found.
      state.withLock { $0.exchanges[origin] = nil }
      exchange.discard()
    }
    if canStream { exchange.remindLater(Exchange.quick) }
    for await event in exchange.events {
      if case .message(let message) = event {
        if message["method"] == nil {
          let status = Self.status(of: message, isStateless: isStateless)
          if canBePlain || status != 200 { return EndpointReply(status: status, message) }
        } else if !canStream {
          // Where nothing can be streamed only the answer counts, and nobody will answer ours.
          if let id = message["id"]?.string {
            let error = ProtocolError.invalidRequest("the client takes no text/event-stream")
            connection.received(.single(.response(id: id, .failure(error))))
          }
          continue
        }
      }
      return EndpointReply(EventStream(exchange, first: event, left: left))
    }
    if Task.isCancelled { left() }
    return exchange.isDiscarded ? Self.ended : EndpointReply(status: 202)
  }

  /// The status that goes with an answer. The handshake revisions lay down none for a request that
  /// could be read.
  private static func status(of message: JSONValue, isStateless: Bool) -> Int {
    let code = message["error"]?["code"]?.int
    if [-32700, -32600].contains(code) { return 400 }
    guard isStateless else { return 200 }
    return switch code {
    case -32601: 404
    case -32602, -32020, -32021, -32022: 400
    default: 200
    }
  }
}

extension Message {
  /// Whether this is a request of that method without the marks of 2026-07-28.
  fileprivate func begins(with method: String) -> Bool {
    guard case .single(.request(let request)) = self else { return false }
    return request.method == method && !Stateless.claims(request.meta)
  }
}
