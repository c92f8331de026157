import Bytes
import Entries
import Flows

// Streams that end before their time.
extension HTTP2 {
  /// RST_STREAM (RFC 9113 §6.4). A server that has answered in full and does not care for the rest
  /// of the request is no failure (§8.1).
  mutating func reset(_ frame: HTTP2Frame, _ bytes: RawSpan, _ side: Side) -> Step {
    if bytes.byteCount < frame.totalLength { return .needs(frame.totalLength) }
    guard let stream = streams[frame.stream] else { return .skip(frame.totalLength) }
    let code = bytes.big32(HTTP2Frame.headLength)
    let answerer = (stream.requester ?? asker ?? .client).other
    if let promise = streams.takePromise(frame.stream) {
      streams.remove(frame.stream)
      return .message(refused(promise, code, side, frame.stream), length: frame.totalLength)
    }
    let key = Self.key(frame.stream)
    var told = FieldValues()
    if stream.isGRPC, !stream.hasVerdict, stream.progress[answerer] != .ended {
      told.add(.grpcStatus, int: GRPC.unknown)
    }
    if side != answerer, stream.progress[answerer] == .nothing, stream.progress[side] != .nothing {
      // Both may have lost patience at once, as at a deadline that both know: the reply crosses it.
      streams.withdraw(frame.stream, side)
      let fault = Entry.Fault(
        .connection, "the client reset the stream: \(HTTP2ErrorCode.name(code))")
      return .withdraw(key, because: fault, telling: told, length: frame.totalLength)
    }
    streams.remove(frame.stream)
    var fault: Entry.Fault?
    if code != 0 || stream.progress[answerer] != .ended {
      let sender = side != answerer ? "client" : "server"
      fault = Entry.Fault(
        .connection, "the \(sender) reset the stream: \(HTTP2ErrorCode.name(code))")
    }
    return .abandon(key...key, because: fault, telling: told, length: frame.totalLength)
  }
}
