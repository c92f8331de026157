import Dispatch
import JSON
import Synchronization

/// Messages on their way out, in order, each as one whole line.
///
/// Sending never waits for the client: what it has room for is written at once, by who sent it;
/// the rest is written by a queue of its own. So a slow reader holds up neither reading nor work.
final class Outbox: Sendable {
  /// Messages waiting before reading pauses.
  static let maxWaiting = 10_000
  /// Messages that are written at once, at most.
  static let promptMessages = 4

  private struct State {
    var waiting: [JSONValue] = []
    /// Somebody writes: nobody else may.
    var isWriting = false
    var isBroken = false
    /// Who waits until nothing is left to write.
    var drained: CheckedContinuation<Void, Never>?

    var isEmpty: Bool { !isWriting && waiting.isEmpty }
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

  /// Puts it at the end of what waits for `flush`.
  func send(_ message: JSONValue) {
    state.withLock { state in
      if !state.isBroken { state.waiting.append(message) }
    }
  }

  /// Sees to it that what waits is written.
  func flush() {
    guard let messages = first() else { return }
    guard messages.count <= Self.promptMessages else {
      queue.async { self.writeAll(messages) }
      return
    }
    let bytes = Self.lines(messages)
    guard output.hasRoom(for: bytes.count) else {
      queue.async { if self.write(bytes) { self.writeAll([]) } }
      return
    }
    guard write(bytes), let more = next() else { return }
    queue.async { self.writeAll(more) }
  }

  /// Returns when everything sent so far has been written, or cannot be.
  func drained() async {
    flush()
    await withCheckedContinuation { continuation in
      let isEmpty = state.withLock { state in
        if !state.isEmpty { state.drained = continuation }
        return state.isEmpty
      }
      if isEmpty { continuation.resume() }
    }
  }

  private func writeAll(_ messages: [JSONValue]) {
    var messages = messages
    repeat {
      for message in messages where !write(Self.lines([message])) { return }
      guard let more = next() else { return }
      messages = more
    } while true
  }

  private static func lines(_ messages: [JSONValue]) -> [UInt8] {
    var writer = JSONWriter(reserving: 2048)
    for message in messages {
      writer.write(message)
      writer.fragment("\n")
    }
    return writer.bytes
  }

  private func write(_ bytes: [UInt8]) -> Bool {
    if output.write(bytes) { return true }
    let waiting = state.withLock { state in
      defer { state = State(isBroken: true) }
      return state.drained.take()
    }
    broken()
    waiting?.resume()
    return false
  }

  /// What waits, when nobody writes yet: the caller does from now on.
  private func first() -> [JSONValue]? {
    state.withLock { state in
      guard !state.isWriting, !state.waiting.isEmpty else { return nil }
      state.isWriting = true
      defer { state.waiting = [] }
      return state.waiting
    }
  }

  /// What came while the caller wrote; nil when that was nothing, and its writing ends.
  private func next() -> [JSONValue]? {
    let (more, drained): ([JSONValue]?, CheckedContinuation<Void, Never>?) = state.withLock {
      state in
      guard !state.waiting.isEmpty else {
        state.isWriting = false
        return (nil, state.drained.take())
      }
      defer { state.waiting = [] }
      return (state.waiting, nil)
    }
    drained?.resume()
    return more
  }
}
