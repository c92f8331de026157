import Synchronization

/// The client's going away, for the work that it asked for.
///
/// Reading on until the connection ends would tell as well, but what is read then belongs to the next
/// request, and the connection could not be used for it.
final class Departure: Sendable {
  private struct State {
    var hasHappened = false
    var end: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  /// The client is gone.
  func happen() {
    let end = state.withLock { state in
      state.hasHappened = true
      defer { state.end = nil }
      return state.end
    }
    end?()
  }

  /// What `work` gives; it is cancelled when the client goes.
  func cancelling<Value: Sendable>(
    _ work: @escaping @Sendable () async -> Value
  ) async -> Value {
    let task = Task { await work() }
    let isGone = state.withLock { state in
      if !state.hasHappened { state.end = { task.cancel() } }
      return state.hasHappened
    }
    if isGone { task.cancel() }
    defer { state.withLock { $0.end = nil } }
    return await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
  }
}
