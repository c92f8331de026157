package import Bytes
import Entries
package import Flows
import Layers

/// Redis: the serialization protocol in its versions 2 and 3 (RESP2, RESP3) and inline commands.
///
/// Replies answer commands in their order. What the server says unasked — messages of channels,
/// invalidations, commands seen by MONITOR or by a replica — stands alone as a reply without
/// command. Secrets are replaced before anything is kept. Values are not kept beyond
/// `RESPPreview.limit`; long ones are passed over as they arrive.
package struct Redis: Dissector {
  package static let row = DissectorRow(
    Redis.self, name: "redis", kinds: [.redis], transports: [.tcp], ports: [6379, 6380, 26379],
    priority: 3)

  /// Bytes of a value that may wait for its end; of longer ones the beginning is enough.
  static let maxHeld = 32 << 10

  /// Where one side is.
  enum Phase: Sendable {
    /// At the beginning of a value or command.
    case value
    /// Inside a long one, between its elements.
    case inside(UInt64)
    /// Inside a string of a long one; bytes to its end.
    case string(UInt64, left: Int)
    /// Looking for a beginning. When `skipsLine`, not on the first line.
    case search(skipsLine: Bool)
    /// A snapshot for a replica follows, with its length or mark in front.
    case snapshot
    /// Inside a snapshot that lasts until this mark.
    case untilMark([UInt8])
    /// Bytes of a snapshot follow.
    case snapshotBytes(Int)
  }

  struct Way: Sendable {
    var phase = Phase.value
    var scanner = RESPScanner()
    /// Before this there is no end of an inline command.
    var searched = 0
    /// Bytes of the long value that were not captured.
    var lost = 0
    /// What came of a value before missing bytes was told.
    var isSalvaged = false
    /// Bytes to the end of that value, where its beginning tells.
    var missing: Int?
  }

  var ways = BySide(client: Way(), server: Way())
  var queue = RedisQueue()
  /// The side that sends commands; nil until it is known.
  var requester: Side?
  /// Channels are listened to: arrays may be messages of theirs.
  var isSubscribed = false
  var isMonitoring = false
  /// The client has become a replica: it sends, and nobody answers.
  var isReplica = false
  /// CLIENT REPLY OFF: nothing is answered.
  var isMute = false
  /// CLIENT REPLY SKIP: the next command is not answered.
  var skipsNext = false
  /// What the reply to EXEC must not show, while commands are queued for it.
  var transaction: RESPPreview.Secrecy?
  /// Key of the newest (UN)SUBSCRIBE that was answered.
  var confirmed: UInt64?
  /// Memory for the places of a command's words.
  var words: [Range<Int>] = []

  package init(_ opening: Opening) {
    if !opening.isMidway || Self.row.ports.contains(opening.server.port) {
      requester = .client
    } else if Self.row.ports.contains(opening.client.port) {
      requester = .server
    }
    if opening.isMidway {
      queue.noteGap()
      for side in Side.allCases { ways[inPlace: side].phase = .search(skipsLine: false) }
    }
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if let keys = queue.takeDropped() {
      return .abandon(keys, because: AnswerOrder.unknownAnswer, length: 0)
    }
    guard let requester = requester ?? settle(bytes, side) else {
      return .needs(bytes.byteCount + 1)
    }
    switch ways[inPlace: side].phase {
    case .value:
      // Empty lines are ignored by servers, and sent by them to keep a connection alive.
      let blanks = ways[inPlace: side].scanner.position == 0 ? Self.lineEnds(bytes) : 0
      if blanks > 0 { return .skip(blanks) }
      return side == requester ? try request(bytes, side) : try reply(bytes, side)
    case .inside(let key): return try inside(bytes, side, key)
    case .string(let key, let left):
      let count = min(left, bytes.byteCount)
      return pass(count, of: left, side, key)
    case .search(let skipsLine): return search(bytes, side, skipsLine)
    case .snapshot: return try snapshot(bytes, side)
    case .untilMark(let mark): return untilMark(mark, bytes, side)
    case .snapshotBytes(let count):
      ways[inPlace: side].phase = .value
      return .skip(count)
    }
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    switch cause {
    case .end: return .stop
    case .gap(let count):
      if case .string(let key, let left) = ways[inPlace: side].phase, count <= left {
        ways[inPlace: side].lost += count
        lost(count, passedOf: side)
        ways[inPlace: side].phase = count < left ? .string(key, left: left - count) : .inside(key)
        return .resume
      }
      let (isInside, missing) = (ways[inPlace: side].isSalvaged, ways[inPlace: side].missing)
      if isInside, missing == count {
        ways[inPlace: side] = Way()
        lost(count, passedOf: side)
        return .resume
      }
      ways[inPlace: side] = Way(phase: .search(skipsLine: false))
      if requester == nil {
        queue.noteGap()
      } else if side == requester {
        queue.noteLostCommands(isInside: isInside)
      } else {
        queue.noteLostReplies(count)
      }
    case .error:
      ways[inPlace: side] = Way(phase: .search(skipsLine: true))
      queue.noteUnread()
    }
    transaction = nil
    return .resynchronise
  }

  package mutating func heard(_ count: Int, by side: Side) {
    if side == requester { queue.noteHeard(count) } else { queue.noteHeardCommands() }
  }

  package mutating func lost(_ count: Int, passedOf side: Side) {
    if side != requester { queue.noteKnown(count) }
  }

  package mutating func rested(before side: Side) { if side == requester { queue.noteRest() } }

  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    guard case .value = ways[inPlace: side].phase, let requester, Self.lineEnds(bytes) == 0 else {
      return nil
    }
    if side != requester {
      if bytes.byteCount < 2 { return nil }
      noteSalvage(bytes, side)
      return answer(bytes, isPart: true)
    }
    guard let message = try? command(bytes, isPart: true) else { return nil }
    noteSalvage(bytes, side)
    return message
  }

  /// Notes where the value ends whose beginning is told: with the string that was cut, when no other
  /// follows.
  private mutating func noteSalvage(_ bytes: RawSpan, _ side: Side) {
    ways[inPlace: side].isSalvaged = true
    var scanner = RESPScanner()
    guard case .string(let header, let length)? = try? scanner.scan(bytes) else { return }
    let end = scanner.position + header + length
    scanner.passString()
    if scanner.isComplete { ways[inPlace: side].missing = end - bytes.byteCount }
  }

  /// Carriage returns and line feeds at the beginning.
  private static func lineEnds(_ bytes: RawSpan) -> Int {
    var count = 0
    while count < bytes.byteCount, bytes.byte(count) == 0x0d || bytes.byte(count) == 0x0a {
      count += 1
    }
    return count
  }

  /// Tells who sends commands, of a conversation that was joined in the middle.
  private mutating func settle(_ bytes: RawSpan, _ side: Side) -> Side? {
    switch RedisShape.ofCommand(bytes) {
    case .command(isKnown: true), .inline(isKnown: true): requester = side
    case .incomplete: return nil
    default: requester = side.other
    }
    return requester
  }

  // MARK: Framing

  /// How the value or command at the beginning of `bytes` is read on.
  enum Frame {
    case needs(Int)
    case whole(length: Int)
    /// It is long: a head of so many bytes, then what `phase` says.
    case long(head: Int, left: Int?)
  }

  mutating func frame(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Frame {
    switch try ways[inPlace: side].scanner.scan(bytes) {
    case .complete:
      let length = ways[inPlace: side].scanner.position
      ways[inPlace: side].scanner = RESPScanner()
      return .whole(length: length)
    case .line:
      if bytes.byteCount < Self.maxHeld { return .needs(bytes.byteCount + 1) }
      return .long(head: ways[inPlace: side].scanner.position, left: nil)
    case .string(let header, let length):
      let start = ways[inPlace: side].scanner.position
      if start + header + length <= Self.maxHeld { return .needs(start + header + length) }
      // What is shown of it must be there, however it is cut into packets.
      if bytes.byteCount < RESPPreview.limit { return .needs(RESPPreview.limit) }
      return .long(head: start + header, left: length)
    }
  }

  /// The message that a frame's first bytes make, and how the rest of it is passed over.
  mutating func begin(
    _ message: consuming Message, _ frame: Frame, _ side: Side
  ) -> Step {
    switch frame {
    case .needs(let count): return .needs(count)
    case .whole(let length): return .message(message, length: length)
    case .long(let head, let left):
      message.extent = .open
      let key = message.key
      if let left {
        ways[inPlace: side].scanner.passString()
        ways[inPlace: side].phase = .string(key, left: left)
      } else {
        ways[inPlace: side].phase = .inside(key)
      }
      ways[inPlace: side].scanner.rebase()
      return .message(message, length: head)
    }
  }

  /// Passes over elements of a long value.
  private mutating func inside(
    _ bytes: RawSpan, _ side: Side, _ key: UInt64
  ) throws(WireError) -> Step {
    if ways[inPlace: side].scanner.isComplete { return end(0, side, key) }
    let outcome = try ways[inPlace: side].scanner.scan(bytes)
    let count = ways[inPlace: side].scanner.position
    switch outcome {
    case .complete: return end(count, side, key)
    case .line:
      if count == 0 { return .needs(bytes.byteCount + 1) }
      ways[inPlace: side].scanner.rebase()
      return .content([], of: key, length: count)
    case .string(let header, let length):
      ways[inPlace: side].scanner.passString()
      ways[inPlace: side].scanner.rebase()
      ways[inPlace: side].phase = .string(key, left: length)
      return .content([], of: key, length: count + header)
    }
  }

  /// Passes over `count` of the `left` bytes of a string.
  private mutating func pass(_ count: Int, of left: Int, _ side: Side, _ key: UInt64) -> Step {
    if count < left {
      ways[inPlace: side].phase = .string(key, left: left - count)
    } else if ways[inPlace: side].scanner.isComplete {
      return end(count, side, key)
    } else {
      ways[inPlace: side].phase = .inside(key)
    }
    return .content([], of: key, length: count)
  }

  /// A long value ends with the next `count` bytes.
  private mutating func end(_ count: Int, _ side: Side, _ key: UInt64) -> Step {
    var ending = Ending()
    let lost = ways[inPlace: side].lost
    if lost > 0 { ending.fault = Entry.Fault(.dissection, "\(lost) bytes were not captured") }
    ways[inPlace: side] = Way()
    return .end(of: key, ending, length: count)
  }
}
