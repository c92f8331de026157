package import ToolKit

/// An MCP server for one client on a pair of streams, usually standard input and output.
///
/// Messages are looked at in their order. What a lone one asks for is done by the thread that read
/// it (`InputReader`); many run side by side on the shared pool. Calls of a Hub elsewhere are read
/// and passed on by the thread that waits for that Hub, but for long ones (`EventInput`).
package struct StdioServer: Sendable {
  package struct Limits: Sendable {
    /// Longest message, in bytes.
    package var line = LineSplitter.standardLimit
    /// Calls to the Hub at the same time.
    package var calls = 64
    /// How long work may go on after the end of input.
    package var grace = Duration.milliseconds(900)
    /// How long after the grace work that was cancelled, and a client that does not read, are
    /// waited for.
    package var patience = Duration.milliseconds(700)
    package var session = Session.Limits()

    package init() {}
  }

  private let offer: Offer
  private let identity: ServerIdentity
  private let limits: Limits
  private let thread: (any EventThread)?
  private let rested: (@Sendable () -> Void)?
  private let overdue: @Sendable () -> Void

  /// - Parameter thread: where the Hub of the offer is waited for, and calls are but passed on.
  /// - Parameter rested: called each time that nothing was asked for a moment and nothing is under
  ///   way, after the start as well.
  /// - Parameter overdue: called when the end takes longer than the grace and the patience allow:
  ///   some work does not obey its cancellation.
  package init(
    offer: Offer, identity: ServerIdentity, limits: Limits = Limits(),
    thread: (any EventThread)? = nil, rested: (@Sendable () -> Void)? = nil,
    overdue: @escaping @Sendable () -> Void = {}
  ) {
    (self.offer, self.identity, self.limits) = (offer, identity, limits)
    (self.thread, self.rested, self.overdue) = (thread, rested, overdue)
  }

  /// Serves until the input ends, the output breaks, or the task is cancelled; what is under way
  /// then gets the grace, after a cancellation none.
  ///
  /// - Parameter connected: gets the connection, to tell it what changes.
  package func run(
    input: FileDescriptor, output: FileDescriptor,
    connected: (Connection) -> Void = { _ in }
  ) async {
    let workshop = Workshop(offer, calls: limits.calls, thread: thread, rested: rested)
    workshop.settle()
    let outbox = Outbox(output) { workshop.close() }
    let connection = Connection(
      Session(identity, limits: limits.session, epoch: wallClockNow()), workshop: workshop,
      outlet: Connection.Outlet(
        send: { message, _ in outbox.send(message) }, end: { _ in }, flush: { outbox.flush() }),
      idle: { workshop.close() })
    connected(connection)
    await startReading(input, connection, outbox, workshop)
    await withTaskCancellationHandler {
      await workshop.run()
    } onCancel: {
      connection.stop()
      workshop.close()
      after(limits.patience, overdue)
    }
    await outbox.drained()
  }

  private func startReading(
    _ input: FileDescriptor, _ connection: Connection, _ outbox: Outbox, _ workshop: Workshop
  ) async {
    let (grace, patience, overdue) = (limits.grace, limits.patience, overdue)
    let ended: @Sendable () -> Void = {
      connection.close()
      after(grace) {
        connection.stop()
        workshop.close()
      }
      after(grace + patience, overdue)
    }
    if let thread {
      let lines = EventInput(limit: limits.line, connection, ended: ended)
      let isRead = await thread.read(
        input.number,
        while: { !lines.isBehind() && (!outbox.isFull || input.isClosedByWriter) },
        take: lines.take)
      if isRead { return }
    }
    InputReader(input, limit: limits.line, connection, workshop.readers, outbox, ended: ended)
      .start()
  }
}
