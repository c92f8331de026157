import Bytes
import Entries
import Flows
import JSON

/// The messages of the extended protocol that make one entry.
struct PostgreSQLGroup: Sendable {
  var key: UInt64
  /// Name of the prepared statement.
  var name: [UInt8] = []
  var text: [UInt8]?
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
      guard var group else { return nil }
      ways[side].rest = Remainder(passing: missing)
      read(type, body, isCut: true, &group)
      queue.last?.left += 1
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
    var at = 0
    while let nameEnd = bytes.firstOffset(of: 0, from: at), nameEnd > at,
      let valueEnd = bytes.firstOffset(of: 0, from: nameEnd + 1)
    {
      let name = bytes.slice(at..<nameEnd)
      let value = bytes.slice(nameEnd + 1..<valueEnd)
      if name.equals("user") { session.user = value.prefix(64).array() }
      if name.equals("database") { session.database = value.prefix(64).array() }
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
    if session.database.isEmpty { session.database = session.user }
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
      queue.first?.copied += length - 5
      return .skip(length)
    // CopyDone, CopyFail.
    case 0x63, 0x66:
      queue.first?.hasEndedCopy = true
      return .skip(length)
    // Terminate; passwords of all kinds.
    case 0x58, 0x70: return .skip(length)
    default: break
    }
    if group != nil, type == 0x51 || type == 0x46 || type == 0x50 && group?.hasParse == true {
      return endGroup(length: 0)
    }
    // Not all of it may come: then it belongs to this group as far as it goes.
    if group == nil, beginsGroup(type) { return beginGroup() }
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
    default: return extended(type, body, length, held, side)
    }
  }

  /// Query: statements in one text.
  private mutating func query(
    _ body: RawSpan, _ length: Int, _ held: Int, _ side: Side
  ) -> Step {
    whole(statement(body), length, held, side)
  }

  /// - Parameter body: a text with a zero at its end, or the beginning of one.
  private mutating func statement(_ body: RawSpan) -> Message {
    var message = Message(.request, .postgresql, key: queue.ask(.simple))
    let end = body.firstOffset(of: 0) ?? body.byteCount
    message.fields = session.fields
    let text = SQLText.shown(body.prefix(end), isCut: end == body.byteCount, .postgresql)
    queue.last?.hasSecrets = SQLText.hasSecrets(text)
    addStatement(text, to: &message.fields)
    message.details = Array(#"{"type":"simple query"}"#.utf8)
    return message
  }

  private func addStatement(_ text: [UInt8], to fields: inout FieldValues) {
    let verb = SQLText.verb(text.rawSpan)
    if !verb.isEmpty { fields.add(.postgresqlCommand, .text(verb)) }
    fields.add(.postgresqlQuery, text: text.rawSpan)
  }

  /// A message of which `held` bytes are there.
  private mutating func whole(
    _ message: consuming Message, _ length: Int, _ held: Int, _ side: Side
  ) -> Step {
    if length > held {
      message.extent = .open
      ways[side].rest = Remainder(length - held, of: message.key, ending: Ending())
    }
    return .message(message, length: held)
  }

  /// Whether a message of that type begins the messages of an entry, while none are coming.
  private func beginsGroup(_ type: UInt8) -> Bool {
    switch type {
    // Parse, Bind, Describe, Execute
    case 0x50, 0x42, 0x44, 0x45: true
    // Clients close what they have just run; that is no statement of its own.
    case 0x43: group != nil || queue.last?.mayGrow != true
    default: false
    }
  }

  private mutating func beginGroup() -> Step {
    let key = queue.ask(.extended)
    queue.last?.isOver = false
    group = PostgreSQLGroup(key: key)
    var message = Message(.request, .postgresql, key: key)
    message.extent = .open
    return .message(message, length: 0)
  }

  /// Parse, Bind, Describe, Execute, Close, Flush and Sync.
  private mutating func extended(
    _ type: UInt8, _ body: RawSpan, _ length: Int, _ held: Int, _ side: Side
  ) -> Step {
    guard var group else {
      switch type {
      case 0x53: sync()
      case 0x48: queue.last?.isFlushed = true
      default:
        // Close, behind an Execute
        forget(body)
        queue.last?.left += 1
      }
      return .skip(length)
    }
    switch type {
    case 0x53:
      sync()
      return endGroup(length: length)
    case 0x48:
      queue.last?.isFlushed = true
      return endGroup(length: length)
    default: read(type, body, isCut: length > held, &group)
    }
    queue.last?.left += 1
    self.group = group
    if type == 0x45 { return endGroup(length: held) }
    if length > held { ways[side].rest = Remainder(length - held, of: group.key) }
    return .content([], of: group.key, length: held)
  }

  /// Takes in a message of a group: Parse, Bind, Execute, Close or Describe.
  private mutating func read(
    _ type: UInt8, _ body: RawSpan, isCut: Bool, _ group: inout PostgreSQLGroup
  ) {
    switch type {
    case 0x50: parse(body, isCut: isCut, &group)
    case 0x42: bind(body, &group)
    case 0x45:
      let name = text(body, 0)
      group.text = group.text ?? session.portal(name.text)
      group.hasExecute = true
    case 0x43: forget(body)
    default:
      // Describe
      group.hasDescribe = true
      let name = text(body, 1).text
      if group.text == nil, !body.isEmpty {
        group.name = name
        group.text = body.byte(0) == 0x53 ? session.statement(name) : session.portal(name)
      }
    }
  }

  private mutating func parse(_ body: RawSpan, isCut: Bool, _ group: inout PostgreSQLGroup) {
    let name = text(body, 0)
    let end = body.firstOffset(of: 0, from: name.end) ?? body.byteCount
    let statement = SQLText.shown(
      body.slice(min(name.end, end)..<end), isCut: isCut && end == body.byteCount, .postgresql)
    session.prepare(name.text, statement)
    group.hasParse = true
    (group.name, group.text) = (name.text, statement)
  }

  private mutating func bind(_ body: RawSpan, _ group: inout PostgreSQLGroup) {
    let portal = text(body, 0)
    let name = text(body, portal.end)
    // Not all texts are remembered, and those prepared in SQL are not known.
    let isParsed = group.hasParse && group.name == name.text
    group.text = session.statement(name.text) ?? (isParsed ? group.text : nil)
    if let statement = group.text {
      session.bind(portal.text, to: statement)
    } else {
      session.forgetPortal(portal.text)
    }
    group.name = name.text
    group.hasBind = true
    guard name.end + 2 <= body.byteCount else { return }
    let at = name.end + 2 + 2 * Int(body.big16(name.end))
    if at + 2 <= body.byteCount { group.parameters = Int(body.big16(at)) }
  }

  /// Close: of a prepared statement or of a portal.
  private mutating func forget(_ body: RawSpan) {
    let name = text(body, 1).text
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
    if last.isSynced { _ = queue.ask(.sync) } else { queue.last?.isSynced = true }
  }

  /// The group is complete with the next `length` bytes, or cut: then it was run, for all that is
  /// known.
  mutating func endGroup(length: Int, isCut: Bool = false) -> Step {
    guard let group else { return .skip(length) }
    self.group = nil
    queue.last?.isOver = true
    let isRun = group.hasExecute || isCut
    queue.last?.hasExecute = isRun
    var ending = Ending()
    ending.fields = session.fields
    if let text = group.text {
      queue.last?.hasSecrets = SQLText.hasSecrets(text)
      if isRun {
        let verb = SQLText.verb(text.rawSpan)
        if !verb.isEmpty { ending.fields.add(.postgresqlCommand, .text(verb)) }
      } else {
        ending.fields.add(.postgresqlCommand, text: group.step)
      }
      ending.fields.add(.postgresqlQuery, text: text.rawSpan)
    } else {
      ending.fields.add(.postgresqlCommand, text: isRun ? "EXECUTE" : group.step)
    }
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("type")
    writer.write("extended query")
    if !group.name.isEmpty {
      writer.name("statement")
      writer.write(text: group.name.rawSpan)
    }
    if let parameters = group.parameters {
      writer.name("parameters")
      writer.write(parameters)
    }
    writer.endObject()
    ending.details = writer.bytes
    if group.lost > 0 {
      ending.fault = Entry.Fault(.dissection, "\(group.lost) bytes were not captured")
    }
    return .end(of: group.key, ending, length: length)
  }

  /// The text at `start` and where the next one begins. Names are shown up to 64 bytes.
  private func text(_ body: RawSpan, _ start: Int) -> (text: [UInt8], end: Int) {
    guard start < body.byteCount else { return ([], body.byteCount) }
    let end = body.firstOffset(of: 0, from: start) ?? body.byteCount
    return (body.slice(start..<end).prefix(64).array(), min(end + 1, body.byteCount))
  }
}
