import NIOCore

/// Counts a connection, closes it when its client takes too long to send a request or to take an
/// answer, and tells a call under way when its client is gone.
///
/// On the connection's event loop, like every handler.
final class ConnectionWatch: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny
  typealias InboundOut = NIOAny
  typealias OutboundIn = NIOAny
  typealias OutboundOut = NIOAny

  /// What the server tells of a request.
  enum Event: Sendable {
    /// The whole request is there; the answer takes its time.
    case answering
    /// The same, by work that ends when the client goes.
    case working(Departure)
    /// The answer is made; what follows is the client's turn.
    case answered
  }

  private let limits: HubLimits
  private let counters: HubCounters
  private var deadline: Scheduled<Void>?
  private var isCounted = false
  /// Nothing more can come from the client.
  private var isInputClosed = false
  private var departure: Departure?

  init(_ limits: HubLimits, _ counters: HubCounters) {
    (self.limits, self.counters) = (limits, counters)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let pipeline = context.pipeline.syncOperations
    HeaderRefusal.add(to: pipeline, limits, counters)
    if context.channel.isActive { begin(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    depart()
    deadline?.cancel()
    deadline = nil
    if isCounted { counters.closed() }
    isCounted = false
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent { depart() }
    context.fireUserInboundEventTriggered(event)
  }

  private func depart() {
    isInputClosed = true
    departure?.happen()
    departure = nil
  }

  private func begin(_ context: ChannelHandlerContext) {
    guard !isCounted else { return }
    isCounted = true
    // Up to the limit they are served, somewhat beyond it told why not, then just closed.
    if counters.opened() > 2 * limits.connections {
      counters.turnAway(.connections)
      context.close(promise: nil)
      return
    }
    wait(context)
  }

  private func wait(_ context: ChannelHandlerContext) {
    deadline?.cancel()
    let channel = context.channel
    let counters = counters
    deadline = context.eventLoop.scheduleTask(in: TimeAmount(limits.requestTime)) {
      counters.turnAway(.requestTime)
      channel.close(promise: nil)
    }
  }

  func triggerUserOutboundEvent(
    context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
  ) {
    switch event as? Event {
    case .answering?:
      deadline?.cancel()
      deadline = nil
      promise?.succeed()
    case .working(let work)?:
      deadline?.cancel()
      deadline = nil
      departure = work
      if isInputClosed { depart() }
      promise?.succeed()
    case .answered?:
      departure = nil
      if isCounted { wait(context) }
      promise?.succeed()
    case nil: context.triggerUserOutboundEvent(event, promise: promise)
    }
  }
}
