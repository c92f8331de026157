package import Bytes
import Entries
package import Flows
import Layers

/// PostgreSQL: the frontend/backend protocol, version 3
/// (https://www.postgresql.org/docs/current/protocol.html).
///
/// An entry is a statement with all that the server says to it: of the simple protocol a Query up to
/// ReadyForQuery, of the extended protocol the messages up to an Execute with the replies to each.
/// Pipelines answer in order; what the server leaves out after an error is marked so. Texts of
/// prepared statements are remembered, so that each run shows its statement. Password messages and
/// the rows themselves are passed over and never kept; values of parameters are counted.
package struct PostgreSQL: Dissector {
  package static let row = DissectorRow(
    PostgreSQL.self, name: "postgresql", kinds: [.postgresql], transports: [.tcp],
    ports: [5432, 5433, 6432], protocols: ["postgresql"], priority: 6)

  /// Bytes of a message that may wait for its end; of longer ones the beginning is read.
  static let maxHeld = 32 << 10
  /// Longest message, in bytes: a field has at most 1 GiB.
  static let maxMessage = (1 << 30) + 64
  /// Longest startup packet (`MAX_STARTUP_PACKET_LENGTH` of the server).
  static let maxStartup = 10_000

  enum Phase: Sendable {
    /// Of the client: before its startup packet.
    case startup
    case message
    /// Looking for a beginning.
    case search
  }

  struct Way: Sendable {
    var phase = Phase.message
    var rest = Remainder()
  }

  var ways = BySide(client: Way(phase: .startup), server: Way())
  /// The side that sends statements; nil until it is known.
  var requester: Side?
  var session = PostgreSQLSession()
  var queue = PostgreSQLQueue()
  /// The extended messages of the client that belong to one entry, while they come.
  var group: PostgreSQLGroup?
  /// What the server has said so far to the oldest statement, while `isAnswering`.
  var answer = PostgreSQLAnswer()
  var isAnswering = false
  /// After an error, until ReadyForQuery: nothing else is answered.
  var isSkipping = false
  /// The end of an answer is to come whose beginning or middle was lost, and nobody waits.
  var isTorn = false
  /// Both sides send CopyData until ReadyForQuery (replication).
  var isReplicating = false
  /// The server has agreed to encrypt: what follows is another protocol.
  var isEncrypted = false
  /// What is known of a message that the last break gave up.
  private var parting: (key: UInt64, ending: Ending)?

  package init(_ opening: Opening) {
    guard opening.isMidway else {
      requester = .client
      return
    }
    ways = BySide(client: Way(phase: .search), server: Way(phase: .search))
    queue.noteGap()
    if Self.row.ports.contains(opening.server.port) {
      requester = .client
    } else if Self.row.ports.contains(opening.client.port) {
      requester = .server
    }
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if isEncrypted { return .become(Successor(), length: 0) }
    if let keys = queue.takeDropped() {
      return .abandon(keys, because: AnswerOrder.unknownAnswer, length: 0)
    }
    if !ways[inPlace: side].rest.isEmpty { return ways[side].rest.pass(bytes.byteCount) }
    let requester = requester ?? settle(bytes, side)
    switch ways[inPlace: side].phase {
    case .startup: return try startup(bytes)
    case .search:
      if let step = search(bytes, side, isRequest: side == requester) { return step }
    case .message: break
    }
    return side == requester ? try request(bytes, side) : try reply(bytes, side)
  }

  /// The beginning of a statement tells what it is, that of an error says most of it.
  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    guard !isEncrypted, let requester, ways[side].rest.isEmpty else { return nil }
    switch ways[side].phase {
    case .search: return nil
    case .startup: return cutStartup(bytes)
    case .message: break
    }
    guard bytes.byteCount > 5 else { return nil }
    let missing = Int(bytes.big32(1)) + 1 - bytes.byteCount
    guard missing > 0, missing <= Self.maxMessage else { return nil }
    return side == requester
      ? cutRequest(bytes, missing, side) : cutReply(bytes, missing, side)
  }

  package mutating func parted(_ side: Side) -> (key: UInt64, ending: Ending)? {
    defer { parting = nil }
    return parting
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    parting = nil
    var missing: Int?
    switch cause {
    case .end: return .stop
    case .gap(let count):
      if ways[side].rest.lose(count) {
        if side == requester { group?.lost += count } else if isAnswering { answer.lost += count }
        lost(count, passedOf: side)
        return .resume
      }
      missing = count
    case .error: break
    }
    let isInside = group != nil || !ways[side].rest.isEmpty
    let rounds = queue.rounds
    if side == requester {
      if let group = group.take() {
        parting = (group.key, ending(of: group, isCut: true))
        // Its end is taken to be among the bytes that are missing.
        queue.updateLast { $0.isSynced = true }
      }
    } else {
      tear()
    }
    ways[side] = Way(phase: .search)
    if let missing, requester != nil {
      if side == requester {
        queue.noteLostStatements(isInside: isInside)
      } else {
        queue.noteLostAnswers(missing, behind: rounds)
      }
    } else {
      queue.noteUnread()
    }
    return .resynchronise
  }

  package static func details(of facts: RawSpan) -> [UInt8] { PostgreSQLDetails.json(facts) }

  package mutating func heard(_ count: Int, by side: Side) {
    if side == requester { queue.noteHeard(count) } else { queue.noteHeardStatements() }
  }

  package mutating func lost(_ count: Int, passedOf side: Side) {
    if side != requester { queue.noteKnown(count) }
  }

  package mutating func rested(before side: Side) { if side == requester { queue.noteRest() } }

  /// The answer at hand will never be whole. Its entry is over, and its statement waits no longer;
  /// when others of its round do, it stays, for the end of its answer may follow.
  private mutating func tear() {
    if isAnswering, answer.error != nil {
      parting = (answer.key, answer.ending(copied: queue.first?.copied ?? 0, RawSpan()))
    }
    if isAnswering, let first = queue.first, first.key == answer.key, first.endsRound {
      queue.removeFirst()
      isTorn = queue.isEmpty
    }
    isAnswering = false
    isSkipping = false
  }

  /// Tells who sends statements, of a conversation that was joined in the middle.
  private mutating func settle(_ bytes: RawSpan, _ side: Side) -> Side {
    let asks = !PostgreSQLShape.isReplyAlone(bytes.byte(0))
    let found = asks ? side : side.other
    requester = found
    return found
  }

  /// Passes over everything before the next beginning; nil when `bytes` begin with one.
  private mutating func search(_ bytes: RawSpan, _ side: Side, isRequest: Bool) -> Step? {
    // What begins with the end of an answer is no beginning of one.
    let begins =
      isRequest
      ? PostgreSQLShape.beginsRequest(bytes)
      : bytes.byte(0) != 0x5a && PostgreSQLShape.beginsReply(bytes)
    if begins {
      ways[side].phase = .message
      return nil
    }
    let mayBegin =
      isRequest ? PostgreSQLShape.mayBeginRequest(bytes) : PostgreSQLShape.mayBeginReply(bytes)
    if mayBegin { return .needs(bytes.byteCount + 1) }
    if isRequest { return .skip(bytes.byteCount) }
    // The end of an answer is found anywhere: what was asked before it has been answered.
    guard let ready = bytes.firstOffset(of: "Z\0\0\0\u{5}"), ready + 6 <= bytes.byteCount else {
      return .skip(bytes.byteCount - PostgreSQLShape.beginningOfReady(bytes))
    }
    ways[side].phase = .message
    // In a pipeline it may be the end of what was torn.
    if !isTorn || !queue.isUnsure { queue.noteReadyBehindHole() }
    isTorn = false
    return .skip(ready + 6)
  }
}
