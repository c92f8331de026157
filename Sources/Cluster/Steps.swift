import Synchronization
import ToolKit

/// Reports of progress, numbered.
final class Steps: Sendable {
  private let number = Mutex(0.0)
  private let progress: ProgressReport

  init(_ progress: @escaping ProgressReport) { self.progress = progress }

  func tell(_ message: String) {
    let done = number.withLock { number in
      defer { number += 1 }
      return number
    }
    progress(Progress(done: done, message: message))
  }
}
