package import Bytes
package import Decompression
package import Entries
package import Flows
import Layers

/// HTTP/2 (RFC 9113), and gRPC within it: frames, header blocks, bodies interleaved by stream.
///
/// A stream is an exchange: its number is the key. What only serves the connection (settings, pings,
/// windows, priorities) is passed over.
package struct HTTP2: CompletingDissector {
  package static let row = DissectorRow(
    completing: HTTP2.self, name: "http2", kinds: [.http2, .grpc, .gqlv1, .gqlv2, .mcp, .llm],
    transports: [.tcp], ports: [80, 443, 8080, 50051], protocols: ["h2"], priority: 1)

  /// What a client sends before its first frame (RFC 9113 §3.4).
  static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
  /// Longest header block we wait for, with the heads of its frames, in bytes.
  static let maxHeaderBlock = 256 << 10
  /// DATA frames up to so many bytes are taken at once when they are there.
  private static let smallData = 16 << 10

  /// Where one side is.
  fileprivate enum Phase: Sendable {
    case frame
    /// Inside a DATA frame.
    case data(Content)
    /// Inside a DATA frame of a stream that carries WebSocket: bytes left of it, and padding.
    case tunnel(UInt32, left: Int, padding: Int)
    /// Before the last byte of a DATA frame that ends a message; the byte is counted already.
    case ending(UInt64, isWhole: Bool)
    /// The rest of such a frame was not captured.
    case cutEnding(UInt64)
    /// So many bytes are of no interest.
    case discard(Int)
    /// At a GOAWAY frame with an error, which is told of the requests left unread already; bytes of
    /// the frame behind its fixed part.
    case leaving(Entry.Fault, rest: Int)
    /// Looking for a frame; nothing before that offset is one.
    case search(from: Int)
  }

  /// What is left of a DATA frame, padding apart.
  fileprivate struct Content: Sendable {
    var key: UInt64
    var length: Int
    var padding: Int
    /// The message ends with the frame.
    var ends: Bool
    /// Nothing of the message is missing so far.
    var isWhole: Bool
  }

  struct Way: Sendable {
    fileprivate var phase = Phase.frame
    var decoder: HPACKDecoder
    /// The next bytes may be the preface.
    fileprivate var isAtStart = true
    /// What `broken` makes of the last error.
    var relapse = Relapse.search
    /// The block that was shown before could not be decoded: its fields are taken as far as they go.
    var isTolerant = false
    /// Bytes of whole frames of the header block that is waited for.
    var continued = 0
    /// Bytes of fields that a header block comes to, most often.
    var usualLength = 0
    /// Streams given up in a row before the next block is read.
    var givenUp = 0
  }

  /// How reading goes on after an error.
  enum Relapse: Sendable {
    case search
    /// The same bytes are read again.
    case retry
    /// So many bytes are passed over.
    case discard(Int)
  }

  var ways: BySide<Way>
  var streams = HTTP2Streams()
  /// Bytes are missing: what comes first of a stream need not be its beginning.
  var isUnsure: Bool
  /// Stream 1 was begun by an HTTP/1 request (RFC 7540 §3.2).
  let isUpgraded: Bool
  /// Who asks, as far as messages told: joined midway, the client may be taken for the server.
  var asker: Side?
  /// Streams that carry WebSocket.
  var tunnels: [UInt32: WebSocketTunnel] = [:]
  /// The last request that the server will look at, once it has said that it goes away.
  var lastRead: UInt32?
  /// The error for which the server goes away.
  var serverError: String?
  /// A header block was decoded: these are no other protocol's bytes.
  var hasHeaders = false

  package init(_ opening: Opening) {
    let way = Way(decoder: HPACKDecoder(isFresh: !opening.isMidway || opening.after != nil))
    ways = BySide(client: way, server: way)
    isUnsure = opening.isMidway && opening.after == nil
    isUpgraded = opening.after?.name == "http2"
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    switch ways[inPlace: side].phase {
    case .frame: return try frame(bytes, side)
    case .data(let content): return data(bytes, side, content)
    case .tunnel(let stream, let left, let padding):
      return tunnel(bytes, side, stream, left, padding)
    case .ending(let key, let isWhole):
      ways[inPlace: side].phase = .frame
      return .end(of: key, ending(isWhole), length: 1)
    case .cutEnding(let key):
      ways[inPlace: side].phase = .search(from: 0)
      return .end(of: key, ending(false), length: 0)
    case .discard(let count):
      ways[inPlace: side].phase = .frame
      return .skip(count)
    case .leaving(let fault, let rest):
      ways[inPlace: side].phase = rest > 0 ? .discard(rest) : .frame
      return .abandon(1...Self.highestKey, because: fault, length: Self.goAwayLength)
    case .search(let start): return search(bytes, side, from: start)
    }
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    ways[inPlace: side].continued = 0
    switch cause {
    case .end: return .stop
    case .gap:
      lose(side)
      ways[inPlace: side].decoder.doubt()
      streams.noteHole(side)
      for stream in tunnels.keys { tunnels[stream]?.noteGap(side) }
      isUnsure = true
      return .resume
    case .error:
      let relapse = ways[inPlace: side].relapse
      ways[inPlace: side].relapse = .search
      switch relapse {
      case .retry: return .resume
      case .discard(let count):
        ways[inPlace: side].phase = .discard(count)
        return .resume
      case .search: ways[inPlace: side].phase = .search(from: 1)
      }
    }
    ways[inPlace: side].decoder.forget()
    ways[inPlace: side].isTolerant = false
    streams.endAll(side)
    isUnsure = true
    return .resynchronise
  }

  /// Bytes are missing: the next frame must be looked for. Messages go on, marked, for their ends
  /// tell the most of them.
  private mutating func lose(_ side: Side) {
    switch ways[inPlace: side].phase {
    case .ending(let key, _): ways[inPlace: side].phase = .cutEnding(key)
    case .data(let content) where content.ends: ways[inPlace: side].phase = .cutEnding(content.key)
    default: ways[inPlace: side].phase = .search(from: 0)
    }
  }

  /// What the end of a message says, when its last frame says nothing.
  func ending(_ isWhole: Bool) -> Ending {
    if isWhole { return Ending() }
    return Ending(
      fault: Entry.Fault(.dissection, "bytes were not captured while it was sent"))
  }

  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    guard case .frame = ways[inPlace: side].phase else { return nil }
    return cutMessage(bytes, side)
  }

  package static func complete(
    _ entry: inout Entry, _ decompressions: inout DecompressionCounters
  ) {
    if entry.kind == .ws { return WebSocket.complete(&entry, &decompressions) }
    HTTPFields.addBodySizes(&entry)
    if entry.kind == .grpc { GRPC.complete(&entry, &decompressions) }
    if entry.hints != 0 { HTTPContent.complete(&entry, &decompressions) }
  }

  package static func details(of row: any ColumnRow) -> String { HTTP1.details(of: row) }

  // MARK: Frames

  private mutating func frame(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    if ways[inPlace: side].isAtStart {
      let length = Self.preface.utf8CodeUnitCount
      if bytes.starts(with: Self.preface) {
        ways[inPlace: side].isAtStart = false
        return .skip(length)
      }
      if bytes.isBeginning(of: Self.preface) { return .needs(length) }
      if let step = try refusal(bytes) {
        if case .message = step {
          ways[inPlace: side].isAtStart = false
          // Frames do not follow: it has not understood what was asked.
          ways[inPlace: side].phase = .discard(.max)
        }
        return step
      }
      ways[inPlace: side].isAtStart = false
    }
    guard let frame = HTTP2Frame(bytes) else { return .needs(HTTP2Frame.headLength) }
    guard frame.isValid else { throw WireError(hasHeaders ? .invalid : .foreign) }
    switch frame.kind {
    case .data: return try data(frame, bytes, side)
    case .headers, .pushPromise: return try headers(frame, bytes, side)
    case .resetStream: return reset(frame, bytes, side)
    case .goAway: return goAway(frame, bytes, side)
    case .priority, .settings, .ping, .windowUpdate, .continuation, nil:
      return .skip(frame.totalLength)
    }
  }

  /// GOAWAY (RFC 9113 §6.8): streams of the other side above the named one were not looked at.
  ///
  /// With an error it ends the connection (§5.4.1), and with it whatever is unfinished.
  private mutating func goAway(_ frame: HTTP2Frame, _ bytes: RawSpan, _ side: Side) -> Step {
    if bytes.byteCount < Self.goAwayLength { return .needs(Self.goAwayLength) }
    let last = bytes.big32(HTTP2Frame.headLength) & 0x7fff_ffff
    let code = bytes.big32(HTTP2Frame.headLength + 4)
    let sender = side == asker ?? .client ? "client" : "server"
    let reason = HTTP2ErrorCode.name(code)
    let rest = frame.totalLength - Self.goAwayLength
    var used = Self.goAwayLength
    if code != 0 {
      if sender == "server" { serverError = reason }
      let fault = Entry.Fault(.connection, "the \(sender) went away: \(reason)")
      ways[inPlace: side].phase = .leaving(fault, rest: rest)
      used = 0
    } else if rest > 0 {
      ways[inPlace: side].phase = .discard(rest)
    }
    guard sender == "server", last < 0x7fff_ffff else { return .skip(used) }
    lastRead = min(last, lastRead ?? last)
    // Pushed streams have keys beyond.
    return .abandon(
      UInt64(last) + 1...0x8000_0000, because: Self.unread(reason), length: used)
  }

  /// The fault of a request that a server that went away has not looked at.
  static func unread(_ reason: String) -> Entry.Fault {
    Entry.Fault(.connection, "the server went away without reading it: \(reason)")
  }

  /// Bytes of a GOAWAY frame without what is told for people.
  private static let goAwayLength = HTTP2Frame.headLength + 8
  /// Highest key of a stream; those of WebSocket messages in streams are higher.
  private static let highestKey: UInt64 = 0x1_ffff_ffff

  /// What an exchange of a stream is found by. Pushed ones lie apart.
  static func key(_ stream: UInt32) -> UInt64 {
    stream & 1 == 1 ? UInt64(stream) : UInt64(stream) | 1 << 32
  }

  // MARK: DATA (RFC 9113 §6.1)

  private mutating func data(
    _ frame: HTTP2Frame, _ bytes: RawSpan, _ side: Side
  ) throws(WireError) -> Step {
    var lead = HTTP2Frame.headLength
    var padding = 0
    if frame.flags.contains(.padded) {
      lead += 1
      if frame.length == 0 { throw WireError(.invalid) }
      if bytes.byteCount < lead { return .needs(lead) }
      padding = Int(bytes.byte(lead - 1))
      if padding >= frame.length { throw WireError(.invalid) }
    }
    let ends = frame.flags.contains(.endStream)
    guard isOpen(frame.stream, side) else {
      return orphan(frame, bytes, side)
    }
    let key = Self.key(frame.stream)
    let length = frame.totalLength - lead - padding
    if length == 0 {
      if bytes.byteCount < frame.totalLength { return .needs(frame.totalLength) }
      guard ends else { return .content([], of: key, length: frame.totalLength) }
      let isWhole = streams.isWhole(frame.stream, side)
      streams.end(frame.stream, side)
      return .end(of: key, ending(isWhole), length: frame.totalLength)
    }
    let isWhole = streams.isWhole(frame.stream, side)
    if ends { streams.end(frame.stream, side) }
    if tunnels[frame.stream] != nil {
      ways[inPlace: side].phase = .tunnel(frame.stream, left: length, padding: padding)
      return ends
        ? .end(of: key, ending(isWhole), length: lead) : .content([], of: key, length: lead)
    }
    if length <= Self.smallData, bytes.byteCount >= frame.totalLength {
      if ends { ways[inPlace: side].phase = .ending(key, isWhole: isWhole) }
      return .content(
        bytes.slice(lead..<lead + length).array(), of: key,
        length: frame.totalLength - (ends ? 1 : 0))
    }
    ways[inPlace: side].phase = .data(
      Content(key: key, length: length, padding: padding, ends: ends, isWhole: isWhole))
    return .content([], of: key, length: lead)
  }

  /// What follows the head of a long DATA frame.
  private mutating func data(_ bytes: RawSpan, _ side: Side, _ content: Content) -> Step {
    var rest = content
    let isExact = content.ends && content.padding == 0
    if content.length > 1 || content.length == 1 && !isExact {
      // The last byte of a message is kept back: with it comes the end.
      let count = isExact ? content.length - 1 : content.length
      rest.length -= count
      let isDone = rest.length == 0 && rest.padding == 0
      ways[inPlace: side].phase = isDone ? .frame : .data(rest)
      return .body(count, of: content.key)
    }
    if isExact {
      ways[inPlace: side].phase = .ending(content.key, isWhole: content.isWhole)
      return .content([bytes.byte(0)], of: content.key, length: 0)
    }
    if bytes.byteCount < content.padding { return .needs(content.padding) }
    ways[inPlace: side].phase = .frame
    return content.ends
      ? .end(of: content.key, ending(content.isWhole), length: content.padding)
      : .content([], of: content.key, length: content.padding)
  }

  /// Content of a stream that carries WebSocket (RFC 8441).
  private mutating func tunnel(
    _ bytes: RawSpan, _ side: Side, _ stream: UInt32, _ left: Int, _ padding: Int
  ) -> Step {
    guard let (step, used) = tunnels[stream]?.next(in: bytes, left: left, from: side) else {
      ways[inPlace: side].phase = .frame
      return .skip(left + padding)
    }
    if used < left {
      ways[inPlace: side].phase = .tunnel(stream, left: left - used, padding: padding)
    } else {
      ways[inPlace: side].phase = padding > 0 ? .discard(padding) : .frame
    }
    return step
  }

  /// Content of a message whose beginning was not captured; of one that is over it is passed over.
  private mutating func orphan(_ frame: HTTP2Frame, _ bytes: RawSpan, _ side: Side) -> Step {
    guard isUnsure, streams[frame.stream]?.progress[side] ?? .nothing == .nothing,
      !streams.hasEnded(frame.stream), !streams.isFull, frame.length > 0
    else { return .skip(frame.totalLength) }
    var stream = streams[frame.stream] ?? HTTP2Streams.Stream()
    let isRequest = stream.requester.map { $0 == side } ?? (side == asker ?? .client)
    stream.requester = isRequest ? side : side.other
    stream.progress[side] = .open
    streams[frame.stream] = stream
    var message = Message(
      isRequest ? .request : .response, stream.isGRPC ? .grpc : .http2,
      key: Self.key(frame.stream))
    message.extent = .open
    message.fields.add(.httpVersion, .text("HTTP/2"))
    message.fault = Entry.Fault(.dissection, "the beginning of the message was not captured")
    // No byte is used: the frame itself comes next.
    return .message(message, length: 0)
  }

  private mutating func isOpen(_ stream: UInt32, _ side: Side) -> Bool {
    streams[stream]?.progress[side] == .open
  }

  // MARK: Finding the way back

  /// Passes over everything before the next two frames in a row. At once after a hole one is enough
  /// if it fits what is known: packets like to begin with frames.
  private mutating func search(_ bytes: RawSpan, _ side: Side, from start: Int) -> Step {
    var at = start
    while at < bytes.byteCount {
      let rest = bytes.suffix(from: at)
      guard let frame = HTTP2Frame(rest) else {
        ways[inPlace: side].phase = .search(from: 0)
        return at > 0 ? .skip(at) : .needs(HTTP2Frame.headLength)
      }
      if frame.isOrdinary {
        if at == 0, isExpected(frame, side) {
          ways[inPlace: side].phase = .frame
          return .skip(0)
        }
        let end = frame.totalLength + HTTP2Frame.headLength
        if rest.byteCount < end {
          ways[inPlace: side].phase = .search(from: 0)
          return at > 0 ? .skip(at) : .needs(end)
        }
        if HTTP2Frame(rest.suffix(from: frame.totalLength))?.isOrdinary == true {
          ways[inPlace: side].phase = .frame
          return .skip(at)
        }
      }
      at += 1
    }
    ways[inPlace: side].phase = .search(from: 0)
    return .skip(bytes.byteCount)
  }

  /// Whether the frame goes on with an open message, begins what comes next, or has a shape of
  /// little freedom.
  private mutating func isExpected(_ frame: HTTP2Frame, _ side: Side) -> Bool {
    switch frame.kind {
    case .data: frame.length > 0 && isOpen(frame.stream, side)
    case .headers: frame.length > 0 && (isOpen(frame.stream, side) || isNext(frame.stream, side))
    case .resetStream: streams[frame.stream] != nil
    case .ping: true
    case .windowUpdate: frame.stream == 0 || streams[frame.stream] != nil
    default: false
    }
  }

  /// Whether the reply to a known request may begin on the stream, or the next request but those
  /// that were lost. It is read at once: where a request waits for the frame behind it, its reply
  /// comes first and finds none.
  private func isNext(_ stream: UInt32, _ side: Side) -> Bool {
    guard let asker else { return false }
    if side != asker { return streams[stream]?.progress[side] == .nothing }
    return stream & 1 == 1 && stream > streams.newest && stream - streams.newest <= Self.maxLeap
  }

  /// How much higher than the newest stream one behind a hole may be, in numbers.
  private static let maxLeap: UInt32 = 1024
}
