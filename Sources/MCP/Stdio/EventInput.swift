import Bytes
import Dispatch
import Synchronization

/// The messages of one client, read by a thread that waits for the Hub, too.
///
/// That thread reads a message in no time, unless it is a long one: tens of megabytes would hold up
/// all answers that come meanwhile. Such a message is read elsewhere, and with it what comes behind
/// it until that has been read as well, so that nothing overtakes it.
final class EventInput: Sendable {
  /// Longest line that is read where it came, in bytes: some tenths of a millisecond.
  static let promptBytes = 64 << 10

  private enum Piece: Sendable {
    case line(LineSplitter.Line)
    case end

    var isLong: Bool {
      if case .line(.text(let bytes)) = self { bytes.count > EventInput.promptBytes } else { false }
    }
  }

  private struct State {
    var splitter: LineSplitter
    /// What is to be read elsewhere, in its order.
    var waiting: [Piece] = []
    /// Somebody does that, and takes on what comes behind it.
    var isAway = false
  }

  private let connection: Connection
  private let elsewhere: @Sendable (@escaping @Sendable () -> Void) -> Void
  private let ended: @Sendable () -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - limit: longest line, in bytes.
  ///   - elsewhere: runs what takes its time, on another thread.
  ///   - ended: called once, when nothing more will be received.
  init(
    limit: Int, _ connection: Connection,
    elsewhere: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void = { work in
      DispatchQueue.global(qos: .userInitiated).async(execute: work)
    },
    ended: @escaping @Sendable () -> Void
  ) {
    (self.connection, self.elsewhere, self.ended) = (connection, elsewhere, ended)
    state = Mutex(State(splitter: LineSplitter(limit: limit)))
  }

  /// Whether a long message is still being read: more is not taken on before, or what waits behind it
  /// would have no bound.
  @Sendable func isBehind() -> Bool { state.withLock { $0.isAway } }

  /// Takes the next bytes, or nil at their end. One thread calls it.
  @Sendable func take(_ bytes: [UInt8]?) {
    for piece in pieces(bytes) where !leave(piece) { receive(piece) }
  }

  private func pieces(_ bytes: [UInt8]?) -> [Piece] {
    state.withLock { state -> [Piece] in
      guard let bytes else {
        let last = state.splitter.end().map { Piece.line($0) }
        return [last, .end].compactMap { $0 }
      }
      return state.splitter.append(bytes.rawSpan).map { .line($0) }
    }
  }

  /// Leaves it to somebody else when it is long or behind something that is; false otherwise.
  private func leave(_ piece: Piece) -> Bool {
    let (isLeft, begins) = state.withLock { state -> (Bool, Bool) in
      guard state.isAway || piece.isLong else { return (false, false) }
      state.waiting.append(piece)
      defer { state.isAway = true }
      return (true, !state.isAway)
    }
    if begins { elsewhere { self.receiveWaiting() } }
    return isLeft
  }

  private func receiveWaiting() {
    while let pieces = waiting() {
      for piece in pieces { receive(piece) }
    }
  }

  /// What waits; nil when that is nothing, and all that comes is read where it came again.
  private func waiting() -> [Piece]? {
    state.withLock { state -> [Piece]? in
      guard !state.waiting.isEmpty else {
        state.isAway = false
        return nil
      }
      defer { state.waiting = [] }
      return state.waiting
    }
  }

  private func receive(_ piece: Piece) {
    switch piece {
    case .line(let line): connection.received(Message(line))
    case .end: ended()
    }
  }
}
