import Bytes
package import KubeAPI
package import Pipeline
package import Shipping
package import Store
import Synchronization
import ToolKit

/// One node's part of a cluster's Hub: it captures, and sends what it read to the Hub.
package final class Agent: Sendable {
  /// How long what is left may take to be sent when the agent ends.
  private static let farewell = Duration.seconds(10)
  /// How long packets may take from the kernel to the ring.
  private static let settling = Duration.milliseconds(500)

  private struct State {
    /// What the Hub wanted last, and what came of it.
    var orders = AgentOrders()
    var problem: String?
    var hasOrders = false
    /// Raw packets that are being sent.
    var gatherings: Set<String> = []
  }

  package let node: String
  private let version: String
  private let instance: String
  private let started = Timestamp.now
  private let capture: NodeCapture
  private let link: HubLink
  private let courier: Courier
  /// Held as long as the agent lives.
  private let lock: FolderLock
  private let state: SharedState
  private let cluster: (watch: ClusterWatch, targeting: Targeting)?
  private let tell: @Sendable (String) -> Void

  /// What the agent's threads share.
  private final class SharedState: Sendable {
    let value = Mutex(State())
  }

  /// - Parameters:
  ///   - cluster: whose pods are captured; nil for all traffic of the machine.
  ///   - rule: which of them.
  ///   - tell: gets sentences without their full stops for the log.
  package init(
    node: String, version: String, capture: NodeCapture, link: HubLink, lock: FolderLock,
    cluster: ClusterWatch?, rule: TargetRule, tell: @escaping @Sendable (String) -> Void
  ) {
    (self.node, self.version, self.capture) = (node, version, capture)
    (self.link, self.lock, self.tell) = (link, lock, tell)
    let state = SharedState()
    let targeting = cluster.map { _ in Targeting(capture, node: node, rule: rule) }
    self.cluster = cluster.flatMap { watch in targeting.map { (watch, $0) } }
    let instance = hex((0..<8).map { _ in UInt8.random(in: 0 ... .max) })
    let started = started
    (self.state, self.instance) = (state, instance)
    courier = Courier(
      capture.outbox, over: link, from: node,
      report: { backlog in
        var report = AgentReport(
          instance: instance, version: version, started: started, now: .now)
        state.value.withLock { state in
          (report.order, report.orderProblem) = (state.orders.number, state.problem)
        }
        (report.isDissecting, report.isShedding) = (capture.isDissecting, capture.isShedding)
        (report.statistics, report.raw) = (capture.statistics, capture.raw)
        report.backlog = backlog
        if let targeting {
          (report.targets, report.isReady) = (targeting.report, targeting.isReady)
          report.targets.problem = cluster?.problems.first ?? report.targets.problem
        } else {
          report.targets.rule = "all traffic of the node"
        }
        return report
      },
      obey: { orders in
        for gathering in orders.gatherings {
          let isNew = state.value.withLock { $0.gatherings.insert(gathering.id).inserted }
          guard isNew else { continue }
          Task {
            // Of a window that is just over the last packets are on their way from the kernel.
            try? await Task.sleep(for: Self.settling)
            let packets = capture.ring.flatMap { RawShipment($0, gathering) }
            if let problem = await link.send(packets, for: gathering.id, from: node) {
              tell("raw packets did not reach the Hub: \(problem)")
            }
            state.value.withLock { _ = $0.gatherings.remove(gathering.id) }
          }
        }
        state.value.withLock { state in
          guard state.orders.number != orders.number || !state.hasOrders else { return }
          if state.orders.dissection != orders.dissection {
            capture.dissect(orders.dissection ?? true)
          }
          if state.orders.targets != orders.targets {
            state.problem =
              targeting.map { $0.want(orders.targets) }
              ?? "this agent captures all traffic, for it was given no cluster"
          }
          (state.orders, state.hasOrders) = (orders, true)
        }
      }, tell: tell)
  }

  /// Captures and sends until its task is cancelled.
  package func run() async {
    capture.start()
    guard let cluster else { return await courier.run() }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.courier.run() }
      group.addTask { await cluster.watch.run(tell: self.tell) { cluster.targeting.take($0) } }
    }
  }

  /// Ends the capture, and sends what is left as far as that goes in a few seconds. The rest waits
  /// on disk for the next start.
  package func stop() async {
    let capture = capture
    await withCheckedContinuation { done in
      startThread {
        capture.stop()
        done.resume()
      }
    }
    await courier.finish(within: Self.farewell)
    await link.shutdown()
    try? capture.outbox.store.close()
  }

  /// Whether it captures what it should.
  package var isReady: Bool { cluster?.targeting.isReady ?? true }

  package var statistics: Statistics { capture.statistics }
  package var isShedding: Bool { capture.isShedding }
  package var way: Courier.Status { courier.status }
  package var backlog: AgentReport.Backlog { capture.outbox.backlog(at: .now) }
}
