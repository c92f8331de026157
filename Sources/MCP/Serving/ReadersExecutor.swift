import Dispatch
import Synchronization
import ToolKit

/// Runs the beginning of a task, up to where it first waits, on the thread that read its message;
/// what follows runs on the shared pool.
///
/// A small call never waits, and two changes of threads cost more than the call itself. Where
/// messages are read on an `EventThread`, all stays there that goes on because of what came there.
final class ReadersExecutor: TaskExecutor {
  private enum Place {
    case closed
    /// The next job stays here.
    case open
    case taken(UnownedJob)
  }

  private let place = Mutex(Place.closed)
  private let thread: (any EventThread)?

  init(thread: (any EventThread)? = nil) { self.thread = thread }

  /// Whether the caller runs on the thread that reads and waits for the Hub as well.
  var isOnEventThread: Bool { thread?.isCurrent ?? false }

  /// From now on a job is kept for the caller.
  func open() { place.withLock { $0 = .open } }

  /// The job that was kept; no other will be.
  func close() -> UnownedJob? {
    place.withLock { place in
      defer { place = .closed }
      return if case .taken(let job) = place { job } else { nil }
    }
  }

  /// Whether the next job would be kept.
  var isOpen: Bool {
    place.withLock { if case .open = $0 { true } else { false } }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let isKept = place.withLock { place in
      guard case .open = place else { return false }
      place = .taken(job)
      return true
    }
    guard !isKept else { return }
    if let thread, thread.isCurrent {
      thread.run { self.run(job) }
    } else {
      DispatchQueue.global(qos: .userInitiated).async { self.run(job) }
    }
  }

  /// Runs the job on the calling thread.
  func run(_ job: UnownedJob) { job.runSynchronously(on: asUnownedTaskExecutor()) }
}
