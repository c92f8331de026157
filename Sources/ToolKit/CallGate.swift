import Synchronization

/// Lets so many in at once; the others wait their turn.
///
/// Requests are accepted without such a limit: it is the calls to the Hub that are held back.
package final class CallGate: Sendable {
  /// What became of who came to the gate.
  package enum Turn: Sendable {
    /// It is inside, and has to `leave`.
    case taken
    /// So many wait already that it was sent away.
    case full
    /// Its task was cancelled while it waited.
    case givenUp
  }

  private struct State {
    var free: Int
    var nextKey = 0
    /// Who waits, first come first; nil for those that gave up.
    var queue: [(key: Int, continuation: CheckedContinuation<Turn, Never>)] = []
  }

  private let waiting: Int
  private let state: Mutex<State>

  /// - Parameters:
  ///   - width: who may be inside at the same time.
  ///   - waiting: who may wait for that.
  package init(width: Int, waiting: Int = .max) {
    self.waiting = waiting
    state = Mutex(State(free: width))
  }

  /// Runs `body` when it is its turn; nil when its task was cancelled before that.
  package func pass<Value: Sendable>(_ body: () async -> Value) async -> Value? {
    guard await enter() == .taken else { return nil }
    defer { leave() }
    return await body()
  }

  package func enter() async -> Turn {
    let key: Int? = state.withLock { state in
      if state.free > 0 {
        state.free -= 1
        return nil
      }
      state.nextKey += 1
      return state.nextKey
    }
    guard let key else { return .taken }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let decided: Turn? = state.withLock { state in
          if Task.isCancelled { return .givenUp }
          if state.free > 0 {
            state.free -= 1
            return .taken
          }
          guard state.queue.count < waiting else { return .full }
          state.queue.append((key, continuation))
          return nil
        }
        if let decided { continuation.resume(returning: decided) }
      }
    } onCancel: {
      let waiting = state.withLock { state in
        state.queue.firstIndex { $0.key == key }.map { state.queue.remove(at: $0).continuation }
      }
      waiting?.resume(returning: .givenUp)
    }
  }

  package func leave() {
    let next: CheckedContinuation<Turn, Never>? = state.withLock { state in
      guard !state.queue.isEmpty else {
        state.free += 1
        return nil
      }
      return state.queue.removeFirst().continuation
    }
    next?.resume(returning: .taken)
  }
}
