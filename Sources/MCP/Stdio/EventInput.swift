import Bytes
import Synchronization

/// The messages of one client, read by a thread that waits for the Hub, too.
final class EventInput: Sendable {
  private let connection: Connection
  private let ended: @Sendable () -> Void
  private let lines: Mutex<LineSplitter>

  /// - Parameters:
  ///   - limit: longest line, in bytes.
  ///   - ended: called once, when nothing more will be received.
  init(limit: Int, _ connection: Connection, ended: @escaping @Sendable () -> Void) {
    (self.connection, self.ended) = (connection, ended)
    lines = Mutex(LineSplitter(limit: limit))
  }

  /// Takes the next bytes, or nil at their end.
  @Sendable func take(_ bytes: [UInt8]?) {
    guard let bytes else {
      if let line = lines.withLock({ $0.end() }) { connection.received(Message(line)) }
      ended()
      return
    }
    for line in lines.withLock({ $0.append(bytes.rawSpan) }) { connection.received(Message(line)) }
  }
}
