package import Bytes
package import Decompression
package import Entries
package import Flows
import JSON
import Layers

/// WebSocket behind its opening handshake (RFC 6455), with permessage-deflate (RFC 7692).
///
///      0 1 2 3 4 5 6 7   0 1 2 3 4 5 6 7
///     +-+-+-+-+-------+ +-+-------------+----------------+-------------+---------
///     |F|R|R|R| opcode| |M| length      | longer length  | masking key | payload
///     +-+-+-+-+-------+ +-+-------------+----------------+-------------+---------
///
/// One entry is one message: its fragments are joined, and control frames between them stand alone.
/// What the client sends is a request that nobody answers, what the server sends a reply that
/// nobody asked for. Compressed messages are read where they do not refer to earlier ones.
package struct WebSocket: Dissector {
  package static let row = DissectorRow(
    WebSocket.self, name: "ws", kinds: [.ws], transports: [.tcp], priority: 11)

  /// Longest control frame that is read, in bytes; the lawful limit is 125.
  static let maxControl = 4096
  /// Bytes of a payload shown as a field.
  static let maxShown = 1024
  static let limits = DecompressionLimits(output: 1 << 20)
  /// How a message that is compressed is told from others.
  private static let mark = "permessage-deflate"

  /// A message whose frames are coming.
  private struct Open: Sendable {
    var key: UInt64
    var opcode: UInt8
    var isCompressed: Bool
    var isMasked: Bool
    var length = 0
    var frames = 0
    var lost = 0
  }

  private struct Way: Sendable {
    var open: Open?
    /// Bytes of the frame's payload to come; nil between frames.
    var left: Int?
    var isFinal = false
    var key: [UInt8]?
    /// Bytes of the payload that were unmasked.
    var at = 0
  }

  private var ways = BySide(client: Way(), server: Way())
  private var ordinal: UInt64 = 0

  package init(_ opening: Opening) {}

  /// It begins where HTTP hands over, and is not sought elsewhere.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition { .no }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if let left = ways[side].left, let open = ways[side].open {
      return payload(bytes, left, open, side)
    }
    guard bytes.byteCount >= 2 else { return .needs(2) }
    let opcode = bytes.byte(0) & 15
    let isMasked = bytes.byte(1) & 0x80 != 0
    let short = Int(bytes.byte(1) & 0x7f)
    let head = 2 + (short == 126 ? 2 : short == 127 ? 8 : 0) + (isMasked ? 4 : 0)
    guard bytes.byteCount >= head else { return .needs(head) }
    let length =
      short == 126
      ? Int(bytes.big16(2)) : short == 127 ? Int(clamping: bytes.big64(2)) : short
    guard opcode < 3 || 8...10 ~= opcode, length < 1 << 62 else { throw WireError(.invalid) }
    let key = isMasked ? bytes.slice(head - 4..<head).array() : nil
    if opcode >= 8 {
      guard length <= Self.maxControl else { throw WireError(.tooLarge) }
      guard bytes.byteCount >= head + length else { return .needs(head + length) }
      let text = unmask(bytes.slice(head..<head + length), key, from: 0)
      return .message(control(opcode, text, isMasked, side), length: head + length)
    }
    return begin(
      opcode, isCompressed: bytes.byte(0) & 0x40 != 0, isFinal: bytes.byte(0) & 0x80 != 0, key,
      head: head, length, side)
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    guard case .gap(let count) = cause, let left = ways[side].left, count <= left else {
      return .stop
    }
    ways[side].left = left - count
    ways[side].at += count
    ways[side].open?.lost += count
    return .resume
  }

  // MARK: Frames with data

  private mutating func begin(
    _ opcode: UInt8, isCompressed: Bool, isFinal: Bool, _ key: [UInt8]?, head: Int,
    _ length: Int, _ side: Side
  ) -> Step {
    ways[side].left = length
    ways[side].at = 0
    ways[side].isFinal = isFinal
    ways[side].key = key
    if opcode == 0, var open = ways[side].open {
      open.length += length
      open.frames += 1
      ways[side].open = open
      return .content([], of: open.key, length: head)
    }
    if let stale = ways[side].open {
      // Another message began before this one ended: it stays as it is.
      ways[side].open = nil
      ways[side].left = nil
      var ending = Ending()
      ending.fault = Entry.Fault(.dissection, "its last fragment never came")
      return .end(of: stale.key, ending, length: 0)
    }
    var open = Open(
      key: nextKey(), opcode: opcode, isCompressed: isCompressed, isMasked: key != nil)
    open.length = length
    open.frames = 1
    ways[side].open = open
    var message = message(opcode, open.key, side)
    message.extent = .open
    if isCompressed { message.headers.append("Sec-WebSocket-Extensions", Self.mark) }
    return .message(message, length: head)
  }

  private mutating func payload(
    _ bytes: RawSpan, _ left: Int, _ open: Open, _ side: Side
  ) -> Step {
    if left > 0 {
      let count = min(left, bytes.byteCount)
      let content = unmask(bytes.prefix(count), ways[side].key, from: ways[side].at)
      ways[side].left = left - count
      ways[side].at += count
      return .content(content, of: open.key, length: count)
    }
    ways[side].left = nil
    guard ways[side].isFinal else { return .content([], of: open.key, length: 0) }
    ways[side].open = nil
    var ending = Ending()
    ending.fields.add(
      side == .client ? .wsRequestPayloadLength : .wsResponsePayloadLength,
      int: Int64(open.length))
    if open.lost > 0 {
      ending.fault = Entry.Fault(.dissection, "\(open.lost) bytes were not captured")
    }
    ending.details = details(
      open.opcode, open.length, open.isMasked, frames: open.frames, open.isCompressed
    ) { _ in }
    return .end(of: open.key, ending, length: 0)
  }

  /// The payload of a frame, with the masking undone (RFC 6455 §5.3).
  private func unmask(_ bytes: RawSpan, _ key: [UInt8]?, from start: Int) -> [UInt8] {
    var text = bytes.array()
    guard let key else { return text }
    for at in text.indices { text[at] ^= key[(start + at) & 3] }
    return text
  }

  // MARK: Messages

  private mutating func nextKey() -> UInt64 {
    ordinal += 1
    return ordinal
  }

  private func message(_ opcode: UInt8, _ key: UInt64, _ side: Side) -> Message {
    var message = Message(side == .client ? .request : .response, .ws, key: key)
    message.partner = .none
    message.fields.add(.wsOpcode, .text(Self.name(opcode)))
    return message
  }

  private mutating func control(
    _ opcode: UInt8, _ payload: [UInt8], _ isMasked: Bool, _ side: Side
  ) -> Message {
    var message = message(opcode, nextKey(), side)
    message.fields.add(
      side == .client ? .wsRequestPayloadLength : .wsResponsePayloadLength,
      int: Int64(payload.count))
    message.details = details(opcode, payload.count, isMasked, frames: 1, false) { writer in
      guard opcode == 8, payload.count >= 2 else { return }
      let code = Int(payload[0]) << 8 | Int(payload[1])
      writer.name("closeCode")
      writer.write(code)
      writer.name("closeReason")
      writer.write(String(decoding: payload.dropFirst(2).prefix(256), as: UTF8.self))
    }
    if opcode == 8, payload.count >= 2 {
      let code = Int(payload[0]) << 8 | Int(payload[1])
      message.fields.add(.statusText, .text("\(code)"))
      // Normal, going away, and no status are ends that nobody complains about (RFC 6455 §7.4.1).
      message.failed = code > 1001 && code != 1005
    }
    message.body = payload
    return message
  }

  private func details(
    _ opcode: UInt8, _ length: Int, _ isMasked: Bool, frames: Int, _ isCompressed: Bool,
    _ more: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("opcode")
    writer.write(Self.name(opcode))
    writer.name("masked")
    writer.write(isMasked)
    writer.name("payloadLength")
    writer.write(length)
    if frames > 1 {
      writer.name("fragments")
      writer.write(frames)
    }
    if isCompressed {
      writer.name("compressed")
      writer.write(true)
    }
    more(&writer)
    writer.endObject()
    return writer.bytes
  }

  private static func name(_ opcode: UInt8) -> String {
    switch opcode {
    case 1: "text"
    case 2: "binary"
    case 8: "close"
    case 9: "ping"
    case 10: "pong"
    default: "continuation"
    }
  }

  // MARK: Finished messages

  /// Undoes compression, and shows what is text.
  package static func complete(
    _ entry: inout Entry, _ decompressions: inout DecompressionCounters
  ) {
    let isRequest = entry.hasRequest
    guard var content = isRequest ? entry.request : entry.response else { return }
    var isReadable = true
    if content.headers.value(of: "sec-websocket-extensions") == mark {
      // RFC 7692 §7.2.2: the end of a block, which the sender has left out.
      let result = decompress(
        (content.body + [0, 0, 0xff, 0xff]).rawSpan, .deflate, limits: limits)
      decompressions.note(result.end)
      isReadable = result.end == .cut || result.end == .whole
      if isReadable {
        content.body = result.bytes
        content.bodyLength = Int64(result.bytes.count)
      }
    }
    if case .text("text") = entry.fields[.wsOpcode], isReadable {
      entry.fields.add(
        isRequest ? .wsRequestPayloadData : .wsResponsePayloadData,
        text: content.body.rawSpan.prefix(maxShown))
    }
    if isRequest { entry.request = content } else { entry.response = content }
  }
}
