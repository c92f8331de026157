import Bytes
import Entries
import Flows
import JSON

// What the server says.
extension PostgreSQL {
  mutating func reply(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    if queue.first?.kind == .encryption { queue.noteAnswer() }
    if queue.first?.kind == .encryption, bytes.byte(0) != 0x45 { return encryption(bytes.byte(0)) }
    guard bytes.byteCount >= 5 else { return .needs(5) }
    let type = bytes.byte(0)
    let length = Int(bytes.big32(1)) + 1
    guard PostgreSQLShape.isReply(type), length >= 5, length <= Self.maxMessage else {
      throw WireError(.invalid)
    }
    if isTorn, type != 0x41 {
      if queue.isEmpty || queue.isUnsure {
        if type == 0x5a { isTorn = false }
        return .skip(length)
      }
      isTorn = false
    }
    if type == 0x44 || type == 0x64, let answer { return rows(bytes, type, answer.key, side) }
    // The end of a stream may tell where the next one begins.
    if isReplicating, queue.isEmpty, type == 0x43 || type == 0x44 || type == 0x54 {
      return .skip(length)
    }
    let held = min(length, Self.maxHeld)
    guard bytes.byteCount >= held else { return .needs(held) }
    let body = bytes.slice(5..<held)
    switch type {
    case 0x41: return notification(body, length, held, side)
    // NegotiateProtocolVersion comes before all else.
    case 0x76 where queue.first?.kind == .startup:
      if answer == nil { return open() }
      answer?.readVersion(body)
      return add(length, held, side)
    // Notices, settings and keys belong to no statement in particular.
    case 0x4e, 0x53, 0x4b, 0x76: return add(length, held, side)
    case 0x5a: return ready(body, length)
    case 0x64 where isReplicating && body.byteCount >= 25 && body.byte(0) == 0x77:
      return log(body, length, held, side)
    case 0x64 where answer == nil, 0x63 where answer == nil: return .skip(length)
    case 0x45 where answer == nil && queue.isEmpty && endsSession(body):
      return farewell(body, length, held, side)
    default: break
    }
    if answer == nil { return open() }
    return speak(type, body, length, held, side)
  }

  /// What the beginning of an error tells of which `missing` bytes will not come. It goes with the
  /// answer that has begun, or is the answer.
  mutating func cutReply(_ bytes: RawSpan, _ missing: Int, _ side: Side) -> Message? {
    guard bytes.byte(0) == 0x45, !isTorn else { return nil }
    let body = bytes.suffix(from: 5)
    if answer != nil {
      answer?.error = PostgreSQLError(body, hasSecrets: queue.hasSecrets)
      return nil
    }
    queue.noteAnswer()
    while queue.first?.kind == .sync { queue.removeFirst() }
    guard let asked = queue.first else { return nil }
    ways[side].rest = Remainder(passing: missing)
    queue.removeFirst()
    isSkipping = asked.kind == .extended && !asked.isSynced
    var answer = PostgreSQLAnswer(key: asked.key, asked: asked.kind)
    answer.error = PostgreSQLError(body, hasSecrets: asked.hasSecrets)
    let ending = answer.ending(copied: asked.copied)
    var message = Message(.response, .postgresql, key: asked.key)
    (message.fields, message.details, message.failed) = (ending.fields, ending.details, true)
    return message
  }

  /// The one byte that answers a request for encryption.
  private mutating func encryption(_ byte: UInt8) -> Step {
    let key = queue.first?.key ?? 0
    queue.removeFirst()
    isEncrypted = byte == 0x53 || byte == 0x47
    var message = Message(.response, .postgresql, key: key)
    message.details = Array((isEncrypted ? #"{"accepted":true}"# : #"{"accepted":false}"#).utf8)
    return .message(message, length: 1)
  }

  /// Begins the answer to the oldest statement, with no bytes yet.
  private mutating func open() -> Step {
    queue.noteAnswer()
    while queue.first?.kind == .sync { queue.removeFirst() }
    let asked = queue.first
    let key = asked?.key ?? queue.loneKey()
    answer = PostgreSQLAnswer(key: key, asked: asked?.kind)
    var message = Message(.response, .postgresql, key: key)
    message.extent = .open
    if asked == nil {
      message.partner = .lost
      message.fields = session.fields
      if queue.isBlind { message.fault = AnswerOrder.unknownQuestion }
    }
    return .message(message, length: 0)
  }

  /// Counts rows, or the data of a COPY; many of them in one step.
  private mutating func rows(
    _ bytes: RawSpan, _ type: UInt8, _ key: UInt64, _ side: Side
  ) -> Step {
    var at = 0
    while at + 5 <= bytes.byteCount, bytes.byte(at) == type {
      let length = Int(bytes.big32(at + 1)) + 1
      if length < 5 || length > Self.maxMessage { break }
      if type == 0x44 { answer?.rows += 1 } else { answer?.copied += length - 5 }
      if at + length > bytes.byteCount {
        ways[side].rest = Remainder(at + length - bytes.byteCount, of: key)
        at = bytes.byteCount
        break
      }
      at += length
    }
    return .content([], of: key, length: at)
  }

  /// A message that changes nothing.
  private mutating func add(_ length: Int, _ held: Int, _ side: Side) -> Step {
    guard let answer else { return .skip(length) }
    if length > held { ways[side].rest = Remainder(length - held, of: answer.key) }
    return .content([], of: answer.key, length: held)
  }

  /// A message that belongs to the answer.
  private mutating func speak(
    _ type: UInt8, _ body: RawSpan, _ length: Int, _ held: Int, _ side: Side
  ) -> Step {
    switch type {
    case 0x52: answer?.readAuthentication(body)
    case 0x54:
      answer?.columns = body.byteCount >= 2 ? Int(body.big16(0)) : 0
      countDown()
    case 0x31, 0x32, 0x33, 0x6e, 0x49, 0x73: countDown()
    case 0x43:
      answer?.readTag(body)
      countDown()
    case 0x45: return failed(body, length, held, side)
    case 0x57:
      // What follows is a stream without end (replication).
      answer?.tags.append("COPY BOTH")
      isReplicating = true
      return end(length: held)
    default: break
    }
    if length == held, let first = queue.first, first.kind == .extended, first.isOver,
      first.left <= 0, !first.isSynced
    {
      return end(length: held)
    }
    return add(length, held, side)
  }

  private mutating func countDown() {
    if queue.first?.kind == .extended { queue.first?.left -= 1 }
  }

  private mutating func failed(
    _ body: RawSpan, _ length: Int, _ held: Int, _ side: Side
  ) -> Step {
    answer?.error = PostgreSQLError(body, hasSecrets: queue.hasSecrets)
    guard length == held else { return add(length, held, side) }
    let isFatal = answer?.error?.isFatal == true
    switch queue.first?.kind {
    case .startup, .encryption: return end(length: held)
    case .extended:
      isSkipping = true
      if isFatal || queue.first?.isSynced != true { return end(length: held) }
    default: if isFatal { return end(length: held) }
    }
    return add(length, held, side)
  }

  /// ReadyForQuery: an answer is over, with the state of the transaction.
  private mutating func ready(_ body: RawSpan, _ length: Int) -> Step {
    defer { queue.noteReady() }
    let wasSkipping = isSkipping
    (isSkipping, isReplicating) = (false, false)
    if answer != nil {
      answer?.state = body.isEmpty ? 0 : body.byte(0)
      return end(length: length)
    }
    if wasSkipping {
      guard let keys = queue.removeSkipped() else { return .skip(length) }
      let fault = Entry.Fault(
        .pairNotFound, "passed over by the server: a statement before it in the pipeline failed")
      return .abandon(keys, because: fault, length: length)
    }
    if queue.first?.kind == .sync { queue.removeFirst() }
    return .skip(length)
  }

  /// The answer is complete with the next `length` bytes.
  private mutating func end(length: Int) -> Step {
    guard let answer else { return .skip(length) }
    self.answer = nil
    var copied = 0
    if let first = queue.first, first.key == answer.key {
      copied = first.copied
      queue.removeFirst()
    }
    return .end(of: answer.key, answer.ending(copied: copied), length: length)
  }

  /// NotificationResponse: what another session told a channel this one listens to.
  private mutating func notification(
    _ body: RawSpan, _ length: Int, _ held: Int, _ side: Side
  ) -> Step {
    var message = Message(.notice, .postgresql, key: queue.loneKey())
    message.partner = .none
    message.fields = session.fields
    message.fields.add(.postgresqlCommand, text: "NOTIFY")
    var writer = JSONWriter()
    writer.beginObject()
    if body.byteCount > 4 {
      let channelEnd = body.firstOffset(of: 0, from: 4) ?? body.byteCount
      writer.name("channel")
      writer.write(text: body.slice(4..<channelEnd).prefix(64))
      let start = min(channelEnd + 1, body.byteCount)
      let end = body.firstOffset(of: 0, from: start) ?? body.byteCount
      writer.name("payload")
      writer.write(text: body.slice(start..<end).prefix(1024))
    }
    writer.endObject()
    message.details = writer.bytes
    return notice(message, length, held, side)
  }

  /// XLogData: a piece of the write-ahead log, or a change made of it. Its content is not kept.
  private mutating func log(
    _ body: RawSpan, _ length: Int, _ held: Int, _ side: Side
  ) -> Step {
    var message = Message(.notice, .postgresql, key: queue.loneKey())
    message.partner = .none
    message.fields = session.fields
    message.fields.add(.postgresqlCommand, text: "XLOGDATA")
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("start")
    writer.write(Self.position(body, 1))
    writer.name("end")
    writer.write(Self.position(body, 9))
    writer.name("bytes")
    writer.write(length - 5 - 25)
    writer.endObject()
    message.details = writer.bytes
    return notice(message, length, held, side)
  }

  /// A place in the log, as `pg_lsn` writes it.
  private static func position(_ body: RawSpan, _ at: Int) -> String {
    String(body.big32(at), radix: 16, uppercase: true) + "/"
      + String(body.big32(at + 4), radix: 16, uppercase: true)
  }

  /// Whether an error that nobody is known to wait for is the last word of the server. Where the
  /// beginning or bytes in between are missing it may answer something, unless it is fatal.
  private func endsSession(_ body: RawSpan) -> Bool {
    !queue.hasGaps || PostgreSQLError(body, hasSecrets: false).isFatal
  }

  /// An error that answers nothing: the server ends the session.
  private mutating func farewell(
    _ body: RawSpan, _ length: Int, _ held: Int, _ side: Side
  ) -> Step {
    var message = Message(.notice, .postgresql, key: queue.loneKey())
    message.partner = .none
    message.fields = session.fields
    message.fields.add(.postgresqlCommand, text: "ERROR")
    let error = PostgreSQLError(body, hasSecrets: false)
    error.add(to: &message.fields)
    message.failed = true
    var writer = JSONWriter()
    writer.beginObject()
    error.write(&writer)
    writer.endObject()
    message.details = writer.bytes
    return notice(message, length, held, side)
  }

  private mutating func notice(
    _ message: consuming Message, _ length: Int, _ held: Int, _ side: Side
  ) -> Step {
    if length > held {
      message.extent = .open
      ways[side].rest = Remainder(length - held, of: message.key, ending: Ending())
    }
    return .message(message, length: held)
  }
}
