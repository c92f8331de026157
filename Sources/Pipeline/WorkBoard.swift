import Dispatch
import Synchronization

/// Work that waits for the workers of a crew, and the threads that do it.
///
/// The jobs of one worker are done one after the other, in their order, by whichever thread is free.
/// Whoever hands work out takes a share of it while every worker has enough to do: a thread that only
/// read and waited would now and then take the place of one that works, and a processor that lost its
/// work to such a wait is slow to get it back. As far as it goes a lane stays with one thread: memory that
/// one thread takes and another gives back is fought for.
final class WorkBoard: Sendable {
  typealias Job = @Sendable () -> Void

  private struct Lane {
    var jobs: [Job] = []
    /// Whether a thread is at one of its jobs.
    var isTaken = false
  }

  private struct State {
    var lanes: [Lane]
    /// Threads beside those of the callers.
    var threads = 0
    /// Callers that wait until something is done.
    var waiters = 0

    /// The fewest jobs of a lane.
    var least: Int { lanes.reduce(Int.max) { min($0, $1.jobs.count) } }
    var most: Int { lanes.reduce(0) { max($0, $1.jobs.count) } }
    var isDone: Bool { lanes.allSatisfy { $0.jobs.isEmpty && !$0.isTaken } }

    /// Takes the next job of a lane that nobody is at: of `preferred`, or of the one with the most. The
    /// first lane is its caller's, and last for others.
    mutating func take(_ preferred: Int?) -> (lane: Int, job: Job)? {
      func isOpen(_ lane: Int) -> Bool { !lanes[lane].isTaken && !lanes[lane].jobs.isEmpty }
      var choice = preferred.flatMap { isOpen($0) ? $0 : nil }
      if choice == nil {
        for lane in lanes.indices.dropFirst() where isOpen(lane) {
          if choice.map({ lanes[lane].jobs.count > lanes[$0].jobs.count }) ?? true { choice = lane }
        }
        if choice == nil, isOpen(0) { choice = 0 }
      }
      guard let choice else { return nil }
      lanes[choice].isTaken = true
      return (choice, lanes[choice].jobs.removeFirst())
    }
  }

  /// Jobs of every lane with which all are busy for a while.
  private let enough: Int
  /// Jobs that may wait in one lane, whatever waits in others.
  private let limit: Int
  /// Threads beside those of the callers.
  private let threads: Int
  private let state: Mutex<State>
  private let pool = DispatchQueue(label: "workers", qos: .userInitiated, attributes: .concurrent)
  private let progress = DispatchSemaphore(value: 0)

  init(lanes: Int, threads: Int, enough: Int, limit: Int) {
    self.threads = threads
    // Without threads of its own nothing may be left waiting for the next call.
    self.enough = threads == 0 ? 1 : max(1, enough)
    self.limit = max(limit, self.enough)
    state = Mutex(State(lanes: Array(repeating: Lane(), count: lanes)))
  }

  /// Adds a job to each lane.
  func add(_ jobs: [Job]) {
    state.withLock { state in
      for (lane, job) in jobs.enumerated() { state.lanes[lane].jobs.append(job) }
      start(&state)
    }
  }

  /// Has threads look after lanes with jobs that nobody is at, as far as there are threads.
  private func start(_ state: inout State) {
    let free = state.lanes.count { !$0.isTaken && !$0.jobs.isEmpty }
    let started = min(free, threads - state.threads)
    state.threads += started
    for _ in 0..<started { pool.async { [self] in serve() } }
  }

  /// Does jobs until some lane has few, or waits for others to do so.
  func makeRoom() {
    help { state in state.least < enough && state.most < limit }
  }

  /// Does jobs until all are done, and waits for those that others are at.
  func finish() {
    help(until: \.isDone)
  }

  private func help(until isOver: (borrowing State) -> Bool) {
    var before: Int?
    while true {
      enum Step {
        case over, wait
        case work(lane: Int, job: Job)
      }
      let step: Step = state.withLock { state in
        if let before { leave(before, of: &state) }
        if isOver(state) {
          // While the caller had a lane, others may have found nothing to do and gone.
          start(&state)
          return .over
        }
        if let next = state.take(0) { return .work(lane: next.lane, job: next.job) }
        state.waiters += 1
        return .wait
      }
      before = nil
      switch step {
      case .over: return
      case .wait: progress.wait()
      case .work(let lane, let job):
        job()
        before = lane
      }
    }
  }

  /// Does jobs while there are any.
  private func serve() {
    var before: Int?
    while true {
      let next = state.withLock { state in
        if let before { leave(before, of: &state) }
        let next = state.take(before)
        if next == nil { state.threads -= 1 }
        return next
      }
      guard let next else { return }
      next.job()
      before = next.lane
    }
  }

  private func leave(_ lane: Int, of state: inout State) {
    state.lanes[lane].isTaken = false
    while state.waiters > 0 {
      state.waiters -= 1
      progress.signal()
    }
  }
}
