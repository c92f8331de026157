import Bytes

/// The head of an HTTP/1 message: start line, and those header fields that decide how the message
/// goes on (RFC 9112 §2 to §6). Places are offsets into the bytes it was read from.
struct HTTP1Head {
  var start: HTTP1StartLine
  /// The header lines, without start line and closing empty line.
  var lines: Range<Int>
  /// Bytes of the whole head.
  var length: Int
  var host: Range<Int>?
  var contentType: Range<Int>?
  var upgrade: Range<Int>?
  /// A request waits to be told whether to send its body (RFC 9110 §10.1.1).
  var expects = false
  /// There is a field of the Model Context Protocol.
  var isMCP = false
  private var contentLength: Range<Int>?
  private var transferEncoding: Range<Int>?
  /// The same of a line before.
  private var earlierEncoding: Range<Int>?

  /// What a look at the bytes told.
  enum Reading {
    /// The head is longer than the bytes.
    case incomplete
    /// The first line is no start line.
    case malformed
    case head(HTTP1Head)
  }

  /// Reads the head at the beginning of `bytes`; empty lines before it are passed over
  /// (RFC 9112 §2.2), a bare LF ends a line, and folded lines belong to their field.
  ///
  /// - Parameter isCut: nothing follows: the whole lines there are must do, or of the first one the
  ///   target or status.
  static func read(_ bytes: RawSpan, isCut: Bool = false) -> Reading {
    var at = 0
    while at < bytes.byteCount, bytes.byte(at) == 0x0a || bytes.byte(at) == 0x0d { at += 1 }
    guard let lineEnd = bytes.firstOffset(of: 0x0a, from: at) else {
      guard isCut, let start = HTTP1StartLine(cut: bytes, at..<bytes.byteCount) else {
        return .incomplete
      }
      let end = bytes.byteCount
      return .head(HTTP1Head(start: start, lines: end..<end, length: end))
    }
    guard let start = HTTP1StartLine(lenient: bytes, at..<lineEnd) else { return .malformed }
    let first = lineEnd + 1
    var head = HTTP1Head(start: start, lines: first..<first, length: first)
    at = first
    var field = Field.other
    while true {
      guard let end = bytes.firstOffset(of: 0x0a, from: at) else {
        if !isCut { return .incomplete }
        head.lines = first..<at
        head.length = bytes.byteCount
        return .head(head)
      }
      let byte = bytes.byte(at)
      if end == at || end == at + 1 && byte == 0x0d {
        head.lines = first..<at
        head.length = end + 1
        return .head(head)
      }
      if byte == 0x20 || byte == 0x09 {
        head.extend(field, to: end)
      } else {
        field = Field(bytes, at, end)
        head.note(field, from: at, to: end)
      }
      at = end + 1
    }
  }

  private init(start: HTTP1StartLine, lines: Range<Int>, length: Int) {
    (self.start, self.lines, self.length) = (start, lines, length)
  }

  /// Fields that matter for how the message goes on.
  private enum Field {
    case other, host, contentType, contentLength, transferEncoding, expect, upgrade, mcp

    /// The field on the line of `bytes` from `start` to `end`.
    @inline(__always)
    init(_ bytes: RawSpan, _ start: Int, _ end: Int) {
      self = .other
      switch bytes.byte(start) | 0x20 {
      case 0x63:  // c
        if bytes.isName("content-length", start, end) {
          self = .contentLength
        } else if bytes.isName("content-type", start, end) {
          self = .contentType
        }
      case 0x65: if bytes.isName("expect", start, end) { self = .expect }
      case 0x68: if bytes.isName("host", start, end) { self = .host }
      case 0x6d:
        if bytes.isName("mcp-session-id", start, end)
          || bytes.isName("mcp-protocol-version", start, end)
        {
          self = .mcp
        }
      case 0x74: if bytes.isName("transfer-encoding", start, end) { self = .transferEncoding }
      case 0x75: if bytes.isName("upgrade", start, end) { self = .upgrade }
      default: break
      }
    }

    var nameLength: Int {
      switch self {
      case .other, .expect, .mcp: 0
      case .host: 4
      case .contentType: 12
      case .contentLength: 14
      case .transferEncoding: 17
      case .upgrade: 7
      }
    }
  }

  /// Remembers where a value lies; of repeated fields the first, but of those that
  /// delimit the body the last, which is what most readers of captures do.
  private mutating func note(_ field: Field, from start: Int, to end: Int) {
    let value = start + field.nameLength..<end
    switch field {
    case .other: break
    case .host: host = host ?? value
    case .contentType: contentType = contentType ?? value
    case .contentLength: contentLength = value
    case .transferEncoding: (earlierEncoding, transferEncoding) = (transferEncoding, value)
    case .expect: expects = true
    case .upgrade: upgrade = upgrade ?? value
    case .mcp: isMCP = true
    }
  }

  /// A folded line goes on with the value before it (RFC 9112 §5.2).
  private mutating func extend(_ field: Field, to end: Int) {
    switch field {
    case .other, .host, .contentType, .expect, .upgrade, .mcp: break
    case .contentLength: contentLength = contentLength.map { $0.lowerBound..<end }
    case .transferEncoding: transferEncoding = transferEncoding.map { $0.lowerBound..<end }
    }
  }

  /// How the body is delimited, as far as header fields say (RFC 9112 §6.3).
  enum Framing: Equatable {
    /// No field speaks of it.
    case unsaid
    case length(Int)
    case chunked
    /// A transfer coding other than chunked comes last: until the connection closes.
    case untilClose
  }

  /// A transfer coding overrides a length.
  func framing(_ bytes: RawSpan) -> Framing {
    let length = contentLength.flatMap { decimal(bytes, value(bytes, $0)) }
    if let transferEncoding {
      var coding = lastCoding(bytes, value(bytes, transferEncoding))
      if coding.isEmpty, let earlierEncoding {
        coding = lastCoding(bytes, value(bytes, earlierEncoding))
      }
      if bytes.slice(coding).equalsIgnoringCase("chunked") { return .chunked }
      if !coding.isEmpty, length == nil { return .untilClose }
    }
    return length.map { .length($0) } ?? .unsaid
  }

  /// Whether the protocol of the Upgrade field is this one, in lower case.
  func upgrades(to name: StaticString, _ bytes: RawSpan) -> Bool {
    guard let upgrade else { return false }
    return bytes.slice(value(bytes, upgrade)).equalsIgnoringCase(name)
  }

  /// A noted value without colon and blanks.
  func value(_ bytes: RawSpan, _ place: Range<Int>) -> Range<Int> {
    var (start, end) = (place.lowerBound, place.upperBound)
    while start < end, isBlank(bytes.byte(start)) { start += 1 }
    if start < end, bytes.byte(start) == 0x3a { start += 1 }
    while start < end, isBlank(bytes.byte(start)) || bytes.byte(start) == 0x0a { start += 1 }
    while end > start, isBlank(bytes.byte(end - 1)) { end -= 1 }
    return start..<end
  }
}

extension RawSpan {
  /// Whether the line from `start` to `end` is the header field with this lower-case name.
  ///
  /// Blanks before the colon are forbidden (RFC 9112 §5.1) and seen.
  @inline(__always)
  fileprivate func isName(_ name: StaticString, _ start: Int, _ end: Int) -> Bool {
    let after = start + name.utf8CodeUnitCount
    guard after < end, byte(after) == 0x3a || isBlank(byte(after)),
      slice(start..<after).equalsIgnoringCase(name)
    else { return false }
    return byte(after) == 0x3a || slice(after..<end).firstNonBlank == 0x3a
  }

  private var firstNonBlank: UInt8? {
    for offset in 0..<byteCount where !isBlank(byte(offset)) { return byte(offset) }
    return nil
  }
}

/// The number in `range`; of a list such as `42, 42` the first. Nil when it is none.
private func decimal(_ bytes: RawSpan, _ range: Range<Int>) -> Int? {
  var value = 0
  var at = range.lowerBound
  while at < range.upperBound, let digit = decimalDigit(bytes.byte(at)) {
    let (product, overflow) = value.multipliedReportingOverflow(by: 10)
    let (sum, overflow2) = product.addingReportingOverflow(digit)
    if overflow || overflow2 { return nil }
    value = sum
    at += 1
  }
  if at == range.lowerBound { return nil }
  if at < range.upperBound, bytes.byte(at) != 0x2c, !isBlank(bytes.byte(at)) { return nil }
  // `Int.max` means something else to the runner.
  return min(value, .max - 1)
}

/// The last coding of a list, without parameters; empty when there is none. Elements that say nothing,
/// empty ones and `identity`, do not count.
private func lastCoding(_ bytes: RawSpan, _ range: Range<Int>) -> Range<Int> {
  var last = range.lowerBound..<range.lowerBound
  var at = range.lowerBound
  while at < range.upperBound {
    let next = min(bytes.firstOffset(of: 0x2c, from: at) ?? range.upperBound, range.upperBound)
    while at < next, isBlank(bytes.byte(at)) || bytes.byte(at) == 0x0a { at += 1 }
    var end = at
    while end < next, isToken(bytes.byte(end)) { end += 1 }
    let isSilent = end == at && at == next || bytes.slice(at..<end).equalsIgnoringCase("identity")
    if !isSilent { last = at..<end }
    at = next + 1
  }
  return last
}
