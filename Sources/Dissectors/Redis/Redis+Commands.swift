import Bytes
import Entries
import Flows

// Commands: what clients send.
extension Redis {
  mutating func request(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    guard bytes.byte(0) == RESP.array else { return try inline(bytes, side) }
    if ways[inPlace: side].scanner.position == 0 {
      if let step = try whole(bytes) { return step }
      guard let header = try RESP.number(bytes, 0) else { return .needs(bytes.byteCount + 1) }
      // Servers pass over commands without words.
      if header.value <= 0 {
        ways[inPlace: side].scanner = RESPScanner()
        return .skip(header.end)
      }
    }
    let frame = try frame(bytes, side)
    if case .needs(let count) = frame { return .needs(count) }
    if case .whole(let length) = frame, let step = try whole(bytes.prefix(length)) { return step }
    var message = Message(.request, .redis, key: 0)
    file(try RedisCommand(array: bytes, into: &message.fields), &message)
    return begin(message, frame, side)
  }

  /// The command at the beginning of `bytes`, when it is there whole and of ordinary length.
  private mutating func whole(_ bytes: RawSpan) throws(WireError) -> Step? {
    var message = Message(.request, .redis, key: 0)
    guard let whole = try RedisCommand.whole(bytes, words: &words, into: &message.fields) else {
      return nil
    }
    file(whole.command, &message)
    return .message(consume message, length: whole.length)
  }

  /// A command on one line, as people type it.
  private mutating func inline(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    guard let end = bytes.firstOffset(of: 0x0a, from: ways[inPlace: side].searched) else {
      if bytes.byteCount > RESPScanner.maxLine { throw WireError(.tooLarge) }
      if !RedisShape.isText(bytes) { throw WireError(.foreign) }
      ways[inPlace: side].searched = bytes.byteCount
      return .needs(bytes.byteCount + 1)
    }
    ways[inPlace: side].searched = 0
    guard RedisShape.isText(bytes.prefix(end)) else { throw WireError(.foreign) }
    return .message(try command(bytes.prefix(end), isPart: false), length: end + 1)
  }

  /// The message of the command in these bytes, which end with it or where they were cut.
  mutating func command(_ bytes: RawSpan, isPart: Bool) throws(WireError) -> Message {
    var message = Message(.request, .redis, key: 0)
    if !bytes.isEmpty, bytes.byte(0) == RESP.array {
      file(try RedisCommand(array: bytes, isPart: isPart, into: &message.fields), &message)
    } else {
      var end = bytes.byteCount
      while end > 0, bytes.byte(end - 1) == 0x0d || bytes.byte(end - 1) == 0x0a { end -= 1 }
      file(try RedisCommand(inline: bytes.prefix(end), into: &message.fields), &message)
    }
    return message
  }

  /// Files a command for its reply, and says so in its message, which has its fields.
  private mutating func file(_ command: RedisCommand, _ message: inout Message) {
    let secrecy = secrecy(of: command)
    if isAnswered(command) {
      var asked = RedisQueue.Asked()
      asked.effect = command.effect
      asked.secrecy = secrecy
      asked.isListed = command.isListed
      if command.effect == .subscribe || command.effect == .unsubscribe {
        asked.replies = UInt32(clamping: max(1, command.count - 1))
      }
      message.key = queue.ask(asked)
    } else {
      message.key = queue.loneKey()
      message.partner = .none
    }
    if command.isCut {
      message.details = Array(
        #"{"arguments":\#(command.count - 1),"truncated":true}"#.utf8)
    }
  }

  /// What must not be shown of the reply to a command: to EXEC it holds those to all before it.
  private mutating func secrecy(of command: RedisCommand) -> RESPPreview.Secrecy {
    switch command.effect {
    case .multi: transaction = transaction ?? RESPPreview.Secrecy.none
    case .exec:
      // Without a beginning it is not known what was asked for.
      defer { transaction = nil }
      return transaction ?? .whole
    case .discard, .reset: transaction = nil
    default:
      guard let before = transaction, command.secrecy != .none else { break }
      let isNamed = command.secrecy == .named && before != .whole
      transaction = isNamed ? RESPPreview.Secrecy.named : RESPPreview.Secrecy.whole
    }
    return command.secrecy
  }

  /// Whether the server will say anything to it.
  private mutating func isAnswered(_ command: RedisCommand) -> Bool {
    if isReplica { return false }
    switch command.replyMode {
    case .on:
      isMute = false
      skipsNext = false
      return true
    case .off:
      isMute = true
      return false
    case .skip:
      if !isMute { skipsNext = true }
      return false
    case nil:
      if isMute { return false }
      defer { skipsNext = false }
      return !skipsNext
    }
  }
}
