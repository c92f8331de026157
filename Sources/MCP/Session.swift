package import JSON
package import ToolKit

/// One client's conversation with us, as a state machine: a message, an outcome or a progress
/// report goes in, what to do comes out. Time is an argument; nothing here waits.
///
/// Requests of the handshake revisions follow what `initialize` settled; a request with the
/// `_meta` keys of 2026-07-28 stands for itself, whatever went before.
package struct Session: Sendable {
  package enum Action: Hashable, Sendable {
    case send(JSONValue)
    case start(Ticket, Work)
    /// Stop this work; its outcome is no longer wanted.
    case cancel(Ticket)
  }

  /// What is held at most, so that no client can make us grow without bound.
  package struct Limits: Sendable {
    /// Requests under way.
    package var pending = 10_000
    /// Messages in one batch.
    package var batch = 1_000
    /// Least time between two progress notifications of one request.
    package var progressInterval = Duration.milliseconds(200)

    package init() {}
  }

  /// What the limits turned away.
  package struct Counters: Hashable, Sendable {
    package var requestsRefused = 0
    package var batchesRefused = 0
    package var linesTooLong = 0
  }

  /// A request whose work is under way.
  private struct Pending {
    var id: RequestID
    var revision: Revision
    var batch: Int?
    var progressToken: JSONValue?
    var lastProgress: (done: Double, at: Duration)?
  }

  /// A batch whose answers go out together once the last one is there.
  private struct Batch {
    var waiting = 0
    var answers: [JSONValue] = []
  }

  private let identity: ServerIdentity
  private let limits: Limits
  package private(set) var counters = Counters()
  /// What `initialize` settled.
  private var revision: Revision?
  private var pending: [Ticket: Pending] = [:]
  private var batches: [Int: Batch] = [:]
  private var issued = 0

  package init(_ identity: ServerIdentity, limits: Limits = Limits()) {
    (self.identity, self.limits) = (identity, limits)
  }

  /// Whether no work is under way.
  package var isIdle: Bool { pending.isEmpty }

  // MARK: Messages

  package mutating func received(_ message: Message) -> [Action] {
    switch message {
    case .single(let envelope): return received(envelope, in: nil)
    case .batch(let envelopes): return received(batch: envelopes)
    case .notJSON(let reason): return [.send(Reply.error(.notJSON(reason), revision: revision))]
    case .tooLong(let bytes):
      counters.linesTooLong += 1
      let error = ProtocolError.invalidRequest("the line of \(bytes) bytes is too long")
      return [.send(Reply.error(error, revision: revision))]
    }
  }

  private mutating func received(batch envelopes: [Envelope]) -> [Action] {
    guard let revision, revision.acceptsBatches else {
      return refuseBatch("batches belong to revision 2025-03-26 only")
    }
    guard !envelopes.isEmpty else { return refuseBatch("the batch is empty") }
    guard envelopes.count <= limits.batch else {
      counters.batchesRefused += 1
      return refuseBatch("the batch holds more than \(limits.batch) messages")
    }
    issued += 1
    let key = issued
    // Held open by one until all of its messages have been looked at.
    batches[key] = Batch(waiting: 1)
    var actions = envelopes.flatMap { received($0, in: key) }
    actions += settle(key, answer: nil)
    return actions
  }

  private func refuseBatch(_ reason: String) -> [Action] {
    [.send(Reply.error(.invalidRequest(reason), revision: revision))]
  }

  private mutating func received(_ envelope: Envelope, in batch: Int?) -> [Action] {
    switch envelope {
    case .response: return []
    case .invalid(let error, let id?): return reply(Reply.error(error, id: id), in: batch)
    case .invalid(let error, nil):
      return reply(Reply.error(error, revision: revision), in: batch)
    case .notification(Cancelled.name, let params):
      return Cancelled(params).map { cancel($0.requestID) } ?? []
    case .notification: return []
    case .request(let request):
      do throws(ProtocolError) {
        return try received(request, in: batch)
      } catch {
        return reply(Reply.error(error, id: request.id), in: batch)
      }
    }
  }

  private mutating func received(
    _ request: Request, in batch: Int?
  ) throws(ProtocolError) -> [Action] {
    if try Stateless.isMarked(request) {
      return try start(request, in: batch, Stateless.methods, as: .july2026)
    }
    switch request.method {
    case Initialize.name:
      guard batch == nil else { throw .invalidRequest("initialize cannot be part of a batch") }
      let negotiated = Revision.negotiated(for: Initialize(request.params).requested)
      revision = negotiated
      return reply(
        Reply.result(Initialize.result(identity, in: negotiated), id: request.id), in: nil)
    case Ping.name:
      return reply(Reply.result(JSONObject(), id: request.id), in: batch)
    default:
      guard let revision else {
        throw .invalidParams(
          "before initialize every request needs \(Stateless.version) in params._meta")
      }
      return try start(request, in: batch, Self.methods, as: revision)
    }
  }

  /// The methods that need work of a handshake revision.
  private static let methods = [ListTools.name, CallTool.name, ListPrompts.name, GetPrompt.name]

  private mutating func start(
    _ request: Request, in batch: Int?, _ methods: [String], as revision: Revision
  ) throws(ProtocolError) -> [Action] {
    guard methods.contains(request.method) else { throw .unknownMethod(request.method) }
    let params = request.params
    let work: Work
    switch request.method {
    case Discover.name:
      let result = Stateless.discovery(identity)
      return reply(Reply.result(result, id: request.id), in: batch)
    case ListTools.name:
      _ = try ListTools(params)
      work = .listTools
    case CallTool.name: work = .callTool(try CallTool(params))
    case ListPrompts.name:
      _ = try ListPrompts(params)
      work = .listPrompts
    case GetPrompt.name: work = .getPrompt(try GetPrompt(params))
    default: throw .unknownMethod(request.method)
    }
    guard pending.count < limits.pending else {
      counters.requestsRefused += 1
      throw .internalError("\(limits.pending) requests are under way, try again later")
    }
    issued += 1
    let ticket = Ticket(number: issued)
    pending[ticket] = Pending(
      id: request.id, revision: revision, batch: batch, progressToken: request.progressToken)
    if let batch { batches[batch]?.waiting += 1 }
    return [.start(ticket, work)]
  }

  private mutating func cancel(_ id: RequestID) -> [Action] {
    var actions: [Action] = []
    for (ticket, entry) in pending where entry.id == id {
      pending[ticket] = nil
      actions.append(.cancel(ticket))
      if let batch = entry.batch { actions += settle(batch, answer: nil) }
    }
    return actions
  }

  // MARK: Work

  /// The work of `ticket` has ended. Nothing follows for work that was cancelled.
  package mutating func finished(_ ticket: Ticket, _ outcome: Outcome) -> [Action] {
    guard let entry = pending.removeValue(forKey: ticket) else { return [] }
    let answer = answer(to: entry, outcome)
    if let batch = entry.batch { return settle(batch, answer: answer) }
    return [.send(answer)]
  }

  private func answer(to entry: Pending, _ outcome: Outcome) -> JSONValue {
    let revision = entry.revision
    var result: JSONObject
    var cacheMilliseconds: Int?
    switch outcome {
    case .tools(let tools):
      result = ListTools.result(tools, in: revision)
      cacheMilliseconds = ListTools.cacheMilliseconds
    case .answer(let answer): result = CallTool.result(answer, in: revision)
    case .prompts(let prompts):
      result = ListPrompts.result(prompts, in: revision)
      cacheMilliseconds = ListPrompts.cacheMilliseconds
    case .prompt(let prompt): result = GetPrompt.result(prompt)
    case .failed(let error): result = CallTool.result(error)
    case .refused(let error): return Reply.error(error, id: entry.id)
    }
    if revision.isStateless {
      result = Stateless.complete(result, identity, cacheMilliseconds: cacheMilliseconds)
    }
    return Reply.result(result, id: entry.id)
  }

  /// The work of `ticket` has come so far; `now` is any clock that only goes forward.
  ///
  /// Reports that come too fast, that do not grow, or that nobody asked for are left out.
  package mutating func progressed(
    _ ticket: Ticket, _ progress: Progress, at now: Duration
  ) -> [Action] {
    guard let entry = pending[ticket], let token = entry.progressToken, progress.done.isFinite
    else { return [] }
    if let last = entry.lastProgress {
      guard progress.done > last.done, now - last.at >= limits.progressInterval else { return [] }
    }
    pending[ticket]?.lastProgress = (progress.done, now)
    var params: JSONObject = ["progressToken": token, "progress": JSONValue(progress.done)]
    if let total = progress.total, total.isFinite { params["total"] = JSONValue(total) }
    if entry.revision.hasProgressMessages, let message = progress.message {
      params["message"] = .string(message)
    }
    return [.send(Reply.notification("notifications/progress", params))]
  }

  // MARK: Batches

  private mutating func reply(_ message: JSONValue, in batch: Int?) -> [Action] {
    guard let batch else { return [.send(message)] }
    batches[batch]?.answers.append(message)
    return []
  }

  /// One of those a batch waited for is done; the last one sends it off.
  private mutating func settle(_ key: Int, answer: JSONValue?) -> [Action] {
    guard var batch = batches[key] else { return [] }
    batch.waiting -= 1
    if let answer { batch.answers.append(answer) }
    guard batch.waiting == 0 else {
      batches[key] = batch
      return []
    }
    batches[key] = nil
    return batch.answers.isEmpty ? [] : [.send(.array(batch.answers))]
  }
}
