import Bytes
import Entries
import Flows

// What the server says.
extension MySQL {
  mutating func reply(
    _ packet: MySQLPacket, _ body: RawSpan, _ side: Side
  ) throws(WireError) -> Step {
    if case .login = ways[side].phase {
      return try greet(packet, body, side)
    }
    if isReplicating { return push(packet, body, side) }
    guard let expects = answer?.expects else { return try open(packet, body, side) }
    if case .stream = expects, !body.isEmpty, body.byte(0) != 0xff {
      // The command has succeeded; what follows is pushed.
      isReplicating = true
      return end(length: 0, side)
    }
    guard !body.isEmpty else { throw WireError(.invalid) }
    return speak(packet, body, side)
  }

  /// HandshakeV10: version, capabilities, a challenge. Or an error: the host is turned away.
  private mutating func greet(
    _ packet: MySQLPacket, _ body: RawSpan, _ side: Side
  ) throws(WireError) -> Step {
    guard body.byteCount > 1 else { throw WireError(.foreign) }
    ways[side].phase = .command
    if body.byte(0) == 0xff, body.byteCount >= 3 { return turnAway(packet, body, side) }
    guard body.byte(0) == 10, let end = body.firstOffset(of: 0, from: 1) else {
      throw WireError(.foreign)
    }
    session.version = body.slice(1..<end).prefix(64).array()
    // Behind the version: thread, 8 bytes of challenge and a zero; then the flags in two parts.
    let at = end + 1 + 4 + 8 + 1
    if at + 7 <= body.byteCount {
      session.serverCapabilities = UInt64(body.little16(at)) | UInt64(body.little16(at + 5)) << 16
    }
    return .skip(packet.length)
  }

  /// What the beginning of a packet tells that will not be whole: the greeting, or the error that is
  /// the answer.
  mutating func cutReply(
    _ packet: MySQLPacket, _ body: RawSpan, _ side: Side
  ) throws(WireError) -> Step {
    if case .login = ways[side].phase { return try greet(packet, body, side) }
    guard answer == nil, MySQLError.stands(in: body) else { throw WireError(.truncated) }
    guard let first = takeTurn() else { throw WireError(.truncated) }
    asked.removeFirst()
    if asked.isEmpty { order.noteIdle() }
    if first.command == .login { beginCommands(succeeded: false) }
    var answer = MySQLAnswer(key: first.key, command: first.command)
    answer.fail(body, hasSecrets: first.hasSecrets)
    let ending = answer.ending
    var message = Message(.response, .mysql, key: first.key)
    (message.fields, message.details, message.failed) = (ending.fields, ending.details, true)
    return .message(message, length: packet.held)
  }

  /// An error in the place of the greeting: a login that was refused before it was asked for.
  private mutating func turnAway(
    _ packet: MySQLPacket, _ body: RawSpan, _ side: Side
  ) -> Step {
    var answer = MySQLAnswer(key: loneKey(), command: .login)
    answer.fail(body, hasSecrets: false)
    let ending = answer.ending
    var message = Message(.response, .mysql, key: answer.key)
    message.partner = .none
    message.fields = ending.fields
    message.fields.add(.mysqlCommand, text: "LOGIN")
    message.details = ending.details
    message.failed = true
    return whole(message, packet, side)
  }

  /// An error that answers nothing: the server ends a session in which nobody asks.
  private mutating func farewell(
    _ packet: MySQLPacket, _ body: RawSpan, _ side: Side
  ) -> Step {
    var answer = MySQLAnswer(key: loneKey(), command: nil)
    answer.fail(body, hasSecrets: false)
    let ending = answer.ending
    var message = Message(.notice, .mysql, key: answer.key)
    message.partner = .none
    message.fields = fields
    message.fields.merge(ending.fields)
    message.fields.add(.mysqlCommand, text: "ERROR")
    message.details = ending.details
    message.failed = true
    return whole(message, packet, side)
  }

  /// Begins the answer to the command, with no bytes yet.
  private mutating func open(
    _ packet: MySQLPacket, _ body: RawSpan, _ side: Side
  ) throws(WireError) -> Step {
    let asker = takeTurn()
    // An answer has a number beyond 0.
    if asked.isEmpty, MySQLError.stands(in: body), !hasGaps || packet.number == 0 {
      return farewell(packet, body, side)
    }
    let key = asker?.key ?? loneKey()
    if asked.isEmpty, body.isEmpty { throw WireError(.invalid) }
    answer = MySQLAnswer(key: key, command: asker?.command)
    var message = Message(.response, .mysql, key: key)
    message.extent = .open
    if asker == nil {
      message.partner = .lost
      message.fields = fields
      if !asked.isEmpty { message.fault = AnswerOrder.unknownQuestion }
    }
    return .message(message, length: 0)
  }

  /// Counts rows, many in one step, the last of which need not be whole; nil when none begins here.
  ///
  /// - Parameter length: of the first packet.
  mutating func rows(_ bytes: RawSpan, _ length: Int, _ side: Side) -> Step? {
    guard case .rows = answer?.expects, !isReplicating, let key = answer?.key else { return nil }
    // The first byte of a packet tells whether it is a row.
    if length > 0, bytes.byteCount == Self.headLength { return .needs(Self.headLength + 1) }
    var at = 0
    while at + 5 <= bytes.byteCount {
      let packet = bytes.suffix(from: at)
      let length = MySQLWire.length(packet)
      if length == 0 || length == Self.fullLength || isEndOfRows(packet.byte(4), length) { break }
      answer?.rows += 1
      if at + 4 + length > bytes.byteCount {
        ways[side].rest = Remainder(at + 4 + length - bytes.byteCount, of: key)
        return .content([], of: key, length: bytes.byteCount)
      }
      at += 4 + length
    }
    return at > 0 ? .content([], of: key, length: at) : nil
  }

  /// Whether a packet with that first byte ends the rows: an error, EOF, or OK in the place of EOF.
  private func isEndOfRows(_ first: UInt8, _ length: Int) -> Bool {
    switch first {
    case 0xff: true
    // A row may begin with 0xfe too: then it holds 16 MiB or more.
    case 0xfe: length < Self.fullLength && (session.deprecatesEOF != false || length < 9)
    default: false
    }
  }

  /// One packet of the answer.
  private mutating func speak(_ packet: MySQLPacket, _ body: RawSpan, _ side: Side) -> Step {
    ways[side].goesOn = packet.isFull
    guard var answer else { return .skip(packet.length) }
    let first = body.byte(0)
    var isOver = false
    if first == 0xff, body.byteCount >= 3, body.little16(1) == MySQLWire.progress {
      answer.progressReports += 1
    } else if first == 0xff, body.byteCount >= 3 {
      answer.fail(body, hasSecrets: hasSecrets(answer))
      isOver = true
    } else if answer.command == .login || answer.command == .changeUser {
      // More of the login: another method, a challenge.
      isOver = first == 0
    } else {
      isOver = read(packet, body, &answer)
    }
    self.answer = answer
    if isOver, packet.isWhole { return end(length: packet.length, side) }
    if !packet.isWhole {
      ways[side].rest = Remainder(packet.length - packet.held, of: answer.key)
    }
    return .content([], of: answer.key, length: packet.held)
  }

  /// Takes in one packet; gives whether the answer is over with it.
  private mutating func read(
    _ packet: MySQLPacket, _ body: RawSpan, _ answer: inout MySQLAnswer
  ) -> Bool {
    let isEOF = body.byte(0) == 0xfe && body.byteCount < 9
    switch answer.expects {
    case .first: return begin(body, &answer)
    case .columns(let left):
      answer.expects =
        left > 1 ? .columns(left - 1) : session.deprecatesEOF == true ? .rows : .columnsEnd
    case .columnsEnd:
      answer.expects = .rows
      // Midway it is not known whether EOF follows the columns.
      if !isEOF { return row(body, &answer) }
      answer.readEOF(body)
      return answer.status & MySQLWire.cursorExists != 0 && answer.command == .execute
    case .rows: return row(body, &answer)
    case .parameters(let left, let then):
      if left > 1 {
        answer.expects = .parameters(left - 1, then: then)
      } else if session.deprecatesEOF == true {
        answer.expects = .preparedColumns(then)
        return then == 0
      } else {
        answer.expects = .parametersEnd(then: then)
      }
    case .parametersEnd(let then):
      answer.expects = .preparedColumns(then)
      return then == 0
    case .preparedColumns(let left):
      if left > 1 {
        answer.expects = .preparedColumns(left - 1)
      } else if session.deprecatesEOF == true {
        return true
      } else {
        answer.expects = .preparedEnd
      }
    case .preparedEnd, .text: return true
    case .fields: return isEOF || body.byte(0) == 0xfe
    // Only an error is read here.
    case .stream: return true
    }
    return false
  }

  /// The first packet of a result: OK, a file is wanted, a prepared statement, a count of columns.
  private mutating func begin(_ body: RawSpan, _ answer: inout MySQLAnswer) -> Bool {
    // A mark of MySQL's servers stands before the count of columns. An OK is longer than both.
    if session.isMetadataOptional, body.byteCount <= 4, body.byte(0) < 2 {
      var at = 1
      let count = Int(clamping: MySQLWire.integer(body, &at) ?? 1)
      beginColumns(count, areDefined: body.byte(0) == 1, &answer)
      return false
    }
    switch body.byte(0) {
    case 0 where answer.command == .prepare && body.byteCount >= 9: return prepared(body, &answer)
    case 0:
      answer.readOK(body)
      return !answer.hasMore
    // A file is wanted from the client, and OK follows it.
    case 0xfb:
      answer.wantsFile = true
      return false
    case 0xfe where body.byteCount < 9:
      answer.readEOF(body)
      return true
    default:
      var at = 0
      let count = Int(clamping: MySQLWire.integer(body, &at) ?? 1)
      // MariaDB's servers may say behind it that clients know the columns.
      beginColumns(count, areDefined: at >= body.byteCount || body.byte(at) != 0, &answer)
      return false
    }
  }

  /// A result with so many columns begins, whose definitions follow or are left out.
  private func beginColumns(_ count: Int, areDefined: Bool, _ answer: inout MySQLAnswer) {
    answer.columns = count
    if areDefined {
      answer.expects = .columns(max(count, 1))
    } else {
      answer.expects = session.deprecatesEOF == true ? .rows : .columnsEnd
    }
  }

  /// COM_STMT_PREPARE_OK: the number of the statement, and how many definitions follow.
  private mutating func prepared(_ body: RawSpan, _ answer: inout MySQLAnswer) -> Bool {
    let number = body.little32(1)
    let columns = Int(body.little16(5))
    let parameters = Int(body.little16(7))
    answer.statementID = number
    if let asked = asked.first, asked.key == answer.key, !asked.text.isEmpty {
      session.prepare(number, asked.text)
    }
    if session.isMetadataOptional, body.byteCount > 12, body.byte(12) == 0 { return true }
    if parameters > 0 {
      answer.expects = .parameters(parameters, then: columns)
    } else {
      answer.expects = .preparedColumns(columns)
    }
    return parameters == 0 && columns == 0
  }

  /// A row, or the end of the rows.
  private mutating func row(_ body: RawSpan, _ answer: inout MySQLAnswer) -> Bool {
    guard isEndOfRows(body.byte(0), body.byteCount) else {
      answer.rows += 1
      return false
    }
    if session.deprecatesEOF == true, body.byteCount >= 7 {
      answer.readOK(body)
    } else {
      answer.readEOF(body)
    }
    answer.expects = .first
    return !answer.hasMore
  }

  /// What a command changes once it has succeeded.
  private mutating func settle(_ asked: MySQLAsked, _ answer: MySQLAnswer) {
    guard answer.error == nil else { return }
    if let database = asked.database { session.database = database }
    if asked.command == .changeUser || asked.command == .resetConnection {
      session.forgetStatements()
    }
  }

  /// The answer is complete with the next `length` bytes.
  private mutating func end(length: Int, _ side: Side) -> Step {
    guard let answer else { return .skip(length) }
    self.answer = nil
    if asked.first?.key == answer.key { settle(asked.removeFirst(), answer) }
    if asked.isEmpty { order.noteIdle() }
    if answer.command == .login { beginCommands(succeeded: answer.error == nil) }
    return .end(of: answer.key, answer.ending, length: length)
  }
}
