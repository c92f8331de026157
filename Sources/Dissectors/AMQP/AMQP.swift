package import Bytes
import Entries
package import Flows
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
    /// The method as it came, until the header tells the rest of what is kept of it; empty once it had
    /// to be forgotten.
    var method: [UInt8] = []
    var ending = Ending()

    /// Bytes it takes until its body has come, which may be never.
    var held: Int {
      method.count + ending.fields.bytes.count + ending.trailers.bytes.count
    }

    /// Class, weight, length of the body, properties.
    mutating func readHeader(_ payload: RawSpan, _ size: Int) {
      left = size
      let bytes = payload.suffix(from: 12)
      let properties = AMQPProperties(bytes)
      ending.fields.reserve(bytes: 128 + method.count)
      properties.addContentType(of: bytes, isReply, to: &ending.fields)
      ending.trailers = HeaderBlock(bytes: properties.lines)
      if method.isEmpty { return }
      var kept: [UInt8] = []
      swap(&kept, &method)
      ending.fields.append(room: AMQPDetails.room(for: kept.rawSpan)) { fields in
        fields.add(AMQP.facts(isReply: isReply), .bytes) {
          AMQPDetails.add(kept.rawSpan, size: size, to: &$0)
        }
      }
    }
  }

  private struct Way: Sendable {
    var phase: Phase
    /// Contents that are coming, and beside them their channels: mostly one or none.
    private(set) var contents: [Content] = []
    private var channels: [UInt16] = []

    init(_ phase: Phase) { self.phase = phase }

    func place(of channel: UInt16) -> Int? {
      channels.isEmpty ? nil : channels.lastIndex(of: channel)
    }

    mutating func add(_ content: consuming Content, _ channel: UInt16) {
      contents.append(consume content)
      channels.append(channel)
    }

    mutating func update(_ place: Int, _ change: (inout Content) -> Void) {
      change(&contents[place])
    }

    mutating func remove(_ place: Int) -> Content {
      channels.swapAt(place, channels.count - 1)
      channels.removeLast()
      contents.swapAt(place, contents.count - 1)
      return contents.removeLast()
    }
  }

  private var ways = BySide(client: Way(.frame), server: Way(.frame))
  private var queue = AMQPQueue()
  /// Contents whose properties had to be forgotten, until the runner asks.
  private var forgotten: UInt64 = 0

  package private(set) var heldBytes = 0
  package var isCharged: Bool { true }

  package init(_ opening: Opening) {
    if opening.isMidway { for side in Side.allCases { ways[side].phase = .search } }
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    switch ways[inPlace: side].phase {
    case .bodyEnd(let channel): return try endBody(bytes, side, channel)
    case .search:
      guard AMQPFrame.isPlausible(bytes) else {
        if let count = AMQPFrame.needed(bytes) { return .needs(count) }
        return .skip(AMQPFrame.contentLength(bytes) ?? bytes.byteCount)
      }
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
    case AMQPFrame.method: return try method(payload, frame.channel, bytes, length, side)
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
    let method = AMQPMethod.of(payload.big32(0))
    guard method.isKnown else { return nil }
    let arguments = AMQPArguments(method, payload.suffix(from: 4))
    var message = message(method, arguments, payload, channel: frame.channel, from: side)
    Self.addDetails(method, payload, size: nil, to: &message)
    return message
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    if cause == .end {
      cutContents[side] = ways[side].contents.filter { $0.left != nil }
      return .stop
    }
    cutContents[side] = beginning(side).map { [$0] } ?? []
    for content in ways[side].contents { heldBytes -= content.held }
    ways[side] = Way(.search)
    queue.noteGap()
    return .resynchronise
  }

  package mutating func parted(_ side: Side) -> (key: UInt64, ending: Ending)? {
    if cutContents[side].isEmpty { return nil }
    let content = cutContents[side].removeFirst()
    return (content.key, content.ending)
  }

  /// The content in which a hole is, with what its header told: the one whose body was being read, or
  /// the only one.
  private func beginning(_ side: Side) -> Content? {
    let way = ways[side]
    if case .bodyEnd(let channel) = way.phase {
      return way.place(of: channel).map { way.contents[$0] }
    }
    let begun = way.contents.filter { $0.left != nil }
    return begun.count == 1 ? begun.first : nil
  }

  package mutating func heard(_ count: Int, by side: Side) { queue.noteHeard(side) }

  package mutating func dropHeld() {
    for side in Side.allCases {
      for place in ways[side].contents.indices {
        ways[side].update(place) { ($0.method, $0.ending) = ([], Ending()) }
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
    _ payload: RawSpan, _ channel: UInt16, _ bytes: RawSpan, _ length: Int, _ side: Side
  ) throws(WireError) -> Step {
    guard payload.byteCount >= 4 else { throw WireError(.truncated) }
    // No method may come between another and its content.
    if let stale = close(channel, side) {
      // What its header told, if that came, is told all the same.
      var ending = stale.ending
      ending.fault = Entry.Fault(.dissection, "its content never came")
      return .end(of: stale.key, ending, length: 0)
    }
    let method = AMQPMethod.of(payload.big32(0))
    let arguments = AMQPArguments(method, payload.suffix(from: 4))
    if case .closing = ways[inPlace: side].phase {
      ways[side].phase = .frame
    } else if let keys = AMQPQueue.keys(endedBy: method.code, on: channel) {
      ways[side].phase = .closing
      let what = method.code == AMQPMethod.channelClose ? "channel" : "connection"
      let reason = arguments.summary(of: method, payload.suffix(from: 4))
      let fault = Entry.Fault(.connection, "the \(what) was closed: \(reason)")
      return .abandon(keys, because: fault, length: 0)
    }
    var message = message(method, arguments, payload, channel: channel, from: side)
    if method.hasContent, ways[inPlace: side].contents.count < Self.maxContents {
      return begin(consume message, method, payload, channel, bytes, length, side)
    }
    Self.addDetails(method, payload, size: nil, to: &message)
    return .message(consume message, length: length)
  }

  /// What a method says, its content and details left out.
  private mutating func message(
    _ method: AMQPMethod, _ arguments: AMQPArguments, _ payload: RawSpan, channel: UInt16,
    from side: Side
  ) -> Message {
    var message = queue.place(
      method, isAwaited: !arguments.noWait, channel: channel, from: side)
    let bytes = payload.suffix(from: 4)
    message.fields.reserve(bytes: 128 + 2 * min(bytes.byteCount, 512))
    let isNamed = message.role != .response || message.partner == .lost
    if isNamed, method.isKnown, arguments.arePlain(bytes) {
      message.fields.append(room: 8 + method.name.utf8CodeUnitCount + arguments.room) { fields in
        fields.add(.amqpMethod, text: method.name)
        arguments.addPlain(bytes, to: &fields)
      }
    } else {
      if isNamed {
        if method.isKnown {
          message.fields.add(.amqpMethod, text: method.name)
        } else {
          message.fields.add(.amqpMethod, .text(method.shownName))
        }
      }
      // A server names what the client left to it.
      if isNamed || method.namesItsObject {
        arguments.addSubject(of: method, bytes, to: &message.fields)
      }
      arguments.routingKey?.add(.amqpRoutingKey, of: bytes, to: &message.fields)
    }
    message.failed = arguments.reportsFailure(method)
    if message.failed || method.isEmptyGet {
      message.fields.add(.statusText, .text(arguments.outcome(of: method)))
    }
    return message
  }

  /// Adds what the details of a message are made of when somebody asks, or the details.
  ///
  /// - Parameter size: length of its content, where that is known already.
  private static func addDetails(
    _ method: AMQPMethod, _ payload: RawSpan, size: Int?, to message: inout Message
  ) {
    if AMQPDetails.areFacts(payload, of: method) {
      let facts = facts(isReply: message.role == .response)
      message.fields.append(room: AMQPDetails.room(for: payload)) { fields in
        fields.add(facts, .bytes) { AMQPDetails.add(payload, size: size, to: &$0) }
      }
    } else {
      message.details = AMQPDetails.json(payload: payload, size: size)
    }
  }

  fileprivate static func facts(isReply: Bool) -> FieldID {
    isReply ? .responseFacts : .requestFacts
  }

  package static func details(of facts: RawSpan) -> [UInt8] { AMQPDetails.json(facts) }

  // MARK: Contents

  /// Begins the message of a method with content, with as much of that as follows in `bytes`: mostly
  /// all of it. The method are the first `length` of them.
  private mutating func begin(
    _ message: consuming Message, _ method: AMQPMethod, _ payload: RawSpan, _ channel: UInt16,
    _ bytes: RawSpan, _ length: Int, _ side: Side
  ) -> Step {
    let isReply = message.role == .response
    guard let header = AMQPFrame.whole(AMQPFrame.header, of: channel, in: bytes, at: length),
      header.count >= 14
    else {
      Self.addDetails(method, payload, size: nil, to: &message)
      message.extent = .open
      let kept = payload.array()
      open(Content(key: message.key, isReply: isReply, method: kept), channel, side)
      return .message(consume message, length: length)
    }
    let end = header.upperBound + 1
    let head = bytes.slice(header)
    let size = Int(clamping: head.big64(4))
    let properties = AMQPProperties(head.suffix(from: 12))
    properties.addContentType(of: head.suffix(from: 12), isReply, to: &message.fields)
    message.headers = HeaderBlock(bytes: properties.lines)
    Self.addDetails(method, payload, size: size, to: &message)
    if size == 0 { return .message(consume message, length: end) }
    if let body = AMQPFrame.whole(AMQPFrame.body, of: channel, in: bytes, at: end),
      body.count == size
    {
      message.body = bytes.slice(body).array()
      return .message(consume message, length: body.upperBound + 1)
    }
    message.extent = .open
    open(Content(key: message.key, isReply: isReply, left: size), channel, side)
    return .message(consume message, length: end)
  }

  /// In place of what is open on the channel, if anything is.
  private mutating func open(_ content: consuming Content, _ channel: UInt16, _ side: Side) {
    close(channel, side)
    heldBytes += content.held
    ways[side].add(content, channel)
  }

  @discardableResult
  private mutating func close(_ channel: UInt16, _ side: Side) -> Content? {
    guard let place = ways[inPlace: side].place(of: channel) else { return nil }
    let content = ways[side].remove(place)
    heldBytes -= content.held
    return content
  }

  /// The header of a content.
  private mutating func header(
    _ payload: RawSpan, _ channel: UInt16, _ length: Int, _ side: Side
  ) -> Step {
    guard let place = ways[inPlace: side].place(of: channel),
      ways[inPlace: side].contents[place].left == nil, payload.byteCount >= 14
    else { return .skip(length) }
    let size = Int(clamping: payload.big64(4))
    let key = ways[inPlace: side].contents[place].key
    heldBytes -= ways[inPlace: side].contents[place].held
    ways[side].update(place) { $0.readHeader(payload, size) }
    if size == 0 { return .end(of: key, ways[side].remove(place).ending, length: length) }
    heldBytes += ways[inPlace: side].contents[place].held
    return .content([], of: key, length: length)
  }

  /// The head of a body frame; what follows is passed on as it is.
  private mutating func beginBody(_ frame: AMQPFrame, _ side: Side) throws(WireError) -> Step {
    guard let place = ways[inPlace: side].place(of: frame.channel),
      let left = ways[inPlace: side].contents[place].left, frame.size <= left
    else { return .skip(Self.headLength + frame.size + 1) }
    ways[side].phase = .bodyEnd(channel: frame.channel)
    ways[side].update(place) { $0.left = left - frame.size }
    pendingBody[side] = frame.size
    return .content([], of: ways[inPlace: side].contents[place].key, length: Self.headLength)
  }

  /// Contents that a hole or the end has ended, until the runner asks for them.
  private var cutContents = BySide<[Content]>(client: [], server: [])

  /// Bytes of a body frame whose head was just read.
  private var pendingBody = BySide(client: 0, server: 0)

  private mutating func endBody(
    _ bytes: RawSpan, _ side: Side, _ channel: UInt16
  ) throws(WireError) -> Step {
    let place = ways[inPlace: side].place(of: channel)
    let key = place.map { ways[inPlace: side].contents[$0].key } ?? 0
    if pendingBody[side] > 0 {
      defer { pendingBody[side] = 0 }
      return .body(pendingBody[side], of: key)
    }
    guard bytes.byte(0) == Self.frameEnd else { throw WireError(.invalid) }
    ways[side].phase = .frame
    guard let place else { return .skip(1) }
    if ways[inPlace: side].contents[place].left == 0, let content = close(channel, side) {
      return .end(of: key, content.ending, length: 1)
    }
    return .content([], of: key, length: 1)
  }
}
