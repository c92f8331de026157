package import Bytes
import Entries
package import Flows
import Layers

/// Lines sent and sent back: the Echo protocol (RFC 862), one line a message.
///
/// The smallest complete dissector, and the one to copy. It is not in the catalogue: any text that
/// is answered by itself looks like it.
///
///     client  hello\r\n
///     server  hello\r\n
package struct Echo: Dissector {
  package static let row = DissectorRow(
    Echo.self, name: "echo", kinds: [.tcp], transports: [.tcp], ports: [7], priority: 100)

  /// Longest line we wait for, in bytes.
  static let maxLine = 8 << 10

  /// Lines each side has sent: what pairs a line with its echo.
  private var lines = BySide(client: UInt64(0), server: UInt64(0))
  /// After a gap: the rest of a line whose beginning is unknown comes first.
  private var isInsideLine = BySide(client: false, server: false)

  package init(_ opening: Opening) {}

  /// A line of the client that the server begins to repeat.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    guard let end = client.firstOffset(of: lineFeed) else {
      return client.byteCount > maxLine || opening.isFinal ? .no : .needs(client.byteCount + 1)
    }
    if server.isEmpty { return opening.isFinal ? .no : .needs(1) }
    for offset in 0..<min(end + 1, server.byteCount)
    where client.byte(offset) != server.byte(offset) {
      return .no
    }
    return .yes(.possible)
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    guard let end = bytes.firstOffset(of: lineFeed) else {
      if bytes.byteCount > Self.maxLine { throw WireError(.tooLarge, at: Self.maxLine) }
      return .needs(bytes.byteCount + 1)
    }
    if isInsideLine[side] {
      isInsideLine[side] = false
      return .skip(end + 1)
    }
    var message = Message(side == .client ? .request : .response, .tcp, key: lines[side])
    message.body = bytes.prefix(end + 1).array()
    lines[side] += 1
    return .message(message, length: end + 1)
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    switch cause {
    case .gap:
      // A line was hit; how many are missing nobody knows, so at least this one counts.
      isInsideLine[side] = true
      lines[side] += 1
      return .resynchronise
    case .error, .end: return .stop
    }
  }
}

private let lineFeed: UInt8 = 0x0a
