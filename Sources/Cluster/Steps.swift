import Synchronization
import ToolKit

/// Reports of progress, numbered.
final class Steps: Sendable {
  private let number = Mutex(0.0)
  private let progress: ProgressReport

  init(_ progress: @escaping ProgressReport) { self.progress = progress }

  /// Time between two reports of a step of which nothing more is heard: clients give up who is silent.
  private static let interval = Duration.seconds(5)

  /// What `work` gives; until then `message` is told again and again.
  func keepTelling<Value: Sendable>(
    _ message: String, while work: @escaping @Sendable () async -> Value
  ) async -> Value {
    tell(message)
    return await withTaskGroup(of: Value?.self) { group in
      group.addTask { await work() }
      group.addTask {
        await self.tellOn(message)
        return nil
      }
      while let ended = await group.next() {
        guard let value = ended else { continue }
        group.cancelAll()
        return value
      }
      preconditionFailure("work ended without a value")
    }
  }

  /// Tells it until it is cancelled.
  private func tellOn(_ message: String) async {
    let start = ContinuousClock.now
    while true {
      do { try await Task.sleep(for: Self.interval) } catch { return }
      tell("\(message), for \((ContinuousClock.now - start).components.seconds) s now")
    }
  }

  func tell(_ message: String) {
    let done = number.withLock { number in
      defer { number += 1 }
      return number
    }
    progress(Progress(done: done, message: message))
  }
}
