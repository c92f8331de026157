import Dispatch
import Synchronization
import ToolKit

/// Where the work of connections is done, side by side.
package final class Workshop: Sendable {
  /// A piece of work of one connection.
  struct Job: Sendable {
    var connection: Connection
    var ticket: Ticket
    var work: Work
    var terms: Terms
    /// Fires when the work is to stop, or has ended.
    var stop: Signal
  }

  private let offer: Offer
  private let gate: CallGate
  private let jobs: AsyncStream<Job>
  private let starts: AsyncStream<Job>.Continuation
  private let epoch = ContinuousClock.now

  /// - Parameter calls: calls to the Hub at the same time.
  init(_ offer: Offer, calls: Int) {
    self.offer = offer
    gate = CallGate(width: calls)
    (jobs, starts) = AsyncStream.makeStream(of: Job.self)
  }

  /// The clock of all sessions.
  var now: Duration { ContinuousClock.now - epoch }

  func begin(_ job: Job) { starts.yield(job) }

  /// Takes on nothing more; what runs is cancelled.
  func close() { starts.finish() }

  /// Works until it is closed.
  func run() async {
    await withDiscardingTaskGroup { group in
      for await job in jobs {
        group.addTask { await self.run(job) }
      }
      group.cancelAll()
    }
  }

  /// Does the job until it ends or its stop signal fires.
  private func run(_ job: Job) async {
    await withTaskGroup { group in
      group.addTask {
        if let outcome = await self.perform(job) { job.connection.finished(job.ticket, outcome) }
        job.stop.fire()
      }
      await job.stop.wait()
      group.cancelAll()
    }
  }

  private func perform(_ job: Job) async -> Outcome? {
    let caller = job.connection.caller(job.ticket, job.terms)
    // Lists and prompts are quick and must not queue behind slow calls.
    guard case .callTool = job.work else { return await offer.perform(job.work, caller: caller) }
    return await gate.pass { await offer.perform(job.work, caller: caller) }
  }
}

/// Runs `body` in the background after that time.
func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void) {
  let parts = delay.components
  let seconds = Double(parts.seconds) + Double(parts.attoseconds) / 1e18
  DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: body)
}
