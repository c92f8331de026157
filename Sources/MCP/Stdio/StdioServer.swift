import Bytes
import Dispatch
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An MCP server for one client on a pair of streams, usually standard input and output.
///
/// One thread reads; messages are looked at in their order. Work runs side by side in a task
/// group, one queue writes.
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
  private let overdue: @Sendable () -> Void

  /// - Parameter overdue: called when the end takes longer than the grace and the patience allow:
  ///   some work does not obey its cancellation.
  package init(
    offer: Offer, identity: ServerIdentity, limits: Limits = Limits(),
    overdue: @escaping @Sendable () -> Void = {}
  ) {
    (self.offer, self.identity, self.limits) = (offer, identity, limits)
    self.overdue = overdue
  }

  /// Serves until the input ends, the output breaks, or the task is cancelled; what is under way
  /// then gets the grace, after a cancellation none.
  package func run(input: FileDescriptor, output: FileDescriptor) async {
    let connection = Connection(Session(identity, limits: limits.session), output: output)
    startReading(input, connection)
    await withTaskCancellationHandler {
      await work(for: connection)
    } onCancel: {
      connection.stop()
      after(limits.patience, overdue)
    }
    await connection.drained()
  }

  private func work(for connection: Connection) async {
    let gate = CallGate(width: limits.calls)
    await withDiscardingTaskGroup { group in
      for await job in connection.jobs {
        group.addTask { await run(job, connection, gate) }
      }
      group.cancelAll()
    }
  }

  /// Does the job until it ends or its stop signal fires.
  private func run(_ job: Connection.Job, _ connection: Connection, _ gate: CallGate) async {
    await withTaskGroup { group in
      group.addTask {
        if let outcome = await perform(job, connection, gate) {
          connection.finished(job.ticket, outcome)
        }
        job.stop.fire()
      }
      await job.stop.wait()
      group.cancelAll()
    }
  }

  private func perform(
    _ job: Connection.Job, _ connection: Connection, _ gate: CallGate
  ) async -> Outcome? {
    let progress: ProgressReport = { connection.progressed(job.ticket, $0) }
    // Lists and prompts are quick and must not queue behind slow calls.
    guard case .callTool = job.work else {
      return await offer.perform(job.work, progress: progress)
    }
    return await gate.pass { await offer.perform(job.work, progress: progress) }
  }

  private func startReading(_ input: FileDescriptor, _ connection: Connection) {
    let (limit, grace, patience, overdue) = (limits.line, limits.grace, limits.patience, overdue)
    startThread {
      var splitter = LineSplitter(limit: limit)
      while case .bytes(let bytes) = input.read(upTo: 64 << 10) {
        for line in splitter.append(bytes.rawSpan) { connection.received(line) }
        while connection.isFull { usleep(10_000) }
      }
      if let line = splitter.end() { connection.received(line) }
      connection.inputEnded()
      after(grace) { connection.stop() }
      after(grace + patience, overdue)
    }
  }
}

/// Runs `body` on a thread of its own: it blocks, and the shared pool must not.
private func startThread(_ body: @escaping @Sendable () -> Void) {
  final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  let context = Unmanaged.passRetained(Body(body)).toOpaque()
  #if canImport(Darwin)
    var thread: pthread_t?
    let failure = pthread_create(
      &thread, nil,
      { context in
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context)
    precondition(failure == 0, "pthread_create failed with \(failure)")
    thread.map { _ = pthread_detach($0) }
  #else
    var thread = pthread_t()
    let failure = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context)
    precondition(failure == 0, "pthread_create failed with \(failure)")
    pthread_detach(thread)
  #endif
}

private func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void) {
  let parts = delay.components
  let seconds = Double(parts.seconds) + Double(parts.attoseconds) / 1e18
  DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: body)
}
