import Bytes
import JSON
package import Shipping
import Store
import Synchronization

/// Brings what is in an outbox to the Hub: the oldest first, one shipment at a time, and again and
/// again until it has arrived.
///
/// How much goes at once follows what the way takes: on a slow one shipments are small, so that none
/// is cut off by a time limit.
package final class Courier: Sendable {
  /// Bytes of a shipment, at least and at most.
  private static let bytes = 32 << 10...8 << 20
  /// A shipment that takes longer was too large, one that takes less could be larger.
  private static let slow = Duration.seconds(4)
  private static let fast = Duration.milliseconds(500)
  /// Time until what is open is sent again to a Hub that had no room for it.
  private static let fullPause = Duration.seconds(10)
  /// Time until a Hub that cannot be reached is tried again: first and longest.
  private static let backoff = (first: Duration.milliseconds(500), longest: Duration.seconds(10))

  /// How the way to the Hub is.
  package struct Status: Hashable, Sendable {
    package var shipments: UInt64 = 0
    package var blocks: UInt64 = 0
    package var bytes: UInt64 = 0
    /// Times that the Hub had no room, and that it could not be reached or refused.
    package var turnedAway: UInt64 = 0
    package var failures: UInt64 = 0
    /// Why the latest attempt failed; nil when it did not.
    package var problem: String?

    package init() {}
  }

  private let outbox: Outbox
  private let link: HubLink
  private let node: String
  private let report: @Sendable (AgentReport.Backlog) -> AgentReport
  private let obey: @Sendable (AgentOrders) -> Void
  private let tell: @Sendable (String) -> Void
  private let state = Mutex(State())

  /// - Parameters:
  ///   - report: what is said of the agent with each shipment, given what waits.
  ///   - obey: carries out what the Hub wants. It must not block.
  ///   - tell: gets a sentence without its full stop when the way to the Hub breaks or is there
  ///     again.
  package init(
    _ outbox: Outbox, over link: HubLink, from node: String,
    report: @escaping @Sendable (AgentReport.Backlog) -> AgentReport,
    obey: @escaping @Sendable (AgentOrders) -> Void, tell: @escaping @Sendable (String) -> Void
  ) {
    (self.outbox, self.link, self.node) = (outbox, link, node)
    (self.report, self.obey, self.tell) = (report, obey, tell)
  }

  package var status: Status { state.withLock { $0.status } }

  /// Brings what comes, until its task is cancelled.
  package func run() async {
    var pace = state.withLock { $0.pace }
    while !Task.isCancelled {
      let pause = await bring(&pace)
      if pause > .zero { try? await Task.sleep(for: pause) }
    }
    let last = pace
    state.withLock { $0.pace = last }
  }

  /// Brings what is left, and says goodbye, within that time.
  package func finish(within limit: Duration) async {
    let end = ContinuousClock.now + limit
    var pace = state.withLock { $0.pace }
    pace.failures = 0
    while ContinuousClock.now < end {
      let isLast = outbox.isEmpty
      let pause = await bring(&pace, isLeaving: isLast)
      if isLast, pace.failures == 0 { return }
      if pace.failures > 0 { try? await Task.sleep(for: min(pause, end - .now)) }
    }
  }

  private struct State {
    var status = Status()
    /// Between `run` and `finish`.
    var pace = Pace()
  }

  /// How much goes at once, and how often it failed in a row.
  private struct Pace {
    var bytes = 1 << 20
    var blocks = 256
    var failures = 0
    var open = OpenReports()
  }

  /// What the Hub knows of what is open.
  private struct OpenReports {
    var number: UInt64 = 0
    /// Blocks it has.
    var held: Set<BlockID> = []
    /// When it may be told again, after it had no room.
    var due = ContinuousClock.now

    /// What a report says, and the blocks that go with it.
    mutating func next(_ batch: Outbox.Batch) -> (report: AgentReport.Open, blocks: [EncodedBlock])
    {
      number += 1
      var report = AgentReport.Open()
      report.number = number
      guard ContinuousClock.now >= due else {
        report.leftOut = batch.openLeftOut + batch.open.reduce(0) { $0 + UInt64($1.header.rows) }
        return (report, [])
      }
      report.blocks = batch.open.map(\.id)
      report.records = batch.open.reduce(0) { $0 + UInt64($1.header.rows) }
      report.leftOut = batch.openLeftOut
      return (report, batch.open.filter { !held.contains($0.id) })
    }

    mutating func arrived(_ report: AgentReport.Open, _ verdict: OpenShelf.Verdict) {
      held = verdict == .shown ? Set(report.blocks) : []
      if verdict == .full { due = .now + Courier.fullPause }
    }
  }

  /// One shipment. Gives how long to wait before the next.
  private func bring(_ pace: inout Pace, isLeaving: Bool = false) async -> Duration {
    let batch = outbox.batch(bytes: pace.bytes, blocks: pace.blocks)
    var report = report(outbox.backlog(at: .now))
    report.isLeaving = isLeaving
    let (open, openBlocks) = pace.open.next(batch)
    report.open = open
    let shipment = Shipment.encoded(
      report: report.json, blocks: batch.blocks.map(\.bytes), open: openBlocks.map(\.bytes))
    let begun = ContinuousClock.now
    let outcome = await link.send(shipment, from: node)
    let time = ContinuousClock.now - begun
    switch outcome {
    case .arrived(let orders, let refused, let verdict):
      // What cannot be removed now comes again, and changes nothing there.
      try? outbox.arrived(batch, refused: refused)
      arrived(batch, shipment.count)
      pace.open.arrived(open, verdict)
      pace.failures = 0
      if time > Self.slow {
        pace.bytes = max(Self.bytes.lowerBound, pace.bytes / 2)
      } else if time < Self.fast, batch.isFull {
        pace.bytes = min(Self.bytes.upperBound, pace.bytes * 2)
      }
      obey(orders)
      return batch.isFull ? .zero : orders.pause
    case .busy(let pause, let reason):
      state.withLock { state in
        state.status.turnedAway += 1
        state.status.problem = reason
      }
      pace.failures += 1
      // Those who were turned away at once do not come back at once.
      return pause + .milliseconds(Int.random(in: 0..<1_000))
    case .failed(let reason):
      failed(reason)
      pace.failures += 1
      pace.bytes = max(Self.bytes.lowerBound, pace.bytes / 2)
      let pause = Self.backoff.first * (1 << min(pace.failures - 1, 6))
      return min(pause, Self.backoff.longest) * Int.random(in: 75...125) / 100
    }
  }

  private func arrived(_ batch: Outbox.Batch, _ bytes: Int) {
    let before = state.withLock { state in
      state.status.shipments += 1
      state.status.blocks += UInt64(batch.blocks.count)
      state.status.bytes += UInt64(bytes)
      defer { state.status.problem = nil }
      return state.status.problem
    }
    if before != nil { tell("the Hub at \(link.address) takes shipments again") }
  }

  private func failed(_ reason: String) {
    let isNews = state.withLock { state in
      state.status.failures += 1
      defer { state.status.problem = reason }
      return state.status.problem != reason
    }
    if isNews {
      tell("the Hub at \(link.address) cannot be reached: \(reason). What is captured waits here")
    }
  }
}
