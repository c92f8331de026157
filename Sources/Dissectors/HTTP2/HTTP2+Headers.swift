import Bytes
import Entries
import Flows
import JSON

// Header blocks become requests, replies and trailers.
extension HTTP2 {
  /// A HEADERS or PUSH_PROMISE frame with the CONTINUATION frames behind it (RFC 9113 §4.3).
  mutating func headers(
    _ frame: HTTP2Frame, _ bytes: RawSpan, _ side: Side
  ) throws(WireError) -> Step {
    guard frame.totalLength <= Self.maxHeaderBlock else {
      throw tooLarge(frame, side)
    }
    // Frames that were looked at before are not looked at again.
    var total = max(frame.totalLength, ways[inPlace: side].continued)
    ways[inPlace: side].continued = 0
    var isLast = total == frame.totalLength && frame.flags.contains(.endHeaders)
    while !isLast {
      guard bytes.byteCount >= total + HTTP2Frame.headLength,
        let next = HTTP2Frame(bytes.suffix(from: total))
      else {
        ways[inPlace: side].continued = total
        return .needs(total + HTTP2Frame.headLength)
      }
      guard next.kind == .continuation, next.stream == frame.stream else {
        throw WireError(hasHeaders ? .invalid : .foreign, at: total)
      }
      total += next.totalLength
      guard total <= Self.maxHeaderBlock else { throw tooLarge(frame, side) }
      isLast = next.flags.contains(.endHeaders)
    }
    if bytes.byteCount < total { return .needs(total) }
    if streams.isFull, streams[frame.stream] == nil {
      streams.makeRoom()
      ways[inPlace: side].relapse = .retry
      throw WireError(.tooLarge)
    }
    guard let fragment = frame.fragment(of: bytes) else { throw WireError(.invalid) }
    if ways[inPlace: side].givenUp < Self.maxGivenUp,
      let stale = streams.takeStale(before: frame.stream)
    {
      ways[inPlace: side].givenUp += 1
      let key = Self.key(stale)
      return .abandon(key...key, because: ending(false).fault, length: 0)
    }
    ways[inPlace: side].givenUp = 0
    var list = HTTP2FieldList(ofBlock: total)
    // A few octets stand for long fields: blocks of a side are about as long as those before.
    list.bytes.reserveCapacity(
      min(max(2 * fragment.count + 64, ways[inPlace: side].usualLength), HTTP2FieldList.maxLength))
    if total == frame.totalLength {
      try decode(bytes.slice(fragment), &list, side)
    } else {
      try decode(block(fragment, bytes.prefix(total), frame).rawSpan, &list, side)
    }
    ways[inPlace: side].usualLength = max(
      min(list.bytes.count, Self.maxUsualLength), ways[inPlace: side].usualLength / 4 * 3)
    if frame.kind == .pushPromise { return promise(frame, bytes, list, side, total) }
    return message(frame, list, side, total)
  }

  /// Bytes of fields that get their memory at once, though the block is short.
  private static let maxUsualLength = 1 << 10

  /// Streams that are given up before one block: a step that uses no bytes is no progress, and the
  /// others have time until the next block.
  private static let maxGivenUp = 8

  /// The fragments of several frames together.
  private func block(_ first: Range<Int>, _ bytes: RawSpan, _ frame: HTTP2Frame) -> [UInt8] {
    var block = bytes.slice(first).array()
    var at = frame.totalLength
    while at < bytes.byteCount, let next = HTTP2Frame(bytes.suffix(from: at)) {
      block.append(bytes.slice(at + HTTP2Frame.headLength..<at + next.totalLength))
      at += next.totalLength
    }
    return block
  }

  /// The block's fields. The first failure is counted, and the second look takes what it can.
  private mutating func decode(
    _ block: RawSpan, _ list: inout HTTP2FieldList, _ side: Side
  ) throws(WireError) {
    let isTolerant = ways[inPlace: side].isTolerant
    ways[inPlace: side].isTolerant = false
    do {
      try ways[inPlace: side].decoder.decode(block, into: &list)
    } catch {
      list.isBroken = true
      if isTolerant { return }
      if !hasHeaders { throw WireError(.foreign) }
      ways[inPlace: side].isTolerant = true
      ways[inPlace: side].relapse = .retry
      throw error
    }
    if isTolerant { list.isBroken = true }
    hasHeaders = true
  }

  /// The block is passed over, and with it what it did to the table.
  private mutating func tooLarge(_ frame: HTTP2Frame, _ side: Side) -> WireError {
    ways[inPlace: side].decoder.forget()
    ways[inPlace: side].relapse = .discard(frame.totalLength)
    return WireError(.tooLarge)
  }

  // MARK: Messages

  private mutating func message(
    _ frame: HTTP2Frame, _ list: HTTP2FieldList, _ side: Side, _ total: Int
  ) -> Step {
    let stream = streams[frame.stream] ?? HTTP2Streams.Stream()
    let ends = frame.flags.contains(.endStream)
    if list.status == nil, stream.progress[side] == .open {
      return trailers(frame, list, side, total)
    }
    guard stream.progress[side] == .nothing, !streams.hasEnded(frame.stream),
      let isRequest = isRequest(list, stream, side)
    else { return .skip(total) }
    if list.status != nil || list.isRequest { asker = isRequest ? side : side.other }
    if isRequest {
      return begin(request(frame, list, side, stream), frame, list, side, total)
    }
    if let status = list.number(list.status), status < 200, !ends {
      streams.noteInterim(status, on: frame.stream)
      return .message(
        Message(.interim, .http2, key: Self.key(frame.stream)), length: total)
    }
    return begin(response(frame, list, side, stream), frame, list, side, total)
  }

  /// A message begins with the block, and ends with it where the frame says so.
  private mutating func begin(
    _ message: consuming Message, _ frame: HTTP2Frame, _ list: HTTP2FieldList, _ side: Side,
    _ total: Int
  ) -> Step {
    message.headers = list.headers
    message.fields.add(
      message.role == .request ? .requestHeadersSize : .responseHeadersSize, int: Int64(total))
    if let fault = fault(list) { message.fault = fault }
    let ends = frame.flags.contains(.endStream)
    if ends { streams.end(frame.stream, side) } else { message.extent = .open }
    return .message(consume message, length: total)
  }

  /// Whether the block begins a request, or a reply; nil when it begins neither.
  private mutating func isRequest(
    _ list: HTTP2FieldList, _ stream: HTTP2Streams.Stream, _ side: Side
  ) -> Bool? {
    if list.status != nil { return false }
    if list.isRequest { return true }
    if let requester = stream.requester { return requester == side }
    return isUnsure ? side == asker ?? .client : nil
  }

  private mutating func request(
    _ frame: HTTP2Frame, _ list: HTTP2FieldList, _ side: Side, _ known: HTTP2Streams.Stream
  ) -> Message {
    var stream = known
    stream.requester = side
    stream.progress[side] = .open
    if list.isGRPC { stream.isGRPC = true }
    if let name = list.connectProtocol, list.bytes.rawSpan.slice(name).equals("websocket") {
      stream.isSocket = true
    }
    streams[frame.stream] = stream
    var message = Message(
      .request, stream.isGRPC ? .grpc : .http2, key: Self.key(frame.stream))
    message.fields.reserve(bytes: 480)
    Self.addRequest(list, to: &message.fields)
    // The content of a call of gRPC is its own.
    if !stream.isGRPC {
      let bytes = list.bytes.rawSpan
      let hints = HTTPContent.hints(
        method: bytes.slice(list.method ?? 0..<0), type: bytes.slice(list.contentType ?? 0..<0),
        target: bytes.slice(list.path ?? 0..<0))
      message.hints = hints.rawValue | (list.isMCP ? HTTPContent.Hints.mcp.rawValue : 0)
    }
    if let lastRead, frame.stream > lastRead {
      // It was under way already: no reply will come (RFC 9113 §6.8).
      message.partner = .none
      message.fault = Self.unread(HTTP2ErrorCode.name(0))
    } else if let serverError {
      message.fault = Entry.Fault(.connection, "the server went away: \(serverError)")
    }
    return message
  }

  /// Method, target, host and media type as the pseudo header fields tell (RFC 9113 §8.3.1).
  private static func addRequest(_ list: HTTP2FieldList, to fields: inout FieldValues) {
    let bytes = list.bytes.rawSpan
    let method = bytes.slice(list.method ?? 0..<0)
    let host = list.authority ?? list.host
    var hasHost = false
    if let target = list.path ?? (method.equals("CONNECT") ? list.authority : nil) {
      hasHost = HTTPFields.addRequest(
        &fields, method: method, target: bytes, target, version: RawSpan())
    } else {
      if !method.isEmpty { fields.add(.method, text: method) }
    }
    fields.add(.httpVersion, text: "HTTP/2")
    if let host {
      if hasHost {
        fields.set(.host, text: bytes.slice(host))
      } else {
        fields.add(.host, text: bytes.slice(host))
      }
    }
    if let type = list.contentType { fields.add(.requestContentType, text: bytes.slice(type)) }
  }

  private mutating func response(
    _ frame: HTTP2Frame, _ list: HTTP2FieldList, _ side: Side, _ known: HTTP2Streams.Stream
  ) -> Message {
    var stream = known
    let isOrphan = stream.progress[side.other] == .nothing
    stream.requester = side.other
    stream.progress[side] = .open
    if isOrphan, list.isGRPC || list.grpcStatus != nil { stream.isGRPC = true }
    let status = list.number(list.status)
    stream.hasVerdict = list.grpcStatus != nil || status.map { $0 != 200 } == true
    streams[frame.stream] = stream
    var message = Message(
      .response, stream.isGRPC ? .grpc : .http2, key: Self.key(frame.stream))
    message.fields.reserve(bytes: 112)
    if let promise = streams.takePromise(frame.stream) {
      message.partner = .none
      message.fields = promise.fields
      message.details = promise.details
    } else if isOrphan {
      message.fields.add(.httpVersion, .text("HTTP/2"))
      if isUnsure, !(isUpgraded && frame.stream == 1) { message.partner = .lost }
    }
    if let status {
      message.fields.add(.statusCode, int: Int64(status))
      message.failed = status >= 400
    }
    // The details of a call of gRPC are its own.
    let interim = streams.interim(of: frame.stream)
    if !interim.isEmpty, !stream.isGRPC, message.details.isEmpty {
      let codes = interim.map(String.init).joined(separator: ",")
      message.details = Array((#"{"interim":["# + codes + "]}").utf8)
    }
    if let type = list.contentType {
      message.fields.add(.responseContentType, text: list.bytes.rawSpan.slice(type))
      let hints = HTTPContent.hints(replyType: list.bytes.rawSpan.slice(type))
      message.hints = hints.rawValue | (list.isMCP ? HTTPContent.Hints.mcp.rawValue : 0)
      message.isStreamed = hints.contains(.events)
    }
    if stream.isGRPC { GRPC.addStatus(list, to: &message.fields) }
    if stream.isSocket, let status, status / 100 == 2 {
      openTunnel(frame.stream, list.headers)
    }
    return message
  }

  /// Header fields after the content (RFC 9113 §8.1).
  private mutating func trailers(
    _ frame: HTTP2Frame, _ list: HTTP2FieldList, _ side: Side, _ total: Int
  ) -> Step {
    let key = Self.key(frame.stream)
    guard frame.flags.contains(.endStream) else { return .content([], of: key, length: total) }
    var ending = ending(streams.isWhole(frame.stream, side))
    ending.trailers = list.headers
    ending.fault = fault(list) ?? ending.fault
    if streams[frame.stream]?.requester != side {
      GRPC.addStatus(list, to: &ending.fields)
      if list.grpcStatus != nil { ending.kind = .grpc }
    }
    streams.end(frame.stream, side)
    return .end(of: key, ending, length: total)
  }

  private func fault(_ list: HTTP2FieldList) -> Entry.Fault? {
    if list.isBroken {
      return Entry.Fault(.dissection, "the header block could not be decoded")
    }
    if list.isCut {
      return Entry.Fault(.dissection, "the header fields are larger than the limit")
    }
    return nil
  }

  // MARK: WebSocket (RFC 8441)

  /// Begins to read WebSocket in a stream. Beyond the limit it is passed on as content.
  mutating func openTunnel(_ stream: UInt32, _ headers: HeaderBlock) {
    if tunnels.count >= Self.maxTunnels {
      for known in Array(tunnels.keys) where streams[known] == nil { tunnels[known] = nil }
    }
    if tunnels.count < Self.maxTunnels {
      tunnels[stream] = WebSocketTunnel(stream: stream, headers)
    }
  }

  /// Streams of a connection whose WebSocket messages are read at once; each may keep 64 KiB of text
  /// that compressed messages refer to.
  private static let maxTunnels = 64

  // MARK: Pushed replies (RFC 9113 §8.4)

  private mutating func promise(
    _ frame: HTTP2Frame, _ bytes: RawSpan, _ list: HTTP2FieldList, _ side: Side, _ total: Int
  ) -> Step {
    let at = HTTP2Frame.headLength + (frame.flags.contains(.padded) ? 1 : 0)
    let promised = bytes.big32(at) & 0x7fff_ffff
    guard promised & 1 == 0, promised > 0, streams[promised] == nil else { return .skip(total) }
    var promise = HTTP2Streams.Promise(fields: FieldValues(), details: [])
    Self.addRequest(list, to: &promise.fields)
    promise.details = pushDetails(list, by: frame.stream)
    if streams.promise(promised, promise) {
      var stream = HTTP2Streams.Stream()
      stream.requester = side.other
      streams[promised] = stream
    }
    return .skip(total)
  }

  /// What the server pretends to have been asked, as JSON.
  private func pushDetails(_ list: HTTP2FieldList, by stream: UInt32) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("pushedBy")
    writer.write(Int(stream))
    if list.bytes.count <= Self.maxPromiseDetails {
      writer.name("promise")
      writer.beginObject()
      for field in list.headers.fields {
        writer.name(field.name)
        writer.write(field.value)
      }
      writer.endObject()
    }
    writer.endObject()
    return writer.bytes
  }

  /// Header bytes of a promise that are shown.
  private static let maxPromiseDetails = 4 << 10

  /// A promised reply that one side did not want.
  func refused(
    _ promise: HTTP2Streams.Promise, _ code: UInt32, _ side: Side, _ stream: UInt32
  ) -> Message {
    var message = Message(.notice, .http2, key: Self.key(stream))
    message.partner = .none
    message.fields = promise.fields
    message.details = promise.details
    let sender = side == .client ? "client" : "server"
    message.fault = Entry.Fault(
      .connection, "the \(sender) reset the pushed stream: \(HTTP2ErrorCode.name(code))")
    return message
  }

  // MARK: What is cut

  /// The fields at the beginning of a header block whose rest was not captured.
  mutating func cutMessage(_ bytes: RawSpan, _ side: Side) -> Message? {
    guard let frame = HTTP2Frame(bytes), frame.kind == .headers, frame.isValid,
      streams[frame.stream]?.progress[side] ?? .nothing == .nothing,
      !streams.isFull, !streams.hasEnded(frame.stream)
    else { return nil }
    let start =
      HTTP2Frame.headLength + (frame.flags.contains(.padded) ? 1 : 0)
      + (frame.flags.contains(.priority) ? 5 : 0)
    let end = min(frame.totalLength, bytes.byteCount)
    guard start < end else { return nil }
    var list = HTTP2FieldList()
    list.begin()
    // It ends inside a field: what comes before is sound.
    ways[inPlace: side].decoder.decodeBeginning(bytes.slice(start..<end), into: &list)
    list.dropUnfinished()
    guard list.method != nil || list.status != nil else { return nil }
    guard case .message(var message, _) = message(frame, list, side, bytes.byteCount) else {
      return nil
    }
    message.extent = .whole
    streams.end(frame.stream, side)
    return message.role == .interim ? nil : message
  }
}
