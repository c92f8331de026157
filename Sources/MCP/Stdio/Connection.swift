import JSON
import Synchronization
import ToolKit

/// One client on two streams of bytes: carries out what its session decides.
///
/// Everything is decided under one lock and queued for sending under it, so that no progress
/// follows an answer and no answer a cancellation.
final class Connection: Sendable {
  /// Work to be begun by the server's task group.
  struct Job: Sendable {
    var ticket: Ticket
    var work: Work
    /// Fires when the work is to stop, or has ended.
    var stop: Signal
  }

  private struct State {
    var session: Session
    var stops: [Ticket: Signal] = [:]
    var inputHasEnded = false
    var isOver = false
  }

  let jobs: AsyncStream<Job>
  private let state: Mutex<State>
  private let starts: AsyncStream<Job>.Continuation
  private let outbox: Outbox
  private let epoch = ContinuousClock.now

  init(_ session: Session, output: FileDescriptor) {
    let (jobs, starts) = AsyncStream.makeStream(of: Job.self)
    (self.jobs, self.starts) = (jobs, starts)
    state = Mutex(State(session: session))
    outbox = Outbox(output) { starts.finish() }
  }

  func received(_ line: LineSplitter.Line) {
    let message = Message(line)
    state.withLock { state in
      carryOut(state.session.received(message), &state)
    }
  }

  func finished(_ ticket: Ticket, _ outcome: Outcome) {
    state.withLock { state in
      carryOut(state.session.finished(ticket, outcome), &state)
      state.stops[ticket] = nil
      if state.inputHasEnded && state.session.isIdle { starts.finish() }
    }
  }

  func progressed(_ ticket: Ticket, _ progress: Progress) {
    let now = ContinuousClock.now - epoch
    state.withLock { state in
      carryOut(state.session.progressed(ticket, progress, at: now), &state)
    }
  }

  /// No more messages come. Work under way may still end until `stop`.
  func inputEnded() {
    state.withLock { state in
      state.inputHasEnded = true
      if state.session.isIdle { starts.finish() }
    }
  }

  /// Whether reading should pause until the client has read what waits for it.
  var isFull: Bool { outbox.isFull }

  /// Takes on no more work, and what still ends is not told.
  func stop() {
    state.withLock { $0.isOver = true }
    starts.finish()
  }

  /// Returns when everything sent so far has been written, or cannot be.
  func drained() async { await outbox.drained() }

  private func carryOut(_ actions: [Session.Action], _ state: inout State) {
    guard !state.isOver else { return }
    for action in actions {
      switch action {
      case .send(let message): outbox.send(message)
      case .start(let ticket, let work):
        let stop = Signal()
        state.stops[ticket] = stop
        starts.yield(Job(ticket: ticket, work: work, stop: stop))
      case .cancel(let ticket): state.stops.removeValue(forKey: ticket)?.fire()
      }
    }
    if state.inputHasEnded && state.session.isIdle { starts.finish() }
  }
}
