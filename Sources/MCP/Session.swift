package import Bytes
package import JSON
package import ToolKit

/// One client's conversation with us, as a state machine: a message, an outcome or a report goes
/// in, what to do comes out. Time is an argument; nothing here waits.
///
/// Requests of the handshake revisions follow what `initialize` settled; a request with the
/// `_meta` keys of 2026-07-28 stands for itself, whatever went before.
package struct Session: Sendable {
  package enum Action: Hashable, Sendable {
    /// To whoever sent what caused it; to nobody in particular without an origin.
    case send(JSONValue, to: Origin?)
    case start(Ticket, Work, Terms)
    /// Stop this work; its outcome is no longer wanted.
    case cancel(Ticket)
    /// The client's answers to what this work asked, by the keys of the questions.
    case answer(Ticket, Result<[String: JSONObject], ToolError>)
    /// Call `reminded` for this work after that time.
    case remind(Ticket, after: Duration)
    /// All that came from there has been answered.
    case end(Origin)
  }

  /// What is held at most, so that no client can make us grow without bound.
  package struct Limits: Sendable {
    /// Requests under way.
    package var pending = 10_000
    /// Messages in one batch.
    package var batch = 1_000
    /// Rows on one page of a list.
    package var page = 100
    /// Open subscriptions, and resources watched.
    package var subscriptions = 1_000
    /// Least time between two progress notifications of one request.
    package var progressInterval = Duration.milliseconds(200)
    /// How long a call of a client that knows tasks may take before it becomes one.
    package var taskAfter = Duration.seconds(5)
    /// How long a client may take to answer a question.
    package var patience = Duration.seconds(300)
    /// How long the answers to questions that came as a result are good.
    package var answersLast = Duration.seconds(600)

    package init() {}
  }

  /// What the limits turned away.
  package struct Counters: Hashable, Sendable {
    package var requestsRefused = 0
    package var batchesRefused = 0
    package var subscriptionsRefused = 0
    package var tasksRefused = 0
    package var linesTooLong = 0
  }

  /// A request whose work is under way.
  struct Pending {
    var id: RequestID
    var revision: Revision
    var origin: Origin?
    var batch: Int?
    var progressToken: JSONValue?
    var lastProgress: (done: Double, at: Duration)?
    /// The row a list goes on after.
    var after: String?
    /// Log messages are wanted from this level on.
    var logLevel: LogLevel?
    var work: Work
    var terms: Terms
    /// What answers to questions are bound to.
    var digest: String?
  }

  /// A batch whose answers go out together once the last one is there.
  struct Batch {
    var origin: Origin?
    var waiting = 0
    var answers: [JSONValue] = []
  }

  let identity: ServerIdentity
  let limits: Limits
  let sealer: Sealer
  /// Wall-clock time at the clock's zero.
  let epoch: Timestamp
  /// The revision in which messages are refused that say nothing of theirs.
  private let refusing: Revision?
  package internal(set) var counters = Counters()
  /// What `initialize` settled.
  var revision: Revision?
  var answers: Set<Question.Kind> = []
  var isInitialized = false
  var logLevel = LogLevel.warning
  var watched: Set<String> = []
  var pending: [Ticket: Pending] = [:]
  var batches: [Int: Batch] = [:]
  /// How much is still open of what came from each origin.
  var open: [Origin: Int] = [:]
  var questions = Questions()
  var listeners: [Ticket: Listener] = [:]
  var tasks = TaskShelf()
  /// Seals that were used, with the time their use would end anyway.
  var spent: [Int: Duration] = [:]
  var issued = 0

  /// - Parameter epoch: wall-clock time when the clock, whose readings are passed in, was zero.
  package init(
    _ identity: ServerIdentity, limits: Limits = Limits(), sealer: Sealer = Sealer(),
    epoch: Timestamp = Timestamp(nanoseconds: 0), refusing: Revision? = nil
  ) {
    (self.identity, self.limits, self.sealer) = (identity, limits, sealer)
    (self.epoch, self.refusing) = (epoch, refusing)
  }

  /// Whether no work is under way.
  package var isIdle: Bool { pending.isEmpty && tasks.isIdle }

  // MARK: Messages

  /// - Parameter origin: the HTTP request it came in, where there is one.
  package mutating func received(
    _ message: Message, from origin: Origin? = nil, at now: Duration = .zero
  ) -> [Action] {
    if let origin { open[origin] = 1 }
    var actions: [Action]
    switch message {
    case .single(let envelope): actions = received(envelope, origin, batch: nil, now)
    case .batch(let envelopes): actions = received(batch: envelopes, origin, now)
    case .notJSON(let reason):
      actions = [.send(Reply.error(.notJSON(reason), revision: revision ?? refusing), to: origin)]
    case .tooLong(let bytes, let id):
      counters.linesTooLong += 1
      let error = ProtocolError.invalidRequest("the message of \(bytes) bytes is too long")
      let reply =
        id.map { Reply.error(error, id: $0) }
        ?? Reply.error(error, revision: revision ?? refusing)
      actions = [.send(reply, to: origin)]
    }
    return actions + release(origin)
  }

  private mutating func received(
    batch envelopes: [Envelope], _ origin: Origin?, _ now: Duration
  ) -> [Action] {
    guard let revision, revision.acceptsBatches else {
      return refuseBatch("batches belong to revision 2025-03-26 only", origin)
    }
    guard !envelopes.isEmpty else { return refuseBatch("the batch is empty", origin) }
    guard envelopes.count <= limits.batch else {
      counters.batchesRefused += 1
      return refuseBatch("the batch holds more than \(limits.batch) messages", origin)
    }
    issued += 1
    let key = issued
    // Held open by one until all of its messages have been looked at.
    batches[key] = Batch(origin: origin, waiting: 1)
    var actions = envelopes.flatMap { received($0, origin, batch: key, now) }
    actions += settle(key, answer: nil)
    return actions
  }

  private func refuseBatch(_ reason: String, _ origin: Origin?) -> [Action] {
    [.send(Reply.error(.invalidRequest(reason), revision: revision ?? refusing), to: origin)]
  }

  private mutating func received(
    _ envelope: Envelope, _ origin: Origin?, batch: Int?, _ now: Duration
  ) -> [Action] {
    switch envelope {
    case .stray: return []
    case .response(let id, let result): return answered(id, result)
    case .invalid(let error, let id?):
      return reply(Reply.error(error, id: id), origin, batch: batch)
    case .invalid(let error, nil):
      return reply(Reply.error(error, revision: revision ?? refusing), origin, batch: batch)
    case .notification(Cancelled.name, let params):
      return Cancelled(params).map { cancel($0.requestID) } ?? []
    case .notification(let name, _):
      if Initialize.done.contains(name) { isInitialized = true }
      return []
    case .request(let request):
      do throws(ProtocolError) {
        return try received(request, origin, batch: batch, now)
      } catch {
        return reply(Reply.error(error, id: request.id), origin, batch: batch)
      }
    }
  }

  mutating func cancel(_ id: RequestID) -> [Action] {
    pending.filter { $0.value.id == id }.map(\.key).flatMap { drop($0) }
      + listeners.filter { $0.value.id == id }.map(\.key).flatMap { unlisten($0) }
  }

  /// The client has gone from there: what it asked for is no longer wanted (2026-07-28).
  package mutating func dropped(_ origin: Origin) -> [Action] {
    pending.filter { $0.value.origin == origin }.map(\.key).flatMap { drop($0) }
      + listeners.filter { $0.value.origin == origin }.map(\.key).flatMap { unlisten($0) }
  }

  private mutating func drop(_ ticket: Ticket) -> [Action] {
    guard let entry = pending.removeValue(forKey: ticket) else { return [] }
    questions.forget(ticket)
    var actions: [Action] = [.cancel(ticket)]
    if let batch = entry.batch { actions += settle(batch, answer: nil) }
    return actions + release(entry.origin)
  }

  // MARK: Sending

  /// An answer at once, or as part of its batch.
  func reply(_ message: JSONValue, _ origin: Origin?) -> [Action] { [.send(message, to: origin)] }

  mutating func reply(_ message: JSONValue, _ origin: Origin?, batch: Int?) -> [Action] {
    guard let batch else { return [.send(message, to: origin)] }
    batches[batch]?.answers.append(message)
    return []
  }

  /// One of those a batch waited for is done; the last one sends it off.
  mutating func settle(_ key: Int, answer: JSONValue?) -> [Action] {
    guard var batch = batches[key] else { return [] }
    batch.waiting -= 1
    if let answer { batch.answers.append(answer) }
    guard batch.waiting == 0 else {
      batches[key] = batch
      return []
    }
    batches[key] = nil
    return batch.answers.isEmpty ? [] : [.send(.array(batch.answers), to: batch.origin)]
  }

  /// One thing of that origin is done; after the last one nothing more goes there.
  mutating func release(_ origin: Origin?) -> [Action] {
    guard let origin, let count = open[origin] else { return [] }
    open[origin] = count > 1 ? count - 1 : nil
    return count > 1 ? [] : [.end(origin)]
  }
}
