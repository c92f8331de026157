import Bytes

/// The first line of an HTTP/1 message (RFC 9112 §3 and §4), as places in the bytes it was read
/// from.
///
///     request-line = method SP request-target SP HTTP-version
///     status-line  = HTTP-version SP status-code SP [ reason-phrase ]
///
/// Any run of blanks separates, the reason may be missing, the method is any token, and the target
/// may hold blanks.
enum HTTP1StartLine: Equatable {
  case request(method: Range<Int>, target: Range<Int>, version: Range<Int>)
  case response(status: Int, reason: Range<Int>, version: Range<Int>)

  /// The line of `bytes` in `range`, which ends before its line break. Nil when it is neither.
  init?(_ bytes: RawSpan, _ range: Range<Int>) {
    let line = trimmed(bytes, range)
    if bytes.slice(line).starts(with: "HTTP/") {
      self.init(status: bytes, line)
    } else {
      self.init(request: bytes, line)
    }
  }

  /// As the other, and takes requests that servers answer with 400: known methods without target
  /// or version; and status lines of other versions.
  init?(lenient bytes: RawSpan, _ range: Range<Int>) {
    if let line = HTTP1StartLine(bytes, range) {
      self = line
      return
    }
    let line = trimmed(bytes, range)
    if bytes.slice(line).starts(with: "HTTP/") || bytes.slice(line).starts(with: "ICY ") {
      guard let reply = HTTP1StartLine(foreignStatus: bytes, line) else { return nil }
      self = reply
      return
    }
    var at = line.lowerBound
    while at < line.upperBound, isToken(bytes.byte(at)) { at += 1 }
    let method = line.lowerBound..<at
    guard HTTP1StartLine.isKnownMethod(bytes.slice(method)) else { return nil }
    if at < line.upperBound, !isBlank(bytes.byte(at)) { return nil }
    while at < line.upperBound, isBlank(bytes.byte(at)) { at += 1 }
    var end = line.upperBound
    while end > at, !isBlank(bytes.byte(end - 1)) { end -= 1 }
    if end > at, bytes.suffix(from: end).starts(with: "HTTP/") {
      let version = end..<line.upperBound
      self = .request(
        method: method, target: trimmed(bytes, at..<end), version: version)
    } else {
      let none = line.upperBound..<line.upperBound
      self = .request(method: method, target: at..<line.upperBound, version: none)
    }
  }

  /// The beginning of a line that was captured no further, with its target or status whole and
  /// without what follows.
  init?(cut bytes: RawSpan, _ range: Range<Int>) {
    let none = range.upperBound..<range.upperBound
    if bytes.slice(range).starts(with: "HTTP/") {
      guard case .response(let status, let reason, let version)? = HTTP1StartLine(bytes, range),
        reason.lowerBound > version.upperBound + 4
      else { return nil }
      self = .response(status: status, reason: none, version: version)
      return
    }
    var at = range.lowerBound
    while at < range.upperBound, !isBlank(bytes.byte(at)) { at += 1 }
    let method = range.lowerBound..<at
    guard HTTP1StartLine.isKnownMethod(bytes.slice(method)) else { return nil }
    while at < range.upperBound, isBlank(bytes.byte(at)) { at += 1 }
    let start = at
    while at < range.upperBound, !isBlank(bytes.byte(at)) { at += 1 }
    guard at > start, at < range.upperBound else { return nil }
    self = .request(method: method, target: start..<at, version: none)
  }

  private init?(status bytes: RawSpan, _ line: Range<Int>) {
    guard let version = version(bytes, line.lowerBound, line.upperBound) else { return nil }
    var at = version.upperBound
    while at < line.upperBound, isBlank(bytes.byte(at)) { at += 1 }
    guard at > version.upperBound, let status = statusCode(bytes, at, line.upperBound) else {
      return nil
    }
    at += 3
    if at < line.upperBound, !isBlank(bytes.byte(at)) { return nil }
    while at < line.upperBound, isBlank(bytes.byte(at)) { at += 1 }
    self = .response(status: status, reason: at..<line.upperBound, version: version)
  }

  /// Of a version that there is not or that is none of ours, as servers of streams answer with
  /// `ICY 200 OK`, or with a reason that follows at once: clients take what comes for HTTP/1 all the
  /// same.
  private init?(foreignStatus bytes: RawSpan, _ line: Range<Int>) {
    var at = line.lowerBound
    while at < line.upperBound, !isBlank(bytes.byte(at)) { at += 1 }
    let version = line.lowerBound..<at
    while at < line.upperBound, isBlank(bytes.byte(at)) { at += 1 }
    guard let status = statusCode(bytes, at, line.upperBound), status >= 100 else { return nil }
    at += 3
    while at < line.upperBound, isBlank(bytes.byte(at)) { at += 1 }
    self = .response(status: status, reason: at..<line.upperBound, version: version)
  }

  private init?(request bytes: RawSpan, _ line: Range<Int>) {
    let start = line.upperBound - versionLength
    guard start > line.lowerBound, isBlank(bytes.byte(start - 1)),
      let version = version(bytes, start, line.upperBound)
    else { return nil }
    var at = line.lowerBound
    while at < start, isToken(bytes.byte(at)) { at += 1 }
    let method = line.lowerBound..<at
    guard !method.isEmpty, at < start, isBlank(bytes.byte(at)) else { return nil }
    while at < start, isBlank(bytes.byte(at)) { at += 1 }
    let target = trimmed(bytes, at..<start)
    if target.isEmpty { return nil }
    self = .request(method: method, target: target, version: version)
  }

  /// Whether the line names a method of RFC 9110, RFC 5789 or WebDAV: asked for where a line is
  /// looked for amidst other bytes.
  static func beginsWithKnownMethod(_ bytes: RawSpan) -> Bool {
    guard let end = bytes.prefix(longestMethod + 1).firstOffset(of: 0x20) else { return false }
    return isKnownMethod(bytes.prefix(end))
  }

  private static func isKnownMethod(_ method: RawSpan) -> Bool {
    for known in knownMethods where method.equals(known) { return true }
    return false
  }

  /// Whether `bytes`, cut anywhere, may go on to be a known method and a blank.
  static func mayBecomeKnownMethod(_ bytes: RawSpan) -> Bool {
    if bytes.byteCount > longestMethod { return false }
    for known in knownMethods where bytes.isBeginning(of: known) { return true }
    return false
  }

  /// Whether bytes are a path or an address, as the targets of nearly all requests are.
  static func isTarget(_ target: RawSpan) -> Bool {
    target.starts(with: "/") || target.starts(with: "http")
  }

  // MARK: Behind a body without a line break

  /// Requests that are looked for there: none of these words ends in another.
  private static let usualMethods: [StaticString] = [
    "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH",
  ]
  private static let longestUsualMethod = 7
  /// Bytes of their targets, at most: what waits for the rest of a line is looked through again with
  /// each byte.
  private static let longestTarget = 8 << 10
  /// Bytes of a status line that is looked for there, at most.
  private static let longestStatusLine = 256

  /// Where a start line begins that goes on to the line break at `end`, and before it the rest of a
  /// body; nil when there is none. Behind a blank none begins: that is how texts speak of HTTP.
  static func place(in bytes: RawSpan, until end: Int) -> Int? {
    guard end > 0, bytes.byte(end - 1) == 0x0d else { return nil }
    let stop = end - 1
    guard let start = requestPlace(bytes, stop) ?? statusPlace(bytes, stop),
      stop - start <= HTTP1.maxHead, mayBegin(bytes, start)
    else { return nil }
    return start
  }

  /// From where on `bytes`, which hold no line break, may be the beginning of such a line, `first` or
  /// later; their count when they cannot. A blank at their end is kept, for it tells of what follows.
  static func beginning(in bytes: RawSpan, from first: Int) -> Int {
    let count = bytes.byteCount
    guard first < count else { return 0 }
    var begin = isSpace(bytes.byte(count - 1)) ? count - 1 : count
    func note(_ place: Int?) {
      if let place, place >= first, place < begin, mayBegin(bytes, place) { begin = place }
    }
    for place in max(first, count - longestStatusLine - 2)..<count
    where place < begin && bytes.byte(place) == 0x48 {
      let rest = bytes.suffix(from: place)
      if rest.isBeginning(of: "HTTP/1.") || rest.starts(with: "HTTP/1.") { note(place) }
    }
    for place in max(first, count - longestUsualMethod)..<count where place < begin {
      let rest = bytes.suffix(from: place)
      for method in usualMethods where rest.isBeginning(of: method) { note(place) }
    }
    guard let blank = lastSpace(bytes, before: count) else { return begin }
    let last = bytes.suffix(from: blank + 1)
    if isTarget(last) || last.isBeginning(of: "http") { note(methodPlace(bytes, blank)) }
    if last.isBeginning(of: "HTTP/1.")
      || last.starts(with: "HTTP/1.") && last.byteCount <= versionLength + 1
    {
      note(lastSpace(bytes, before: blank).flatMap { methodPlace(bytes, $0) })
    }
    return begin
  }

  /// Where the request line begins that ends at `stop`.
  private static func requestPlace(_ bytes: RawSpan, _ stop: Int) -> Int? {
    let start = stop - versionLength
    guard start > 0, isSpace(bytes.byte(start - 1)), version(bytes, start, stop) != nil,
      let blank = lastSpace(bytes, before: start - 1),
      isTarget(bytes.slice(blank + 1..<start - 1))
    else { return nil }
    return methodPlace(bytes, blank)
  }

  /// Where the status line begins that ends at `stop`.
  private static func statusPlace(_ bytes: RawSpan, _ stop: Int) -> Int? {
    var start = stop - versionLength
    let first = max(0, stop - longestStatusLine)
    while start >= first {
      if bytes.byte(start) == 0x48, case .response? = HTTP1StartLine(bytes, start..<stop) {
        return start
      }
      start -= 1
    }
    return nil
  }

  private static func mayBegin(_ bytes: RawSpan, _ place: Int) -> Bool {
    place == 0 || !isSpace(bytes.byte(place - 1))
  }

  /// The last blank before `end`, no further from there than a target is long.
  private static func lastSpace(_ bytes: RawSpan, before end: Int) -> Int? {
    var at = end - 1
    let first = max(0, end - longestTarget - 2)
    while at >= first, !isSpace(bytes.byte(at)) { at -= 1 }
    return at >= first ? at : nil
  }

  /// Where the method begins that ends at `end`.
  private static func methodPlace(_ bytes: RawSpan, _ end: Int) -> Int? {
    for method in usualMethods {
      let start = end - method.utf8CodeUnitCount
      if start >= 0, bytes.slice(start..<end).equals(method) { return start }
    }
    return nil
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  private static let longestMethod = 17
  private static let knownMethods: [StaticString] = [
    "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PROPFIND",
    "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "MERGE",
    "CHECKOUT", "CHECKIN", "UNCHECKOUT", "VERSION-CONTROL", "MKWORKSPACE", "UPDATE", "LABEL",
    "MKACTIVITY", "BASELINE-CONTROL", "ORDERPATCH", "ACL", "BIND", "UNBIND", "REBIND",
    "MKCALENDAR", "MKREDIRECTREF", "UPDATEREDIRECTREF", "LINK", "UNLINK", "PURGE", "NOTIFY",
    "SUBSCRIBE", "UNSUBSCRIBE", "M-SEARCH", "SOURCE", "QUERY", "CCM_POST", "RPC_CONNECT",
    "RPC_IN_DATA", "RPC_OUT_DATA", "BCOPY", "BDELETE", "BMOVE", "BPROPFIND", "BPROPPATCH", "POLL",
  ]
}

/// Bytes of `HTTP/1.1`.
let versionLength = 8

/// The place of `HTTP/1.x` at `offset`; nil when something else stands there.
private func version(_ bytes: RawSpan, _ offset: Int, _ end: Int) -> Range<Int>? {
  guard end - offset >= versionLength, bytes.suffix(from: offset).starts(with: "HTTP/1."),
    decimalDigit(bytes.byte(offset + 7)) != nil
  else { return nil }
  return offset..<offset + versionLength
}

/// The three digits at `offset`; nil when they are not there.
private func statusCode(_ bytes: RawSpan, _ offset: Int, _ end: Int) -> Int? {
  guard end - offset >= 3 else { return nil }
  var status = 0
  for place in offset..<offset + 3 {
    guard let digit = decimalDigit(bytes.byte(place)) else { return nil }
    status = status * 10 + digit
  }
  return status
}

/// `range` without blanks at its end.
private func trimmed(_ bytes: RawSpan, _ range: Range<Int>) -> Range<Int> {
  var end = range.upperBound
  while end > range.lowerBound, isBlank(bytes.byte(end - 1)) { end -= 1 }
  return range.lowerBound..<end
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
