package import Bytes
package import Decompression
package import Entries
package import Flows
import Layers

/// WebSocket (RFC 6455) behind its opening handshake, with permessage-deflate (RFC 7692); of
/// connections that were joined late also by the shape of its frames.
///
/// One entry is one message: its fragments are joined, and control frames between them stand alone.
/// What the client sends is a request that nobody answers, what the server sends a reply that
/// nobody asked for.
package struct WebSocket: CompletingDissector {
  package static let row = DissectorRow(
    completing: WebSocket.self, name: "ws", kinds: [.ws], transports: [.tcp], priority: 11)

  /// Longest control frame that is read, in bytes; the lawful limit is 125.
  static let maxControl = 4096
  /// Messages in one frame up to this payload are read at once, in bytes; longer ones as they come.
  private static let maxAtOnce = 16 << 10
  /// Bytes of a payload shown as a field.
  private static let maxShown = 1024

  /// A message that is not over.
  private struct Open: Sendable {
    var key: UInt64
    var facts: WebSocketFacts
    /// The compressed payload so far; nil when the message is passed on as it is.
    var compressed: [UInt8]?
    var lost = 0
  }

  /// A frame whose payload is passed on as it comes.
  private struct Passing: Sendable {
    var frame: WebSocketFrame
    /// Bytes of the payload that came, or were lost.
    var at = 0

    var left: Int { frame.length - at }
  }

  private enum Phase: Sendable {
    case frame
    case payload(Passing)
    /// Before the last byte of a message, whose content is complete; after a loss the byte is gone.
    case ending(isCut: Bool)
    /// The rest of a frame that is told already.
    case rest(Int)
    /// Looking for a frame at the beginning of a segment.
    case search
  }

  private struct Way: Sendable {
    var phase = Phase.frame
    var open: Open?
    var deflate: WebSocketDeflate
  }

  private var ways: BySide<Way>
  private var nextKey: UInt64
  /// The packets do not tell who the client is: the mask does.
  private let isMidway: Bool
  /// Index of the HTTP entry that began it.
  private let upgrade: UInt32?

  package init(_ opening: Opening) {
    let parameters = opening.after.map { $0.headers.value(of: "sec-websocket-extensions") ?? "" }
    self.init(
      parameters: parameters, upgrade: opening.after?.exchange, isMidway: opening.isMidway)
    for side in Side.allCases where opening.after?.isCut[side] == true {
      ways[side].phase = .search
      ways[side].deflate.noteGap()
    }
  }

  /// - Parameters:
  ///   - parameters: the extensions that the server accepted; nil when the handshake was not seen.
  ///   - firstKey: key of the first message; those of later ones follow.
  init(parameters: String?, upgrade: UInt32?, isMidway: Bool, firstKey: UInt64 = 0) {
    ways = BySide(
      client: Way(deflate: WebSocketDeflate(of: parameters, forClient: true)),
      server: Way(deflate: WebSocketDeflate(of: parameters, forClient: false)))
    (self.upgrade, self.isMidway, nextKey) = (upgrade, isMidway, firstKey)
  }

  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    guard opening.isMidway else { return .no }
    let likeness = max(WebSocketFrame.likeness(client), WebSocketFrame.likeness(server))
    return likeness == .strong ? .yes(.likely) : .no
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    switch ways[side].phase {
    case .frame: return try frame(bytes, side)
    case .payload(let passing): return payload(bytes, passing, side)
    case .ending(let isCut): return end(side, length: isCut ? 0 : 1)
    case .rest(let count):
      ways[side].phase = .frame
      return .skip(count)
    case .search:
      if WebSocketFrame.likeness(bytes) == .none {
        return WebSocketFrame.awaited(bytes).map { .needs($0) } ?? .skip(bytes.byteCount)
      }
      ways[side].phase = .frame
      return .skip(0)
    }
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    guard case .gap(let count) = cause else {
      // Behind a frame that no endpoint may take comes the end of the connection, or more of a dialect
      // of its own: both begin with a segment.
      guard cause == .error, !isMidway else { return .stop }
      ways[side].deflate.noteGap()
      ways[side].phase = .search
      ways[side].open = nil
      return .resynchronise
    }
    ways[side].deflate.noteGap()
    switch ways[side].phase {
    case .payload(var passing) where count <= passing.left:
      passing.at += count
      ways[side].open?.lost += count
      if passing.left > 0 {
        ways[side].phase = .payload(passing)
      } else {
        ways[side].phase = passing.frame.isFinal ? .ending(isCut: true) : .frame
      }
      return .resume
    case .ending where count == 1:
      ways[side].phase = .ending(isCut: true)
      return .resume
    case .rest(let left) where count <= left:
      ways[side].phase = count == left ? .frame : .rest(left - count)
      return .resume
    default:
      ways[side].phase = .search
      ways[side].open = nil
      return .resynchronise
    }
  }

  /// A frame that was waited for and is cut: what is there of it, and how much to pass over.
  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    guard case .frame = ways[side].phase, case .frame(let frame) = WebSocketFrame.read(bytes),
      frame.totalLength > bytes.byteCount
    else { return nil }
    ways[side].phase = .rest(frame.totalLength - bytes.byteCount)
    if frame.opcode == .continuation || !frame.isFinal { return nil }
    var facts = facts(frame)
    var message = message(facts, side)
    if frame.isCompressed {
      facts.problem = .tooLarge
    } else {
      message.body = frame.payload(of: bytes)
    }
    facts.add(to: &message, isRequest: message.role == .request)
    return message
  }

  // MARK: Frames

  private mutating func frame(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    let frame: WebSocketFrame
    switch WebSocketFrame.read(bytes) {
    case .needs(let count): return .needs(count)
    case .invalid: throw WireError(.invalid)
    case .frame(let read): frame = read
    }
    if frame.opcode.isControl {
      guard frame.length <= Self.maxControl else { throw WireError(.tooLarge) }
      if bytes.byteCount < frame.totalLength { return .needs(frame.totalLength) }
      return whole(frame, bytes, side)
    }
    if frame.opcode != .continuation, let stale = ways[side].open {
      // Another message begins before this one ended: it stays as it is.
      ways[side].open = nil
      var ending = Ending()
      ending.fault = Entry.Fault(.dissection, "its last fragment never came")
      return .end(of: stale.key, ending, length: 0)
    }
    let isCompressed = frame.isCompressed || ways[side].open?.compressed != nil
    let isAtOnce = isCompressed && frame.length <= WebSocketDeflate.maxMessage
    let isWhole = frame.isFinal && ways[side].open == nil
    if isAtOnce || isWhole && frame.length <= Self.maxAtOnce {
      if bytes.byteCount < frame.totalLength { return .needs(frame.totalLength) }
      return isWhole ? whole(frame, bytes, side) : compressed(frame, bytes, side)
    }
    return pieces(frame, side)
  }

  /// A message in one frame.
  private mutating func whole(_ frame: WebSocketFrame, _ bytes: RawSpan, _ side: Side) -> Step {
    let payload = frame.payload(of: bytes)
    var facts = facts(frame)
    var message = message(facts, side)
    if frame.isCompressed {
      let read = ways[side].deflate.message(payload)
      facts.problem = read.problem
      message.body = read.text ?? payload
      if let end = read.end { message.decompressions = [end] }
    } else {
      message.body = payload
    }
    if frame.opcode == .close { facts.readClose(payload) }
    if frame.opcode == .continuation {
      message.fault = Entry.Fault(.dissection, "the beginning of the message was not captured")
    }
    facts.add(to: &message, isRequest: message.role == .request)
    return .message(message, length: frame.totalLength)
  }

  /// A fragment of a compressed message.
  private mutating func compressed(
    _ frame: WebSocketFrame, _ bytes: RawSpan, _ side: Side
  ) -> Step {
    guard var open = ways[side].open else {
      var open = begin(frame, side)
      open.compressed = frame.payload(of: bytes)
      ways[side].open = open
      return .message(opening(open, side), length: frame.totalLength)
    }
    open.facts.add(frame)
    var payload = open.compressed ?? []
    payload += frame.payload(of: bytes)
    let isTooLong = payload.count > WebSocketDeflate.maxMessage
    open.compressed = isTooLong ? [] : payload
    if isTooLong { open.facts.problem = .tooLarge }
    guard frame.isFinal else {
      ways[side].open = open
      return .content([], of: open.key, length: frame.totalLength)
    }
    var content: [UInt8] = []
    if open.facts.problem == .tooLarge {
      ways[side].deflate.noteGap()
    } else {
      let read = ways[side].deflate.message(payload)
      open.facts.problem = read.problem
      open.facts.decompression = read.end
      content = read.text ?? payload
    }
    ways[side].open = open
    // With the last byte comes the end.
    ways[side].phase = .ending(isCut: false)
    return .content(content, of: open.key, length: frame.totalLength - 1)
  }

  // MARK: Payloads in pieces

  private mutating func pieces(_ frame: WebSocketFrame, _ side: Side) -> Step {
    let isLast = frame.isFinal && frame.length == 0
    ways[side].phase =
      frame.length > 0 ? .payload(Passing(frame: frame)) : isLast ? .ending(isCut: false) : .frame
    if frame.isCompressed || ways[side].open?.compressed != nil {
      ways[side].deflate.noteGap()
    }
    guard var open = ways[side].open else {
      var open = begin(frame, side)
      if frame.isCompressed { open.facts.problem = .tooLarge }
      ways[side].open = open
      return .message(opening(open, side), length: frame.headLength)
    }
    open.facts.add(frame)
    if open.compressed != nil {
      open.compressed = nil
      open.facts.problem = .tooLarge
    }
    ways[side].open = open
    return .content([], of: open.key, length: frame.headLength - (isLast ? 1 : 0))
  }

  private mutating func payload(_ bytes: RawSpan, _ passing: Passing, _ side: Side) -> Step {
    guard let key = ways[side].open?.key else {
      ways[side].phase = .frame
      return .skip(passing.left)
    }
    var passing = passing
    let count = min(passing.left, bytes.byteCount)
    let content = WebSocketFrame.unmasked(
      bytes.prefix(count), passing.frame.mask, from: passing.at)
    passing.at += count
    guard passing.left == 0 else {
      ways[side].phase = .payload(passing)
      return .content(content, of: key, length: count)
    }
    // The last byte of a message is kept back: with it comes the end.
    ways[side].phase = passing.frame.isFinal ? .ending(isCut: false) : .frame
    return .content(content, of: key, length: passing.frame.isFinal ? count - 1 : count)
  }

  private mutating func end(_ side: Side, length: Int) -> Step {
    ways[side].phase = .frame
    guard let open = ways[side].open.take() else { return .skip(length) }
    var ending = Ending()
    open.facts.add(to: &ending, isRequest: isRequest(open.facts, side))
    if open.lost > 0 {
      ending.fault = Entry.Fault(.dissection, "\(open.lost) bytes were not captured")
    }
    return .end(of: open.key, ending, length: length)
  }

  // MARK: Messages

  private mutating func begin(_ frame: WebSocketFrame, _ side: Side) -> Open {
    Open(key: takeKey(), facts: facts(frame))
  }

  private func opening(_ open: Open, _ side: Side) -> Message {
    var message = Message(
      isRequest(open.facts, side) ? .request : .response, .ws, key: open.key)
    message.partner = .none
    message.extent = .open
    message.fields.add(.wsOpcode, .text(open.facts.opcode.name))
    // As far as they are known; the end replaces them.
    open.facts.add(to: &message, isRequest: message.role == .request)
    if open.facts.opcode == .continuation {
      message.fault = Entry.Fault(.dissection, "the beginning of the message was not captured")
    }
    return message
  }

  private mutating func message(_ facts: WebSocketFacts, _ side: Side) -> Message {
    var message = Message(isRequest(facts, side) ? .request : .response, .ws, key: takeKey())
    message.partner = .none
    message.fields.add(.wsOpcode, .text(facts.opcode.name))
    return message
  }

  private func facts(_ frame: WebSocketFrame) -> WebSocketFacts {
    WebSocketFacts(frame, upgrade: upgrade)
  }

  private func isRequest(_ facts: WebSocketFacts, _ side: Side) -> Bool {
    isMidway ? facts.isMasked : side == .client
  }

  private mutating func takeKey() -> UInt64 {
    defer { nextKey &+= 1 }
    return nextKey
  }

  // MARK: Finished messages

  /// Shows what is text.
  package static func complete(
    _ entry: inout Entry, _ decompressions: inout DecompressionCounters
  ) {
    guard let content = entry.hasRequest ? entry.request : entry.response,
      case .text("text") = entry.fields[.wsOpcode],
      let text = Contents.text(content.body, limit: maxShown)
    else { return }
    entry.fields.add(
      entry.hasRequest ? .wsRequestPayloadData : .wsResponsePayloadData, .text(text))
  }

  package static func details(of facts: RawSpan) -> [UInt8] { WebSocketFacts.details(of: facts) }
}
