import CLinux
import Synchronization
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program we have started. It cannot outlive us: not when it is let go, not when we are killed.
///
/// Its standard streams are pipes; ours are never passed on.
final class ChildProcess: Sendable {
  enum Event: Sendable {
    case output([UInt8])
    case error([UInt8])
    /// The last event.
    case end(End)
  }

  enum End: Hashable, Sendable {
    case code(Int32)
    case signal(Int32)
    /// It could not be started; the reason.
    case failed(String)
    /// Its time was over.
    case timedOut
    /// `stop` was called, or somebody else killed it together with its watcher.
    case stopped
  }

  private struct State {
    /// Write end of the pipe that keeps the child alive; -1 when closed.
    var life: Int32
    var deadline: ContinuousClock.Instant?
  }

  private let state: Mutex<State>

  /// - Parameters:
  ///   - path: of the program, from the root.
  ///   - input: what it reads on standard input, at most 64 KiB.
  ///   - limit: how long it may run, unless `keepsRunning` is called.
  ///   - tell: takes what happens, on a thread of the child's own.
  init(
    path: String, arguments: [String], input: [UInt8] = [], limit: Duration,
    tell: @escaping @Sendable (Event) -> Void
  ) {
    var child = ks_child()
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    words.append(nil)
    let failure = input.withUnsafeBytes {
      ks_child_start(path, words, $0.baseAddress, $0.count, &child)
    }
    for word in words { free(word) }
    guard failure == 0 else {
      state = Mutex(State(life: -1))
      tell(.end(.failed(String(cString: strerror(failure)))))
      return
    }
    state = Mutex(State(life: child.life, deadline: ContinuousClock.now + limit))
    let pipes = Pipes(child)
    // The thread keeps the child, so letting go of it does not end it; `stop` does.
    startThread { tell(.end(self.follow(pipes, tell))) }
  }

  /// Kills the child and all it started. Nothing happens when it has ended.
  func stop() {
    state.withLock { state in
      if state.life >= 0 { close(state.life) }
      state.life = -1
    }
  }

  /// From now on it may run for as long as it likes.
  func keepsRunning() { state.withLock { $0.deadline = nil } }

  private struct Pipes: Sendable {
    let watcher: Int32
    let report: Int32
    let output: Int32
    let error: Int32

    init(_ child: ks_child) {
      (watcher, report) = (child.watcher, child.report)
      (output, error) = (child.output, child.error)
    }
  }

  /// What is still read after the child's end, in milliseconds, when something that left its
  /// process group holds its pipes.
  private static let lingering: Int32 = 1_000

  /// Reads until the child has ended and its pipes are empty.
  private func follow(_ pipes: Pipes, _ tell: (Event) -> Void) -> End {
    var open = [pipes.report, pipes.output, pipes.error]
    var report: [UInt8] = []
    var isLate = false
    while !open.isEmpty {
      var waits = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      let hasEnded = !open.contains(pipes.report)
      let count = poll(&waits, nfds_t(waits.count), hasEnded ? Self.lingering : milliseconds())
      if count < 0 && errno == EINTR { continue }
      if count == 0 {
        if hasEnded { break }
        guard milliseconds() == 0 else { continue }
        isLate = true
        stop()
        keepsRunning()
        continue
      }
      for wait in waits where wait.revents != 0 {
        let bytes = Self.bytes(from: wait.fd)
        if bytes.isEmpty { open.removeAll { $0 == wait.fd } }
        switch wait.fd {
        case pipes.report: report += bytes
        case pipes.output: if !bytes.isEmpty { tell(.output(bytes)) }
        default: if !bytes.isEmpty { tell(.error(bytes)) }
        }
      }
    }
    for file in [pipes.report, pipes.output, pipes.error] { close(file) }
    var status: Int32 = 0
    while waitpid(pipes.watcher, &status, 0) < 0 && errno == EINTR {}
    let wasStopped = state.withLock { $0.life < 0 }
    stop()
    if isLate { return .timedOut }
    return wasStopped ? .stopped : Self.end(report)
  }

  /// Until the deadline; -1 when there is none.
  private func milliseconds() -> Int32 {
    guard let deadline = state.withLock({ $0.deadline }) else { return -1 }
    let left = (deadline - ContinuousClock.now).components
    guard left.seconds >= 0, left.attoseconds >= 0 else { return 0 }
    return Int32(min(left.seconds, 86_400) * 1_000 + left.attoseconds / 1_000_000_000_000_000)
  }

  private static func bytes(from file: Int32) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
      var got = -1
      repeat { got = read(file, buffer.baseAddress, buffer.count) } while got < 0 && errno == EINTR
      count = max(0, got)
    }
  }

  private static func end(_ report: [UInt8]) -> End {
    guard report.count >= MemoryLayout<ks_child_end>.size else { return .stopped }
    let end = report.withUnsafeBytes { $0.loadUnaligned(as: ks_child_end.self) }
    if end.failure != 0 { return .failed(String(cString: strerror(end.failure))) }
    // The layout of waitpid(2): a signal in the low seven bits, else the code above them.
    let signal = end.status & 0x7f
    return signal == 0 ? .code((end.status >> 8) & 0xff) : .signal(signal)
  }
}
