import Dispatch
import Synchronization
import ToolKit

/// Where the work of connections is done, side by side.
package final class Workshop: Sendable {
  /// A piece of work of one connection.
  struct Job: Sendable {
    var connection: Connection
    var ticket: Ticket
    var work: Work
    var terms: Terms
  }

  private struct State {
    var running: [Int: Task<Void, Never>] = [:]
    var started = 0
    var isClosed = false
    /// Somebody looks from time to time whether it has become quiet.
    var isWatched = false
    /// Who waits for the end.
    var waiting: CheckedContinuation<Void, Never>?

    var isOver: Bool { isClosed && running.isEmpty }
  }

  /// How long nothing must begin until it counts as quiet.
  static let quiet = Duration.milliseconds(400)
  /// How long after the start that counts where nothing was asked at all: a busy machine takes its
  /// time to start.
  static let settling = Duration.seconds(2)

  private let offer: Offer
  private let rested: (@Sendable () -> Void)?
  private let gate: CallGate
  private let state = Mutex(State())
  private let epoch = ContinuousClock.now
  /// Where a job begins that comes while nothing else runs, when a reader waits for it there; and
  /// where calls are passed on that came on an event thread.
  let readers: ReadersExecutor

  /// - Parameter calls: calls to the Hub at the same time.
  /// - Parameter thread: where messages are read, and the Hub is waited for.
  /// - Parameter rested: called each time that it has become quiet.
  init(
    _ offer: Offer, calls: Int, thread: (any EventThread)? = nil,
    rested: (@Sendable () -> Void)? = nil
  ) {
    (self.offer, self.rested) = (offer, rested)
    readers = ReadersExecutor(thread: thread)
    gate = CallGate(width: calls)
  }

  /// The clock of all sessions.
  var now: Duration { ContinuousClock.now - epoch }

  /// Begins the job; its task is there to be cancelled. Nil when nothing more is taken on.
  func begin(_ job: Job) -> Task<Void, Never>? {
    let passesOn = readers.isOnEventThread && offer.passesOn(job.work)
    // Under the lock, so that the job is known here before it can end.
    let task: Task<Void, Never>? = state.withLock { state in
      guard !state.isClosed else { return nil }
      state.started += 1
      let number = state.started
      let here = passesOn || state.running.isEmpty && readers.isOpen ? readers : nil
      // Somebody waits for it: before reading, indexing and tidying.
      let task = Task.detached(executorPreference: here, priority: .userInitiated) { [self] in
        if let outcome = await perform(job) { job.connection.finished(job.ticket, outcome) }
        ended(number)
      }
      state.running[number] = task
      return task
    }
    watch()
    return task
  }

  /// Sees to it that `rested` is called after the start when nothing is asked.
  func settle() {
    guard let rested else { return }
    after(Self.settling) { [weak self] in
      guard let self, state.withLock({ $0.started == 0 && !$0.isClosed }) else { return }
      rested()
    }
  }

  /// Sees to it that `rested` is called once nothing runs and nothing has begun for a while.
  private func watch() {
    guard let rested else { return }
    let seen: Int? = state.withLock { state in
      guard !state.isWatched, !state.isClosed else { return nil }
      state.isWatched = true
      return state.started
    }
    if let seen { look(seen, rested) }
  }

  /// - Parameter seen: how many jobs had begun when it was looked at last.
  private func look(_ seen: Int, _ rested: @escaping @Sendable () -> Void) {
    after(Self.quiet) { [weak self] in
      guard let self else { return }
      let (started, isQuiet): (Int?, Bool) = state.withLock { state in
        let isQuiet = state.started == seen && state.running.isEmpty
        if isQuiet || state.isClosed { state.isWatched = false }
        return (state.isClosed ? nil : state.started, isQuiet)
      }
      guard let started else { return }
      if isQuiet { rested() } else { look(started, rested) }
    }
  }

  private func ended(_ number: Int) {
    let waiting: CheckedContinuation<Void, Never>? = state.withLock { state in
      state.running[number] = nil
      return state.isOver ? state.waiting.take() : nil
    }
    waiting?.resume()
  }

  /// Takes on nothing more; what runs is cancelled.
  func close() {
    let (running, waiting) = state.withLock { state in
      state.isClosed = true
      // The last first: who waits for its turn must not get it from one that ends here.
      let running = state.running.sorted { $0.key > $1.key }.map(\.value)
      return (running, state.isOver ? state.waiting.take() : nil)
    }
    for task in running { task.cancel() }
    waiting?.resume()
  }

  /// Returns when it is closed and all work has ended. A cancelled task closes it.
  func run() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if !state.isOver { state.waiting = continuation }
          return state.isOver
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      close()
    }
  }

  private func perform(_ job: Job) async -> Outcome? {
    let caller = job.connection.caller(job.ticket, job.terms)
    // Lists and prompts are quick and must not queue behind slow calls.
    guard case .callTool = job.work else { return await offer.perform(job.work, caller: caller) }
    return await gate.pass { await offer.perform(job.work, caller: caller) }
  }
}

/// Runs `body` in the background after that time.
func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void) {
  let parts = delay.components
  let seconds = Double(parts.seconds) + Double(parts.attoseconds) / 1e18
  DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: body)
}
