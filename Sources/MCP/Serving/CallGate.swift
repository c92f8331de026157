import Synchronization

/// Lets so many in at once; the others wait their turn.
///
/// Requests are accepted without such a limit: it is the calls to the Hub that are held back.
final class CallGate: Sendable {
  private struct State {
    var free: Int
    var nextKey = 0
    /// Who waits, first come first; nil for those that gave up.
    var queue: [(key: Int, continuation: CheckedContinuation<Bool, Never>)] = []
  }

  private let state: Mutex<State>

  init(width: Int) { state = Mutex(State(free: width)) }

  /// Runs `body` when it is its turn; nil when its task was cancelled before that.
  func pass<Value: Sendable>(_ body: () async -> Value) async -> Value? {
    guard await enter() else { return nil }
    defer { leave() }
    return await body()
  }

  private func enter() async -> Bool {
    let key: Int? = state.withLock { state in
      if state.free > 0 {
        state.free -= 1
        return nil
      }
      state.nextKey += 1
      return state.nextKey
    }
    guard let key else { return true }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let decided: Bool? = state.withLock { state in
          if Task.isCancelled { return false }
          if state.free > 0 {
            state.free -= 1
            return true
          }
          state.queue.append((key, continuation))
          return nil
        }
        if let decided { continuation.resume(returning: decided) }
      }
    } onCancel: {
      let waiting = state.withLock { state in
        state.queue.firstIndex { $0.key == key }.map { state.queue.remove(at: $0).continuation }
      }
      waiting?.resume(returning: false)
    }
  }

  private func leave() {
    let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
      guard !state.queue.isEmpty else {
        state.free += 1
        return nil
      }
      return state.queue.removeFirst().continuation
    }
    next?.resume(returning: true)
  }
}
