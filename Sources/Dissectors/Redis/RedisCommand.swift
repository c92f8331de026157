import Bytes
import Entries

/// A command as a client sent it: an array of strings, or words on one line.
struct RedisCommand {
  /// Bytes of the key that are kept.
  static let maxKey = 64
  /// Bytes of memory beside a command's fields for those of its reply, which are added to them.
  private static let replyRoom = 64
  /// Longest name of a command.
  static let maxName = 64

  let effect: RedisVerb.Effect
  /// The name is one that is listed.
  let isListed: Bool
  /// What may be shown of the reply.
  let secrecy: RESPPreview.Secrecy
  /// Arguments on the wire, the name included.
  let count: Int
  /// The line does not hold all of it.
  let isCut: Bool
  /// CLIENT REPLY and what it was told.
  private(set) var replyMode: ReplyMode?

  enum ReplyMode: Sendable { case on, off, skip }

  // All ways to read a command add to the fields: its name in upper case; name and arguments with
  // blanks between, secrets replaced, only the beginning of long ones; and the key.

  /// Reads the beginning of an array of strings (`RESPPreview.limit`).
  /// - Parameter isPart: the rest of it was not captured.
  /// - Throws: what is not a command.
  init(
    array bytes: RawSpan, isPart: Bool = false, into fields: inout FieldValues
  ) throws(WireError) {
    let bytes = bytes.prefix(RESPPreview.limit)
    guard bytes.byteCount > 0, bytes.byte(0) == RESP.array,
      let header = try RESP.number(bytes, 0), header.value > 0
    else { throw WireError(.invalid) }
    var words: [Range<Int>] = []
    words.reserveCapacity(min(header.value, 8))
    var at = header.end
    var isCut = false
    while words.count < header.value {
      guard at < bytes.byteCount else {
        isCut = true
        break
      }
      guard bytes.byte(at) == RESP.string else { throw WireError(.invalid, at: at) }
      guard let string = try RESP.number(bytes, at) else {
        isCut = true
        break
      }
      guard string.value >= 0 else { throw WireError(.invalid, at: at) }
      let end = string.end + min(string.value, bytes.byteCount - string.end)
      if isPart, words.isEmpty, end - string.end < string.value { break }
      words.append(string.end..<end)
      if end - string.end < string.value {
        isCut = true
        break
      }
      at = end + 2
    }
    self = try RedisCommand(bytes, words, count: header.value, isCut: isCut, into: &fields)
  }

  /// Reads an array of strings that is there whole, its words left in `words` for the next to use
  /// their memory. Nil when it is not whole, or longer than `RESPPreview.limit`, or anything else:
  /// then a scanner tells what it is.
  /// - Throws: what is not a command.
  static func whole(
    _ bytes: RawSpan, words: inout [Range<Int>], into fields: inout FieldValues
  ) throws(WireError) -> (command: RedisCommand, length: Int)? {
    let bytes = bytes.prefix(RESPPreview.limit)
    // Taken out meanwhile: what lies in another's place is held twice to be looked at.
    var found: [Range<Int>] = []
    swap(&found, &words)
    defer { swap(&found, &words) }
    found.removeAll(keepingCapacity: true)
    guard let length = find(bytes, &found) else { return nil }
    let command = try RedisCommand(
      bytes, found, count: found.count, isCut: false, into: &fields)
    return (command, length)
  }

  /// Finds the words of an array of strings, and where it ends; nil when it is not whole.
  private static func find(_ bytes: RawSpan, _ words: inout [Range<Int>]) -> Int? {
    guard let header = RESP.length(bytes, 0),
      header.value > 0, header.value <= bytes.byteCount / leastWord
    else { return nil }
    var at = header.end
    words.append(addingCapacity: header.value) { target in
      for _ in 0..<header.value {
        guard let word = RESP.plainString(bytes, at) else { return }
        target.append(word)
        at = word.upperBound + 2
      }
    }
    return words.count == header.value ? at : nil
  }

  /// Bytes of the shortest word on the wire: `$0` and an empty line.
  private static let leastWord = 6

  /// Reads a line without its end.
  init(inline text: RawSpan, into fields: inout FieldValues) throws(WireError) {
    let shown = text.prefix(RESPPreview.limit)
    let (bytes, words) = RedisWords.split(shown)
    self = try RedisCommand(
      bytes.rawSpan, words, count: words.count, isCut: shown.byteCount < text.byteCount,
      into: &fields)
  }

  private init(
    _ bytes: RawSpan, _ words: [Range<Int>], count: Int, isCut: Bool, into fields: inout FieldValues
  ) throws(WireError) {
    guard let first = words.first else { throw WireError(.invalid) }
    let verb = RedisVerb.named(bytes.slice(first))
    guard verb != nil || Self.isName(bytes.slice(first)) else { throw WireError(.invalid) }
    effect = verb?.effect ?? .none
    isListed = verb != nil
    let hidden = RedisSecrets.hidden(verb, bytes, words)
    secrecy = hidden.secrecy
    self.count = count
    self.isCut = isCut
    let key = hidden.hidesKey ? nil : Self.key(verb?.key ?? .at(1), bytes, words)
    if hidden.isNothing, bytes.slice(first.lowerBound..<words[words.count - 1].upperBound).isASCII {
      Self.add(bytes, words, key, to: &fields)
    } else {
      fields.add(.redisType, .text) { Self.append(upper: bytes.slice(first), to: &$0) }
      fields.add(.redisCommand, .text) { Self.append(bytes, words, hidden, to: &$0) }
      if let key { fields.add(.redisKey, text: bytes.slice(key).prefix(Self.maxKey)) }
    }
    if effect == .client, words.count > 2, bytes.slice(words[1]).equalsIgnoringCase("reply") {
      let mode = bytes.slice(words[2])
      replyMode =
        mode.equalsIgnoringCase("off")
        ? .off : mode.equalsIgnoringCase("skip") ? .skip : .on
    }
  }

  /// Adds the fields of a command of which nothing is hidden, and all is ASCII: in one piece.
  @inline(__always)
  private static func add(
    _ bytes: RawSpan, _ words: [Range<Int>], _ key: Range<Int>?, to fields: inout FieldValues
  ) {
    let words = words.span
    var length = words.count
    for place in words.indices { length += words[place].count }
    let room = 3 * packedHeadBytes + words[0].count + length + maxKey
    fields.reserve(bytes: room + replyRoom)
    fields.append(room: room) { target in
      let name = bytes.slice(words[0])
      target.add(.redisType, .text) { text in
        for offset in 0..<name.byteCount { text.append(upper(name.byte(offset))) }
      }
      target.add(.redisCommand, .text) { text in
        text.append(name)
        for place in words.indices.dropFirst() {
          text.append(0x20)
          text.append(bytes.slice(words[place]))
        }
      }
      if let key { target.add(.redisKey, .text, packed: bytes.slice(key).prefix(maxKey)) }
    }
  }

  /// Whether these bytes can be the name of a command.
  static func isName(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > 0, bytes.byteCount <= maxName, isLetter(bytes.byte(0)) else {
      return false
    }
    for offset in 0..<bytes.byteCount where !isNameByte(bytes.byte(offset)) { return false }
    return true
  }

  /// Names of modules hold dots and more: `JSON.GET`, `CMS.INCRBY`.
  static func isNameByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || byte &- 0x30 < 10 || byte == 0x2e || byte == 0x5f || byte == 0x2d
      || byte == 0x7c || byte == 0x3a
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

  /// Appends a name in upper case.
  static func append(upper name: RawSpan, to text: inout [UInt8]) {
    for offset in 0..<name.byteCount { text.append(upper(name.byte(offset))) }
  }

  @inline(__always)
  private static func upper(_ byte: UInt8) -> UInt8 { byte &- 0x61 < 26 ? byte & 0xdf : byte }

  /// Appends name and arguments with blanks between, those that are hidden replaced.
  static func append(
    _ bytes: RawSpan, _ words: [Range<Int>], _ hidden: RedisSecrets.Hidden,
    to text: inout [UInt8]
  ) {
    if hidden.places.isEmpty, hidden.script == nil {
      text.append(text: bytes, at: words, separatedBy: 0x20)
      return
    }
    // Places are in order.
    var next = 0
    for place in words.indices {
      if place > 0 { text.append(0x20) }
      while next < hidden.places.count, hidden.places[next] < place { next += 1 }
      if next < hidden.places.count, hidden.places[next] == place {
        text.append(contentsOf: RESPPreview.redacted.utf8)
      } else if place == hidden.script {
        let script = RedisScript(bytes.slice(words[place])).text
        text.append(text: script.rawSpan)
      } else {
        text.append(text: bytes.slice(words[place]))
      }
    }
  }

  /// Place of the key.
  private static func key(
    _ rule: RedisVerb.Key, _ bytes: RawSpan, _ words: [Range<Int>]
  ) -> Range<Int>? {
    func word(_ place: Int) -> Range<Int>? {
      guard place < words.count, !words[place].isEmpty else { return nil }
      return words[place]
    }
    func place(behind text: StaticString) -> Int? {
      words.firstIndex { bytes.slice($0).equalsIgnoringCase(text) }.map { $0 + 1 }
    }
    switch rule {
    case .none: return nil
    case .at(let place): return word(place)
    case .counted(let place):
      guard place < words.count, !bytes.slice(words[place]).equals("0") else { return nil }
      return word(place + 1)
    case .behindStreams: return place(behind: "streams").flatMap(word)
    case .migrate: return word(3) ?? place(behind: "keys").flatMap(word)
    }
  }
}
