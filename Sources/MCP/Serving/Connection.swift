import Bytes
import Dispatch
package import JSON
import Synchronization
package import ToolKit

/// One client: carries out what its session decides.
///
/// Everything is decided under one lock and queued for sending under it, so that no progress
/// follows an answer and no answer a cancellation.
package final class Connection: Sendable {
  /// Where messages go.
  struct Outlet: Sendable {
    var send: @Sendable (JSONValue, Origin?) -> Void
    /// Nothing more goes to that origin.
    var end: @Sendable (Origin) -> Void
    /// Called outside of the lock when something may have been sent.
    var flush: @Sendable () -> Void = {}
  }

  private struct State {
    var session: Session
    var tasks: [Ticket: Task<Void, Never>] = [:]
    /// Work that waits for the client's answers.
    var asking: [Ticket: CheckedContinuation<Result<[String: JSONObject], ToolError>, Never>] = [:]
    var isClosing = false
    var isOver = false
  }

  private let state: Mutex<State>
  private let patience: Duration
  private let workshop: Workshop
  private let outlet: Outlet
  private let idle: @Sendable () -> Void

  /// - Parameter idle: called when the connection is closing and no work is left.
  init(
    _ session: Session, workshop: Workshop, outlet: Outlet,
    idle: @escaping @Sendable () -> Void = {}
  ) {
    patience = session.limits.patience
    state = Mutex(State(session: session))
    (self.workshop, self.outlet, self.idle) = (workshop, outlet, idle)
  }

  /// Decides under the lock; what was sent meanwhile goes out behind it.
  private func change<Result>(_ body: (inout sending State) -> sending Result) -> sending Result {
    let result = state.withLock(body)
    outlet.flush()
    return result
  }

  // MARK: The client

  func received(_ message: Message, from origin: Origin? = nil) {
    let now = workshop.now
    change { state in
      carryOut(state.session.received(message, from: origin, at: now), &state)
    }
  }

  /// The client no longer waits there.
  func dropped(_ origin: Origin) {
    change { state in carryOut(state.session.dropped(origin), &state) }
  }

  /// No more messages come. Work under way may still end until `stop`.
  func close() {
    change { state in
      carryOut(state.session.closing(), &state)
      state.isClosing = true
      if state.session.isIdle { idle() }
    }
  }

  /// Ends all work; what still ends is not told.
  func stop() {
    change { state in
      carryOut(state.session.closing(), &state)
      state.isOver = true
      // The last first: who waits for its turn must not get it from one that ends here.
      for (_, task) in state.tasks.sorted(by: { $0.key.number > $1.key.number }) { task.cancel() }
      for ticket in Array(state.asking.keys) { resume(ticket, .failure(.cancelled), &state) }
    }
  }

  /// Whether it was stopped: nothing comes of what is received.
  var isOver: Bool { state.withLock { $0.isOver } }

  // MARK: The server

  package func changed(_ lists: [Session.List]) {
    change { state in carryOut(state.session.changed(lists), &state) }
  }

  package func updated(_ uri: String) {
    change { state in carryOut(state.session.updated(uri), &state) }
  }

  package func log(_ level: LogLevel, _ logger: String, _ data: JSONValue) {
    change { state in carryOut(state.session.logged(level, logger, data), &state) }
  }

  // MARK: Work

  func finished(_ ticket: Ticket, _ outcome: Outcome) {
    let now = workshop.now
    change { state in
      carryOut(state.session.finished(ticket, outcome, at: now), &state)
      state.tasks[ticket] = nil
      if state.isClosing && state.session.isIdle { idle() }
    }
  }

  /// How the work of `ticket` reaches the client.
  func caller(_ ticket: Ticket, _ terms: Terms) -> Caller {
    Caller(
      progress: { self.progressed(ticket, $0) },
      log: { level, data in
        self.change { state in
          self.carryOut(state.session.logged(level, "kubeshark", data, ticket), &state)
        }
      },
      answers: terms.answers,
      ask: { questions throws(ToolError) in try await self.ask(ticket, terms, questions) })
  }

  private func progressed(_ ticket: Ticket, _ progress: Progress) {
    let now = workshop.now
    change { state in
      carryOut(state.session.progressed(ticket, progress, at: now), &state)
    }
  }

  private func ask(
    _ ticket: Ticket, _ terms: Terms, _ questions: [Question]
  ) async throws(ToolError) -> [String: JSONObject] {
    let open = questions.filter { question in
      terms.given[question.key].map { !question.isAnswered(by: $0) } ?? true
    }
    guard !open.isEmpty else { return terms.given }
    let impossible = open.filter { !terms.answers.contains($0.kind) }
    guard impossible.isEmpty else { throw .cannotAsk(impossible) }
    if terms.asksInResults { throw .inputRequired(open) }
    let now = workshop.now
    let result: Result<[String: JSONObject], ToolError> = await withCheckedContinuation {
      continuation in
      change { state in
        let actions = state.session.ask(ticket, open, at: now)
        guard !actions.isEmpty, !state.isOver else {
          continuation.resume(returning: .failure(.cancelled))
          return
        }
        state.asking[ticket] = continuation
        carryOut(actions, &state)
      }
      after(patience) {
        let now = self.workshop.now
        self.change { state in
          self.carryOut(state.session.gaveUp(ticket, at: now), &state)
        }
      }
    }
    return try result.get()
  }

  private func resume(
    _ ticket: Ticket, _ result: Result<[String: JSONObject], ToolError>, _ state: inout State
  ) {
    state.asking.removeValue(forKey: ticket)?.resume(returning: result)
  }

  private func carryOut(_ actions: [Session.Action], _ state: inout State) {
    guard !state.isOver else { return }
    for action in actions {
      switch action {
      case .send(let message, let origin): outlet.send(message, origin)
      case .end(let origin): outlet.end(origin)
      case .start(let ticket, let work, let terms):
        state.tasks[ticket] = workshop.begin(
          Workshop.Job(connection: self, ticket: ticket, work: work, terms: terms))
      case .cancel(let ticket):
        resume(ticket, .failure(.cancelled), &state)
        state.tasks.removeValue(forKey: ticket)?.cancel()
      case .answer(let ticket, let result): resume(ticket, result, &state)
      case .remind(let ticket, let delay):
        after(delay) { [self] in
          let now = workshop.now
          self.change { state in
            carryOut(state.session.reminded(ticket, at: now), &state)
          }
        }
      }
    }
    if state.isClosing && state.session.isIdle { idle() }
  }
}
