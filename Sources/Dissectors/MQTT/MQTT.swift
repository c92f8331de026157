package import Bytes
import Entries
package import Flows
import JSON
import Layers

/// MQTT 3.1.1 and 5 (OASIS standards), and 3.1.
///
///      7       4 3       0
///     +---------+---------+
///     |  type   |  flags  |
///     +---------+---------+---------------------------+
///     |  remaining length, 1 to 4 bytes of 7 bits     |
///     +-----------------------------------------------+
///     |  packet identifier, properties (5), payload …
///
/// Either side publishes. A message of quality 0 is answered by nobody, one of quality 1 by PUBACK,
/// one of quality 2 in three steps, of which the last, PUBCOMP, is its reply. Passwords and the data
/// of authentication are never kept.
package struct MQTT: Dissector {
  package static let row = DissectorRow(
    MQTT.self, name: "mqtt", kinds: [.mqtt], transports: [.tcp], ports: [1883, 8883],
    protocols: ["mqtt"], priority: 12)

  /// Longest packet other than a message, and longest head of a message, in bytes.
  static let maxPacket = 256 << 10

  /// What comes next of a side.
  struct Way: Sendable {
    /// After a gap: no packet is known to begin here.
    var searches = false
    /// Bytes of a packet that is too long to be read.
    var oversize = 0
    /// Topics by the numbers that stand for them (MQTT 5 §3.3.2.3.4).
    private(set) var aliases: [UInt16: String] = [:]
    /// Memory of them, in bytes.
    private var aliasBytes = 0
    /// Packet identifiers of messages of quality 2 that the side has sent and not released.
    var unreleased: Set<UInt16> = []

    init(searches: Bool = false, unreleased: Set<UInt16> = []) {
      (self.searches, self.unreleased) = (searches, unreleased)
    }

    /// Lets a number stand for a topic, or gives false when `limit` do so already.
    mutating func name(_ topic: String, _ alias: UInt16, limit: Int) -> Bool {
      let old = aliases[alias]
      if old == nil, aliases.count >= limit { return false }
      aliases[alias] = topic
      aliasBytes += topic.utf8.count - (old?.utf8.count ?? -MQTT.aliasMemory)
      return true
    }

    mutating func forget() { (aliases, aliasBytes, unreleased) = ([:], 0, []) }

    /// Memory of what later packets may refer to, in bytes.
    var heldBytes: Int { aliasBytes + unreleased.count * MQTT.identifierMemory }
    var heldCount: Int { aliases.count + unreleased.count }
  }

  /// Memory of an alias beside its topic, and of an identifier, in bytes.
  private static let aliasMemory = 64
  private static let identifierMemory = 8

  var ways = BySide(client: Way(), server: Way())
  /// Nil until a CONNECT or a packet that only one version has tells.
  var version: Version?
  /// Client identifier, once known.
  var clientID: String?
  /// Counts what nobody answers.
  private var alone: UInt64 = 0
  /// Identifiers and topics that were not kept, since it was asked for last.
  var forgotten: UInt64 = 0

  enum Version: UInt8, Sendable {
    case v31 = 3
    case v311 = 4
    case v5 = 5

    var name: String {
      switch self {
      case .v31: "3.1"
      case .v311: "3.1.1"
      case .v5: "5"
      }
    }
  }

  package init(_ opening: Opening) {
    if opening.isMidway { for side in Side.allCases { ways[side].searches = true } }
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if ways[side].oversize > 0 {
      defer { ways[side].oversize = 0 }
      return .skip(ways[side].oversize)
    }
    if ways[side].searches {
      guard MQTTHeader.isPlausible(bytes) else {
        return MQTTHeader.mayBegin(bytes)
          ? .needs(bytes.byteCount + 1) : .skip(bytes.byteCount)
      }
      ways[side].searches = false
    }
    guard let header = try MQTTHeader(bytes) else { return .needs(bytes.byteCount + 1) }
    guard header.isSound else { throw WireError(.invalid) }
    if header.type == .publish { return try publish(header, bytes, side) }
    if header.length > Self.maxPacket {
      ways[side].oversize = header.length
      throw WireError(.tooLarge)
    }
    guard bytes.byteCount >= header.length else { return .needs(header.length) }
    let content = bytes.slice(header.headLength..<header.length)
    guard let message = packet(header, content, side) else { return .skip(header.length) }
    return .message(message, length: header.length)
  }

  /// The beginning of CONNECT tells who and which version, that of a subscription its first topics.
  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    guard !ways[side].searches, ways[side].oversize == 0, let header = try? MQTTHeader(bytes),
      header.isSound, bytes.byteCount >= header.headLength + 2
    else { return nil }
    switch header.type {
    case .connect, .subscribe, .unsubscribe: break
    default: return nil
    }
    var message = packet(header, bytes.suffix(from: header.headLength), side)
    // It is cut, not malformed.
    message?.fault = nil
    return message
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    switch cause {
    case .end: return .stop
    case .error where ways[side].oversize > 0: return .resume
    case .gap, .error:
      ways[side] = Way(searches: true, unreleased: ways[side].unreleased)
      return .resynchronise
    }
  }

  package var isCharged: Bool { true }
  package var heldBytes: Int { ways.client.heldBytes + ways.server.heldBytes }

  package mutating func dropHeld() {
    for side in Side.allCases {
      forgotten += UInt64(ways[side].heldCount)
      ways[side].forget()
    }
  }

  package mutating func takeForgotten() -> UInt64 {
    defer { forgotten = 0 }
    return forgotten
  }

  /// Key of what nobody answers.
  mutating func loneKey() -> UInt64 {
    alone += 1
    return .max - alone
  }
}

extension MQTT {
  /// CONNECT with the protocol's name, or in the middle of a conversation packets that may be.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    if !client.isEmpty, client.byte(0) == 0x10 {
      switch isConnect(client) {
      case true?: return .yes(.certain)
      case nil: return opening.isFinal ? .no : .needs(client.byteCount + 1)
      case false?: return .no
      }
    }
    guard opening.isMidway else { return .no }
    guard MQTTHeader.isPlausible(client) || MQTTHeader.isPlausible(server) else { return .no }
    let isHome = row.ports.contains(opening.server.port) || row.ports.contains(opening.client.port)
    if isHome { return .yes(.likely) }
    return isMessage(client) || isMessage(server) ? .yes(.possible) : .no
  }

  /// Elsewhere only a message says enough, by its topic.
  private static func isMessage(_ bytes: RawSpan) -> Bool {
    bytes.byteCount > 8 && bytes.byte(0) >> 4 == MQTTType.publish.rawValue
      && MQTTHeader.isPlausible(bytes)
  }

  /// Whether these bytes begin a CONNECT; nil when they are too few to tell.
  fileprivate static func isConnect(_ bytes: RawSpan) -> Bool? {
    var at = 1
    while at < bytes.byteCount, bytes.byte(at) & 0x80 != 0 { at += 1 }
    if at > 4 { return false }
    at += 1
    guard at + 6 <= bytes.byteCount else { return nil }
    let name = bytes.suffix(from: at)
    if name.starts(with: "\0\u{4}MQTT") { return true }
    guard name.starts(with: "\0\u{6}MQIs") else { return false }
    return name.byteCount < 8 ? nil : name.starts(with: "\0\u{6}MQIsdp")
  }
}

/// Types of packets (MQTT 5 §2.1.2).
enum MQTTType: UInt8, Sendable {
  case connect = 1
  case connectACK = 2
  case publish = 3
  case publishACK = 4
  case publishReceived = 5
  case publishRelease = 6
  case publishComplete = 7
  case subscribe = 8
  case subscribeACK = 9
  case unsubscribe = 10
  case unsubscribeACK = 11
  case pingRequest = 12
  case pingResponse = 13
  case disconnect = 14
  case auth = 15
}

/// The fixed head of a packet.
struct MQTTHeader: Sendable {
  let type: MQTTType?
  let flags: UInt8
  /// Bytes of the head.
  let headLength: Int
  /// Bytes of the whole packet.
  let length: Int

  /// Nil when the head is not all there.
  /// - Throws: `invalid` for a length of more than four bytes.
  init?(_ bytes: RawSpan) throws(WireError) {
    guard bytes.byteCount >= 2 else { return nil }
    var remaining = 0
    var at = 1
    while true {
      guard at <= 4 else { throw WireError(.invalid, at: at) }
      guard at < bytes.byteCount else { return nil }
      let byte = bytes.byte(at)
      remaining |= Int(byte & 0x7f) << (7 * (at - 1))
      at += 1
      if byte & 0x80 == 0 { break }
    }
    type = MQTTType(rawValue: bytes.byte(0) >> 4)
    flags = bytes.byte(0) & 15
    headLength = at
    length = at + remaining
  }

  var qos: UInt8 { flags >> 1 & 3 }
  var isDuplicate: Bool { flags & 8 != 0 }
  var isRetained: Bool { flags & 1 != 0 }

  /// The type is known and has the flags that it must have (MQTT 5 §2.1.3), and a length it may.
  var isSound: Bool {
    let remaining = length - headLength
    switch type {
    case nil: return false
    case .publish: return qos < 3 && remaining >= 2
    case .publishRelease, .subscribe, .unsubscribe: return flags == 2 && remaining >= 2
    case .pingRequest, .pingResponse: return flags == 0 && remaining == 0
    case .disconnect, .auth: return flags == 0
    default: return flags == 0 && remaining >= 2
    }
  }

  /// Longest topic that is waited for where nothing tells that a message begins, in bytes.
  private static let maxAwaitedTopic = 256

  /// Whether these bytes, too few to tell, may be the beginning of a packet.
  static func mayBegin(_ bytes: RawSpan) -> Bool {
    let flags = bytes.byte(0) & 15
    switch MQTTType(rawValue: bytes.byte(0) >> 4) {
    case nil, .disconnect, .auth: return false
    case .publish: if flags & 6 == 6 { return false }
    case .publishRelease, .subscribe, .unsubscribe: if flags != 2 { return false }
    default: if flags != 0 { return false }
    }
    guard let header = try? MQTTHeader(bytes) else { return bytes.byteCount < 5 }
    guard header.isSound else { return false }
    if header.type == .connect { return MQTT.isConnect(bytes) == nil }
    guard header.type == .publish else { return false }
    let start = header.headLength + 2
    guard bytes.byteCount >= start else { return true }
    let topic = Int(bytes.big16(header.headLength))
    guard topic > 0, topic <= min(header.length - start, maxAwaitedTopic),
      start + topic > bytes.byteCount
    else { return false }
    for at in start..<bytes.byteCount where bytes.byte(at) < 0x20 || bytes.byte(at) == 0x7f {
      return false
    }
    return true
  }

  /// Whether packets begin here: the first one may be, and what follows it in these bytes.
  static func isPlausible(_ bytes: RawSpan) -> Bool {
    guard let header = try? MQTTHeader(bytes), header.isSound else { return false }
    switch header.type {
    case .publish:
      guard bytes.byteCount >= header.headLength + 2 else { return false }
      let topic = Int(bytes.big16(header.headLength))
      let start = header.headLength + 2
      guard topic > 0, topic <= header.length - start, start + topic <= bytes.byteCount else {
        return false
      }
      for at in start..<start + topic where bytes.byte(at) < 0x20 || bytes.byte(at) == 0x7f {
        return false
      }
    case .publishACK, .publishReceived, .publishRelease, .publishComplete:
      if header.length - header.headLength > 64 { return false }
    case .connectACK, .pingRequest, .pingResponse, .subscribeACK, .unsubscribeACK, .subscribe,
      .unsubscribe:
      if header.length > 4096 { return false }
    case .connect:
      if MQTT.isConnect(bytes) != true { return false }
    default: return false
    }
    guard header.length < bytes.byteCount else { return true }
    let rest = bytes.suffix(from: header.length)
    guard let next = try? MQTTHeader(rest) else { return rest.byteCount < 5 }
    return next.isSound
  }
}
