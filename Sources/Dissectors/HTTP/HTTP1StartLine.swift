import Bytes

/// The first line of an HTTP/1 message (RFC 9112 §3 and §4), as places in the bytes it was read
/// from.
///
///     request-line = method SP request-target SP HTTP-version
///     status-line  = HTTP-version SP status-code SP [ reason-phrase ]
///
/// Read leniently, as servers do: any run of blanks separates, the reason may be missing, the
/// method is any token, and the target may hold blanks.
enum HTTP1StartLine: Equatable {
  case request(method: Range<Int>, target: Range<Int>, minor: UInt8)
  case response(status: Int, reason: Range<Int>, minor: UInt8)

  /// The line of `bytes` in `range`, which ends before its line break. Nil when it is neither.
  init?(_ bytes: RawSpan, _ range: Range<Int>) {
    var end = range.upperBound
    while end > range.lowerBound, isBlank(bytes.byte(end - 1)) { end -= 1 }
    let line = range.lowerBound..<end
    if bytes.slice(line).starts(with: "HTTP/") {
      self.init(status: bytes, line)
    } else {
      self.init(request: bytes, line)
    }
  }

  private init?(status bytes: RawSpan, _ line: Range<Int>) {
    guard let minor = versionMinor(bytes, line.lowerBound, line.upperBound) else { return nil }
    var at = line.lowerBound + versionLength
    let gap = at
    while at < line.upperBound, isBlank(bytes.byte(at)) { at += 1 }
    guard at > gap, line.upperBound - at >= 3 else { return nil }
    var status = 0
    for offset in at..<at + 3 {
      guard let digit = decimalDigit(bytes.byte(offset)) else { return nil }
      status = status * 10 + digit
    }
    at += 3
    if at < line.upperBound, !isBlank(bytes.byte(at)) { return nil }
    while at < line.upperBound, isBlank(bytes.byte(at)) { at += 1 }
    self = .response(status: status, reason: at..<line.upperBound, minor: minor)
  }

  private init?(request bytes: RawSpan, _ line: Range<Int>) {
    let start = line.upperBound - versionLength
    guard start > line.lowerBound, isBlank(bytes.byte(start - 1)),
      let minor = versionMinor(bytes, start, line.upperBound)
    else { return nil }
    var at = line.lowerBound
    while at < start, isToken(bytes.byte(at)) { at += 1 }
    let method = line.lowerBound..<at
    guard !method.isEmpty, at < start, isBlank(bytes.byte(at)) else { return nil }
    while at < start, isBlank(bytes.byte(at)) { at += 1 }
    var end = start
    while end > at, isBlank(bytes.byte(end - 1)) { end -= 1 }
    if at == end { return nil }
    self = .request(method: method, target: at..<end, minor: minor)
  }

  /// Whether the line names a method of RFC 9110, RFC 5789 or WebDAV: asked for where a line is
  /// looked for amidst other bytes.
  static func beginsWithKnownMethod(_ bytes: RawSpan) -> Bool {
    guard let end = bytes.prefix(longestMethod + 1).firstOffset(of: 0x20) else { return false }
    let method = bytes.prefix(end)
    for known in knownMethods where method.equals(known) { return true }
    return false
  }

  /// Whether `bytes`, cut anywhere, may go on to be a known method and a blank.
  static func mayBecomeKnownMethod(_ bytes: RawSpan) -> Bool {
    if bytes.byteCount > longestMethod { return false }
    for known in knownMethods where bytes.isBeginning(of: known) { return true }
    return false
  }

  private static let longestMethod = 17
  private static let knownMethods: [StaticString] = [
    "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PROPFIND",
    "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "MERGE",
    "CHECKOUT", "CHECKIN", "UNCHECKOUT", "VERSION-CONTROL", "MKWORKSPACE", "UPDATE", "LABEL",
    "MKACTIVITY", "BASELINE-CONTROL", "ORDERPATCH", "ACL", "BIND", "UNBIND", "REBIND",
    "MKCALENDAR", "MKREDIRECTREF", "UPDATEREDIRECTREF", "LINK", "UNLINK", "PURGE", "NOTIFY",
    "SUBSCRIBE", "UNSUBSCRIBE", "M-SEARCH", "SOURCE", "QUERY",
  ]
}

/// Bytes of `HTTP/1.1`.
let versionLength = 8

/// The minor version of `HTTP/1.x` at `offset`; nil when something else stands there.
private func versionMinor(_ bytes: RawSpan, _ offset: Int, _ end: Int) -> UInt8? {
  guard end - offset >= versionLength, bytes.suffix(from: offset).starts(with: "HTTP/1."),
    let minor = decimalDigit(bytes.byte(offset + 7))
  else { return nil }
  return UInt8(minor)
}

func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }

func decimalDigit(_ byte: UInt8) -> Int? {
  byte &- 0x30 < 10 ? Int(byte &- 0x30) : nil
}

/// `tchar` of RFC 9110 §5.6.2.
func isToken(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e,
    0x5e...0x60, 0x7c, 0x7e:
    true
  default: false
  }
}

extension RawSpan {
  /// Whether `text` begins with these bytes.
  func isBeginning(of text: StaticString) -> Bool {
    guard byteCount <= text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { whole in
      for offset in 0..<byteCount where byte(offset) != whole[offset] { return false }
      return true
    }
  }
}
