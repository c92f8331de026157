import Dispatch
import Synchronization

/// A thread of its own that does what it is given, one after the other: for long work that is less
/// eager for a processor than those who gave it.
///
/// The thread begins with the first work and ends when nobody holds this any more.
package final class WorkThread: Sendable {
  private struct State {
    var work: [@Sendable () -> Void] = []
    var isRunning = false
  }

  /// What the thread holds: not the object whose end it waits for.
  private final class Line: Sendable {
    let state = Mutex(State())
    let signal = DispatchSemaphore(value: 0)

    func run() {
      while true {
        signal.wait()
        let next = state.withLock { state in
          state.work.isEmpty ? nil : state.work.removeFirst()
        }
        // Signalled without work: it is over.
        guard let next else { return }
        next()
      }
    }
  }

  private let line = Line()
  private let eagerness: ThreadEagerness

  package init(_ eagerness: ThreadEagerness) { self.eagerness = eagerness }

  deinit { line.signal.signal() }

  /// Has `work` run on the thread, and returns at once.
  package func begin(_ work: @escaping @Sendable () -> Void) {
    let begins = line.state.withLock { state in
      state.work.append(work)
      defer { state.isRunning = true }
      return !state.isRunning
    }
    if begins {
      let line = line
      startThread(eagerness) { line.run() }
    }
    line.signal.signal()
  }
}
