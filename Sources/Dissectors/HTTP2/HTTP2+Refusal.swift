import Bytes
import Entries

// A server of HTTP/1 alone takes the preface for a request that it cannot read, and answers in
// HTTP/1 (RFC 9113 §3.4 has chosen the preface so that it does).
extension HTTP2 {
  /// The reply in HTTP/1 with which `bytes` begin, to the request of stream 1. Nil when they begin
  /// otherwise.
  func refusal(_ bytes: RawSpan) throws(WireError) -> Step? {
    let version: StaticString = "HTTP/1."
    guard bytes.starts(with: version) else {
      return bytes.isBeginning(of: version) ? .needs(version.utf8CodeUnitCount) : nil
    }
    guard case .head(let head) = HTTP1Head.read(bytes) else {
      if bytes.byteCount > HTTP1.maxHead { throw WireError(.tooLarge) }
      return .needs(bytes.byteCount + 1)
    }
    guard case .response(let status, let reason, _) = head.start else {
      throw WireError(.invalid)
    }
    let isGRPC = streams[1]?.isGRPC == true
    var message = Message(.response, isGRPC ? .grpc : .http2, key: Self.key(1))
    message.fields.add(.statusCode, int: Int64(status))
    message.fields.add(.statusText, text: bytes.slice(reason))
    if let type = head.contentType {
      message.fields.add(.responseContentType, text: bytes.slice(head.value(bytes, type)))
    }
    message.fields.add(.responseHeadersSize, int: Int64(head.length))
    message.failed = status >= 400
    message.headers = HeaderBlock(bytes: bytes.slice(head.lines).array())
    switch head.framing(bytes) {
    case .length(let count): message.extent = count == 0 ? .whole : .body(count)
    case .untilClose, .unsaid: message.extent = .body(.max)
    // Its chunks are passed over.
    case .chunked: break
    }
    return .message(message, length: head.length)
  }
}
