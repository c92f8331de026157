import Bytes

/// Finds where a value of the Redis serialization protocol ends (RESP2, RESP3).
///
/// Can stop anywhere and go on when there are more bytes, without looking at any byte twice:
/// `position` says how far it came. Values nest; what is kept of that is how many elements are
/// still to come in each of the values around.
///
///     +text CRLF         -error CRLF        :integer CRLF      ,double CRLF
///     #t CRLF            _ CRLF             (big number CRLF
///     $length CRLF bytes CRLF               !length CRLF error CRLF    =length CRLF text CRLF
///     *count CRLF …      ~count CRLF …      >count CRLF …      %pairs CRLF …     |pairs CRLF …
///     $? CRLF ;length CRLF bytes CRLF … ;0 CRLF            *? CRLF … .CRLF (and ~? >? %?)
struct RESPScanner: Sendable {
  /// Values inside values, at most. Redis itself answers with fewer than ten.
  static let maxDepth = 32
  /// Elements of one value, at most.
  static let maxCount = 1 << 24
  /// Bytes of one string, at most: far above what servers accept (512 MiB by default).
  static let maxString = 1 << 32
  /// Bytes of a line without its length in front, at most (64 KiB for inline commands in Redis).
  static let maxLine = 64 << 10
  /// Elements still to come in a value whose end is told by a mark: so many never come.
  private static let endless = Int.max >> 1

  enum Outcome: Equatable {
    /// The value ends at `position`.
    case complete
    /// At `position` begins a line whose end is not there yet.
    case line
    /// At `position` begins a string whose end is not there yet: so many bytes before it, and so
    /// many of it with its line end.
    case string(header: Int, length: Int)
  }

  /// Bytes behind the last element that is whole.
  private(set) var position = 0
  /// Before this there is no end of the line at `position`.
  private var searched = 0
  /// Elements still to come in the innermost value.
  private var left: Int
  /// The same of the values around it.
  private var outer: [Int] = []

  /// - Parameter elements: how many values make the whole.
  init(elements: Int = 1) { left = elements }

  /// Nothing is missing.
  var isComplete: Bool { left == 0 && outer.allSatisfy { $0 == 0 } }

  /// Goes on as far as it can.
  mutating func scan(_ bytes: RawSpan) throws(WireError) -> Outcome {
    while true {
      while left == 0 {
        guard let next = outer.popLast() else { return .complete }
        left = next
      }
      guard position < bytes.byteCount else { return .line }
      if RESP.isStreamed(bytes, position) {
        guard try stream(bytes) else { return .line }
        continue
      }
      switch bytes.byte(position) {
      case RESP.streamEnd where isEndless:
        guard try endStream(bytes) else { return .line }
      case RESP.string where passStrings(bytes): continue
      case RESP.string, RESP.blobError, RESP.verbatim, RESP.piece:
        guard let header = try RESP.number(bytes, position) else { return .line }
        if bytes.byte(position) == RESP.piece {
          guard isEndless else { throw WireError(.invalid, at: position) }
          if header.value == 0 {
            (position, left) = (header.end, 0)
            continue
          }
        }
        if header.value == -1, bytes.byte(position) == RESP.string {
          advance(to: header.end)
          continue
        }
        guard header.value >= 0 else { throw WireError(.invalid, at: position) }
        guard header.value <= Self.maxString else { throw WireError(.tooLarge, at: position) }
        let end = header.end + header.value + 2
        if end > bytes.byteCount {
          return .string(header: header.end - position, length: header.value + 2)
        }
        guard bytes.byte(end - 2) == 0x0d, bytes.byte(end - 1) == 0x0a else {
          throw WireError(.invalid, at: end - 2)
        }
        advance(to: end)
      case RESP.array, RESP.map, RESP.set, RESP.push, RESP.attribute:
        guard let header = try RESP.number(bytes, position) else { return .line }
        try enter(bytes.byte(position), count: header.value)
        position = header.end
      case RESP.simple, RESP.error, RESP.integer, RESP.null, RESP.boolean, RESP.double,
        RESP.bigNumber:
        guard let end = try line(bytes) else { return .line }
        guard RESP.isWellFormed(bytes, position..<end - 2) else {
          throw WireError(.invalid, at: position)
        }
        advance(to: end)
      default: throw WireError(.invalid, at: position)
      }
    }
  }

  /// Passes over strings that are there whole, of which most long values consist; gives whether there
  /// is one at `position`.
  private mutating func passStrings(_ bytes: RawSpan) -> Bool {
    var (at, count) = (position, left)
    while count > 0, let string = RESP.plainString(bytes, at) {
      at = string.upperBound + 2
      count -= 1
    }
    defer { (position, left) = (at, count) }
    return at > position
  }

  /// The bytes before `position` are gone.
  mutating func rebase() {
    searched = max(0, searched - position)
    position = 0
  }

  /// The string at `position` is passed over by others.
  mutating func passString() { left -= 1 }

  /// The value at the beginning, of which no element is whole yet, was read by others.
  mutating func passValue() { searched = 0 }

  /// The element at `position` ends at `end`.
  private mutating func advance(to end: Int) {
    position = end
    left -= 1
  }

  /// Opens a value with elements.
  private mutating func enter(_ type: UInt8, count: Int) throws(WireError) {
    if count == -1, type == RESP.array {
      left -= 1
      return
    }
    guard count >= 0 else { throw WireError(.invalid, at: position) }
    guard count <= Self.maxCount, outer.count < Self.maxDepth else {
      throw WireError(.tooLarge, at: position)
    }
    // An attribute comes before the element it belongs to and is none itself.
    if type != RESP.attribute { left -= 1 }
    if count == 0 { return }
    outer.append(left)
    left = type == RESP.map || type == RESP.attribute ? 2 * count : count
  }

  /// The innermost value ends with a mark.
  private var isEndless: Bool { left > 2 * Self.maxCount }

  /// Opens a value whose end is told by a mark; gives whether its line is whole.
  private mutating func stream(_ bytes: RawSpan) throws(WireError) -> Bool {
    guard bytes.byteCount - position >= RESP.streamHead else { return false }
    guard bytes.little16(position + 2) == RESP.lineEnd else {
      throw WireError(.invalid, at: position)
    }
    guard outer.count < Self.maxDepth else { throw WireError(.tooLarge, at: position) }
    outer.append(left - 1)
    left = Self.endless
    position += RESP.streamHead
    return true
  }

  /// Closes such a value; gives whether the line of the mark is whole.
  private mutating func endStream(_ bytes: RawSpan) throws(WireError) -> Bool {
    guard bytes.byteCount - position >= RESP.streamTail else { return false }
    guard bytes.little16(position + 1) == RESP.lineEnd else {
      throw WireError(.invalid, at: position)
    }
    position += RESP.streamTail
    left = 0
    return true
  }

  /// End of the line at `position`, behind its line feed.
  private mutating func line(_ bytes: RawSpan) throws(WireError) -> Int? {
    guard let feed = bytes.firstOffset(of: 0x0a, from: max(searched, position)) else {
      if bytes.byteCount - position > Self.maxLine { throw WireError(.tooLarge, at: position) }
      searched = bytes.byteCount
      return nil
    }
    guard feed > position + 1, bytes.byte(feed - 1) == 0x0d else {
      throw WireError(.invalid, at: feed)
    }
    return feed + 1
  }
}

/// Marks and numbers of the protocol.
enum RESP {
  static let simple: UInt8 = 0x2b
  static let error: UInt8 = 0x2d
  static let integer: UInt8 = 0x3a
  static let string: UInt8 = 0x24
  static let array: UInt8 = 0x2a
  static let null: UInt8 = 0x5f
  static let boolean: UInt8 = 0x23
  static let double: UInt8 = 0x2c
  static let bigNumber: UInt8 = 0x28
  static let blobError: UInt8 = 0x21
  static let verbatim: UInt8 = 0x3d
  static let map: UInt8 = 0x25
  static let set: UInt8 = 0x7e
  static let push: UInt8 = 0x3e
  static let attribute: UInt8 = 0x7c
  /// A piece of a string whose end is told by an empty one.
  static let piece: UInt8 = 0x3b
  /// End of a value without a count.
  static let streamEnd: UInt8 = 0x2e

  /// Bytes of `$? CRLF` and its kin, and of the line that ends a value without a count.
  static let streamHead = 4
  static let streamTail = 3

  /// Whether `?` stands where the value at `offset` has its length or count.
  @inline(__always)
  static func isStreamed(_ bytes: RawSpan, _ offset: Int) -> Bool {
    guard offset + 1 < bytes.byteCount, bytes.byte(offset + 1) == 0x3f else { return false }
    return switch bytes.byte(offset) {
    case string, array, map, set, push: true
    default: false
    }
  }

  /// Carriage return and line feed, as `little16` reads them.
  static let lineEnd: UInt16 = 0x0a0d

  /// Digits of a length or count, at most.
  private static let maxDigits = 18

  /// The number behind the mark at `offset`, and where its line ends; nil when the line is not
  /// whole.
  static func number(
    _ bytes: RawSpan, _ offset: Int
  ) throws(WireError) -> (value: Int, end: Int)? {
    var at = offset + 1
    let count = bytes.byteCount
    let isNegative = at < count && bytes.byte(at) == 0x2d
    if isNegative { at += 1 }
    let digits = at
    var value = 0
    while at < count, bytes.byte(at) &- 0x30 < 10 {
      if at - digits >= maxDigits { throw WireError(.tooLarge, at: offset) }
      value = value * 10 + Int(bytes.byte(at) - 0x30)
      at += 1
    }
    if at == count { return nil }
    guard at > digits, bytes.byte(at) == 0x0d else { throw WireError(.invalid, at: at) }
    if at + 1 == count { return nil }
    guard bytes.byte(at + 1) == 0x0a else { throw WireError(.invalid, at: at + 1) }
    return (isNegative ? -value : value, at + 2)
  }

  /// The length or count behind the mark at `offset`, and where its line ends, as most are: of few
  /// digits, no sign, and whole. Nil for any other, which may be right all the same.
  @inline(__always)
  static func length(_ bytes: RawSpan, _ offset: Int) -> (value: Int, end: Int)? {
    // The digits and the end of the line, as they lie in one number.
    var rest: UInt64
    if bytes.byteCount - offset >= 8 {
      rest = bytes.little64(offset) >> 8
    } else {
      rest = 0
      for at in stride(from: bytes.byteCount - 1, to: offset, by: -1) {
        rest = rest << 8 | UInt64(bytes.byte(at))
      }
    }
    var value = 0
    var at = offset + 1
    while true {
      let digit = UInt8(truncatingIfNeeded: rest) &- 0x30
      if digit >= 10 { break }
      // There are seven at most.
      value = value &* 10 &+ Int(digit)
      rest >>= 8
      at &+= 1
    }
    guard at > offset + 1, UInt16(truncatingIfNeeded: rest) == lineEnd else { return nil }
    return (value, at + 2)
  }

  /// Place of the bytes of the string whose mark is at `offset`, when it is there whole, with its end,
  /// and its length is as most are; nil for any other, and for what is malformed.
  @inline(__always)
  static func plainString(_ bytes: RawSpan, _ offset: Int) -> Range<Int>? {
    guard offset < bytes.byteCount, bytes.byte(offset) == string,
      let header = length(bytes, offset)
    else { return nil }
    let end = header.end + header.value
    guard end + 2 <= bytes.byteCount, bytes.little16(end) == lineEnd else { return nil }
    return header.end..<end
  }

  /// Bytes of the value at the beginning, when it is one line or one string and whole; nil for any
  /// other, and for what is malformed: a scanner tells what that is.
  static func plainLength(_ bytes: RawSpan) -> Int? {
    switch bytes.byte(0) {
    case string: return plainString(bytes, 0).map { $0.upperBound + 2 }
    case simple, integer, null, boolean, double:
      guard let feed = bytes.prefix(RESPPreview.shown).firstOffset(of: 0x0a), feed > 1,
        bytes.byte(feed - 1) == 0x0d, isWellFormed(bytes, 0..<feed - 1)
      else { return nil }
      return feed + 1
    default: return nil
    }
  }

  /// Whether a line, its end left out, holds what its mark says. Texts are not looked at.
  static func isWellFormed(_ bytes: RawSpan, _ line: Range<Int>) -> Bool {
    let text = bytes.slice(line.lowerBound + 1..<line.upperBound)
    switch bytes.byte(line.lowerBound) {
    case null: return text.isEmpty
    case boolean: return text.equals("t") || text.equals("f")
    case integer, bigNumber:
      let start = text.isEmpty || !isSign(text.byte(0)) ? 0 : 1
      for offset in start..<text.byteCount where text.byte(offset) &- 0x30 >= 10 { return false }
      return text.byteCount > start
    case double: return !text.isEmpty && text.byteCount <= 64
    default: return true
    }
  }

  private static func isSign(_ byte: UInt8) -> Bool { byte == 0x2d || byte == 0x2b }
}
