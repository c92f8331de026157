package import Bytes
import Entries
package import Flows
import JSON
import Layers

/// AMQP 0-9-1 (https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf), RabbitMQ's extensions
/// included.
///
///     octet  short    long    size octets  octet
///     +------+---------+------+------------+------+
///     | type | channel | size |  payload   | 0xCE |
///     +------+---------+------+------------+------+
///
/// Methods that are answered pair on their channel, in order for each kind; all others stand alone,
/// with their sender as the source. A method with content is open until its header and all its body
/// frames have come, on each channel for itself. Answers to authentication are never kept.
package struct AMQP: Dissector {
  package static let row = DissectorRow(
    AMQP.self, name: "amqp", kinds: [.amqp], transports: [.tcp], ports: [5672, 5671], priority: 1)

  /// Longest frame but body, in bytes; servers agree on 128 KiB unless told otherwise.
  static let maxFrame = 1 << 20
  /// Bytes in front of a payload.
  static let headLength = 7
  static let frameEnd: UInt8 = 0xce
  /// Contents that may be open at once on one side.
  static let maxContents = 4096

  private enum Phase: Sendable {
    case frame
    /// Behind a body: the octet that ends its frame.
    case bodyEnd(channel: UInt16)
    /// At the method that closes a channel or the connection, which has been told of what waits.
    case closing
    case search
  }

  /// A method whose content is coming.
  private struct Content: Sendable {
    var key: UInt64
    var isReply: Bool
    /// Bytes of the body to come; nil until the header has come.
    var left: Int?
    /// What the method said, as JSON; empty once it had to be forgotten.
    var details: [UInt8]
    var ending = Ending()

    /// Bytes it takes until its body has come, which may be never.
    var held: Int { details.count + ending.details.count + ending.trailers.bytes.count }
  }

  private struct Way: Sendable {
    var phase = Phase.frame
    var contents: [UInt16: Content] = [:]
  }

  private var ways = BySide(client: Way(), server: Way())
  private var queue = AMQPQueue()
  /// Contents whose properties had to be forgotten, until the runner asks.
  private var forgotten: UInt64 = 0

  package private(set) var heldBytes = 0
  package var isCharged: Bool { true }

  package init(_ opening: Opening) {
    if opening.isMidway { for side in Side.allCases { ways[side].phase = .search } }
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    switch ways[side].phase {
    case .bodyEnd(let channel): return try endBody(bytes, side, channel)
    case .search:
      guard AMQPFrame.isPlausible(bytes) else { return .skip(bytes.byteCount) }
      ways[side].phase = .frame
    case .frame, .closing: break
    }
    // The protocol header, with which a server also says which version it would have.
    if bytes.byte(0) == 0x41 {
      guard bytes.byteCount >= 8 else { return .needs(8) }
      guard bytes.starts(with: "AMQP") else { throw WireError(.invalid) }
      return .skip(8)
    }
    guard bytes.byteCount >= Self.headLength else { return .needs(Self.headLength) }
    let frame = AMQPFrame(bytes)
    if frame.type == AMQPFrame.body { return try beginBody(frame, side) }
    guard frame.size <= Self.maxFrame else { throw WireError(.tooLarge) }
    let length = Self.headLength + frame.size + 1
    guard bytes.byteCount >= length else { return .needs(length) }
    guard bytes.byte(length - 1) == Self.frameEnd else { throw WireError(.invalid, at: length - 1) }
    let payload = bytes.slice(Self.headLength..<length - 1)
    switch frame.type {
    case AMQPFrame.method: return try method(payload, frame.channel, length, side)
    case AMQPFrame.header: return header(payload, frame.channel, length, side)
    case AMQPFrame.heartbeat: return .skip(length)
    default: throw WireError(.invalid)
    }
  }

  /// The beginning of a method tells what it is, and mostly what it is about.
  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    switch ways[side].phase {
    case .search, .bodyEnd: return nil
    case .frame, .closing: break
    }
    guard bytes.byteCount >= Self.headLength + 4 else { return nil }
    let frame = AMQPFrame(bytes)
    guard frame.type == AMQPFrame.method, frame.size >= 4 else { return nil }
    let payload = bytes.slice(
      Self.headLength..<min(bytes.byteCount, Self.headLength + frame.size))
    let code = payload.big32(0)
    let method = AMQPMethod(code)
    guard method.isKnown else { return nil }
    let arguments = AMQPArguments(method, payload.suffix(from: 4))
    return message(method, code, arguments, channel: frame.channel, from: side)
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    if cause == .end { return .stop }
    cutContent[side] = beginning(side)
    for content in ways[side].contents.values { heldBytes -= content.held }
    ways[side] = Way(phase: .search)
    queue.noteGap()
    return .resynchronise
  }

  package mutating func parted(_ side: Side) -> (key: UInt64, ending: Ending)? {
    guard let content = cutContent[side] else { return nil }
    cutContent[side] = nil
    return (content.key, content.ending)
  }

  /// The content in which a hole is, with what its header told: the one whose body was being read, or
  /// the only one.
  private func beginning(_ side: Side) -> Content? {
    if case .bodyEnd(let channel) = ways[side].phase { return ways[side].contents[channel] }
    let begun = ways[side].contents.values.filter { $0.left != nil }
    return begun.count == 1 ? begun.first : nil
  }

  package mutating func heard(_ count: Int, by side: Side) { queue.noteHeard(side) }

  package mutating func dropHeld() {
    for side in Side.allCases {
      for channel in ways[side].contents.keys {
        ways[side].contents[channel]?.details = []
        ways[side].contents[channel]?.ending = Ending()
        forgotten += 1
      }
    }
    heldBytes = 0
  }

  package mutating func takeForgotten() -> UInt64 {
    defer { forgotten = 0 }
    return forgotten
  }

  // MARK: Methods

  private mutating func method(
    _ payload: RawSpan, _ channel: UInt16, _ length: Int, _ side: Side
  ) throws(WireError) -> Step {
    guard payload.byteCount >= 4 else { throw WireError(.truncated) }
    // No method may come between another and its content.
    if let stale = close(channel, side) {
      var ending = Ending()
      ending.fault = Entry.Fault(.dissection, "its content never came")
      return .end(of: stale.key, ending, length: 0)
    }
    let code = payload.big32(0)
    let method = AMQPMethod(code)
    let arguments = AMQPArguments(method, payload.suffix(from: 4))
    if case .closing = ways[side].phase {
      ways[side].phase = .frame
    } else if let keys = AMQPQueue.keys(endedBy: code, on: channel) {
      ways[side].phase = .closing
      let what = code == AMQPMethod.channelClose ? "channel" : "connection"
      let fault = Entry.Fault(
        .connection, "the \(what) was closed: \(arguments.summary(of: method))")
      return .abandon(keys, because: fault, length: 0)
    }
    var message = message(method, code, arguments, channel: channel, from: side)
    if method.hasContent, ways[side].contents.count < Self.maxContents {
      message.extent = .open
      open(
        Content(key: message.key, isReply: message.role == .response, details: message.details),
        channel, side)
    }
    return .message(message, length: length)
  }

  /// What a method says, its content left out.
  private mutating func message(
    _ method: AMQPMethod, _ code: UInt32, _ arguments: AMQPArguments, channel: UInt16,
    from side: Side
  ) -> Message {
    var message = queue.place(method, code, arguments, channel: channel, from: side)
    let text = arguments.summary(of: method)
    if message.role != .response || message.partner == .lost {
      message.fields.add(.amqpMethod, .text(method.name))
      if !text.isEmpty { message.fields.add(.amqpSummary, .text(text)) }
    } else if !text.isEmpty, method.namesItsObject {
      // A server names what the client left to it.
      message.fields.add(.amqpSummary, .text(text))
    }
    if let routingKey = arguments.routingKey {
      message.fields.add(.amqpRoutingKey, .text(routingKey))
    }
    message.failed = arguments.reportsFailure(method)
    if message.failed || method.isEmptyGet {
      message.fields.add(.statusText, .text(arguments.outcome(of: method)))
    }
    message.details = arguments.details
    return message
  }

  // MARK: Contents

  /// In place of what is open on the channel, if anything is.
  private mutating func open(_ content: Content, _ channel: UInt16, _ side: Side) {
    close(channel, side)
    heldBytes += content.held
    ways[side].contents[channel] = content
  }

  @discardableResult
  private mutating func close(_ channel: UInt16, _ side: Side) -> Content? {
    guard let content = ways[side].contents.removeValue(forKey: channel) else { return nil }
    heldBytes -= content.held
    return content
  }

  /// The header of a content: class, weight, length of the body, properties.
  private mutating func header(
    _ payload: RawSpan, _ channel: UInt16, _ length: Int, _ side: Side
  ) -> Step {
    guard var content = ways[side].contents[channel], content.left == nil,
      payload.byteCount >= 14
    else { return .skip(length) }
    let size = Int(clamping: payload.big64(4))
    let properties = AMQPProperties(payload.suffix(from: 12))
    if let type = properties.contentType {
      content.ending.fields.add(
        content.isReply ? .responseContentType : .requestContentType, .text(type))
    }
    content.ending.trailers = properties.headers
    if !content.details.isEmpty {
      content.ending.details = content.details.dropLast() + Array(#","bodySize":\#(size)}"#.utf8)
    }
    content.left = size
    open(content, channel, side)
    if size == 0 { return end(content, channel, length, side) }
    return .content([], of: content.key, length: length)
  }

  /// The head of a body frame; what follows is passed on as it is.
  private mutating func beginBody(_ frame: AMQPFrame, _ side: Side) throws(WireError) -> Step {
    let content = ways[side].contents[frame.channel]
    guard let content, let left = content.left, frame.size <= left else {
      return .skip(Self.headLength + frame.size + 1)
    }
    ways[side].phase = .bodyEnd(channel: frame.channel)
    ways[side].contents[frame.channel]?.left = left - frame.size
    pendingBody[side] = frame.size
    return .content([], of: content.key, length: Self.headLength)
  }

  /// Content that the last hole ended, until the runner asks for it.
  private var cutContent = BySide<Content?>(client: nil, server: nil)

  /// Bytes of a body frame whose head was just read.
  private var pendingBody = BySide(client: 0, server: 0)

  private mutating func endBody(
    _ bytes: RawSpan, _ side: Side, _ channel: UInt16
  ) throws(WireError) -> Step {
    let key = ways[side].contents[channel]?.key ?? 0
    if pendingBody[side] > 0 {
      defer { pendingBody[side] = 0 }
      return .body(pendingBody[side], of: key)
    }
    guard bytes.byte(0) == Self.frameEnd else { throw WireError(.invalid) }
    ways[side].phase = .frame
    guard let content = ways[side].contents[channel] else { return .skip(1) }
    if content.left == 0 { return end(content, channel, 1, side) }
    return .content([], of: content.key, length: 1)
  }

  private mutating func end(
    _ content: Content, _ channel: UInt16, _ length: Int, _ side: Side
  ) -> Step {
    close(channel, side)
    return .end(of: content.key, content.ending, length: length)
  }
}

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

  /// Whether a frame that can be told begins here: a method that is known, or a heartbeat.
  static func isPlausible(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= 8 else { return false }
    let frame = AMQPFrame(bytes)
    let end = AMQP.headLength + frame.size
    if frame.type == heartbeat {
      return frame.size == 0 && frame.channel == 0 && bytes.byte(end) == AMQP.frameEnd
    }
    guard frame.type == method, frame.size >= 4, frame.size <= AMQP.maxFrame,
      bytes.byteCount >= 11, AMQPMethod(bytes.big32(7)).isKnown
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
    return AMQPFrame.isPlausible(client) || AMQPFrame.isPlausible(server) ? .yes(.likely) : .no
  }

  /// `AMQP` and the version: 0-9-1, and the older 0-9 and 0-8, whose frames are the same.
  private static let signatures: [[UInt8]] = [[0, 0, 9, 1], [1, 1, 0, 9], [1, 1, 8, 0]]
    .map { [0x41, 0x4d, 0x51, 0x50] + $0 }
}
