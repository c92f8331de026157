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

/// Which method answers which: on each channel the oldest of its kind; where bytes are missing
/// `AnswerOrder` tells.
private struct AMQPQueue: Sendable {
  /// Kinds on channels that are told apart; beyond, methods stand alone.
  private static let maxLanes = 1 << 16

  private struct Lane: Sendable {
    var asked: UInt32 = 0
    var answered: UInt32 = 0
    /// Holes there were when it was last looked at.
    var holes: UInt32 = 0
    /// Times the asker had heard what was not shown.
    var heard: UInt32 = 0
    /// First of the newest batch.
    var batch: UInt32 = 0
    var order = AnswerOrder()

    /// Of a connection that lasts, both numbers begin anew some time.
    private var waiting: Int { Int(asked &- answered) }
    var isWaiting: Bool { waiting > 0 }

    mutating func ask(_ holes: UInt32, _ heard: UInt32) {
      noteHoles(holes)
      // How many bytes does not matter: of other lanes there may be some among them.
      if self.heard != heard, waiting > 0 { order.noteHeard(.max) }
      self.heard = heard
      switch order.question(behind: waiting) {
      case .none: break
      case .batch: answered = asked
      case .perhaps: batch = asked
      }
      asked &+= 1
    }

    /// An answer comes. Gives whether it is known to whom: to the oldest that waits now.
    mutating func answer(_ holes: UInt32) -> Bool {
      noteHoles(holes)
      switch order.answer(to: waiting) {
      case .oldest: return true
      case .newest:
        answered = asked &- 1
        return true
      case .unknown, .another: return false
      }
    }

    mutating func noteAnswered() {
      answered &+= 1
      if asked == answered { order.noteIdle() }
    }

    /// Among missing bytes may be answers to those that wait.
    private mutating func noteHoles(_ holes: UInt32) {
      if self.holes == holes { return }
      self.holes = holes
      if waiting > 0, order.noteLostAnswers(1, behind: waiting) { answered = batch }
    }
  }

  private var lanes: [UInt64: Lane] = [:]
  private var alone: UInt64 = 0
  private var holes: UInt32 = 0
  private var heard = BySide<UInt32>(client: 0, server: 0)

  mutating func noteGap() { holes &+= 1 }

  /// A side has bytes that were not shown, or not yet.
  mutating func noteHeard(_ side: Side) { heard[side] &+= 1 }

  /// The message a method makes: its role and its key.
  mutating func place(
    _ method: AMQPMethod, _ code: UInt32, _ arguments: AMQPArguments, channel: UInt16,
    from side: Side
  ) -> Message {
    if let asks = method.closes {
      if asks == AMQPMethod.channelClose { endWaiting(channel) }
      let lane = lane(asks, channel, side.other)
      if lanes[lane]?.answer(holes) == true, let number = lanes[lane]?.answered {
        lanes[lane]?.noteAnswered()
        return Message(.response, .amqp, key: lane | UInt64(number))
      }
      var message = Message(.response, .amqp, key: loneKey())
      message.partner = .lost
      if lanes[lane]?.isWaiting == true { message.fault = AnswerOrder.unknownQuestion }
      return message
    }
    if method.isAnswered, !arguments.noWait, lanes.count < Self.maxLanes {
      let lane = lane(code, channel, side)
      let number = lanes[lane]?.asked ?? 0
      lanes[lane, default: Lane()].ask(holes, heard[side])
      return Message(.request, .amqp, key: lane | UInt64(number))
    }
    var message = Message(.request, .amqp, key: loneKey())
    message.partner = .none
    return message
  }

  /// Keys of what waits for answers that do not come any more: those of a channel that is being
  /// closed, or of all channels. Nil for other methods.
  static func keys(endedBy code: UInt32, on channel: UInt16) -> ClosedRange<UInt64>? {
    // The highest channel has its keys among those of methods that stand alone.
    let last: UInt64 = 0xfffe << 48 | 0xffff_ffff_ffff
    switch code {
    case AMQPMethod.connectionClose: return 0...last
    case AMQPMethod.channelClose where channel < .max:
      let first = UInt64(channel) << 48
      return first...first | 0xffff_ffff_ffff
    default: return nil
    }
  }

  /// What was asked on a channel that is closed is never answered; its number may be used again.
  private mutating func endWaiting(_ channel: UInt16) {
    for code in AMQPMethod.answeredOnChannels {
      for side in Side.allCases {
        let lane = lane(code, channel, side)
        if let asked = lanes[lane]?.asked { lanes[lane]?.answered = asked }
      }
    }
  }

  private mutating func loneKey() -> UInt64 {
    alone += 1
    return .max - alone
  }

  /// Upper half of a key: channel, class, method, side.
  private func lane(_ code: UInt32, _ channel: UInt16, _ side: Side) -> UInt64 {
    UInt64(channel) << 48 | UInt64(code >> 16 & 0x7f) << 41 | UInt64(code & 0xff) << 33
      | UInt64(side.rawValue) << 32
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
