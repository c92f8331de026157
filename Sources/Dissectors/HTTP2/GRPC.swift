import Bytes
import Entries
import JSON

/// gRPC over HTTP/2: what a call is named, how it ended, and the messages in its bodies.
///
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
enum GRPC {
  /// Adds status and message of a trailer section, or of a reply without content.
  static func addStatus(_ list: HTTP2FieldList, to fields: inout FieldValues) {
    if let status = list.number(list.grpcStatus) { fields.set(.grpcStatus, .int(Int64(status))) }
    if let message = list.grpcMessage, !message.isEmpty {
      // `complete` makes it a part of the details.
      fields.set(.details, .text(percentDecoded(list.bytes[message])))
    }
  }

  /// Last touches: names, status, and messages with their details.
  static func complete(_ entry: inout Entry) {
    addNames(&entry)
    var message = ""
    if case .text(let text) = entry.fields[.details] { message = text }
    let requests = GRPCMessages(entry.request, of: entry)
    let replies = GRPCMessages(entry.response, of: entry)
    let status = status(entry, replies)
    if let status {
      entry.fields.set(.grpcStatus, .int(status))
      entry.failed = status != 0
    }
    var writer = JSONWriter(reserving: 256)
    writer.beginObject()
    if entry.hasRequest {
      writer.name("request")
      writer.beginObject()
      if let kind = kind(requests, replies) {
        writer.name("stream")
        writer.write(kind)
      }
      requests.write(to: &writer)
      writer.endObject()
    }
    if entry.hasResponse {
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
      replies.write(to: &writer)
      writer.endObject()
    }
    writer.endObject()
    entry.fields.set(.details, .text(writer.text))
  }

  /// `/package.Service/Method`: what stands behind the last slash, and between it and the first.
  private static func addNames(_ entry: inout Entry) {
    guard case .text(let path) = entry.fields[.path] else { return }
    let parts = path.utf8
    guard let slash = parts.lastIndex(of: 0x2f) else { return }
    let start = parts.first == 0x2f ? parts.index(after: parts.startIndex) : parts.startIndex
    if start < slash { entry.fields.set(.grpcService, .text(String(path[start..<slash]))) }
    let method = path[parts.index(after: slash)...]
    if !method.isEmpty { entry.fields.set(.grpcMethod, .text(String(method))) }
  }

  /// What trailers or headers say; else what the way it ended says; nil when its end was not seen.
  private static func status(_ entry: Entry, _ replies: GRPCMessages) -> Int64? {
    if case .int(let status) = entry.fields[.grpcStatus] { return status }
    if let status = replies.webStatus { return status }
    if entry.fault?.kind == .connection { return unknown }
    if case .int(let http) = entry.fields[.statusCode], http != 200 { return status(ofHTTP: http) }
    return entry.hasResponse && entry.fault == nil ? 0 : nil
  }

  /// https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
  private static func status(ofHTTP status: Int64) -> Int64 {
    switch status {
    case 400: 13
    case 401: 16
    case 403: 7
    case 404: 12
    case 429, 502, 503, 504: 14
    default: unknown
    }
  }

  private static let unknown: Int64 = 2

  /// The kind of call that so many messages are; nil when they are not all known. A stream of one
  /// message looks like none.
  private static func kind(_ requests: GRPCMessages, _ replies: GRPCMessages) -> String? {
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
