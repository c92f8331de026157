import Bytes
import Entries
import Flows
import JSON

// What the client says.
extension MySQL {
  mutating func request(
    _ packet: MySQLPacket, _ body: RawSpan, _ side: Side
  ) throws(WireError) -> Step {
    if case .login = ways[side].phase { return try login(packet, body, side) }
    // A replica says how far it is.
    if isReplicating { return .skip(packet.length) }
    // A file for LOAD DATA LOCAL, of so many packets that their numbers begin again; and what goes
    // back and forth while logging in.
    if answer?.wantsFile == true || packet.number > 0 && !asked.isEmpty {
      ways[side].goesOn = packet.isFull
      answer?.noteUpload(packet.length - Self.headLength)
      return .skip(packet.length)
    }
    guard !body.isEmpty else { throw WireError(.invalid) }
    guard packet.number == 0, let command = MySQLCommand(rawValue: body.byte(0)),
      command != .login
    else { throw WireError(.invalid) }
    var message = Message(.request, .mysql, key: nextKey())
    message.fields = fields
    message.fields.add(.mysqlCommand, .text(command.name))
    var asked = MySQLAsked(key: message.key, command: command)
    read(command, body.suffix(from: 1), isCut: !packet.isWhole, &message, &asked)
    if command.isSilent {
      message.partner = .none
      if command == .quit { return .skip(packet.length) }
    } else {
      // The command that is being answered does not count.
      let answering = answer?.key
      let isAnswering = answering != nil && self.asked.first?.key == answering
      switch order.question(behind: self.asked.count - (isAnswering ? 1 : 0)) {
      case .none: break
      case .batch: giveUp { $0.key != answering }
      case .perhaps: batch = asked.key
      }
      if self.asked.count >= Self.maxAsked {
        giveUp { _ in true }
        order.giveUp()
      }
      self.asked.append(asked)
    }
    return whole(message, packet, side)
  }

  private mutating func nextKey() -> UInt64 {
    ordinal += 1
    return ordinal
  }

  private mutating func read(
    _ command: MySQLCommand, _ body: RawSpan, isCut: Bool, _ message: inout Message,
    _ asked: inout MySQLAsked
  ) {
    switch command {
    case .query, .prepare:
      let start = command == .query ? MySQLAttributes.textStart(body, session.capabilities) : 0
      let text = SQLText.shown(
        body.suffix(from: start ?? body.byteCount), isCut: isCut || start == nil, .mysql)
      message.fields.add(.mysqlQuery, text: text.rawSpan)
      asked.hasSecrets = SQLText.hasSecrets(text.rawSpan)
      if command == .prepare { (asked.text, session.newest) = (text, text) }
      if command == .query { asked.database = Self.usedDatabase(text) }
    case .execute, .bulkExecute, .close, .reset, .fetch, .sendLongData:
      guard body.byteCount >= 4 else { break }
      let number = body.little32(0)
      if number != MySQLWire.newestStatement {
        message.fields.add(.mysqlStatementID, int: Int64(number))
      }
      if let text = session.statement(number) {
        message.fields.add(.mysqlQuery, text: text.rawSpan)
        asked.hasSecrets = SQLText.hasSecrets(text.rawSpan)
      }
      if command == .close { session.forget(number) }
    case .initDB:
      asked.database = body.prefix(64).array()
      message.fields.set(.mysqlDatabase, .text(body.prefix(64).text()))
    case .changeUser: changeUser(body, &message, &asked)
    default: break
    }
  }

  /// USE changes the database; nil for other statements.
  private static func usedDatabase(_ text: [UInt8]) -> [UInt8]? {
    guard text.count < 80, SQLText.verb(text.rawSpan) == "USE" else { return nil }
    // Other statements may follow.
    let name = text.dropFirst(3).prefix { $0 != 0x3b }
    return Array(name.filter { ![0x20, 0x60, 0x0a].contains($0) })
  }

  /// COM_CHANGE_USER: another user, the answer to a challenge, the database of that user.
  private func changeUser(_ body: RawSpan, _ message: inout Message, _ asked: inout MySQLAsked) {
    guard let end = body.firstOffset(of: 0) else { return }
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("user")
    writer.write(text: body.prefix(min(end, 64)))
    writer.endObject()
    message.details = writer.bytes
    var at = end + 1
    // Since 4.1 the answer has its length in front.
    if (session.capabilities ?? .max) & MySQLWire.secureConnection != 0 {
      guard at < body.byteCount else { return }
      at += 1 + Int(body.byte(at))
    } else {
      at = (body.firstOffset(of: 0, from: min(at, body.byteCount)) ?? body.byteCount) + 1
    }
    guard at < body.byteCount, let last = body.firstOffset(of: 0, from: at) else { return }
    let database = body.slice(at..<last).prefix(64)
    asked.database = database.array()
    message.fields.set(.mysqlDatabase, database.isEmpty ? .none : .text(database.text()))
  }

  /// HandshakeResponse41, or SSLRequest in its place. Passwords are passed over.
  private mutating func login(
    _ packet: MySQLPacket, _ body: RawSpan, _ side: Side
  ) throws(WireError) -> Step {
    if asked.first?.command == .login {
      // Answers to what the server asks while logging in.
      return .skip(packet.length)
    }
    guard body.byteCount >= 4 else { throw WireError(.foreign) }
    let flags = UInt64(body.little32(0))
    guard flags & MySQLWire.protocol41 != 0, body.byteCount >= 32 else {
      throw WireError(.unsupported)
    }
    if flags & MySQLWire.ssl != 0, packet.length - Self.headLength == 32 {
      isHandedOver = true
      var message = Message(.request, .mysql, key: nextKey())
      message.partner = .none
      message.fields.add(.mysqlCommand, text: "SSL_REQUEST")
      return .message(message, length: packet.length)
    }
    let shared = flags & (session.serverCapabilities == 0 ? flags : session.serverCapabilities)
    session.capabilities = shared
    readUser(body, flags)
    var message = Message(.request, .mysql, key: nextKey())
    message.fields = fields
    message.fields.add(.mysqlCommand, text: "LOGIN")
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("user")
    writer.write(text: session.user.rawSpan)
    if !session.method.isEmpty {
      writer.name("authentication")
      writer.write(text: session.method.rawSpan)
    }
    if !session.version.isEmpty {
      writer.name("serverVersion")
      writer.write(text: session.version.rawSpan)
    }
    writer.endObject()
    message.details = writer.bytes
    asked.append(MySQLAsked(key: message.key, command: .login))
    return whole(message, packet, side)
  }

  /// User, database and the method of authentication.
  private mutating func readUser(_ body: RawSpan, _ flags: UInt64) {
    guard let userEnd = body.firstOffset(of: 0, from: 32) else { return }
    session.user = body.slice(32..<userEnd).prefix(64).array()
    var at = userEnd + 1
    if flags & MySQLWire.lengthEncodedAuth != 0 {
      guard let count = MySQLWire.integer(body, &at), count <= UInt64(body.byteCount - at) else {
        return
      }
      at += Int(count)
    } else if flags & MySQLWire.secureConnection != 0 {
      guard at < body.byteCount else { return }
      at += 1 + Int(body.byte(at))
    } else {
      at = (body.firstOffset(of: 0, from: min(at, body.byteCount)) ?? body.byteCount) + 1
    }
    if flags & MySQLWire.connectWithDB != 0, at < body.byteCount,
      let end = body.firstOffset(of: 0, from: at)
    {
      session.database = body.slice(at..<end).prefix(64).array()
      at = end + 1
    }
    if flags & MySQLWire.pluginAuth != 0, at < body.byteCount {
      let end = body.firstOffset(of: 0, from: at) ?? body.byteCount
      session.method = body.slice(at..<end).prefix(64).array()
    }
  }
}
