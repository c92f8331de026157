import Bytes
import JSON
package import Shipping
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
  private let state = Mutex(Status())

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

  package var status: Status { state.withLock { $0 } }

  /// Brings what comes, until its task is cancelled.
  package func run() async {
    var pace = Pace(bytes: 1 << 20, blocks: 256)
    while !Task.isCancelled {
      let pause = await bring(&pace)
      if pause > .zero { try? await Task.sleep(for: pause) }
    }
  }

  /// Brings what is left, and says goodbye, within that time.
  package func finish(within limit: Duration) async {
    let end = ContinuousClock.now + limit
    var pace = Pace(bytes: 1 << 20, blocks: 256)
    while ContinuousClock.now < end {
      let isLast = outbox.isEmpty
      let pause = await bring(&pace, isLeaving: isLast)
      if isLast, pace.failures == 0 { return }
      if pace.failures > 0 { try? await Task.sleep(for: min(pause, end - .now)) }
    }
  }

  /// How much goes at once, and how often it failed in a row.
  private struct Pace {
    var bytes: Int
    var blocks: Int
    var failures = 0
  }

  /// One shipment. Gives how long to wait before the next.
  private func bring(_ pace: inout Pace, isLeaving: Bool = false) async -> Duration {
    let batch = outbox.batch(bytes: pace.bytes, blocks: pace.blocks)
    var report = report(outbox.backlog(at: .now))
    report.isLeaving = isLeaving
    let shipment = Shipment.encoded(report: report.json, blocks: batch.blocks.map(\.bytes))
    let begun = ContinuousClock.now
    let outcome = await link.send(shipment, from: node)
    let time = ContinuousClock.now - begun
    switch outcome {
    case .arrived(let orders, let refused):
      // What cannot be removed now comes again, and changes nothing there.
      try? outbox.arrived(batch, refused: refused)
      arrived(batch, shipment.count)
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
        state.turnedAway += 1
        state.problem = reason
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
      state.shipments += 1
      state.blocks += UInt64(batch.blocks.count)
      state.bytes += UInt64(bytes)
      defer { state.problem = nil }
      return state.problem
    }
    if before != nil { tell("the Hub at \(link.address) takes shipments again") }
  }

  private func failed(_ reason: String) {
    let isNews = state.withLock { state in
      state.failures += 1
      defer { state.problem = reason }
      return state.problem != reason
    }
    if isNews {
      tell("the Hub at \(link.address) cannot be reached: \(reason). What is captured waits here")
    }
  }
}
