import Bytes
import Entries
import Flows
import JSON

// Replies: what servers send.
extension Redis {
  /// Bytes of an error that go with the status.
  private static let maxError = 200

  mutating func reply(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    if isReplica { return try replicated(bytes, side) }
    if queue.next?.effect == .sync, bytes.byte(0) == RESP.string {
      return try snapshot(bytes, side)
    }
    if ways[inPlace: side].scanner.position == 0, let length = RESP.plainLength(bytes) {
      ways[inPlace: side].scanner.passValue()
      return whole(bytes.prefix(length), side)
    }
    let frame = try frame(bytes, side)
    switch frame {
    case .needs(let count): return .needs(count)
    case .whole(let length): return whole(bytes.prefix(length), side)
    case .long: return begin(answer(bytes, isPart: true), frame, side)
    }
  }

  /// A value that is there whole.
  private mutating func whole(_ bytes: RawSpan, _ side: Side) -> Step {
    let message = answer(bytes, isPart: false)
    if isReplica { ways[inPlace: side].phase = .snapshot }
    return .message(message, length: bytes.byteCount)
  }

  /// The message of a value: a reply to the oldest command, or something said unasked.
  mutating func answer(_ bytes: RawSpan, isPart: Bool) -> Message {
    var type = bytes.byte(0)
    var kind: RedisVerb.Effect?
    if mayBeUnasked(type) {
      let preview = RESPPreview(bytes)
      if isUnasked(preview, bytes) { return unasked(preview, bytes) }
      type = preview.type
      kind = confirmation(preview, bytes)
      if let kind {
        isSubscribed = true
        guard queue.next?.effect == kind else {
          // One of several to the command before.
          if let confirmed { return Message(.interim, .redis, key: confirmed) }
          return unasked(preview, bytes)
        }
      }
    }
    let answer = queue.answer(isOnly: kind == nil)
    if kind != nil { confirmed = answer.asked.key }
    if answer.isFurther { return Message(.interim, .redis, key: answer.asked.key) }
    note(answer.asked.effect, type)
    var message = Message(.response, .redis, key: answer.asked.key)
    if answer.isOrphan { message.partner = .lost }
    if answer.isUnknown { message.fault = AnswerOrder.unknownQuestion }
    describe(&message, bytes, answer.asked, isPart: isPart)
    return message
  }

  /// What a command has changed now that it is answered.
  private mutating func note(_ effect: RedisVerb.Effect, _ type: UInt8) {
    switch effect {
    case .monitor: isMonitoring = type == RESP.simple
    case .reset: (isMonitoring, isSubscribed) = (false, false)
    case .psync: isReplica = type == RESP.simple
    default: break
    }
  }

  // MARK: Said unasked

  /// Whether a value that begins so may be something said unasked, or the confirmation of a
  /// subscription.
  private func mayBeUnasked(_ first: UInt8) -> Bool {
    switch first {
    case RESP.string, RESP.integer, RESP.null, RESP.boolean, RESP.double, RESP.error: false
    case RESP.simple: isMonitoring
    default: true
    }
  }

  private mutating func isUnasked(_ preview: RESPPreview, _ bytes: RawSpan) -> Bool {
    switch preview.type {
    case RESP.push: return confirmation(preview, bytes) == nil
    case RESP.array:
      guard isSubscribed || queue.isEmpty, let place = preview.firstWord(bytes) else {
        return false
      }
      let word = bytes.slice(place)
      return word.equals("message") || word.equals("pmessage") || word.equals("smessage")
    case RESP.simple:
      guard isMonitoring else { return false }
      guard let start = preview.line(bytes).first else { return false }
      return bytes.byte(start) &- 0x30 < 10
    default: return false
    }
  }

  /// What a reply confirms, when it has the form of a confirmation.
  private mutating func confirmation(
    _ preview: RESPPreview, _ bytes: RawSpan
  ) -> RedisVerb.Effect? {
    let isExpected =
      switch queue.next?.effect {
      case .subscribe, .unsubscribe: true
      default: isSubscribed
      }
    guard preview.type == RESP.push || preview.type == RESP.array && isExpected,
      let place = preview.firstWord(bytes)
    else { return nil }
    let word = bytes.slice(place)
    if word.equals("subscribe") || word.equals("psubscribe") || word.equals("ssubscribe") {
      return .subscribe
    }
    if word.equals("unsubscribe") || word.equals("punsubscribe") || word.equals("sunsubscribe") {
      return .unsubscribe
    }
    return nil
  }

  private mutating func unasked(_ preview: RESPPreview, _ bytes: RawSpan) -> Message {
    var message = Message(.response, .redis, key: queue.loneKey())
    message.partner = .none
    var asked = RedisQueue.Asked()
    if preview.type == RESP.simple {
      let line = RedisMonitorLine(bytes.slice(preview.line(bytes)))
      if line.isSecret {
        var writer = JSONWriter(reserving: 64 + line.text.utf8.count)
        writer.fragment(preview.opening)
        writer.fragment(#","value":"#)
        writer.write(line.text)
        writer.fragment("}")
        message.details = writer.bytes
      } else {
        describe(&message, bytes, asked, isPart: true)
      }
      message.fields.set(.redisType, .text("MONITOR"))
      message.fields.set(.redisCommand, .text(line.text))
      return message
    }
    if let name = preview.firstWord(bytes), RedisCommand.isName(bytes.slice(name)) {
      var words = [name]
      while let word = preview.word(bytes, words.count) { words.append(word) }
      // What is published to a channel that is called like a secret.
      let hidden = RedisSecrets.following(bytes, words, from: 1)
      if !hidden.isEmpty { asked.secrecy = .words }
      message.fields.add(.redisType, .text) {
        RedisCommand.append(upper: bytes.slice(name), to: &$0)
      }
      message.fields.add(.redisCommand, .text) {
        RedisCommand.append(bytes, words, RedisSecrets.Hidden(places: hidden), to: &$0)
      }
    }
    describe(&message, bytes, asked, isPart: true)
    return message
  }

  // MARK: Describing

  private mutating func describe(
    _ message: inout Message, _ bytes: RawSpan, _ asked: RedisQueue.Asked, isPart: Bool
  ) {
    let isCut = isPart && bytes.byteCount > RESPPreview.shown
    if asked.secrecy == .none, Self.areFacts(bytes) {
      // A byte more than is shown says that it is cut.
      let kept = isCut ? RESPPreview.shown + 1 : RESPPreview.shown
      message.facts = UInt16(clamping: min(bytes.byteCount, kept))
      return
    }
    var preview = RESPPreview(bytes, hiding: asked.secrecy)
    var writer = JSONWriter(reserving: 64 + 2 * min(bytes.byteCount, RESPPreview.shown))
    writer.fragment(preview.opening)
    if preview.type == RESP.error || preview.type == RESP.blobError {
      let text = RedisSecrets.shownError(bytes.slice(preview.line(bytes)))
      if !asked.isListed, text.hasPrefix("ERR unknown command") { forget(&message, text) }
      let word = String(text.prefix { $0 != " " })
      writer.fragment(#","keyword":"#)
      writer.write(word)
      writer.fragment(#","value":"#)
      writer.write(text)
      message.fields.add(.statusText, .text(Self.prefix(text)))
      // These two tell where to ask instead.
      message.failed = word != "MOVED" && word != "ASK"
    } else {
      Self.write(&preview, of: bytes, showsAttributes: asked.secrecy != .whole, isCut, &writer)
    }
    writer.fragment("}")
    message.details = writer.bytes
  }

  /// Whether a reply is kept as it came off the wire, as far as it is shown when somebody asks: it
  /// holds neither an error, which is read at once, nor attributes, which may come first.
  private static func areFacts(_ bytes: RawSpan) -> Bool {
    switch bytes.byte(0) {
    case RESP.error, RESP.blobError, RESP.attribute: false
    default: true
    }
  }

  package static func details(of facts: RawSpan) -> [UInt8] {
    if facts.isEmpty { return [] }
    var preview = RESPPreview(facts)
    var writer = JSONWriter(reserving: 64 + 2 * facts.byteCount)
    writer.fragment(preview.opening)
    let isCut = facts.byteCount > RESPPreview.shown
    write(&preview, of: facts, showsAttributes: true, isCut, &writer)
    writer.fragment("}")
    return writer.bytes
  }

  /// Writes the members of a value that is no error, behind its type.
  private static func write(
    _ preview: inout RESPPreview, of bytes: RawSpan, showsAttributes: Bool, _ isCut: Bool,
    _ writer: inout JSONWriter
  ) {
    if let count = preview.count {
      writer.fragment(#","count":"#)
      writer.write(count)
    }
    if preview.hasAttributes, showsAttributes {
      writer.fragment(#","attributes":"#)
      preview.writeAttributes(bytes, to: &writer)
    }
    writer.fragment(#","value":"#)
    preview.write(bytes, to: &writer)
    if preview.hasElementAttributes {
      writer.fragment(#","elementAttributes":"#)
      preview.writeElementAttributes(bytes, to: &writer)
    }
    if preview.isCut || isCut { writer.fragment(#","truncated":true"#) }
  }

  /// Takes back what was kept of a command that neither the server nor anybody else knows: it may
  /// be a mistyped AUTH. Commands of modules, which have a dot in their names, stay.
  private func forget(_ message: inout Message, _ error: String) {
    let marks: Set<Character> = [" ", "'", "`", ",", "\""]
    let words = error.split { marks.contains($0) }
    guard words.count > 3, !words[3].contains(".") else { return }
    message.fields.add(.redisCommand, .text("\(words[3]) \(RESPPreview.redacted)"))
    message.fields.add(.redisKey, .text(""))
  }

  private static func prefix(_ text: String) -> String {
    text.utf8.count <= maxError ? text : String(decoding: text.utf8.prefix(maxError), as: UTF8.self)
  }
}
