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
    if type == 0x44 || type == 0x64, isAnswering { return listen(bytes, side) }
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
    case 0x76 where queue.first?.kind == .startup: break
    // Notices, settings and keys belong to no statement in particular.
    case 0x4e, 0x53, 0x4b, 0x76: if !isAnswering { return .skip(length) }
    case 0x5a: if !isAnswering { return ready(length) }
    case 0x64 where isReplicating && body.byteCount >= 25 && body.byte(0) == 0x77:
      return log(body, length, held, side)
    case 0x64 where !isAnswering, 0x63 where !isAnswering: return .skip(length)
    case 0x45 where !isAnswering && queue.isEmpty && endsSession(body):
      return farewell(body, length, held, side)
    default: break
    }
    return isAnswering ? listen(bytes, side) : open(bytes, side)
  }

  /// What the beginning of an error tells of which `missing` bytes will not come. It goes with the
  /// answer that has begun, or is the answer.
  mutating func cutReply(_ bytes: RawSpan, _ missing: Int, _ side: Side) -> Message? {
    guard bytes.byte(0) == 0x45, !isTorn else { return nil }
    let body = bytes.suffix(from: 5)
    if isAnswering {
      answer.error = PostgreSQLError(body, hasSecrets: queue.hasSecrets)
      return nil
    }
    queue.noteAnswer()
    while queue.first?.kind == .sync { queue.removeFirst() }
    guard let asked = queue.first else { return nil }
    ways[side].rest = Remainder(passing: missing)
    queue.removeFirst()
    isSkipping = asked.kind == .extended && !asked.isSynced
    answer.begin(asked.key, asked.kind)
    answer.error = PostgreSQLError(body, hasSecrets: asked.hasSecrets)
    var message = Message(.response, .postgresql, key: asked.key)
    answer.complete(&message, copied: asked.copied, bytes)
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

  /// Begins the answer to the oldest statement, with as much of it as is there: mostly all.
  private mutating func open(_ bytes: RawSpan, _ side: Side) -> Step {
    queue.noteAnswer()
    while queue.first?.kind == .sync { queue.removeFirst() }
    let asked = queue.first
    let key = asked?.key ?? queue.loneKey()
    answer.begin(key, asked?.kind)
    isAnswering = true
    return open(Message(.response, .postgresql, key: key), asked, bytes, side)
  }

  private mutating func open(
    _ message: consuming Message, _ asked: PostgreSQLQueue.Asked?, _ bytes: RawSpan, _ side: Side
  ) -> Step {
    message.extent = .open
    if asked == nil {
      message.partner = .lost
      message.fields = session.fields
      if queue.isBlind { message.fault = AnswerOrder.unknownQuestion }
    }
    // What gives up others must be told first.
    if queue.hasDropped || asked?.kind == .encryption {
      return .message(consume message, length: 0)
    }
    let (length, end) = read(bytes, side)
    if end != .none {
      let copied = close(end)
      message.extent = .whole
      answer.complete(&message, copied: copied, bytes)
    }
    return .message(consume message, length: length)
  }

  /// Goes on with the answer at hand.
  private mutating func listen(_ bytes: RawSpan, _ side: Side) -> Step {
    let (length, end) = read(bytes, side)
    if end == .none { return .content([], of: answer.key, length: length) }
    let copied = close(end)
    return .end(of: answer.key, answer.ending(copied: copied, bytes), length: length)
  }

  /// What ends an answer.
  private enum End: Equatable {
    case none
    case last
    /// ReadyForQuery
    case ready
  }

  /// Reads the messages of an answer that are there, of which the first is one of them, and gives how
  /// many bytes they have and what ends it.
  private mutating func read(_ bytes: RawSpan, _ side: Side) -> (length: Int, end: End) {
    var at = 0
    var end = End.none
    // Messages of the extended protocol that are answered, and how many are to be until it is over.
    var answered = 0
    let awaited = queue.leftWithoutReady ?? .max
    while bytes.byteCount &- at >= 5 {
      let type = bytes.byte(at)
      if type == 0x44 {
        let rows = Self.passRows(bytes, &at)
        answer.rows += rows
        if rows > 0 { continue }
      }
      let length = Int(bytes.big32(at &+ 1)) &+ 1
      guard PostgreSQLShape.isReply(type), length >= 5, length <= Self.maxMessage else { break }
      if type == 0x44 || type == 0x64 {
        // Rows are counted, and the data of a COPY.
        if type == 0x44 { answer.rows += 1 } else { answer.copied += length - 5 }
        let left = bytes.byteCount - at
        if length > left {
          ways[side].rest = Remainder(length - left, of: answer.key)
          at = bytes.byteCount
          break
        }
        at += length
        continue
      }
      // Notifications are messages of their own, and so may be the end of a stream.
      if type == 0x41 || at > 0 && isReplicating && (type == 0x43 || type == 0x54) { break }
      let held = min(length, Self.maxHeld)
      guard bytes.byteCount &- at >= held else { break }
      let body = at &+ 5..<at &+ held
      let isWhole = length == held
      var mayEnd = isWhole
      switch type {
      case 0x31, 0x32, 0x33, 0x6e, 0x49, 0x73: answered += 1
      case 0x54:
        answer.columns = body.count >= 2 ? Int(bytes.big16(body.lowerBound)) : 0
        answered += 1
      case 0x43:
        answer.readTag(body, in: bytes)
        answered += 1
      case 0x5a:
        // With the state of the transaction.
        answer.state = body.isEmpty ? 0 : bytes.byte(body.lowerBound)
        at += length - held
        (end, mayEnd) = (.ready, false)
      default:
        if let said = speak(type, bytes, body, isWhole: isWhole) { (end, mayEnd) = (said, false) }
      }
      at += held
      if mayEnd, answered >= awaited { end = .last }
      if end != .none { break }
      if !isWhole {
        ways[side].rest = Remainder(length - held, of: answer.key)
        break
      }
    }
    if answered > 0 { queue.countDown(answered) }
    if end == .none { answer.keepTag(bytes) }
    return (at, end)
  }

  /// Passes over the rows that begin at `at`, as far as they are there whole and something stands behind
  /// them; gives how many.
  @inline(__always)
  private static func passRows(_ bytes: RawSpan, _ at: inout Int) -> Int {
    var count = 0
    while bytes.byteCount &- at >= 8 {
      // Type and length in one.
      let head = bytes.big64(at)
      let length = Int(truncatingIfNeeded: head &>> 24 & 0xffff_ffff) &+ 1
      guard head &>> 56 == 0x44, length >= 5, length <= min(maxMessage, bytes.byteCount &- at)
      else { break }
      at &+= length
      count &+= 1
    }
    return count
  }

  /// A message that belongs to the answer and of which there are few. Gives whether it ends it; nil where
  /// that depends on what was asked.
  private mutating func speak(
    _ type: UInt8, _ bytes: RawSpan, _ place: Range<Int>, isWhole: Bool
  ) -> End? {
    let body = bytes.slice(place)
    switch type {
    // Notices, settings and keys change nothing.
    case 0x4e, 0x53, 0x4b: return End.none
    case 0x76:
      if queue.first?.kind == .startup { answer.readVersion(body) }
      return End.none
    case 0x52: answer.readAuthentication(body)
    case 0x45: return failed(body, isWhole: isWhole)
    case 0x57:
      answer.noteReplication(bytes)
      isReplicating = true
      return .last
    default: break
    }
    return nil
  }

  private mutating func failed(_ body: RawSpan, isWhole: Bool) -> End {
    answer.error = PostgreSQLError(body, hasSecrets: queue.hasSecrets)
    guard isWhole else { return .none }
    let isFatal = answer.error?.isFatal == true
    switch queue.first?.kind {
    case .startup, .encryption: return .last
    case .extended:
      isSkipping = true
      return isFatal || queue.first?.isSynced != true ? .last : .none
    default: return isFatal ? .last : .none
    }
  }

  /// ReadyForQuery where no answer is at hand.
  private mutating func ready(_ length: Int) -> Step {
    defer { queue.noteReady() }
    let wasSkipping = isSkipping
    (isSkipping, isReplicating) = (false, false)
    if wasSkipping {
      guard let keys = queue.removeSkipped() else { return .skip(length) }
      let fault = Entry.Fault(
        .pairNotFound, "passed over by the server: a statement before it in the pipeline failed")
      return .abandon(keys, because: fault, length: length)
    }
    if queue.first?.kind == .sync { queue.removeFirst() }
    return .skip(length)
  }

  /// The answer at hand is complete. Gives how many bytes its client has sent of a COPY.
  private mutating func close(_ end: End) -> Int {
    if end == .ready { (isSkipping, isReplicating) = (false, false) }
    isAnswering = false
    var copied = 0
    if let first = queue.first, first.key == answer.key {
      copied = first.copied
      queue.removeFirst()
    }
    if end == .ready { queue.noteReady() }
    return copied
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
    return .message(consume message, length: held)
  }
}
