import Packets
import Synchronization

/// Lets a capture that still grows be asked while it is read.
///
/// All calls come from the thread that reads. Whenever it has caught up with the writer, and every
/// so often while it has not, what was read so far is settled: made visible in the store.
final class Growth: Sendable {
  /// Time between two settlements of a capture that grows faster than it is read: what a killed
  /// process loses.
  private static let interval = Duration.milliseconds(500)

  private struct State {
    /// Something arrived since the last settlement, or there was none.
    var isStale = true
    var settled = ContinuousClock.now
    var hasSettled = false
    var settle: (@Sendable () -> Void)?
    var isCancelled: (@Sendable () -> Bool)?
  }

  private let state = Mutex(State())

  /// What the reader asks while nothing new arrives.
  var follow: CaptureFollow {
    CaptureFollow { [self] in
      settle()
      return state.withLock { $0.isCancelled }?() ?? false
    }
  }

  /// From now on `settle` is called, and `isCancelled` ends the reading.
  func begin(
    isCancelled: @escaping @Sendable () -> Bool, settle: @escaping @Sendable () -> Void
  ) {
    state.withLock { ($0.settle, $0.isCancelled) = (settle, isCancelled) }
  }

  /// Something has changed that the next settlement shows.
  func stir() { state.withLock { $0.isStale = true } }

  /// Something was settled: entries of what was read are in the store.
  var hasSettled: Bool { state.withLock { $0.hasSettled } }

  /// Packets were handed out.
  func arrived() {
    let isDue = state.withLock { state in
      state.isStale = true
      return ContinuousClock.now - state.settled >= Self.interval
    }
    if isDue { settle() }
  }

  /// Nothing is settled any more, and nothing held.
  func end() { state.withLock { $0.settle = nil } }

  private func settle() {
    let work = state.withLock { state -> (@Sendable () -> Void)? in
      guard state.isStale, let settle = state.settle else { return nil }
      state.isStale = false
      return settle
    }
    guard let work else { return }
    work()
    state.withLock { ($0.settled, $0.hasSettled) = (.now, true) }
  }
}
