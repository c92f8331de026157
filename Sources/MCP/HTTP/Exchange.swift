import JSON
import Synchronization

/// What goes back to one HTTP request: messages as they come, and the end.
final class Exchange: Sendable {
  enum Event: Sendable {
    case message(JSONValue)
    /// Nothing came for a while.
    case quiet

    /// As a server-sent event; silence is a comment.
    var bytes: [UInt8] {
      guard case .message(let message) = self else { return Array(":\n\n".utf8) }
      var writer = JSONWriter()
      writer.write(message)
      return Array("event: message\ndata: ".utf8) + writer.bytes + Array("\n\n".utf8)
    }
  }

  /// How long an answer is waited for before a stream is begun.
  static let quick = Duration.milliseconds(250)
  /// Longest silence of a stream.
  static let heartbeat = Duration.seconds(15)

  let events: AsyncStream<Event>
  private let source: AsyncStream<Event>.Continuation
  private let isOpen = Atomic(true)
  private let discarded = Atomic(false)

  init() { (events, source) = AsyncStream.makeStream(of: Event.self) }

  func add(_ message: JSONValue) { source.yield(.message(message)) }

  func finish() {
    isOpen.store(false, ordering: .relaxed)
    source.finish()
  }

  /// Ends it without an answer: its session is over.
  func discard() {
    discarded.store(true, ordering: .releasing)
    finish()
  }

  var isDiscarded: Bool { discarded.load(ordering: .acquiring) }

  /// Says `quiet` after that time, if it is still open.
  func remindLater(_ delay: Duration) {
    after(delay) { [weak self] in
      guard let self, isOpen.load(ordering: .relaxed) else { return }
      source.yield(.quiet)
    }
  }

  /// Says `quiet` now and then from now on, so that nobody in between takes it for dead.
  func beat() {
    after(Self.heartbeat) { [weak self] in
      guard let self, isOpen.load(ordering: .relaxed) else { return }
      source.yield(.quiet)
      beat()
    }
  }
}
