import NIOCore

/// Our end of a connection, next to the socket.
///
/// It lets the end of the connection wait until what came before it was asked for. When the other
/// side closes, the channel reads all that is left at once, asked or not, and then ends; the HTTP
/// library drops what it had not asked for yet. Of a file that breaks off, that is up to a socket's
/// buffer, which would have to be fetched again. So what comes unasked waits here, and so does the
/// end. The channel must allow half-closure, so that the end comes as an event. What waits is at
/// most what the system had buffered for the socket.
///
/// And it sends together what is written together: the library flushes the head of a request before
/// it writes the body, and the other side would be woken twice.
final class ConnectionEnd: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  private var waiting: [ByteBuffer] = []
  /// Whether the other handlers asked for more; the channel asks once when it begins.
  private var isAsked = true
  private var hasEnded = false
  private var willFlush = false

  /// Puts one into a channel that has just been connected.
  static func install(in channel: any Channel) -> EventLoopFuture<Void> {
    channel.eventLoop.submit {
      try channel.pipeline.syncOperations.addHandler(ConnectionEnd(), position: .first)
      try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isAsked && waiting.isEmpty {
      context.fireChannelRead(data)
    } else {
      waiting.append(unwrapInboundIn(data))
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    guard waiting.isEmpty else { return }
    isAsked = false
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    isAsked = true
    guard waiting.isEmpty else { return handOver(context) }
    context.read()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event as? ChannelEvent == .inputClosed else {
      return context.fireUserInboundEventTriggered(event)
    }
    hasEnded = true
    if waiting.isEmpty { context.close(promise: nil) }
  }

  func flush(context: ChannelHandlerContext) {
    guard !willFlush else { return }
    willFlush = true
    context.eventLoop.assumeIsolated().execute {
      self.willFlush = false
      context.flush()
    }
  }

  private func handOver(_ context: ChannelHandlerContext) {
    let ready = waiting
    waiting = []
    isAsked = false
    for bytes in ready { context.fireChannelRead(wrapInboundOut(bytes)) }
    context.fireChannelReadComplete()
    if hasEnded, waiting.isEmpty { context.close(promise: nil) }
  }
}
