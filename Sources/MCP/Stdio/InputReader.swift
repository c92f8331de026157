import Bytes
import Dispatch
import Synchronization
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Reads the messages of one client, and does the work of a lone one on the same thread.
///
/// Two threads take turns. One reads, and works where nothing else is under way; the other watches
/// it. Work that lasts makes the watcher the next reader, so that it holds up nobody: a ping, a
/// cancellation, the end of the input. While nothing comes, both sleep.
final class InputReader: Sendable {
  /// How long the reader may work until the watcher takes over; it is looked at that often.
  static let watch = DispatchTimeInterval.milliseconds(5)

  private struct State {
    var splitter: LineSplitter
    /// Pieces of work begun by readers; the last one's count names it.
    var begun = 0
    /// What the reader works on; nil while it reads.
    var working: Int?
    var hasWatcher = false
    /// The watcher looks again by itself, so nobody needs to wake it.
    var isWatched = false
    var isOver = false
  }

  private let input: FileDescriptor
  private let connection: Connection
  private let executor: ReadersExecutor
  private let outbox: Outbox
  private let ended: @Sendable () -> Void
  private let state: Mutex<State>
  private let awake = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - limit: longest line, in bytes.
  ///   - executor: where the connection's work begins.
  ///   - outbox: while it is full, nothing is read.
  ///   - ended: called once, when nothing more will be received.
  init(
    _ input: FileDescriptor, limit: Int, _ connection: Connection, _ executor: ReadersExecutor,
    _ outbox: Outbox, ended: @escaping @Sendable () -> Void
  ) {
    (self.input, self.connection, self.executor) = (input, connection, executor)
    (self.outbox, self.ended) = (outbox, ended)
    state = Mutex(State(splitter: LineSplitter(limit: limit)))
  }

  func start() { startThread { self.takeTurns(reading: true) } }

  private func takeTurns(reading: Bool) {
    var isReader = reading
    repeat {
      if isReader, read() { return }
      isReader = true
    } while watch()
  }

  // MARK: The reader

  /// Reads to the end of the input; false when another thread has taken over before that.
  private func read() -> Bool {
    while case .bytes(let bytes) = input.read(upTo: 64 << 10) {
      let lines = state.withLock { $0.splitter.append(bytes.rawSpan) }
      // What follows another line at once is one of many: those run side by side.
      for line in lines.dropLast() { connection.received(Message(line)) }
      if let line = lines.last, !receive(line, isLone: lines.count == 1) { return false }
      // Whoever has closed the input waits for our end, and wrote no more than a pipe holds.
      while outbox.isFull, !input.isClosedByWriter { usleep(10_000) }
    }
    if let line = state.withLock({ $0.splitter.end() }) { connection.received(Message(line)) }
    state.withLock { $0.isOver = true }
    awake.signal()
    ended()
    return true
  }

  /// Hands the line over, and does its work when it is a lone one; false when another thread has
  /// taken over meanwhile.
  private func receive(_ line: LineSplitter.Line, isLone: Bool) -> Bool {
    let message = Message(line)
    guard isLone else {
      connection.received(message)
      return true
    }
    executor.open()
    connection.received(message)
    guard let job = executor.close() else { return true }
    let number = begin()
    executor.run(job)
    return state.withLock { state in
      guard state.working == number else { return false }
      state.working = nil
      return true
    }
  }

  /// The reader works from now on; gives the number of its work.
  private func begin() -> Int {
    let (number, hasWatcher, isWatched) = state.withLock { state in
      state.begun += 1
      state.working = state.begun
      defer { (state.hasWatcher, state.isWatched) = (true, true) }
      return (state.begun, state.hasWatcher, state.isWatched)
    }
    if !hasWatcher {
      startThread { self.takeTurns(reading: false) }
    } else if !isWatched {
      awake.signal()
    }
    return number
  }

  // MARK: The watcher

  private enum Finding {
    case readOn
    /// Something was done since: look again soon.
    case busy
    case idle
    case over
  }

  /// Returns true when reading on is up to the caller, false at the end.
  private func watch() -> Bool {
    var seen = 0
    while true {
      switch look(&seen) {
      case .readOn: return true
      case .busy: _ = awake.wait(timeout: .now() + Self.watch)
      case .idle: awake.wait()
      case .over: return false
      }
    }
  }

  /// - Parameter seen: the last work that had begun when the caller looked before.
  private func look(_ seen: inout Int) -> Finding {
    state.withLock { state in
      if state.isOver { return .over }
      if let working = state.working, working == seen {
        (state.working, state.isWatched) = (nil, false)
        return .readOn
      }
      defer { seen = state.begun }
      state.isWatched = state.working != nil || state.begun != seen
      return state.isWatched ? .busy : .idle
    }
  }
}
