import Bytes

/// What bytes of PostgreSQL look like.
enum PostgreSQLShape {
  /// Codes in place of a version (`CANCEL_REQUEST_CODE` and others).
  static let cancel: UInt32 = 80_877_102
  static let ssl: UInt32 = 80_877_103
  static let gss: UInt32 = 80_877_104

  /// Types of messages of the client.
  static func isRequest(_ type: UInt8) -> Bool {
    switch type {
    // B C D E F H P Q S X c d f p
    case 0x42...0x46, 0x48, 0x50, 0x51, 0x53, 0x58, 0x63, 0x64, 0x66, 0x70: true
    default: false
    }
  }

  /// Types of messages of the server.
  static func isReply(_ type: UInt8) -> Bool {
    switch type {
    // 1 2 3 A C D E G H I K N R S T V W Z c d n s t v
    case 0x31...0x33, 0x41, 0x43...0x45, 0x47...0x49, 0x4b, 0x4e, 0x52...0x54, 0x56, 0x57, 0x5a,
      0x63, 0x64, 0x6e, 0x73, 0x74, 0x76:
      true
    default: false
    }
  }

  /// Types that only a server uses.
  static func isReplyAlone(_ type: UInt8) -> Bool { isReply(type) && !isRequest(type) }

  /// Whether a statement or a step of the extended protocol begins here.
  static func beginsRequest(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= 5 else { return false }
    let length = Int(bytes.big32(1))
    switch bytes.byte(0) {
    case 0x51: return isText(bytes, 5, length)
    // Parse and Bind begin with two names.
    case 0x50, 0x42:
      guard let name = bytes.firstOffset(of: 0, from: 5) else { return false }
      return length > 7 && length < 1 << 24 && name - 5 < 64
        && (bytes.byte(0) == 0x42 || isText(bytes, name + 1, length - (name - 4)))
    case 0x53: return length == 4
    default: return false
    }
  }

  /// Whether a text with a zero at its end stands there, as far as it is there.
  private static func isText(_ bytes: RawSpan, _ start: Int, _ length: Int) -> Bool {
    guard length >= 5, length < 1 << 28, start < bytes.byteCount else { return false }
    let end = start + length - 5
    if bytes.byte(0) == 0x51, end < bytes.byteCount, bytes.byte(end) != 0 { return false }
    let first = SQLText.skipBlanks(bytes.prefix(start + 256), start)
    return first < bytes.byteCount && (bytes.byte(first) | 0x20) &- 0x61 < 26
  }

  /// Whether an answer, or a part of it that can be told, begins here.
  static func beginsReply(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= 6 else { return false }
    let length = Int(bytes.big32(1))
    switch bytes.byte(0) {
    case 0x31...0x33, 0x6e, 0x49, 0x73: return length == 4
    case 0x5a: return length == 5 && isState(bytes.byte(5))
    // Authentication: a small number, and perhaps what belongs to it.
    case 0x52: return length >= 8 && length < 512 && bytes.byte(5) == 0
    case 0x54: return length > 6 && length < 1 << 20 && bytes.byte(5) < 8
    case 0x74: return length >= 6 && length < 1 << 18
    case 0x43: return length > 4 && length < 64 && bytes.byte(5) &- 0x41 < 26
    case 0x45: return length > 8 && length < 1 << 16 && bytes.byte(5) == 0x53
    default: return false
    }
  }

  /// Whether these bytes, too few to tell, may be the beginning of a statement or of a step of the
  /// extended protocol.
  static func mayBeginRequest(_ bytes: RawSpan) -> Bool {
    let count = bytes.byteCount
    switch bytes.byte(0) {
    case 0x42, 0x50, 0x51, 0x53: break
    default: return false
    }
    guard count >= 5 else { return count == 1 || bytes.byte(1) == 0 }
    let length = Int(bytes.big32(1))
    guard count <= length, length < 1 << 24 else { return false }
    var text = 5
    if bytes.byte(0) != 0x51 {
      guard length > 7, bytes.byte(0) != 0x53 else { return false }
      guard let name = bytes.firstOffset(of: 0, from: 5) else { return count - 5 < 64 }
      guard bytes.byte(0) == 0x50, name - 5 < 64 else { return false }
      text = name + 1
    }
    // Nothing of the statement but blanks, or half of what begins a comment.
    return count < text + 256 && SQLText.skipBlanks(bytes, text) + 1 >= count
  }

  /// Whether these bytes, too few to tell, may be the beginning of an answer, or of a part of it.
  static func mayBeginReply(_ bytes: RawSpan) -> Bool {
    let count = bytes.byteCount
    guard count < 6 else { return false }
    switch bytes.byte(0) {
    case 0x31...0x33, 0x43, 0x45, 0x49, 0x52, 0x54, 0x5a, 0x6e, 0x73, 0x74: break
    default: return false
    }
    guard count == 5 else { return count == 1 || bytes.byte(1) == 0 }
    let length = Int(bytes.big32(1))
    switch bytes.byte(0) {
    case 0x31...0x33, 0x6e, 0x49, 0x73: return length == 4
    case 0x5a: return length == 5
    case 0x52: return 8..<512 ~= length
    case 0x43: return 5..<64 ~= length
    default: return 6..<1 << 20 ~= length
    }
  }

  /// How many bytes at the end may be the beginning of ReadyForQuery, where not all of it is there.
  static func beginningOfReady(_ bytes: RawSpan) -> Int {
    let ready: StaticString = "Z\0\0\0\u{5}"
    for count in (1...ready.utf8CodeUnitCount).reversed() where count < bytes.byteCount {
      if bytes.suffix(from: bytes.byteCount - count).isBeginning(of: ready) { return count }
    }
    return 0
  }

  /// Status of a transaction in ReadyForQuery: I, T or E.
  static func isState(_ byte: UInt8) -> Bool { byte == 0x49 || byte == 0x54 || byte == 0x45 }
}

extension PostgreSQL {
  /// A startup packet, or in the middle of a conversation a statement or the end of an answer.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    if !client.isEmpty, client.byte(0) == 0 { return ofStartup(client, opening.isFinal) }
    guard opening.isMidway else { return .no }
    return isStatement(client) || isStatement(server) || isAnswer(client) || isAnswer(server)
      ? .yes(.likely) : .no
  }

  private static func ofStartup(_ bytes: RawSpan, _ isFinal: Bool) -> Recognition {
    guard bytes.byteCount >= 8 else {
      let mayBegin = bytes.byteCount < 2 || bytes.byte(1) == 0
      return mayBegin && !isFinal ? .needs(8) : .no
    }
    let length = Int(bytes.big32(0))
    switch bytes.big32(4) {
    case PostgreSQLShape.ssl, PostgreSQLShape.gss: return length == 8 ? .yes(.certain) : .no
    case PostgreSQLShape.cancel: return length >= 16 && length < 300 ? .yes(.certain) : .no
    default: break
    }
    // The number of a version is also that of a request of Kafka: the names must follow.
    guard bytes.big16(4) == 3, length > 9, length <= maxStartup else { return .no }
    guard bytes.byteCount >= length else {
      if bytes.byteCount > 8, (bytes.byte(8) | 0x20) &- 0x61 >= 26 { return .no }
      return isFinal ? .no : .needs(length)
    }
    let names = bytes.slice(8..<length)
    return names.firstOffset(of: "user\0") != nil && bytes.byte(length - 1) == 0
      ? .yes(.certain) : .no
  }

  /// A Query, or messages of the extended protocol in a row, to the end.
  private static func isStatement(_ bytes: RawSpan) -> Bool {
    guard PostgreSQLShape.beginsRequest(bytes) else { return false }
    let length = Int(bytes.big32(1)) + 1
    if bytes.byteCount == length { return bytes.byte(0) == 0x51 }
    if bytes.byteCount < length { return false }
    return isChain(bytes, PostgreSQLShape.isRequest)
  }

  /// Messages of a server in a row, the last one ReadyForQuery.
  private static func isAnswer(_ bytes: RawSpan) -> Bool {
    let count = bytes.byteCount
    guard count > 6, PostgreSQLShape.isReply(bytes.byte(0)), bytes.byte(count - 6) == 0x5a,
      bytes.big32(count - 5) == 5, PostgreSQLShape.isState(bytes.byte(count - 1))
    else { return false }
    return isChain(bytes, PostgreSQLShape.isReply)
  }

  /// Whether whole messages of such types fill the bytes.
  private static func isChain(_ bytes: RawSpan, _ fits: (UInt8) -> Bool) -> Bool {
    var at = 0
    while at + 5 <= bytes.byteCount {
      guard fits(bytes.byte(at)), bytes.big32(at + 1) >= 4 else { return false }
      at += Int(bytes.big32(at + 1)) + 1
    }
    return at == bytes.byteCount
  }
}
