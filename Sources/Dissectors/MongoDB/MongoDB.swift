package import Bytes
import Decompression
import Entries
package import Flows
import JSON
import Layers

/// MongoDB: the wire protocol with OP_MSG, its older messages, and OP_COMPRESSED
/// (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/).
///
/// A reply names the request it answers. The command is the first member of its document, the
/// collection mostly its value. Of messages longer than `maxHeld` the beginning is read. Credentials
/// are replaced before anything is kept.
package struct MongoDB: Dissector {
  package static let row = DissectorRow(
    MongoDB.self, name: "mongodb", kinds: [.mongodb], transports: [.tcp],
    ports: [27_017, 27_018, 27_019], priority: 8)

  /// Bytes of a message that may wait for its end; of longer ones the beginning is read.
  static let maxHeld = 256 << 10
  /// Longest message, in bytes (`maxMessageSizeBytes` of servers).
  static let maxMessage = 48_000_000
  /// Requests whose replies are waited for; older ones are no longer told from strangers.
  static let maxAsked = 4096
  static let limits = DecompressionLimits(output: maxMessage)

  private struct Way: Sendable {
    var rest = Remainder()
    var searches = false
  }

  private var ways = BySide(client: Way(), server: Way())
  private var requester: Side?
  /// Numbers of requests that wait.
  private var asked: Set<UInt32> = []
  /// Those of them whose replies hold documents of a collection, not the outcome of a command.
  private var queries: Set<UInt32> = []
  /// Number of the reply after which more come unasked (exhaust cursors).
  private var streamed: UInt32?
  /// What the newest request asked that may be answered by a stream of replies.
  private var subject = FieldValues()
  private var alone: UInt64 = 0
  private var hasGaps: Bool

  package init(_ opening: Opening) {
    hasGaps = opening.isMidway
    guard opening.isMidway else {
      requester = .client
      return
    }
    for side in Side.allCases { ways[side].searches = true }
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if !ways[side].rest.isEmpty { return ways[side].rest.pass(bytes.byteCount) }
    if ways[side].searches {
      if bytes.byteCount < 16 {
        // Four bytes of length may come in a packet of their own.
        return MongoHeader.mayBegin(bytes) ? .needs(16) : .skip(bytes.byteCount)
      }
      if MongoHeader(bytes)?.isPlausible != true { return .skip(bytes.byteCount) }
      ways[side].searches = false
    }
    guard bytes.byteCount >= 16 else { return .needs(16) }
    guard let header = MongoHeader(bytes), header.isPlausible else { throw WireError(.invalid) }
    let held = min(header.length, Self.maxHeld)
    guard bytes.byteCount >= held else { return .needs(held) }
    let isRequest = header.responseTo == 0
    if requester == nil { requester = isRequest ? side : side.other }
    var message = read(header, bytes.slice(16..<held), isRequest: side == requester)
    if header.length > held {
      message.extent = .open
      ways[side].rest = Remainder(header.length - held, of: message.key, ending: Ending())
    }
    return .message(message, length: held)
  }

  /// The beginning of a message tells the command and mostly its collection.
  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    guard ways[side].rest.isEmpty, !ways[side].searches, bytes.byteCount > 20,
      let header = MongoHeader(bytes), header.isPlausible, header.length > bytes.byteCount
    else { return nil }
    if requester == nil { requester = header.responseTo == 0 ? side : side.other }
    ways[side].rest = Remainder(passing: header.length - bytes.byteCount)
    return read(header, bytes.suffix(from: 16), isRequest: side == requester)
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    switch cause {
    case .end: return .stop
    case .gap(let count):
      if ways[side].rest.lose(count) { return .resume }
    case .error: break
    }
    hasGaps = true
    ways[side] = Way(searches: true)
    return .resynchronise
  }

  private mutating func read(
    _ header: MongoHeader, _ body: RawSpan, isRequest: Bool
  ) -> Message {
    let isCut = header.length > body.byteCount + 16
    let holdsDocuments = !isRequest && queries.remove(header.responseTo) != nil
    var content = MongoContent(
      isRequest: isRequest, isCut: isCut, holdsDocuments: holdsDocuments)
    var decompressions: [Decompressed.End] = []
    if header.opcode == MongoHeader.compressed, body.byteCount >= 9 {
      let opcode = body.little32(0)
      let packed = body.suffix(from: 9)
      switch Self.compression(body.byte(8)) {
      case .some(let compression):
        let result = decompress(packed, compression, limits: Self.limits)
        decompressions.append(result.end)
        content.isCut = content.isCut || result.end != .whole
        content.read(opcode, result.bytes.rawSpan)
      case nil: content.read(opcode, packed)
      }
    } else {
      content.read(header.opcode, body)
    }
    content.finish()
    var message = Message(
      isRequest ? .request : .response, .mongodb,
      key: UInt64(isRequest ? header.requestID : header.responseTo))
    message.fields = content.fields
    message.details = content.details
    message.failed = content.failed
    message.decompressions = decompressions
    if isRequest { ask(header, content, &message) } else { answer(header, content, &message) }
    return message
  }

  private static func compression(_ code: UInt8) -> Compression? {
    switch code {
    case 1: .snappy
    case 2: .zlib
    case 3: .zstd
    default: nil
    }
  }

  private mutating func ask(
    _ header: MongoHeader, _ content: MongoContent, _ message: inout Message
  ) {
    guard content.expectsReply else {
      message.partner = .none
      return
    }
    if content.allowsStream { subject = content.subject }
    if asked.count >= Self.maxAsked {
      asked.removeAll()
      queries.removeAll()
    }
    asked.insert(header.requestID)
    if content.asksDocuments { queries.insert(header.requestID) }
  }

  private mutating func answer(
    _ header: MongoHeader, _ content: MongoContent, _ message: inout Message
  ) {
    let isStreamed = streamed == header.responseTo
    if asked.remove(header.responseTo) == nil, isStreamed || hasGaps {
      // More of a stream stands alone; the request of others was not captured.
      alone += 1
      message.key = .max - alone
      message.partner = isStreamed ? .none : .lost
      // It does not repeat what was asked.
      if isStreamed { message.fields.merge(subject) }
    }
    streamed = content.hasMoreToCome ? header.requestID : nil
  }
}

/// The head of a message: four numbers, little-endian.
struct MongoHeader: Sendable {
  static let reply: UInt32 = 1
  static let update: UInt32 = 2001
  static let insert: UInt32 = 2002
  static let query: UInt32 = 2004
  static let getMore: UInt32 = 2005
  static let delete: UInt32 = 2006
  static let killCursors: UInt32 = 2007
  static let compressed: UInt32 = 2012
  static let message: UInt32 = 2013

  var length: Int
  var requestID: UInt32
  var responseTo: UInt32
  var opcode: UInt32

  init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= 16 else { return nil }
    length = Int(bytes.little32(0))
    requestID = bytes.little32(4)
    responseTo = bytes.little32(8)
    opcode = bytes.little32(12)
  }

  var isPlausible: Bool {
    length > 20 && length <= MongoDB.maxMessage && Self.name(opcode) != nil
  }

  /// Whether these bytes, fewer than a head, may be the beginning of one: its length is among them.
  static func mayBegin(_ bytes: RawSpan) -> Bool {
    bytes.byteCount >= 4 && 21...MongoDB.maxMessage ~= Int(bytes.little32(0))
  }

  static func name(_ opcode: UInt32) -> StaticString? {
    switch opcode {
    case reply: "OP_REPLY"
    case update: "OP_UPDATE"
    case insert: "OP_INSERT"
    case query: "OP_QUERY"
    case getMore: "OP_GET_MORE"
    case delete: "OP_DELETE"
    case killCursors: "OP_KILL_CURSORS"
    case compressed: "OP_COMPRESSED"
    case message: "OP_MSG"
    default: nil
    }
  }
}

extension MongoDB {
  /// A head with a known number, and a document that fits.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    let straight = judge(client, opening)
    guard opening.isMidway, straight == .no else { return straight }
    return judge(server, opening)
  }

  private static func judge(_ bytes: RawSpan, _ opening: Opening) -> Recognition {
    if bytes.isEmpty { return .no }
    // Most protocols fail here: the highest byte of the length is at most 2.
    if bytes.byteCount >= 4, bytes.byte(3) > 2 { return .no }
    guard bytes.byteCount >= 26 else {
      let mayBe = bytes.byteCount < 16 || MongoHeader(bytes)?.isPlausible == true
      return mayBe && !opening.isFinal ? .needs(26) : .no
    }
    guard let header = MongoHeader(bytes), header.isPlausible else { return .no }
    switch header.opcode {
    case MongoHeader.message:
      let flags = bytes.little32(16)
      guard flags & ~0x1_0003 == 0, bytes.byte(20) < 2 else { return .no }
      let document = Int(bytes.little32(21))
      return document >= 5 && document <= header.length - 21 ? .yes(.certain) : .no
    case MongoHeader.query:
      guard let end = bytes.firstOffset(of: 0, from: 20), end < 20 + 128 else { return .no }
      let name = bytes.slice(20..<end)
      return name.firstOffset(of: 0x2e) != nil && name.isASCII ? .yes(.certain) : .no
    case MongoHeader.compressed:
      return MongoHeader.name(bytes.little32(16)) != nil && bytes.byte(24) < 4 ? .yes(.likely) : .no
    case MongoHeader.reply: return opening.isMidway ? .yes(.possible) : .no
    default: return .yes(.possible)
    }
  }
}
