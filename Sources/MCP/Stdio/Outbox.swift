import Dispatch
import JSON
import Synchronization

/// Messages on their way out, in order, each as one whole line.
///
/// Sending never waits for the client: a queue of its own writes, so a slow reader holds up
/// neither reading nor work. Writing the text happens there too.
final class Outbox: Sendable {
  /// Messages waiting before reading pauses.
  static let maxWaiting = 10_000

  private struct State {
    var waiting: [JSONValue] = []
    var isWriting = false
    var isBroken = false
  }

  private let output: FileDescriptor
  private let queue = DispatchQueue(label: "kubeshark.mcp.outbox")
  private let state = Mutex(State())
  private let broken: @Sendable () -> Void

  /// - Parameter broken: called once when the client no longer reads.
  init(_ output: FileDescriptor, broken: @escaping @Sendable () -> Void) {
    (self.output, self.broken) = (output, broken)
  }

  /// Whether so much waits that no more should be taken on: the client does not read.
  var isFull: Bool { state.withLock { $0.waiting.count >= Self.maxWaiting } }

  func send(_ message: JSONValue) {
    let mustStart = state.withLock { state in
      guard !state.isBroken else { return false }
      state.waiting.append(message)
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if mustStart { queue.async { self.writeAll() } }
  }

  /// Returns when everything sent so far has been written, or cannot be.
  func drained() async {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume() }
    }
  }

  private func writeAll() {
    var writer = JSONWriter(reserving: 4096)
    while let messages = next() {
      for message in messages {
        writer.reset()
        writer.write(message)
        guard output.write(writer.bytes + [UInt8(ascii: "\n")]) else {
          state.withLock { state in
            state = State(waiting: [], isWriting: false, isBroken: true)
          }
          broken()
          return
        }
      }
    }
  }

  private func next() -> [JSONValue]? {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isWriting = false
        return nil
      }
      defer { state.waiting = [] }
      return state.waiting
    }
  }
}
