import Synchronization

/// Counts how often it was rung, and lets many wait for the next time.
package final class Doorbell: Sendable {
  private struct State {
    var count = 0
    var nextKey = 0
    var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  package init() {}

  package var count: Int { state.withLock { $0.count } }

  package func ring() {
    let waiting = state.withLock { state in
      state.count += 1
      defer { state.waiting = [:] }
      return Array(state.waiting.values)
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Returns when it has been rung more often than `seen`, or the caller's task is cancelled.
  package func wait(beyond seen: Int) async {
    let key = state.withLock { state in
      state.nextKey += 1
      return state.nextKey
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          guard state.count == seen, !Task.isCancelled else { return true }
          state.waiting[key] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: key) }?.resume()
    }
  }

  /// The same, for no longer than `limit`.
  package func wait(beyond seen: Int, atMost limit: Duration) async {
    await withTaskGroup { group in
      group.addTask { await self.wait(beyond: seen) }
      group.addTask { do { try await Task.sleep(for: limit) } catch { return } }
      await group.next()
      group.cancelAll()
    }
  }
}
