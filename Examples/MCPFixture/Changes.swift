import MCP
import Synchronization

/// Tells whoever listens that a list is another one now.
final class Changes: Sendable {
  private let listener = Mutex<(@Sendable (Session.List) -> Void)?>(nil)

  func listen(_ body: @escaping @Sendable (Session.List) -> Void) {
    listener.withLock { $0 = body }
  }

  func tell(_ list: Session.List) { listener.withLock { $0 }?(list) }
}
