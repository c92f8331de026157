import Bytes
import Flows

/// The head of a frame.
struct AMQPFrame: Sendable {
  static let method: UInt8 = 1
  static let header: UInt8 = 2
  static let body: UInt8 = 3
  static let heartbeat: UInt8 = 8

  var type: UInt8
  var channel: UInt16
  var size: Int

  init(_ bytes: RawSpan) {
    type = bytes.byte(0)
    channel = bytes.big16(1)
    size = Int(bytes.big32(3))
  }

  /// Where the payload of a frame of that type lies which begins at `start` and is there to its end;
  /// nil where there is none.
  static func whole(
    _ type: UInt8, of channel: UInt16, in bytes: RawSpan, at start: Int
  ) -> Range<Int>? {
    guard bytes.byteCount - start > AMQP.headLength else { return nil }
    let frame = AMQPFrame(bytes.suffix(from: start))
    let begin = start + AMQP.headLength
    guard frame.type == type, frame.channel == channel,
      frame.size <= AMQP.maxFrame || type == body, frame.size < bytes.byteCount - begin,
      bytes.byte(begin + frame.size) == AMQP.frameEnd
    else { return nil }
    return begin..<begin + frame.size
  }

  /// Length of the frame of a content that begins here: whole, and with its end where it must be.
  /// Nil where none does.
  static func contentLength(_ bytes: RawSpan) -> Int? {
    guard bytes.byteCount > AMQP.headLength else { return nil }
    let frame = AMQPFrame(bytes)
    guard frame.type == header || frame.type == body, frame.channel > 0,
      frame.size <= AMQP.maxFrame, frame.type == body || isHeader(bytes, frame)
    else { return nil }
    let end = AMQP.headLength + frame.size
    return end < bytes.byteCount && bytes.byte(end) == AMQP.frameEnd ? end + 1 : nil
  }

  /// Class 60 (basic, the only one with content), weight 0, length and properties (§2.3.5.2).
  private static func isHeader(_ bytes: RawSpan, _ frame: AMQPFrame) -> Bool {
    frame.size >= 14 && bytes.byteCount >= 11 && bytes.big32(AMQP.headLength) == 60 << 16
  }

  /// So many bytes tell whether a frame begins here that can be told; nil where they are there, or
  /// what is there cannot be one.
  static func needed(_ bytes: RawSpan) -> Int? {
    guard !bytes.isEmpty else { return nil }
    let type = bytes.byte(0)
    // A size of more than a frame's begins with a byte that is not 0.
    if bytes.byteCount > 3, bytes.byte(3) != 0 { return nil }
    switch type {
    case heartbeat: return bytes.byteCount < 8 ? 8 : nil
    case method: return bytes.byteCount < 11 ? 11 : nil
    case header:
      if bytes.byteCount < 11 { return 11 }
      let frame = AMQPFrame(bytes)
      let length = AMQP.headLength + frame.size + 1
      return isHeader(bytes, frame) && bytes.byteCount < length && length <= maxHeader
        ? length : nil
    default: return nil
    }
  }

  /// Longest header of a content that is waited for before it is known to be one, in bytes.
  private static let maxHeader = 4096

  /// Whether a frame that can be told begins here: a method that is known, or a heartbeat.
  static func isPlausible(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= 8 else { return false }
    let frame = AMQPFrame(bytes)
    let end = AMQP.headLength + frame.size
    if frame.type == heartbeat {
      return frame.size == 0 && frame.channel == 0 && bytes.byte(end) == AMQP.frameEnd
    }
    guard frame.type == method, frame.size >= 4, frame.size <= AMQP.maxFrame,
      bytes.byteCount >= 11, AMQPMethod.of(bytes.big32(7)).isKnown
    else { return false }
    return end >= bytes.byteCount || bytes.byte(end) == AMQP.frameEnd
  }
}

extension AMQP {
  /// The protocol header, or in the middle of a conversation a method.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    if !client.isEmpty, client.byte(0) == 0x41 {
      let count = min(client.byteCount, 8)
      guard
        signatures.contains(where: { $0.prefix(count).elementsEqual(client.prefix(count).array()) })
      else {
        return .no
      }
      return count == 8 ? .yes(.certain) : opening.isFinal ? .no : .needs(8)
    }
    guard opening.isMidway else { return .no }
    if AMQPFrame.isPlausible(client) || AMQPFrame.isPlausible(server) { return .yes(.likely) }
    let isHome = row.ports.contains(opening.server.port) || row.ports.contains(opening.client.port)
    guard isHome else { return .no }
    // The capture began within a content.
    if AMQPFrame.contentLength(client) != nil || AMQPFrame.contentLength(server) != nil {
      return .yes(.likely)
    }
    guard let count = AMQPFrame.needed(client.isEmpty ? server : client) else { return .no }
    return opening.isFinal ? .no : .needs(count)
  }

  /// `AMQP` and the version: 0-9-1, and the older 0-9 and 0-8, whose frames are the same.
  private static let signatures: [[UInt8]] = [[0, 0, 9, 1], [1, 1, 0, 9], [1, 1, 8, 0]]
    .map { [0x41, 0x4d, 0x51, 0x50] + $0 }
}
