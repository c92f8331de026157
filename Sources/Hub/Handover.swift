import Synchronization

/// Hands pieces from one task to another, one at a time: who gives waits until it was taken.
final class Handover: Sendable {
  private enum State {
    case empty
    case full([UInt8], giver: CheckedContinuation<Bool, Never>)
    case wanted(CheckedContinuation<[UInt8]?, Never>)
    case over
  }

  private let state = Mutex(State.empty)

  /// Gives a piece; false when nobody takes any more. One task at a time.
  func give(_ bytes: [UInt8]) async -> Bool {
    await withCheckedContinuation { giver in
      state.withLock { state in
        switch state {
        case .wanted(let taker):
          state = .empty
          taker.resume(returning: bytes)
          giver.resume(returning: true)
        case .empty: state = .full(bytes, giver: giver)
        case .over: giver.resume(returning: false)
        case .full: preconditionFailure("two tasks give at once")
        }
      }
    }
  }

  /// The next piece, or nil when there is none any more. One task at a time.
  func take() async -> [UInt8]? {
    await withCheckedContinuation { taker in
      state.withLock { state in
        switch state {
        case .full(let bytes, let giver):
          state = .empty
          giver.resume(returning: true)
          taker.resume(returning: bytes)
        case .empty: state = .wanted(taker)
        case .over: taker.resume(returning: nil)
        case .wanted: preconditionFailure("two tasks take at once")
        }
      }
    }
  }

  /// Nothing is given any more, or nothing taken.
  func end() {
    state.withLock { state in
      switch state {
      case .full(_, let giver): giver.resume(returning: false)
      case .wanted(let taker): taker.resume(returning: nil)
      case .empty, .over: break
      }
      state = .over
    }
  }
}
