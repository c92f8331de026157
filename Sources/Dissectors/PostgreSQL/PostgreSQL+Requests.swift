import Bytes
import Entries
import Flows
import JSON

/// The messages of the extended protocol that make one entry.
struct PostgreSQLGroup: Sendable {
  var key: UInt64
  /// Name of the prepared statement.
  var name: [UInt8] = []
  var text: PostgreSQLText?
  var parameters: Int?
  var hasParse = false
  var hasBind = false
  var hasDescribe = false
  var hasExecute = false
  /// Bytes of it that were not captured.
  var lost = 0

  /// What it does when nothing is executed.
  var step: StaticString {
    if hasParse { return "PREPARE" }
    if hasBind { return "BIND" }
    return hasDescribe ? "DESCRIBE" : "CLOSE"
  }
}

// What the client says.
extension PostgreSQL {
  /// The startup packet, or one of the requests that take its place.
  mutating func startup(_ bytes: RawSpan) throws(WireError) -> Step {
    guard bytes.byteCount >= 8 else { return .needs(8) }
    let length = Int(bytes.big32(0))
    guard length >= 8, length <= Self.maxStartup else { throw WireError(.foreign) }
    guard bytes.byteCount >= length else { return .needs(length) }
    switch bytes.big32(4) {
    case PostgreSQLShape.ssl: return single("SSLREQUEST", .encryption, length)
    case PostgreSQLShape.gss: return single("GSSENCREQUEST", .encryption, length)
    case PostgreSQLShape.cancel:
      var message = Message(.request, .postgresql, key: queue.loneKey())
      message.partner = .none
      message.fields.add(.postgresqlCommand, text: "CANCEL")
      return .message(message, length: length)
    default: break
    }
    guard bytes.big16(4) == 3 else { throw WireError(.unsupported, at: 4) }
    return .message(begin(bytes.prefix(length)), length: length)
  }

  /// A session, by its startup packet or the beginning of that.
  private mutating func begin(_ packet: RawSpan) -> Message {
    ways[.client].phase = .message
    var message = Message(.request, .postgresql, key: queue.ask(.startup))
    message.details = settings(packet.suffix(from: 8), minor: Int(packet.big16(6)))
    message.fields = session.fields
    message.fields.add(.postgresqlCommand, text: "STARTUP")
    return message
  }

  /// What the beginning of a startup packet tells of which the rest will not come.
  mutating func cutStartup(_ bytes: RawSpan) -> Message? {
    guard bytes.byteCount >= 8, bytes.big16(4) == 3 else { return nil }
    let missing = Int(bytes.big32(0)) - bytes.byteCount
    guard missing > 0, missing < Self.maxStartup else { return nil }
    ways[.client].rest = Remainder(passing: missing)
    return begin(bytes)
  }

  /// What the beginning of a message tells of which `missing` bytes will not come.
  mutating func cutRequest(_ bytes: RawSpan, _ missing: Int, _ side: Side) -> Message? {
    let body = bytes.suffix(from: 5)
    switch bytes.byte(0) {
    case 0x51 where group == nil:
      ways[side].rest = Remainder(passing: missing)
      return statement(body)
    case let type where beginsGroup(type):
      guard var group = group.take() else { return nil }
      ways[side].rest = Remainder(passing: missing)
      read(type, body, isCut: true, &group)
      queue.updateLast { $0.left += 1 }
      self.group = group
      return nil
    default: return nil
    }
  }

  private mutating func single(
    _ name: StaticString, _ kind: PostgreSQLQueue.Asked.Kind, _ length: Int
  ) -> Step {
    var message = Message(.request, .postgresql, key: queue.ask(kind))
    message.fields.add(.postgresqlCommand, text: name)
    return .message(message, length: length)
  }

  /// Reads the pairs of names and values; keeps those that say who and what for.
  private mutating func settings(_ bytes: RawSpan, minor: Int) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("protocol")
    writer.write("3.\(minor)")
    var (user, database) = (session.user, session.database)
    var at = 0
    while let nameEnd = bytes.firstOffset(of: 0, from: at), nameEnd > at,
      let valueEnd = bytes.firstOffset(of: 0, from: nameEnd + 1)
    {
      let name = bytes.slice(at..<nameEnd)
      let value = bytes.slice(nameEnd + 1..<valueEnd)
      if name.equals("user") { user = value.prefix(64).array() }
      if name.equals("database") { database = value.prefix(64).array() }
      if name.equals("application_name") || name.equals("client_encoding")
        || name.equals("replication")
      {
        writer.name(name.text())
        writer.write(text: value.prefix(256))
      }
      at = valueEnd + 1
    }
    writer.endObject()
    // "Defaults to the user name."
    session.begin(user: user, database: database.isEmpty ? user : database)
    return writer.bytes
  }

  /// A message with its type and length in front.
  mutating func request(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    guard bytes.byteCount >= 5 else { return .needs(5) }
    let type = bytes.byte(0)
    let length = Int(bytes.big32(1)) + 1
    guard PostgreSQLShape.isRequest(type), length >= 5, length <= Self.maxMessage else {
      throw WireError(.invalid)
    }
    switch type {
    case 0x64:
      queue.updateFirst { $0.copied += length - 5 }
      return .skip(length)
    // CopyDone, CopyFail.
    case 0x63, 0x66:
      queue.updateFirst { $0.hasEndedCopy = true }
      return .skip(length)
    // Terminate; passwords of all kinds.
    case 0x58, 0x70: return .skip(length)
    default: break
    }
    if group == nil, beginsGroup(type) { return beginGroup(bytes, side) }
    if group != nil, let group = group.take() { return extend(group, bytes, side) }
    let held = min(length, Self.maxHeld)
    guard bytes.byteCount >= held else { return .needs(held) }
    let body = bytes.slice(5..<held)
    switch type {
    case 0x51: return query(body, length, held, side)
    case 0x46:
      var message = Message(.request, .postgresql, key: queue.ask(.simple))
      message.fields = session.fields
      message.fields.add(.postgresqlCommand, text: "FUNCTION CALL")
      return whole(message, length, held, side)
    case 0x53: sync()
    case 0x48: queue.updateLast { $0.isFlushed = true }
    default:
      // Close, behind an Execute
      forget(body)
      queue.updateLast { $0.left += 1 }
    }
    return .skip(length)
  }

  /// Query: statements in one text.
  private mutating func query(
    _ body: RawSpan, _ length: Int, _ held: Int, _ side: Side
  ) -> Step {
    whole(statement(body), length, held, side)
  }

  /// - Parameter body: a text with a zero at its end, or the beginning of one.
  private mutating func statement(_ body: RawSpan) -> Message {
    statement(Message(.request, .postgresql, key: queue.ask(.simple)), body)
  }

  private mutating func statement(_ message: consuming Message, _ body: RawSpan) -> Message {
    let end = body.firstOffset(of: 0) ?? body.byteCount
    let text = body.prefix(end)
    if end < body.byteCount, SQLText.isShownAsItIs(text) {
      message.fields = fields(of: text)
    } else {
      let shown = SQLText.shown(text, isCut: end == body.byteCount, .postgresql)
      message.fields = fields(of: shown.rawSpan)
    }
    return consume message
  }

  /// Bytes beyond its own that the fields of a statement get at once: those of the answer will be put
  /// behind them.
  private static let roomForAnswer = 112

  /// The fields of the newest statement, a simple one that is complete, by its text as it is shown.
  private mutating func fields(of text: RawSpan) -> FieldValues {
    if SQLText.hasSecrets(text) { queue.noteSecrets() }
    let verb = SQLText.verb(in: text)
    let session = session.fields.bytes
    let room = session.count + verb.count + text.byteCount + 32
    return FieldValues(room: room + Self.roomForAnswer) { fields in
      fields.append(session.rawSpan)
      if !verb.isEmpty {
        fields.add(.postgresqlCommand, .text) { SQLText.append(verb: verb, of: text, to: &$0) }
      }
      fields.add(.postgresqlQuery, .text, packed: text)
      fields.add(.requestFacts, .bytes) { PostgreSQLDetails.addSimple(to: &$0) }
    }
  }

  /// A message of which `held` bytes are there.
  private mutating func whole(
    _ message: consuming Message, _ length: Int, _ held: Int, _ side: Side
  ) -> Step {
    if length > held {
      message.extent = .open
      ways[side].rest = Remainder(length - held, of: message.key, ending: Ending())
    }
    return .message(consume message, length: held)
  }

  /// Whether a message of that type begins the messages of an entry, while none are coming.
  // A call would copy the reader.
  @inline(__always)
  private func beginsGroup(_ type: UInt8) -> Bool {
    switch type {
    // Parse, Bind, Describe, Execute
    case 0x50, 0x42, 0x44, 0x45: true
    // Clients close what they have just run; that is no statement of its own.
    case 0x43: group != nil || queue.last?.mayGrow != true
    default: false
    }
  }

  /// Begins the messages of an entry, with as many of them as are there: mostly all.
  private mutating func beginGroup(_ bytes: RawSpan, _ side: Side) -> Step {
    let key = queue.ask(.extended)
    queue.updateLast { $0.isOver = false }
    return beginGroup(Message(.request, .postgresql, key: key), bytes, side)
  }

  private mutating func beginGroup(
    _ message: consuming Message, _ bytes: RawSpan, _ side: Side
  ) -> Step {
    message.extent = .open
    var group = PostgreSQLGroup(key: message.key)
    // What gives up others must be told first.
    if queue.hasDropped {
      self.group = group
      return .message(consume message, length: 0)
    }
    let (length, isOver) = read(bytes, side, &group)
    if isOver {
      message.extent = .whole
      message.fields = close(group)
      message.passed = passSync(bytes, length)
    } else {
      self.group = group
    }
    return .message(consume message, length: length)
  }

  /// Takes in a Sync that stands behind the messages of an entry, as it mostly does, and gives its bytes:
  /// they are none of the entry's, and none when it is not there yet.
  private mutating func passSync(_ bytes: RawSpan, _ start: Int) -> UInt8 {
    guard start + 5 <= bytes.byteCount, bytes.byte(start) == 0x53, bytes.big32(start + 1) == 4
    else { return 0 }
    sync()
    return 5
  }

  /// Goes on with the messages of an entry.
  private mutating func extend(
    _ group: consuming PostgreSQLGroup, _ bytes: RawSpan, _ side: Side
  ) -> Step {
    var group = group
    let key = group.key
    let (length, isOver) = read(bytes, side, &group)
    if isOver { return .end(of: key, ending(of: group), length: length) }
    self.group = group
    if length > 0 { return .content([], of: key, length: length) }
    return .needs(min(Int(bytes.big32(1)) + 1, Self.maxHeld))
  }

  /// Reads the messages of a group that are there, and gives how many bytes they have and whether it is
  /// over with them: Parse, Bind, Describe, Execute, Close, Flush and Sync.
  private mutating func read(
    _ bytes: RawSpan, _ side: Side, _ group: inout PostgreSQLGroup
  ) -> (length: Int, isOver: Bool) {
    var at = 0
    while at + 5 <= bytes.byteCount {
      let type = bytes.byte(at)
      let length = Int(bytes.big32(at + 1)) + 1
      guard length >= 5, length <= Self.maxMessage else { break }
      switch type {
      // Another statement begins.
      case 0x51, 0x46: return (at, true)
      case 0x50 where group.hasParse: return (at, true)
      case 0x50, 0x42, 0x43, 0x44, 0x45, 0x48, 0x53: break
      default: return (at, false)
      }
      let held = min(length, Self.maxHeld)
      guard bytes.byteCount - at >= held else { break }
      switch type {
      case 0x53:
        sync()
        return (at + length, true)
      case 0x48:
        queue.updateLast { $0.isFlushed = true }
        return (at + length, true)
      default: read(type, bytes.slice(at + 5..<at + held), isCut: length > held, &group)
      }
      queue.updateLast { $0.left += 1 }
      at += held
      if type == 0x45 { return (at, true) }
      if length > held {
        ways[side].rest = Remainder(length - held, of: group.key)
        break
      }
    }
    return (at, false)
  }

  /// Takes in a message of a group: Parse, Bind, Execute, Close or Describe.
  private mutating func read(
    _ type: UInt8, _ body: RawSpan, isCut: Bool, _ group: inout PostgreSQLGroup
  ) {
    switch type {
    case 0x50: parse(body, isCut: isCut, &group)
    case 0x42: bind(body, &group)
    case 0x45:
      if group.text == nil { group.text = session.portal(body.slice(Self.name(body, 0).name)) }
      group.hasExecute = true
    case 0x43: forget(body)
    default:
      // Describe
      group.hasDescribe = true
      if group.text == nil, !body.isEmpty {
        let name = body.slice(Self.name(body, 1).name)
        group.name = name.array()
        group.text = body.byte(0) == 0x53 ? session.statement(name)?.text : session.portal(name)
      }
    }
  }

  private mutating func parse(_ body: RawSpan, isCut: Bool, _ group: inout PostgreSQLGroup) {
    let (name, start) = Self.name(body, 0)
    let end = body.firstOffset(of: 0, from: start) ?? body.byteCount
    let statement = session.text(
      body.slice(min(start, end)..<end), isCut: isCut && end == body.byteCount)
    group.hasParse = true
    (group.name, group.text) = (body.slice(name).array(), statement)
    session.prepare(body.slice(name), statement)
  }

  private mutating func bind(_ body: RawSpan, _ group: inout PostgreSQLGroup) {
    let (portal, start) = Self.name(body, 0)
    let (place, end) = Self.name(body, start)
    let name = body.slice(place)
    // Not all texts are remembered, and those prepared in SQL are not known.
    if let known = session.statement(name) {
      (group.name, group.text) = (known.name, known.text)
    } else {
      if !group.hasParse || !group.name.rawSpan.equals(name) { group.text = nil }
      group.name = name.array()
    }
    if let statement = group.text {
      session.bind(body.slice(portal), to: statement)
    } else {
      session.forgetPortal(body.slice(portal))
    }
    group.hasBind = true
    guard end + 2 <= body.byteCount else { return }
    let at = end + 2 + 2 * Int(body.big16(end))
    if at + 2 <= body.byteCount { group.parameters = Int(body.big16(at)) }
  }

  /// Close: of a prepared statement or of a portal.
  private mutating func forget(_ body: RawSpan) {
    let name = body.slice(Self.name(body, 1).name)
    if !body.isEmpty, body.byte(0) == 0x53 {
      session.forgetStatement(name)
    } else {
      session.forgetPortal(name)
    }
  }

  /// A Sync: the server will say ReadyForQuery, to the newest statement or to none.
  private mutating func sync() {
    guard let last = queue.last, last.kind == .extended else {
      _ = queue.ask(.sync)
      return
    }
    // The one before the end of a COPY from the client is ignored: this one counts for both.
    if last.isSynced, last.hasEndedCopy { return }
    if last.isSynced { _ = queue.ask(.sync) } else { queue.updateLast { $0.isSynced = true } }
  }

  /// What is known of a group at its end. Of one that was cut it is known as well that it was run.
  mutating func ending(of group: PostgreSQLGroup, isCut: Bool = false) -> Ending {
    var ending = Ending()
    ending.fields = close(group, isCut: isCut)
    if group.lost > 0 {
      ending.fault = Entry.Fault(.dissection, "\(group.lost) bytes were not captured")
    }
    return ending
  }

  /// The fields of a group at its end.
  private mutating func close(
    _ group: PostgreSQLGroup, isCut: Bool = false
  ) -> FieldValues {
    let isRun = group.hasExecute || isCut
    queue.updateLast { ($0.isOver, $0.hasExecute) = (true, isRun) }
    if group.text?.hasSecrets == true { queue.noteSecrets() }
    let session = session.fields.bytes
    let statement = group.text?.fields
    let step: StaticString? = !isRun ? group.step : statement == nil ? "EXECUTE" : nil
    let facts = group.name.count + PostgreSQLDetails.room
    let room = session.count + (statement?.count ?? 0) + facts + 32
    return FieldValues(room: room + Self.roomForAnswer) { fields in
      fields.append(session.rawSpan)
      if let step {
        fields.add(.postgresqlCommand, text: step)
        // Instead of what it would do.
        if let text = group.text { fields.append(text.fields.rawSpan.suffix(from: text.textField)) }
      } else if let statement {
        fields.append(statement.rawSpan)
      }
      fields.add(.requestFacts, .bytes) { PostgreSQLDetails.add(group, to: &$0) }
    }
  }

  /// Where the name is that begins at `start`, as far as names are shown, and where what follows on it
  /// begins.
  private static func name(_ body: RawSpan, _ start: Int) -> (name: Range<Int>, end: Int) {
    guard start < body.byteCount else {
      return (body.byteCount..<body.byteCount, body.byteCount)
    }
    // Mostly there is none.
    if body.byte(start) == 0 { return (start..<start, start + 1) }
    let end = body.firstOffset(of: 0, from: start) ?? body.byteCount
    return (start..<min(end, start + 64), min(end + 1, body.byteCount))
  }
}
