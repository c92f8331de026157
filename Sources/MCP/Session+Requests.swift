import JSON
import ToolKit

/// What each method does, and in which revisions it exists.
extension Session {
  mutating func received(
    _ request: Request, _ origin: Origin?, batch: Int?, _ now: Duration
  ) throws(ProtocolError) -> [Action] {
    if let marks = try Stateless.marks(of: request) {
      guard batch == nil else { throw .invalidRequest("2026-07-28 knows no batches") }
      return try received(request, origin, marks, now)
    }
    switch request.method {
    case Initialize.name:
      guard batch == nil else { throw .invalidRequest("initialize cannot be part of a batch") }
      return initialize(request, origin)
    case Ping.name: return reply(Reply.result([:], id: request.id), origin, batch: batch)
    default: break
    }
    guard let revision else {
      throw .invalidParams(
        "before initialize every request needs \(Stateless.version) in params._meta")
    }
    switch request.method {
    case SetLevel.name where identity.features.logging:
      logLevel = try SetLevel.level(request.params)
    case WatchResource.subscribe where identity.features.watching:
      try watch(try ReadResource(request.params).uri)
    case WatchResource.unsubscribe where identity.features.watching:
      watched.remove(try ReadResource(request.params).uri)
    default:
      let work = try work(request)
      return try start(
        work, for: request, origin, batch: batch, in: revision, Terms(answers: answers))
    }
    return reply(Reply.result([:], id: request.id), origin, batch: batch)
  }

  private mutating func initialize(_ request: Request, _ origin: Origin?) -> [Action] {
    let hello = Initialize(request.params)
    let negotiated = Revision.negotiated(for: hello.requested)
    revision = negotiated
    answers = Terms.answers(hello.capabilities, in: negotiated)
    (isInitialized, logLevel, watched) = (false, .warning, [])
    return reply(
      Reply.result(Initialize.result(identity, in: negotiated), id: request.id), origin)
  }

  private mutating func watch(_ uri: String) throws(ProtocolError) {
    guard watched.count < limits.subscriptions else {
      counters.subscriptionsRefused += 1
      throw .internalError("\(limits.subscriptions) resources are watched already")
    }
    watched.insert(uri)
  }

  private mutating func received(
    _ request: Request, _ origin: Origin?, _ marks: Stateless.Marks, _ now: Duration
  ) throws(ProtocolError) -> [Action] {
    switch request.method {
    case Discover.name:
      return reply(Reply.result(Stateless.discovery(identity), id: request.id), origin)
    case Listener.name: return try listen(request, origin, marks)
    case TaskShelf.get, TaskShelf.update, TaskShelf.cancel:
      return try tasks(request, origin, marks, now)
    default: break
    }
    let work = try work(request)
    var terms = Terms(answers: marks.answers, asksInResults: true)
    var digest: String?
    if [CallTool.name, GetPrompt.name, ReadResource.name].contains(request.method) {
      (terms.given, digest) = try answers(in: request, now)
    }
    let actions = try start(
      work, for: request, origin, batch: nil, in: .july2026, terms, marks.logLevel, digest)
    guard case .start(let ticket, .callTool, _)? = actions.first, marks.hasTasks else {
      return actions
    }
    return actions + [.remind(ticket, after: limits.taskAfter)]
  }

  /// What the request needs done, for the methods of every revision.
  private func work(_ request: Request) throws(ProtocolError) -> Work {
    let params = request.params
    switch request.method {
    case ListTools.name: return .listTools
    case CallTool.name: return .callTool(try CallTool(params))
    case ListPrompts.name: return .listPrompts
    case GetPrompt.name: return .getPrompt(try GetPrompt(params))
    case ListResources.name where identity.features.resources: return .listResources
    case ListResources.templates where identity.features.resources: return .listTemplates
    case ReadResource.name where identity.features.resources:
      return .readResource(try ReadResource(params))
    case Complete.name where identity.features.completions: return .complete(try Complete(params))
    default: throw .unknownMethod(request.method)
    }
  }

  private mutating func start(
    _ work: Work, for request: Request, _ origin: Origin?, batch: Int?, in revision: Revision,
    _ terms: Terms, _ logLevel: LogLevel? = nil, _ digest: String? = nil
  ) throws(ProtocolError) -> [Action] {
    let after = work.isList ? try Page.start(request.params) : nil
    guard pending.count < limits.pending else {
      counters.requestsRefused += 1
      throw .internalError("\(limits.pending) requests are under way, try again later")
    }
    let ticket = nextTicket()
    pending[ticket] = Pending(
      id: request.id, revision: revision, origin: origin, batch: batch,
      progressToken: request.progressToken, after: after, logLevel: logLevel, work: work,
      terms: terms, digest: digest)
    if let batch { batches[batch]?.waiting += 1 }
    if let origin { open[origin, default: 0] += 1 }
    return [.start(ticket, work, terms)]
  }

  mutating func nextTicket() -> Ticket {
    issued += 1
    return Ticket(number: issued)
  }
}
