import Bytes
import Decompression
import Entries
import JSON

/// gRPC over HTTP/2, and gRPC-Web over any HTTP: what a call is named, how it ended, and the messages
/// in its bodies.
///
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
enum GRPC {
  /// Adds status and message of a trailer section, or of a reply without content.
  static func addStatus(_ list: HTTP2FieldList, to fields: inout FieldValues) {
    if let status = list.number(list.grpcStatus) { fields.set(.grpcStatus, .int(Int64(status))) }
    if let message = list.grpcMessage, !message.isEmpty {
      // `complete` makes it a part of the details.
      fields.set(.details, .text(percentDecoded(list.bytes[message])))
    }
  }

  /// Last touches: names, status and counts. Messages are shown when somebody asks, out of the
  /// bodies; those that have to be decompressed are shown at once, so that this is counted.
  static func complete(
    _ entry: inout Entry, _ decompressions: inout DecompressionCounters
  ) {
    let known = Known(entry.fields)
    addNames(known, &entry.fields)
    let isDamaged = entry.fault?.kind == .dissection
    let requests = GRPCMessages(
      entry.request, isDamaged: isDamaged, mayBeTextual: !known.requestIsPlain)
    let replies = GRPCMessages(
      entry.response, isDamaged: isDamaged, mayBeTextual: !known.replyIsPlain)
    var message = ""
    if let place = known.message { message = entry.fields.bytes.rawSpan.text(place) }
    if message.isEmpty { message = replies.webMessage }
    let status = status(entry, known, replies)
    addCounts(&entry, requests, replies)
    if let status {
      if known.status == nil { entry.fields.add(.grpcStatus, int: status) }
      entry.failed = status != 0
    }
    if requests.hasCompressed || replies.hasCompressed {
      let text = details(
        entry.hasRequest ? requests : nil, entry.hasResponse ? replies : nil,
        kind: kind(requests, replies), status, message, &decompressions)
      entry.fields.set(.details, .text(text))
    } else {
      if known.message != nil { entry.fields.set(.details, .none) }
      if !message.isEmpty { entry.fields.add(.responseFacts, .bytes(Array(message.utf8))) }
    }
  }

  /// What the fields of a call say when it is over, found in one pass over them.
  private struct Known {
    /// Where the path stands.
    var path: Range<Int>?
    /// Where the message stands that goes with the status.
    var message: Range<Int>?
    var status: Int64?
    var httpStatus: Int64?
    /// The media type is one of gRPC that is no textual form.
    var requestIsPlain = false
    var replyIsPlain = false

    init(_ fields: FieldValues) {
      let bytes = fields.bytes.rawSpan
      var at = 0
      while let place = FieldValues.next(bytes, &at) {
        switch place.id {
        case FieldID.path.rawValue where path == nil: path = place.value
        case FieldID.details.rawValue where message == nil: message = place.value
        case FieldID.grpcStatus.rawValue where status == nil:
          status = Int64(bitPattern: bytes.little64(place.value.lowerBound))
        case FieldID.statusCode.rawValue where httpStatus == nil:
          httpStatus = Int64(bitPattern: bytes.little64(place.value.lowerBound))
        case FieldID.requestContentType.rawValue:
          requestIsPlain = Self.isPlain(bytes.slice(place.value))
        case FieldID.responseContentType.rawValue:
          replyIsPlain = Self.isPlain(bytes.slice(place.value))
        default: break
        }
      }
    }

    private static func isPlain(_ type: RawSpan) -> Bool {
      isContentType(type) && (type.byteCount == 16 || type.byte(16) != UInt8(ascii: "-"))
    }
  }

  /// The details of a call that `complete` did not write.
  static func details(of row: any ColumnRow) -> String {
    guard case .int(let raw) = row.column(.kind), raw == Int64(ProtocolKind.grpc.rawValue),
      row.column(.details) == .none
    else { return "" }
    var isDamaged = false
    if case .int(let fault) = row.column(.faultKind) {
      isDamaged = fault == Int64(Entry.Fault.Kind.dissection.rawValue)
    }
    let contents = row.contents()
    let requests = GRPCMessages(contents.request, isDamaged: isDamaged)
    let replies = GRPCMessages(contents.response, isDamaged: isDamaged)
    var halves: Int64 = 0
    if case .int(let seen) = row.column(.halves) { halves = seen }
    var status: Int64?
    if case .int(let number) = row.column(.grpcStatus) { status = number }
    var message = ""
    if case .bytes(let facts) = row.column(.responseFacts) { message = facts.rawSpan.text() }
    var decompressions = DecompressionCounters()
    return details(
      halves & 1 == 0 ? nil : requests, halves & 2 == 0 ? nil : replies,
      kind: kind(requests, replies), status, message, &decompressions)
  }

  /// The object with what is known of both halves, as far as they are there.
  private static func details(
    _ requests: GRPCMessages?, _ replies: GRPCMessages?, kind: StaticString?, _ status: Int64?,
    _ message: String, _ decompressions: inout DecompressionCounters
  ) -> String {
    var writer = JSONWriter(reserving: 256)
    writer.beginObject()
    if let requests {
      writer.name("request")
      writer.beginObject()
      if let kind {
        writer.name("stream")
        writer.write("\(kind)")
      }
      requests.write(to: &writer, &decompressions)
      writer.endObject()
    }
    if let replies {
      writer.name("response")
      writer.beginObject()
      if let status {
        writer.name("grpcStatus")
        writer.write(status)
        writer.name("grpcStatusName")
        writer.write(statusName(status))
      }
      if !message.isEmpty {
        writer.name("grpcMessage")
        writer.write(message)
      }
      replies.writeStatusDetails(to: &writer)
      replies.write(to: &writer, &decompressions)
      writer.endObject()
    }
    writer.endObject()
    return writer.text
  }

  /// The same for a call over HTTP/1.1, whose head has not been looked at for it.
  static func completeWeb(
    _ entry: inout Entry, _ decompressions: inout DecompressionCounters
  ) {
    entry.fields.set(.details, .text(""))
    if let headers = entry.response?.headers {
      if let status = headers.value(of: "grpc-status").flatMap({ Int64($0) }) {
        entry.fields.set(.grpcStatus, .int(status))
      }
      if let message = headers.value(of: "grpc-message") {
        entry.fields.set(.details, .text(percentDecoded(Array(message.utf8)[...])))
      }
    }
    complete(&entry, &decompressions)
  }

  /// Whether a Content-Type is gRPC: `application/grpc` with or without what may follow.
  static func isContentType(_ value: RawSpan) -> Bool {
    value.byteCount >= 16 && value.prefix(16).equalsIgnoringCase("application/grpc")
  }

  /// Kind of the call and number of its messages, where they are known.
  private static func addCounts(
    _ entry: inout Entry, _ requests: GRPCMessages, _ replies: GRPCMessages
  ) {
    if entry.hasRequest, let kind = kind(requests, replies) {
      entry.fields.add(.grpcStream, text: kind)
    }
    if let count = requests.knownCount, entry.hasRequest {
      entry.fields.add(.grpcRequestMessages, int: Int64(count))
    }
    if let count = replies.knownCount, entry.hasResponse {
      entry.fields.add(.grpcResponseMessages, int: Int64(count))
    }
  }

  /// `/package.Service/Method`: what stands behind the last slash, and between it and the first.
  private static func addNames(_ known: Known, _ fields: inout FieldValues) {
    guard let place = known.path else { return }
    let path = fields.bytes.rawSpan.slice(place).array()
    let bytes = path.rawSpan
    guard let slash = path.lastIndex(of: 0x2f) else { return }
    let start = bytes.byte(0) == 0x2f ? 1 : 0
    if start < slash { fields.add(.grpcService, text: bytes.slice(start..<slash)) }
    let method = bytes.suffix(from: slash + 1)
    if !method.isEmpty { fields.add(.grpcMethod, text: method) }
  }

  /// What trailers or headers say; else what the way it ended says; nil when its end was not seen.
  private static func status(_ entry: Entry, _ known: Known, _ replies: GRPCMessages) -> Int64? {
    if let status = known.status { return status }
    if let status = replies.webStatus { return status }
    if let http = known.httpStatus, http != 200 { return status(ofHTTP: http) }
    // The connection failed, or the server went away. Who ends one in order may have had enough of a
    // stream that goes on.
    if let fault = entry.fault, fault.kind == .connection, fault != Runner.ended,
      fault != Runner.silent
    {
      return unknown
    }
    return entry.hasResponse && entry.fault == nil ? 0 : nil
  }

  /// https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
  private static func status(ofHTTP status: Int64) -> Int64 {
    switch status {
    case 400: `internal`
    case 401: 16
    case 403: permissionDenied
    case 404: 12
    case 429, 502, 503, 504: unavailable
    default: unknown
    }
  }

  /// Of a stream that was reset, whatever the code: clients differ in what they make of it.
  static let unknown: Int64 = 2
  private static let permissionDenied: Int64 = 7
  private static let `internal`: Int64 = 13
  private static let unavailable: Int64 = 14

  /// The kind of call that so many messages are; nil when they are not all known. A stream of one
  /// message looks like none.
  private static func kind(_ requests: GRPCMessages, _ replies: GRPCMessages) -> StaticString? {
    switch (requests.areSeveral, replies.areSeveral) {
    case (false, false): "unary"
    case (true, false): "client"
    case (false, true): "server"
    case (true, true): "bidi"
    case (nil, _), (_, nil): nil
    }
  }

  static func statusName(_ status: Int64) -> String {
    status >= 0 && status < statusNames.count ? statusNames[Int(status)] : "\(status)"
  }

  private static let statusNames = [
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
    "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
  ]

  /// Text with `%` and two hexadecimal digits for octets; what is not so coded stays as it is.
  static func percentDecoded(_ text: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var at = text.startIndex
    while at < text.endIndex {
      if text[at] == 0x25, text.endIndex - at > 2, let high = hexDigit(text[at + 1]),
        let low = hexDigit(text[at + 2])
      {
        bytes.append(high << 4 | low)
        at += 3
      } else {
        bytes.append(text[at])
        at += 1
      }
    }
    return bytes.rawSpan.text()
  }
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case 0x30...0x39: byte - 0x30
  case 0x41...0x46: byte - 0x41 + 10
  case 0x61...0x66: byte - 0x61 + 10
  default: nil
  }
}
