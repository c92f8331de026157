package import Bytes
package import Decompression
package import Entries
package import Flows
import Layers

/// HTTP/1.0 and HTTP/1.1 (RFC 9112): heads, bodies in every framing, pipelines, interim replies,
/// and the hand-over after `101 Switching Protocols` and CONNECT.
///
/// Request n is answered by final reply n. Bodies keep their content coding and lose their transfer
/// coding.
package struct HTTP1: CompletingDissector {
  package static let row = DissectorRow(
    completing: HTTP1.self, name: "http", kinds: [.http, .grpc, .gqlv1, .gqlv2, .mcp, .llm], transports: [.tcp],
    ports: [80, 8080, 443], protocols: ["http/1.1", "http/1.0"], priority: 0)

  /// Longest head, chunk line and trailer section we wait for, in bytes. Servers commonly stop
  /// at 8 to 64 KiB.
  static let maxHead = 64 << 10
  /// Requests that may wait for their replies; of older ones the method is forgotten.
  static let maxAsked = 8192
  /// Interim replies shown with the final one.
  static let maxInterim = 16

  /// Where one side is.
  enum Phase: Sendable {
    case head
    /// Before a body that waits for a word of the server.
    case promised(UInt64, count: Int)
    /// Inside such a body; bytes to come.
    case given(UInt64, left: Int)
    /// At a chunk's size; the body's key.
    case chunkLine(UInt64)
    case chunk(UInt64, count: Int)
    case trailers(UInt64)
    /// Looking for a start line.
    case search(Search)
  }

  /// One side's phase, and how far its waiting bytes are known to hold no end of head.
  struct Way: Sendable {
    var phase = Phase.head
    var scanned = 0
    /// What came of a message before missing bytes was told.
    var isSalvaged = false
  }

  var ways = BySide(client: Way(), server: Way())
  private var queue = HTTP1Queue()
  /// The request that has its final reply while its body was waited for.
  var refusal: Refusal?
  /// Status codes of interim replies to the request that is answered next.
  private var interim: [Int] = []
  /// What comes after this message, on both sides.
  private var successor: Successor?
  /// Who asks, once a request was read.
  private var asker: Side?

  package init(_ opening: Opening) {
    if opening.isMidway {
      queue.noteGap()
      ways.client.phase = .search(.line)
      ways.server.phase = .search(.line)
    }
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if let successor { return .become(successor, length: 0) }
    if let keys = queue.takeDropped() {
      return .abandon(keys, because: AnswerOrder.unknownAnswer, length: 0)
    }
    switch ways[inPlace: side].phase {
    case .head: return try head(bytes, side)
    case .promised(let key, let count): return promised(bytes, side, key, count)
    case .given(let key, let left): return given(bytes, side, key, left)
    case .chunkLine(let key): return try chunkLine(bytes, side, key)
    case .chunk(let key, let count):
      ways[inPlace: side].phase = .chunkLine(key)
      return .body(count, of: key)
    case .trailers(let key): return try trailers(bytes, side, key)
    case .search(let place): return search(bytes, side, place)
    }
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    if cause == .end { return .stop }
    if successor != nil {
      // Bytes of the next protocol, which will be told.
      successor?.isCut[side] = true
      return .resume
    }
    ways[inPlace: side].scanned = 0
    let isHead = if case .head = ways[inPlace: side].phase { true } else { false }
    switch cause {
    case .error:
      // A chunk that makes no sense still may be followed by a message.
      ways[inPlace: side].phase = .search(.behind)
      if isHead, side == asker {
        // No reply is missing: those that wait have theirs before it.
        queue.askUnread()
        return .resynchronise
      }
      queue.noteUnreadReply()
    case .gap(let count):
      ways[inPlace: side].phase = .search(.line)
      if side == asker?.other {
        queue.noteLostReplies(count)
      } else if side == asker {
        queue.noteLostRequests(isInside: !isHead || ways[inPlace: side].isSalvaged)
      } else {
        queue.noteGap()
      }
      ways[inPlace: side].isSalvaged = false
    case .end: break
    }
    return .resynchronise
  }

  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    noteBegun(side)
    guard case .head(let head) = HTTP1Head.read(bytes, isCut: true) else { return nil }
    switch ways[inPlace: side].phase {
    case .head: break
    // Behind a gap a start line is looked for, and this is the beginning of one.
    case .search(.line) where Self.isTarget(of: head.start, bytes): break
    default: return nil
    }
    var message = message(head, bytes, side)
    message.extent = .whole
    ways[inPlace: side].isSalvaged = true
    return message
  }

  package mutating func stillWaits(_ key: UInt64) { queue.reopen(key) }

  package mutating func heard(_ count: Int, by side: Side) {
    if side == asker { queue.noteHeard(count) } else { queue.noteHeardRequests() }
  }

  package mutating func lost(_ count: Int, passedOf side: Side) {
    if side != asker { queue.noteKnown(count) }
  }

  package mutating func rested(before side: Side) { if side == asker { queue.noteRest() } }

  /// Sizes of bodies are known when they are over.
  package static func complete(
    _ entry: inout Entry, _ decompressions: inout DecompressionCounters
  ) {
    HTTPFields.addBodySizes(&entry)
    if entry.kind == .grpc { GRPC.completeWeb(&entry, &decompressions) }
    if entry.hints != 0 { HTTPContent.complete(&entry, &decompressions) }
  }

  package static func details(of row: any ColumnRow) -> String {
    let call = GRPC.details(of: row)
    return call.isEmpty ? HTTPContent.details(of: row) : call
  }

  // MARK: Heads

  private mutating func head(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    if bytes.byte(0) == 0, let step = replyInHTTP2(bytes, side) { return step }
    if ways[inPlace: side].scanned > 0, !endsHead(bytes, from: ways[inPlace: side].scanned) {
      return try wait(bytes, side)
    }
    if queue.isHandingOver, !HTTP1StartLine.beginsWithKnownMethod(bytes),
      !bytes.starts(with: "HTTP/")
    {
      // Perhaps of the next protocol already: the reply will tell.
      return .needs(bytes.byteCount + 1)
    }
    switch HTTP1Head.read(bytes) {
    case .incomplete: return try wait(bytes, side)
    case .malformed: throw WireError(.invalid)
    case .head(let head):
      ways[inPlace: side].scanned = 0
      return .message(message(head, bytes, side), length: head.length)
    }
  }

  /// A server of HTTP/2 alone, as of gRPC, understands no request: it says its settings, and why it
  /// goes away. Nil where there is no such reply.
  private mutating func replyInHTTP2(_ bytes: RawSpan, _ side: Side) -> Step? {
    guard side == asker?.other else { return nil }
    guard let frame = HTTP2Frame(bytes) else { return .needs(HTTP2Frame.headLength) }
    guard frame.kind == .settings, frame.isOrdinary else { return nil }
    ways[inPlace: side].phase = .search(.line)
    let fault = Entry.Fault(.connection, "the server answered in HTTP/2")
    return .abandon(0...UInt64.max / 2, because: fault, length: HTTP2Frame.headLength)
  }

  /// Asks for more, and remembers what has been looked through.
  private mutating func wait(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    if bytes.byteCount > Self.maxHead { throw WireError(.tooLarge, at: Self.maxHead) }
    ways[inPlace: side].scanned = max(1, bytes.byteCount - 2)
    return .needs(bytes.byteCount + 1)
  }

  /// Whether an empty line ends at or after `start`, which is at least 1.
  private mutating func endsHead(_ bytes: RawSpan, from start: Int) -> Bool {
    var at = start
    while let end = bytes.firstOffset(of: 0x0a, from: at) {
      let before = bytes.byte(end - 1)
      if before == 0x0a || before == 0x0d && end >= 2 && bytes.byte(end - 2) == 0x0a {
        return true
      }
      at = end + 1
    }
    return false
  }

  private mutating func message(_ head: HTTP1Head, _ bytes: RawSpan, _ side: Side) -> Message {
    let type = bytes.slice(head.contentType.map { head.value(bytes, $0) } ?? 0..<0)
    switch head.start {
    case .request(let method, let target, let version):
      let hints = HTTPContent.hints(
        method: bytes.slice(method), type: type, target: bytes.slice(target))
      return Self.filled(
        request(head, bytes, side, method), head, bytes,
        Self.fields(head, bytes, type, method, target, version), hints)
    case .response(let status, let reason, let version):
      let message = Message(.response, .http, key: 0)
      return reply(message, head, bytes, side, type, status, reason, version)
    }
  }

  private mutating func reply(
    _ message: consuming Message, _ head: HTTP1Head, _ bytes: RawSpan, _ side: Side,
    _ type: RawSpan, _ status: Int, _ reason: Range<Int>, _ version: Range<Int>
  ) -> Message {
    answer(head, bytes, side, status, &message)
    message.failed = status >= 400
    let hints = HTTPContent.hints(replyType: type)
    message.isStreamed = hints.contains(.events)
    let fields = Self.fields(
      head, bytes, type, status, reason, version: message.partner == .lost ? version : nil)
    return Self.filled(consume message, head, bytes, fields, hints)
  }

  /// A message with what its head alone tells. Handed on, for what a variable holds is copied.
  private static func filled(
    _ message: consuming Message, _ head: HTTP1Head, _ bytes: RawSpan,
    _ fields: consuming FieldValues, _ hints: HTTPContent.Hints
  ) -> Message {
    message.fields = fields
    message.hints = hints.rawValue | (head.isMCP ? HTTPContent.Hints.mcp.rawValue : 0)
    message.headers = HeaderBlock(bytes: bytes.slice(head.lines).array())
    return consume message
  }

  /// The fields of a request.
  private static func fields(
    _ head: HTTP1Head, _ bytes: RawSpan, _ type: RawSpan, _ method: Range<Int>,
    _ target: Range<Int>, _ version: Range<Int>
  ) -> FieldValues {
    let host = bytes.slice(head.host.map { head.value(bytes, $0) } ?? 0..<0)
    let isASCII = bytes.prefix(version.upperBound).isASCII && host.isASCII && type.isASCII
    let count = method.count + 2 * target.count + version.count + host.byteCount + type.byteCount
    let room = HTTPFields.room(count, isASCII: isASCII)
    return FieldValues(room: room + roomForReply) { fields in
      let hasHost = HTTPFields.addRequest(
        to: &fields, method: bytes.slice(method), target: bytes, target,
        version: bytes.slice(version), isASCII: isASCII)
      if !hasHost, head.host != nil { fields.add(.host, text: host, isASCII: isASCII) }
      if head.contentType != nil {
        fields.add(.requestContentType, text: type, isASCII: isASCII)
      }
      fields.add(.requestHeadersSize, int: Int64(head.length))
    }
  }

  /// The fields of a reply.
  private static func fields(
    _ head: HTTP1Head, _ bytes: RawSpan, _ type: RawSpan, _ status: Int, _ reason: Range<Int>,
    version: Range<Int>?
  ) -> FieldValues {
    let isASCII = bytes.prefix(reason.upperBound).isASCII && type.isASCII
    let count = reason.count + type.byteCount + (version?.count ?? 0)
    return FieldValues(room: HTTPFields.room(count, isASCII: isASCII)) { fields in
      fields.add(.statusCode, int: Int64(status))
      fields.add(.statusText, text: bytes.slice(reason), isASCII: isASCII)
      if head.contentType != nil {
        fields.add(.responseContentType, text: type, isASCII: isASCII)
      }
      fields.add(.responseHeadersSize, int: Int64(head.length))
      if let version {
        fields.add(.httpVersion, text: bytes.slice(version), isASCII: isASCII)
      }
    }
  }

  /// Bytes beyond its own that the fields of a request get at once: those of the reply will be put behind
  /// them.
  private static let roomForReply = 160

  private mutating func request(
    _ head: HTTP1Head, _ bytes: RawSpan, _ side: Side, _ method: Range<Int>
  ) -> Message {
    asker = side
    let method = bytes.slice(method)
    var asked = HTTP1Queue.Asked()
    asked.isHead = method.equals("HEAD")
    asked.isConnect = method.equals("CONNECT")
    asked.upgrades = head.upgrade != nil
    asked.expects = head.expects
    asked.isGRPC = isGRPC(head, bytes)
    var message = Message(.request, asked.isGRPC ? .grpc : .http, key: queue.ask(asked))
    switch head.framing(bytes) {
    case .length(let count) where !asked.isConnect && head.expects && count > 0:
      message.extent = .open
      ways[inPlace: side].phase = .promised(message.key, count: count)
    case .length(let count) where !asked.isConnect:
      message.extent = count == 0 ? .whole : .body(count)
    case .chunked where !asked.isConnect: open(&message, side)
    // A request without a length has no body (RFC 9112 §6.3 rule 7).
    default: break
    }
    return message
  }

  /// Notes in a reply what it answers, and how it goes on.
  private mutating func answer(
    _ head: HTTP1Head, _ bytes: RawSpan, _ side: Side, _ status: Int, _ message: inout Message
  ) {
    if status < 200, status != 101 {
      if interim.count < Self.maxInterim { interim.append(status) }
      (message.role, message.key) = (.interim, queue.nextKey)
      return
    }
    let answer = queue.answer()
    message.key = answer.key
    if answer.asked.isGRPC || isGRPC(head, bytes) { message.kind = .grpc }
    if answer.isOrphan { message.partner = .lost }
    if answer.isUnknown { message.fault = AnswerOrder.unknownQuestion }
    if answer.asked.expects { noteRefusal(of: answer.key, side.other) }
    if !interim.isEmpty {
      let codes = interim.map(String.init).joined(separator: ",")
      message.details = Array((#"{"interim":["# + codes + "]}").utf8)
      interim = []
    }
    if status == 101 {
      let isWebSocket = head.upgrades(to: "websocket", bytes)
      let isHTTP2 = head.upgrades(to: "h2c", bytes)
      handOver(to: isWebSocket ? "ws" : isHTTP2 ? "http2" : nil, head, bytes)
      if isHTTP2 { message.continuation = Message.Continuation(reader: "http2", key: 1) }
    } else if answer.asked.isConnect, status < 300 {
      handOver(to: nil, head, bytes)
    } else if !answer.asked.isHead, status != 204, status != 304 {
      switch head.framing(bytes) {
      case .length(let count): message.extent = count == 0 ? .whole : .body(count)
      case .chunked: open(&message, side)
      case .untilClose, .unsaid: message.extent = .body(.max)
      }
    }
  }

  /// gRPC-Web.
  private mutating func isGRPC(_ head: HTTP1Head, _ bytes: RawSpan) -> Bool {
    guard let type = head.contentType else { return false }
    return GRPC.isContentType(bytes.slice(head.value(bytes, type)))
  }

  private mutating func open(_ message: inout Message, _ side: Side) {
    message.extent = .open
    ways[inPlace: side].phase = .chunkLine(message.key)
  }

  private mutating func handOver(
    to name: String?, _ head: HTTP1Head, _ bytes: RawSpan
  ) {
    successor = Successor(
      name: name, headers: HeaderBlock(bytes: bytes.slice(head.lines).array()))
  }

  // MARK: Chunks (RFC 9112 §7.1)

  /// `[CRLF] chunk-size [ chunk-ext ] CRLF`; the line break that ends the chunk before is taken
  /// together with the next size.
  private mutating func chunkLine(
    _ bytes: RawSpan, _ side: Side, _ key: UInt64
  ) throws(WireError) -> Step {
    if let step = withdrawal(bytes, side, key) { return step }
    var at = 0
    if at < bytes.byteCount, bytes.byte(at) == 0x0d { at += 1 }
    if at < bytes.byteCount, bytes.byte(at) == 0x0a { at += 1 }
    guard let end = bytes.firstOffset(of: 0x0a, from: at) else {
      if bytes.byteCount > Self.maxHead { throw WireError(.tooLarge, at: Self.maxHead) }
      if !HTTP1StartLine.mayBecomeKnownMethod(bytes) { noteBegun(side) }
      return .needs(bytes.byteCount + 1)
    }
    while at < end, isBlank(bytes.byte(at)) { at += 1 }
    // Readers that take it for a number of C allow a sign and a base.
    if at < end, bytes.byte(at) == 0x2b { at += 1 }
    if at + 1 < end, bytes.byte(at) == 0x30, bytes.byte(at + 1) | 0x20 == 0x78 { at += 2 }
    let digits = at
    var count = 0
    while at < end, let digit = hexDigit(bytes.byte(at)) {
      // Beyond 2^56 no body ends before the capture does.
      if count >> 56 != 0 { throw WireError(.tooLarge, at: at) }
      count = count << 4 | digit
      at += 1
    }
    guard at > digits, at == end || isBlank(bytes.byte(at)) || bytes.byte(at) == 0x3b else {
      throw WireError(.invalid, at: at)
    }
    if isRefused(key, side) { refusal = nil }
    ways[inPlace: side].phase = count == 0 ? .trailers(key) : .chunk(key, count: count)
    return .content([], of: key, length: end + 1)
  }

  /// Header lines up to an empty one.
  private mutating func trailers(
    _ bytes: RawSpan, _ side: Side, _ key: UInt64
  ) throws(WireError) -> Step {
    // An empty line at the very beginning was looked for before.
    if ways[inPlace: side].scanned > 2, !endsHead(bytes, from: ways[inPlace: side].scanned) {
      return try wait(bytes, side)
    }
    var at = 0
    while let end = bytes.firstOffset(of: 0x0a, from: at) {
      if end == at || end == at + 1 && bytes.byte(at) == 0x0d {
        var ending = Ending()
        ending.trailers = HeaderBlock(bytes: bytes.prefix(at).array())
        ways[inPlace: side].phase = .head
        ways[inPlace: side].scanned = 0
        return .end(of: key, ending, length: end + 1)
      }
      at = end + 1
    }
    return try wait(bytes, side)
  }
}

private func hexDigit(_ byte: UInt8) -> Int? {
  switch byte {
  case 0x30...0x39: Int(byte) - 0x30
  case 0x41...0x46: Int(byte) - 0x41 + 10
  case 0x61...0x66: Int(byte) - 0x61 + 10
  default: nil
  }
}
