import NIOCore
import NIOHTTP1
import ToolKit

/// Says that header fields are too large where the decoder of HTTP/1 has given them up, so that
/// nobody sees the request: 431 (RFC 6585 §5) with our JSON, in the place of a 400 without a body.
///
/// Beside the decoder, where parts are those of HTTP/1; on the connection's event loop.
final class HeaderRefusal: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private let limits: HubLimits
  private let counters: HubCounters
  /// The decoder has given up, and that was not answered yet.
  private var isTooLarge = false

  private init(_ limits: HubLimits, _ counters: HubCounters) {
    (self.limits, self.counters) = (limits, counters)
  }

  /// Puts one behind the decoder of a connection that has one.
  static func add(
    to pipeline: ChannelPipeline.SynchronousOperations, _ limits: HubLimits,
    _ counters: HubCounters
  ) {
    guard let decoder = try? pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
    else { return }
    let place = ChannelPipeline.SynchronousOperations.Position.after(decoder)
    // Without it the answer is the bare one.
    try? pipeline.addHandler(HeaderRefusal(limits, counters), position: place)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if case .headerOverflow? = error as? HTTPParserError { isTooLarge = true }
    // Whoever reads requests learns of it, and writes the bare answer after those before it.
    context.fireErrorCaught(error)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard isTooLarge, case .head(let head) = unwrapOutboundIn(data), Self.isBare(head) else {
      context.write(data, promise: promise)
      return
    }
    isTooLarge = false
    counters.turnAway(.headers)
    counters.answered(431)
    let body = HubResponse.error(
      .headersTooLarge("too many, or too large", limit: limits.headers)
    ).body
    let refusal = HTTPResponseHead(
      version: head.version, status: .requestHeaderFieldsTooLarge,
      headers: [
        "connection": "close", "content-type": MediaType.json,
        "content-length": String(body.count), "cache-control": "no-store",
      ])
    context.write(wrapOutboundOut(.head(refusal)), promise: promise)
    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
  }

  /// Whether it is the server's own answer to what it could not read: ours all have a body.
  private static func isBare(_ head: HTTPResponseHead) -> Bool {
    head.status == .badRequest && head.headers.first(name: "content-length") == "0"
  }
}

extension ToolError {
  /// - Parameter size: what the header fields are, such as `41200 bytes`.
  static func headersTooLarge(_ size: String, limit: Int) -> ToolError {
    ToolError(
      status: 431, code: "headers_too_large",
      message: "The header fields are \(size); at most \(limit) bytes are read.",
      hint: "Send arguments in the body of POST /mcp/tools/call.")
  }
}
