import Bytes
import JSON

/// A command as a client sent it: an array of strings, or words on one line.
struct RedisCommand {
  /// Bytes of the key that are kept.
  static let maxKey = 64
  /// Longest name of a command.
  static let maxName = 64

  /// Upper case.
  let name: String
  /// Name and arguments with blanks between, passwords replaced; only the beginning of long ones.
  let line: String
  let key: String?
  let effect: RedisVerb.Effect
  /// What may be shown of the reply.
  let secrecy: RESPPreview.Secrecy
  /// Arguments on the wire, the name included.
  let count: Int
  /// The line does not hold all of it.
  let isCut: Bool
  /// CLIENT REPLY and what it was told.
  private(set) var replyMode: ReplyMode?

  enum ReplyMode: Sendable { case on, off, skip }

  /// Reads the beginning of an array of strings (`RESPPreview.limit`).
  /// - Parameter isPart: the rest of it was not captured.
  /// - Throws: what is not a command.
  init(array bytes: RawSpan, isPart: Bool = false) throws(WireError) {
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
    self = try RedisCommand(bytes, words, count: header.value, isCut: isCut)
  }

  /// Reads a line without its end.
  init(inline text: RawSpan) throws(WireError) {
    let shown = text.prefix(RESPPreview.limit)
    let (bytes, words) = RedisWords.split(shown)
    self = try RedisCommand(
      bytes.rawSpan, words, count: words.count, isCut: shown.byteCount < text.byteCount)
  }

  private init(
    _ bytes: RawSpan, _ words: [Range<Int>], count: Int, isCut: Bool
  ) throws(WireError) {
    guard let first = words.first, Self.isName(bytes.slice(first)) else {
      throw WireError(.invalid)
    }
    name = Self.upper(bytes.slice(first))
    let verb = RedisVerb.named(name)
    effect = verb?.effect ?? .none
    let hidden = effect == .none ? [] : RedisSecrets.places(effect, bytes, words)
    secrecy = effect == .none ? .none : RedisSecrets.secrecy(effect, bytes, words)
    self.count = count
    self.isCut = isCut
    line = Self.line(bytes, words, hidden)
    key = Self.key(verb?.key ?? .at(1), bytes, words)
    if effect == .client, words.count > 2, bytes.slice(words[1]).equalsIgnoringCase("reply") {
      let mode = bytes.slice(words[2])
      replyMode =
        mode.equalsIgnoringCase("off")
        ? .off : mode.equalsIgnoringCase("skip") ? .skip : .on
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

  static func upper(_ bytes: RawSpan) -> String {
    String(unsafeUninitializedCapacityOf: bytes.byteCount) { offset in
      let byte = bytes.byte(offset)
      return byte &- 0x61 < 26 ? byte & 0xdf : byte
    }
  }

  private static func line(_ bytes: RawSpan, _ words: [Range<Int>], _ hidden: [Int]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((words.last?.upperBound ?? 0) - (words.first?.lowerBound ?? 0) + 16)
    for (place, word) in words.enumerated() {
      if place > 0 { text.append(0x20) }
      if hidden.contains(place) {
        text.append(contentsOf: RESPPreview.redacted.utf8)
      } else {
        text.append(bytes.slice(word))
      }
    }
    return text.rawSpan.text()
  }

  private static func key(
    _ rule: RedisVerb.Key, _ bytes: RawSpan, _ words: [Range<Int>]
  ) -> String? {
    func word(_ place: Int) -> String? {
      guard place < words.count, !words[place].isEmpty else { return nil }
      return bytes.slice(words[place]).prefix(maxKey).text()
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

extension String {
  /// ASCII text made byte by byte.
  fileprivate init(unsafeUninitializedCapacityOf count: Int, _ byte: (Int) -> UInt8) {
    self.init()
    reserveCapacity(count)
    for offset in 0..<count { unicodeScalars.append(Unicode.Scalar(byte(offset))) }
  }
}
