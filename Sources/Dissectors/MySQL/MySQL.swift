package import Bytes
import Entries
package import Flows
import Layers

/// MySQL and MariaDB: the client/server protocol, version 10
/// (https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html,
/// https://mariadb.com/kb/en/clientserver-protocol/).
///
/// Packets have a length of three bytes and a number in front. The server greets, the client logs
/// in, and then commands and answers take turns. An answer tells by its state alone how it is read,
/// so the reader follows it: OK, error, the columns and rows of a result, a prepared statement. Texts
/// of prepared statements are remembered. What the login exchanges and the rows are never kept. Behind
/// it all may be compressed: then the beginnings of packets are kept that go on in what is to come.
package struct MySQL: Dissector {
  package static let row = DissectorRow(
    MySQL.self, name: "mysql", kinds: [.mysql], transports: [.tcp], ports: [3306, 33_060],
    priority: 7)

  /// Bytes of a packet that may wait for its end; of longer ones the beginning is read.
  static let maxHeld = 32 << 10
  static let headLength = 4
  /// Commands that may wait; of more none is paired.
  static let maxAsked = 1024
  /// A packet this long goes on in the next one.
  static let fullLength = 0xff_ffff

  enum Phase: Sendable {
    /// Of the server: its first packet. Of the client: it has not logged in.
    case login
    case command
    /// The bytes of a long packet have been passed over, and the next one goes on with it.
    case continuation
    /// Looking for a beginning.
    case search
  }

  struct Way: Sendable {
    var phase = Phase.login
    var rest = Remainder()
    /// The packet at hand was a full one.
    var goesOn = false
    /// What came of a packet before missing bytes was told.
    var isSalvaged = false
  }

  var ways = BySide(client: Way(), server: Way())
  /// The side that sends commands.
  var requester = Side.client
  var session = MySQLSession()
  /// The answer that is being read; nil between them.
  var answer: MySQLAnswer?
  /// Commands that wait for their answers; more than one where a client does not wait, or bytes are
  /// missing.
  var asked: [MySQLAsked] = []
  /// Whose an answer is where bytes are missing.
  var order = AnswerOrder()
  /// First command of the newest batch.
  var batch: UInt64 = 0
  /// Commands that wait no longer, and have no answer.
  private var dropped: ClosedRange<UInt64>?
  var ordinal: UInt64 = 0
  var alone: UInt64 = 0
  /// Bytes were missing at some time, or the beginning.
  var hasGaps = false
  /// The server sends its binary log.
  var isReplicating = false
  /// What follows is TLS.
  var isHandedOver = false
  /// What follows lies in compressed packets.
  var isCompressed = false
  var compressed = BySide(client: MySQLCompressed(), server: MySQLCompressed())

  package init(_ opening: Opening) {
    // Inside TLS the client logs in at once: the server has greeted before.
    if opening.precursor == Self.row.name { ways.server.phase = .command }
    guard opening.isMidway else { return }
    hasGaps = true
    if Self.row.ports.contains(opening.client.port) { requester = .server }
    ways = BySide(client: Way(phase: .search), server: Way(phase: .search))
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if isHandedOver { return .become(Successor(), length: 0) }
    if let keys = dropped.take() {
      return .abandon(keys, because: AnswerOrder.unknownAnswer, length: 0)
    }
    return isCompressed ? try unpack(bytes, side) : try packets(in: bytes, from: side)
  }

  /// What stands at the beginning of bytes that are not compressed.
  mutating func packets(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if !ways[side].rest.isEmpty { return ways[side].rest.pass(bytes.byteCount) }
    guard bytes.byteCount >= Self.headLength else { return .needs(Self.headLength) }
    if case .search = ways[side].phase {
      if let step = search(bytes, side) { return step }
    }
    let length = MySQLWire.length(bytes)
    if ways[side].goesOn { return goOn(length, side) }
    if side != requester, let step = rows(bytes, length, side) { return step }
    let held = min(length, Self.maxHeld) + Self.headLength
    guard bytes.byteCount >= held else { return .needs(held) }
    let packet = MySQLPacket(
      number: bytes.byte(3), length: length + Self.headLength, held: held)
    let body = bytes.slice(Self.headLength..<held)
    return side == requester
      ? try request(packet, body, side) : try reply(packet, body, side)
  }

  /// The beginning of a command tells what it is, that of an error says most of it.
  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    guard !isCompressed, !isHandedOver, !isReplicating, ways[side].rest.isEmpty,
      !ways[side].goesOn, bytes.byteCount > Self.headLength
    else { return nil }
    if case .search = ways[side].phase { return nil }
    let packet = MySQLPacket(
      number: bytes.byte(3), length: MySQLWire.length(bytes) + Self.headLength,
      held: bytes.byteCount)
    guard packet.length > packet.held else { return nil }
    let body = bytes.suffix(from: Self.headLength)
    let step: Step?
    if side == requester {
      step = try? request(packet, body, side)
    } else {
      step = try? cutReply(packet, body, side)
    }
    guard let step else { return nil }
    ways[side].isSalvaged = true
    ways[side].rest = Remainder(passing: packet.length - packet.held)
    if case .message(let message, _) = step { return message }
    return nil
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    var missing: Int?
    switch cause {
    case .end: return .stop
    case .gap(let count):
      if !isCompressed, ways[side].rest.lose(count) {
        if side != requester { answer?.lost += count }
        lost(count, passedOf: side)
        ways[side].isSalvaged = false
        return .resume
      }
      missing = count
    case .error: break
    }
    hasGaps = true
    if side != requester, asked.first?.command == .login {
      // It has not been told whether it succeeded; commands follow.
      asked.removeFirst()
      answer = nil
      beginCommands(succeeded: true)
    }
    if isCompressed {
      lose(side, count: missing)
      if cause == .error {
        compressed[side].isDamaged = true
      } else {
        compressed[side].searches = true
      }
      return .resynchronise
    }
    beginSearch(side, lost: missing)
    return .resynchronise
  }

  package mutating func heard(_ count: Int, by side: Side) {
    if side == requester { order.noteHeard(count) } else { order.noteHeardQuestions() }
  }

  package mutating func lost(_ count: Int, passedOf side: Side) {
    if side != requester { order.noteKnown(count) }
  }

  package mutating func rested(before side: Side) {
    if side == requester, order.noteRest() { giveUp { _ in true } }
  }

  /// Looks for the next beginning, behind so many missing bytes or, when there is no count, behind what
  /// could not be read. An answer at hand will never be whole: its entry is over, and its command waits
  /// no longer.
  mutating func beginSearch(_ side: Side, lost: Int?) {
    let isInside = ways[side].isSalvaged || !ways[side].rest.isEmpty
    ways[side] = Way(phase: .search)
    let waiting = asked.count
    if side != requester {
      if let answer, asked.first?.key == answer.key { asked.removeFirst() }
      answer = nil
    }
    guard let lost else {
      if asked.isEmpty { order.noteIdle() } else { order.noteUnread(behind: asked.count) }
      return
    }
    if side == requester {
      order.noteLostQuestions(behind: waiting, isInside: isInside)
    } else if order.noteLostAnswers(lost, behind: waiting) {
      let batch = batch
      giveUp { $0.key < batch }
    } else if asked.isEmpty {
      order.noteIdle()
    }
  }

  /// Those commands have had their answers, or will not be told from others.
  mutating func giveUp(_ isOver: (MySQLAsked) -> Bool) {
    for command in asked where isOver(command) {
      session.database = command.database ?? session.database
      dropped = min(dropped?.lowerBound ?? command.key, command.key)...command.key
    }
    asked.removeAll(where: isOver)
    if asked.isEmpty { order.noteIdle() }
  }

  /// The command whose answer begins; nil where none is known.
  mutating func takeTurn() -> MySQLAsked? {
    switch order.answer(to: asked.count) {
    case .oldest: break
    case .newest:
      let newest = asked.last?.key
      giveUp { $0.key != newest }
    case .another: giveUp { _ in true }
    case .unknown: return nil
    }
    return asked.first
  }

  /// Whether an error may repeat secrets of what it answers.
  func hasSecrets(_ answer: MySQLAnswer) -> Bool {
    if let first = asked.first, first.key == answer.key { return first.hasSecrets }
    return asked.contains(where: \.hasSecrets)
  }

  /// The login is over: from now on the client sends commands.
  mutating func beginCommands(succeeded: Bool) {
    ways[requester].phase = .command
    // What follows is compressed, if both sides can.
    let flags = MySQLWire.compress | MySQLWire.zstd
    if let capabilities = session.capabilities, capabilities & flags != 0 {
      isCompressed = succeeded
    }
  }

  /// A packet that goes on with the one before: of it only the length counts.
  private mutating func goOn(_ length: Int, _ side: Side) -> Step {
    ways[side].goesOn = length == Self.fullLength
    let key = side == requester ? asked.last?.key : answer?.key
    guard let key else { return .skip(length + Self.headLength) }
    if length > 0 { ways[side].rest = Remainder(length, of: key) }
    return .content([], of: key, length: Self.headLength)
  }

  /// Passes over everything before the next beginning: a command has number 0, and the answer to
  /// one that was seen has number 1. Nil when `bytes` begin with one.
  private mutating func search(_ bytes: RawSpan, _ side: Side) -> Step? {
    let begins =
      side == requester
      ? bytes.byteCount > 4 && MySQLWire.isCommand(bytes)
      : !asked.isEmpty && answer == nil && bytes.byte(3) == 1
        || isReplicating
          && MySQLEvent(bytes.suffix(from: Self.headLength), of: MySQLWire.length(bytes)) != nil
    guard begins else {
      return side == requester && MySQLWire.mayBeginCommand(bytes)
        ? .needs(bytes.byteCount + 1) : .skip(bytes.byteCount)
    }
    ways[side].phase = .command
    return nil
  }

  /// What the next command is about: the database, when the commands before it succeed.
  var fields: FieldValues {
    var fields = FieldValues()
    let database = asked.last { $0.database != nil }?.database ?? session.database
    if !database.isEmpty { fields.add(.mysqlDatabase, text: database.rawSpan) }
    return fields
  }

  mutating func loneKey() -> UInt64 {
    alone += 1
    return .max - alone
  }

  /// A message of which `packet.held` bytes are there.
  mutating func whole(
    _ message: consuming Message, _ packet: MySQLPacket, _ side: Side
  ) -> Step {
    ways[side].goesOn = packet.isFull
    if packet.length > packet.held {
      message.extent = .open
      ways[side].rest = Remainder(
        packet.length - packet.held, of: message.key, ending: Ending())
    }
    return .message(message, length: packet.held)
  }
}

/// A packet as its head tells: lengths with the head.
struct MySQLPacket: Sendable {
  var number: UInt8
  var length: Int
  /// How much of it is there.
  var held: Int

  var isWhole: Bool { length == held }
  var isFull: Bool { length - MySQL.headLength == MySQL.fullLength }
}

/// A command that waits for its answer.
struct MySQLAsked: Sendable {
  var key: UInt64
  var command: MySQLCommand
  /// Text to prepare.
  var text: [UInt8] = []
  /// The text it runs has secrets, which an error may repeat.
  var hasSecrets = false
  /// The database that is current once it has succeeded; nil where it stays.
  var database: [UInt8]?
}
