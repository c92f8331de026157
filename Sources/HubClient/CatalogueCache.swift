import Synchronization
import ToolKit

/// A Hub's catalogue, asked for rarely: one request at a time, an old copy while a new one is on
/// its way or cannot be had, a pause after failures.
final class CatalogueCache: Sendable {
  /// How long a copy counts as new.
  static let lifetime = Duration.seconds(300)
  /// How long a failure is remembered before the Hub is asked again.
  static let pause = Duration.seconds(2)

  private struct State {
    var copy: (catalogue: Catalogue, tag: String?, at: Duration)?
    var failure: (error: ToolError, at: Duration)?
    var isFetching = false
  }

  /// What asking the Hub gave.
  enum Fetched: Sendable {
    case catalogue(Catalogue, tag: String?)
    /// The copy with the tag that was sent along is still right.
    case unchanged
  }

  private enum Step {
    case use(Catalogue)
    case fail(ToolError)
    case wait
    case fetch(tag: String?)
  }

  private let state = Mutex(State())
  /// Rings when a request has ended.
  private let ends = Doorbell()

  /// The last copy, however old.
  var latest: Catalogue? { state.withLock { $0.copy?.catalogue } }

  /// - Parameter now: any clock that only goes forward.
  /// - Parameter fetch: asks the Hub, with the tag of the copy at hand.
  func catalogue(
    now: () -> Duration, fetch: (_ tag: String?) async throws(ToolError) -> Fetched
  ) async throws(ToolError) -> Catalogue {
    while true {
      let ended = ends.count
      switch step(now()) {
      case .use(let catalogue): return catalogue
      case .fail(let error): throw error
      case .wait:
        await ends.wait(beyond: ended)
        guard !Task.isCancelled else { throw .cancelled }
      case .fetch(let tag):
        do throws(ToolError) {
          finish(.success(try await fetch(tag)), at: now())
        } catch {
          finish(.failure(error), at: now())
          // A caller that gave up says nothing about the Hub.
          if error.code == "cancelled" { throw error }
        }
      }
    }
  }

  /// From now on the Hub is asked again, whatever the age of the copy.
  func expire() {
    state.withLock { state in
      state.copy?.at -= Self.lifetime
      state.failure = nil
    }
  }

  private func step(_ now: Duration) -> Step {
    state.withLock { state in
      if let copy = state.copy, now - copy.at < Self.lifetime { return .use(copy.catalogue) }
      if let failure = state.failure, now - failure.at < Self.pause {
        return state.copy.map { .use($0.catalogue) } ?? .fail(failure.error)
      }
      if state.isFetching { return state.copy.map { .use($0.catalogue) } ?? .wait }
      state.isFetching = true
      return .fetch(tag: state.copy?.tag)
    }
  }

  private func finish(_ result: Result<Fetched, ToolError>, at now: Duration) {
    state.withLock { state in
      state.isFetching = false
      switch result {
      case .success(.catalogue(let catalogue, let tag)):
        state.copy = (catalogue, tag, now)
        state.failure = nil
      case .success(.unchanged):
        state.copy?.at = now
        state.failure = nil
      case .failure(let error) where error.code == "cancelled": break
      case .failure(let error): state.failure = (error, now)
      }
    }
    ends.ring()
  }
}
