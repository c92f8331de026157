import Bytes

/// Why text is not JSON, and where.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Reason: Equatable, Sendable {
    case unexpectedEnd
    case unexpected(UInt8)
    case invalidNumber
    case invalidEscape
    case invalidUTF8
    case controlCharacter
    case tooDeep
    case trailingText
  }

  package var reason: Reason
  /// Bytes from the start.
  package var offset: Int

  package var description: String {
    let what =
      switch reason {
      case .unexpectedEnd: "the text ends too early"
      case .unexpected(let byte):
        byte >= 0x20 && byte < 0x7f
          ? "unexpected character '\(Unicode.Scalar(byte))'" : "unexpected byte \(byte)"
      case .invalidNumber: "not a number"
      case .invalidEscape: "unknown escape"
      case .invalidUTF8: "not valid UTF-8"
      case .controlCharacter: "a control character stands unescaped in a text"
      case .tooDeep: "nested deeper than \(JSONReader.maxDepth) levels"
      case .trailingText: "something follows the value"
      }
    return "\(what) at byte \(offset)"
  }
}

/// A strict reader (RFC 8259): no comments, no trailing commas, no bare words.
///
/// Depth is limited, so hostile nesting yields an error and not a stack overflow. A lone
/// surrogate escape becomes U+FFFD, because the text must be Unicode inside.
package struct JSONReader {
  /// Deepest nesting accepted.
  package static let maxDepth = 256

  private let bytes: [UInt8]
  private var at = 0

  /// The one value that `bytes` hold.
  package static func value(of bytes: [UInt8]) throws(JSONError) -> JSONValue {
    var reader = JSONReader(bytes: bytes)
    reader.skipBlanks()
    let value = try reader.value(depth: 0)
    reader.skipBlanks()
    guard reader.at == bytes.count else { throw reader.error(.trailingText) }
    return value
  }

  package static func value(of text: String) throws(JSONError) -> JSONValue {
    try value(of: Array(text.utf8))
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func error(_ reason: JSONError.Reason) -> JSONError {
    JSONError(reason: reason, offset: at)
  }

  private mutating func skipBlanks() {
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x09, 0x0a, 0x0d: at += 1
      default: return
      }
    }
  }

  private func peek() throws(JSONError) -> UInt8 {
    guard at < bytes.count else { throw error(.unexpectedEnd) }
    return bytes[at]
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < Self.maxDepth else { throw error(.tooDeep) }
    switch try peek() {
    case 0x7b: return try object(depth: depth)
    case 0x5b: return try array(depth: depth)
    case 0x22: return .string(try string())
    case 0x74:
      try word("true")
      return .bool(true)
    case 0x66:
      try word("false")
      return .bool(false)
    case 0x6e:
      try word("null")
      return .null
    case 0x2d, 0x30...0x39: return try number()
    case let byte: throw error(.unexpected(byte))
    }
  }

  private mutating func word(_ word: StaticString) throws(JSONError) {
    let end = at + word.utf8CodeUnitCount
    for offset in 0..<word.utf8CodeUnitCount {
      guard at < bytes.count else { throw error(.unexpectedEnd) }
      guard bytes[at] == word.utf8Start[offset] else { throw error(.unexpected(bytes[at])) }
      at += 1
    }
    at = end
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    at += 1
    skipBlanks()
    var members: [JSONObject.Member] = []
    if try peek() == 0x7d {
      at += 1
      return .object(JSONObject())
    }
    while true {
      guard try peek() == 0x22 else { throw error(.unexpected(bytes[at])) }
      let name = try string()
      skipBlanks()
      guard try peek() == 0x3a else { throw error(.unexpected(bytes[at])) }
      at += 1
      skipBlanks()
      members.append(.init(name: name, value: try value(depth: depth + 1)))
      skipBlanks()
      switch try peek() {
      case 0x2c:
        at += 1
        skipBlanks()
      case 0x7d:
        at += 1
        return .object(JSONObject(members: members))
      case let byte: throw error(.unexpected(byte))
      }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    at += 1
    skipBlanks()
    var elements: [JSONValue] = []
    if try peek() == 0x5d {
      at += 1
      return .array([])
    }
    while true {
      elements.append(try value(depth: depth + 1))
      skipBlanks()
      switch try peek() {
      case 0x2c:
        at += 1
        skipBlanks()
      case 0x5d:
        at += 1
        return .array(elements)
      case let byte: throw error(.unexpected(byte))
      }
    }
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = at
    var isInteger = true
    if bytes[at] == 0x2d { at += 1 }
    guard let first = current, isDigit(first) else { throw error(.invalidNumber) }
    at += 1
    if first != 0x30 { skipDigits() }
    if current == 0x2e {
      isInteger = false
      at += 1
      guard let byte = current, isDigit(byte) else { throw error(.invalidNumber) }
      skipDigits()
    }
    if current == 0x65 || current == 0x45 {
      isInteger = false
      at += 1
      if current == 0x2b || current == 0x2d { at += 1 }
      guard let byte = current, isDigit(byte) else { throw error(.invalidNumber) }
      skipDigits()
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    // "-0" is an integer by its text, but as Int64 it would lose its sign.
    if isInteger, text != "-0", let value = Int64(text) { return .int(value) }
    return .number(JSONNumber(text: text))
  }

  private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func skipDigits() {
    while let byte = current, isDigit(byte) { at += 1 }
  }

  private mutating func string() throws(JSONError) -> String {
    at += 1
    let start = at
    // Most texts have no escape: take them in one piece.
    while at < bytes.count, bytes[at] != 0x22, bytes[at] != 0x5c, bytes[at] >= 0x20 { at += 1 }
    guard at < bytes.count else { throw error(.unexpectedEnd) }
    if bytes[at] == 0x22 {
      defer { at += 1 }
      return try validated(bytes[start..<at], from: start)
    }
    var buffer = Array(bytes[start..<at])
    while true {
      switch try peek() {
      case 0x22:
        at += 1
        return try validated(buffer[...], from: start)
      case 0x5c:
        at += 1
        try escape(into: &buffer)
      case 0..<0x20: throw error(.controlCharacter)
      case let byte:
        buffer.append(byte)
        at += 1
      }
    }
  }

  private func validated(_ slice: ArraySlice<UInt8>, from start: Int) throws(JSONError) -> String {
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw JSONError(reason: .invalidUTF8, offset: start)
    }
    return text
  }

  private mutating func escape(into buffer: inout [UInt8]) throws(JSONError) {
    let mark = try peek()
    at += 1
    switch mark {
    case 0x22, 0x5c, 0x2f: buffer.append(mark)
    case 0x62: buffer.append(0x08)
    case 0x66: buffer.append(0x0c)
    case 0x6e: buffer.append(0x0a)
    case 0x72: buffer.append(0x0d)
    case 0x74: buffer.append(0x09)
    case 0x75:
      let scalar = try unicodeEscape()
      buffer.append(contentsOf: String(scalar).utf8)
    default:
      at -= 1
      throw error(.invalidEscape)
    }
  }

  private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
    let first = try fourDigits()
    guard (0xd800..<0xe000).contains(first) else { return Unicode.Scalar(first) ?? "\u{fffd}" }
    guard first < 0xdc00, at + 1 < bytes.count, bytes[at] == 0x5c, bytes[at + 1] == 0x75 else {
      return "\u{fffd}"
    }
    let mark = at
    at += 2
    let second = try fourDigits()
    guard (0xdc00..<0xe000).contains(second) else {
      at = mark
      return "\u{fffd}"
    }
    return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)) ?? "\u{fffd}"
  }

  private mutating func fourDigits() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      let byte = try peek()
      let digit: UInt8
      switch byte {
      case 0x30...0x39: digit = byte - 0x30
      case 0x41...0x46: digit = byte - 0x41 + 10
      case 0x61...0x66: digit = byte - 0x61 + 10
      default: throw error(.invalidEscape)
      }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
