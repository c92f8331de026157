import Bytes
import Entries
import Flows

/// One handshake of a conversation over UDP, from the client's first Initial packet to the server's
/// ServerHello, or to what comes in its place. `.client` is the side that began it.
struct QUICHandshake: Sendable {
  /// Pairs its two halves.
  let key: UInt64
  /// The side of the conversation that began it.
  let client: Side
  private(set) var version: QUICVersion
  /// The Destination Connection ID that the keys are made of.
  private(set) var original: [UInt8]
  /// The one before, that a Retry or another version has replaced.
  private var former: [UInt8]?
  /// What the client calls itself; the server sends to it.
  private(set) var clientID: [UInt8]
  /// What the server calls itself; the client sends to it from then on.
  private(set) var serverID: [UInt8]?
  private var keys: QUICInitialKeys
  private var streams = BySide(client: TLSPieces(), server: TLSPieces())
  /// The largest number of a packet of each side.
  private var largest = BySide<UInt64?>(client: nil, server: nil)

  private var hasHello = false
  private var isNamed = false
  /// Part of the server's hello has come.
  private var isAnswering = false
  private var isAnswered = false
  /// It was given up.
  private var isEnded = false
  /// The server asked for another ClientHello.
  private var retriesHello = false
  /// What packets told beside the hellos.
  private var sight = QUICSight()

  /// Nothing more of it is to be told.
  var isOver: Bool { isEnded || isAnswered && hasHello }

  init(_ packet: QUICPacket, _ keys: QUICInitialKeys, key: UInt64, client: Side) {
    (self.key, self.client, self.keys) = (key, client, keys)
    (version, original, clientID) = (packet.version, packet.destination, packet.source)
  }

  // MARK: Whose a packet is

  /// Whether the packet may be one of it.
  func concerns(_ packet: QUICPacket, from side: Side) -> Bool {
    (side == client ? packet.source : packet.destination) == clientID
  }

  /// Whether a packet belongs to it beyond doubt, by both connection IDs.
  func owns(_ packet: QUICPacket, from side: Side) -> Bool {
    side == client
      ? packet.source == clientID
        && [original, serverID, former].contains(packet.destination)
      : packet.destination == clientID && packet.source == serverID
  }

  /// Whether the packet was sent before the client began again.
  func isPast(_ packet: QUICPacket, from side: Side) -> Bool {
    side == client && packet.destination == former
  }

  /// Whether an Initial packet with a new Destination Connection ID goes on with it: behind a Retry
  /// that was not captured, or with another version.
  func isBegunAgain(by packet: QUICPacket, from side: Side) -> Bool {
    if isOver || isAnswering || side != client { return false }
    return !sight.offered.isEmpty || packet.source == clientID && packet.tokenLength > 0
  }

  mutating func beginAgain(_ packet: QUICPacket, _ keys: QUICInitialKeys) {
    if !sight.offered.isEmpty, !hasHello { streams.client = TLSPieces() }
    if sight.offered.isEmpty { sight.isRetried = true }
    (self.keys, former) = (keys, original)
    (version, original, clientID) = (packet.version, packet.destination, packet.source)
    largest.client = nil
  }

  // MARK: Packets without frames

  /// Retry (RFC 9000 §17.2.5): the client begins again, and the keys are others.
  mutating func retry(_ packet: QUICPacket, _ bytes: RawSpan) {
    guard !sight.isRetried, !isAnswering,
      QUICInitialKeys.isGenuine(packet, bytes, to: original)
    else { return }
    sight.isRetried = true
    (version, former, original) = (packet.version, original, packet.source)
    keys = QUICInitialKeys(version, original)
  }

  /// Version Negotiation (RFC 9000 §17.2.1): it repeats what the client sent, and lists versions.
  mutating func negotiate(_ packet: QUICPacket, _ bytes: RawSpan) {
    guard packet.source == original, !isAnswering, sight.offered.isEmpty else { return }
    sight.offered = QUICNames.versions(bytes.suffix(from: packet.payload))
  }

  mutating func noteEarlyData() { sight.earlyPackets += 1 }

  // MARK: Initial packets

  /// What an Initial packet of that part says; nil when it does not fit.
  mutating func open(_ packet: QUICPacket, _ bytes: RawSpan, from role: Side) -> [UInt8]? {
    // Both may agree on another version without a new beginning (RFC 9368 §2.3).
    let keys = packet.version == version ? keys : QUICInitialKeys(packet.version, original)
    guard let opened = keys.open(packet, bytes, from: role, after: largest[role]) else {
      return nil
    }
    (self.keys, version) = (keys, packet.version)
    largest[role] = max(largest[role] ?? 0, opened.number)
    if role == .server { serverID = packet.source }
    return opened.clear
  }

  /// What the frames of an opened packet make of it: steps, of which the last uses the packet, and
  /// what was wrong with it, if something was; then they use nothing.
  mutating func take(
    _ clear: [UInt8], _ packet: QUICPacket, from role: Side
  ) -> (steps: [Step], failure: WireError?) {
    let frames = QUICFrames(clear.rawSpan, into: &streams[role])
    var failure = frames.failure
    let steps =
      role == .client
      ? takeClient(frames.close, packet, &failure) : takeServer(frames.close, packet, &failure)
    return (steps, failure)
  }

  private mutating func takeClient(
    _ close: QUICClose?, _ packet: QUICPacket, _ failure: inout WireError?
  ) -> [Step] {
    var steps: [Step] = []
    let isFirst = !hasHello
    if isFirst, let ending = helloEnding(packet, &failure) {
      steps.append(.end(of: key, ending, length: close == nil && failure == nil ? packet.end : 0))
    }
    let length = failure == nil ? packet.end : 0
    if let close {
      end()
      let ending = TLSRefusal.ofClient(close.name, behind: nil)
      steps.append(.finish(of: key, ending, length: length))
    } else if steps.isEmpty {
      steps.append(isFirst ? .content([], of: key, length: length) : .skip(length))
    }
    return steps
  }

  /// The end of the request, when it has come; or of one that will not.
  private mutating func helloEnding(
    _ packet: QUICPacket, _ failure: inout WireError?
  ) -> Ending? {
    if let message = streams.client.next() {
      do throws(WireError) {
        guard message.type == 1 else { throw WireError(.invalid) }
        return describe(try TLSClientHello(message.body.rawSpan), packet)
      } catch { failure = failure ?? error }
    }
    guard let failure else { return nil }
    // It will never be whole.
    endHello()
    var ending = Ending()
    ending.fault = Entry.Fault(.dissection, failure.reason)
    return ending
  }

  private mutating func describe(_ hello: TLSClientHello, _ packet: QUICPacket) -> Ending {
    endHello()
    isNamed = !hello.serverName.isEmpty
    var message = Message(.request, .tlsx, key: key)
    hello.describe(&message, over: .quic(sight.request(packet, hello)))
    return Ending(of: message)
  }

  private mutating func endHello() {
    hasHello = true
    streams.client.close()
  }

  private mutating func takeServer(
    _ close: QUICClose?, _ packet: QUICPacket, _ failure: inout WireError?
  ) -> [Step] {
    var ending = isAnswered ? nil : answer(close, packet, &failure)
    if ending == nil, !isAnswered, let close {
      let told = sight.reply(packet, close)
      ending = Ending(of: TLSRefusal.reply(close.name, key: key, over: .quic(told)))
    }
    let length = failure == nil ? packet.end : 0
    if ending == nil, !streams.server.isPartial { return [.skip(length)] }
    var steps: [Step] = []
    if !isAnswering {
      isAnswering = true
      var message = Message(.response, .tlsx, key: key)
      message.extent = .open
      steps.append(.message(message, length: 0))
    }
    if let ending {
      isAnswered = true
      streams.server.close()
      steps.append(.end(of: key, ending, length: length))
    } else {
      steps.append(.content([], of: key, length: length))
    }
    return steps
  }

  /// Nothing more of it is wanted.
  private mutating func end() {
    isEnded = true
    dropHeld()
  }

  /// Bytes of messages that are not whole.
  var heldBytes: Int { streams.client.heldBytes + streams.server.heldBytes }

  mutating func dropHeld() {
    streams.client.close()
    streams.server.close()
  }

  /// What the ServerHello says, when it has come.
  private mutating func answer(
    _ close: QUICClose?, _ packet: QUICPacket, _ failure: inout WireError?
  ) -> Ending? {
    do throws(WireError) {
      while let message = streams.server.next() {
        guard message.type == 2 else { throw WireError(.invalid) }
        let hello = try TLSServerHello(message.body.rawSpan)
        if hello.isRetryRequest {
          retriesHello = true
          continue
        }
        var answer = TLSAnswer(
          hello, retried: retriesHello, isNamed: isNamed || !hasHello,
          over: .quic(sight.reply(packet, close)))
        answer.alert = close?.name
        return answer.ending(isComplete: true)
      }
    } catch { failure = failure ?? error }
    return nil
  }

  /// The server offered other versions, and the client did not begin again.
  var isTurnedAway: Bool { !sight.offered.isEmpty && former == nil && !isOver && !isAnswering }

  /// The end of a handshake that is turned away.
  mutating func turnAway() -> Ending {
    end()
    var ending = Ending()
    ending.failed = true
    ending.fields.add(.statusText, .text("version negotiation"))
    ending.fault = Entry.Fault(
      .connection, "the server speaks other versions: " + sight.offered.joined(separator: ", "))
    return ending
  }
}
