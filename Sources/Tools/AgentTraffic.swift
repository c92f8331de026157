import Bytes
import Dispatch
package import Identity
import JSON
package import Pipeline
import Query
package import Shipping
package import Store
import Synchronization
import ToolKit

/// What agents on other nodes send, as a Hub's traffic.
///
/// Every question is answered from one store. What agents say of themselves becomes the coverage:
/// which of them are late, silent or shedding.
package final class AgentTraffic: Sendable {
  /// Bytes of entries that are kept unless the user says otherwise: on disk, and in memory.
  package static let standardBytes: (disk: Int64, memory: Int64) = (5 << 30, 500 << 20)
  /// Under which name the store keeps what is known of agents.
  private static let note = "agents"
  /// Milliseconds between two looks at what is to be merged or let go, and how many of them lie
  /// between two times that agents are noted.
  private static let (interval, noted) = (500, 10)
  /// Agents named in a sentence.
  private static let mostNamed = 5

  package let registry: AgentRegistry
  package let intake: Intake
  private let store: EntryStore
  private let data: DataFolder?
  private let control: AgentControl
  private let isStopped = Atomic(false)
  private let running = DispatchGroup()

  /// - Parameter data: where calls are kept; without one they are kept in memory, within `limits`.
  /// - Throws: when no store opens.
  package init(data: DataFolder?, limits: StoreLimits) throws(StoreError) {
    self.data = data
    if let data { store = data.store } else { store = try EntryStore(.memory, limits: limits) }
    let stored = try store.note(Self.note).flatMap { try? JSONReader.value(of: $0).object }
    registry = stored.map(AgentRegistry.init(stored:)) ?? AgentRegistry()
    let (store, registry) = (store, registry)
    // However much agents send, questions are answered first.
    let thread = WorkThread(.modest)
    intake = Intake(store, registry, beginning: { thread.begin($0) }) {
      Self.note(registry, in: store)
    }
    control = AgentControl(registry)
  }

  /// Merges small blocks and lets old ones go, until it is stopped. Call it once.
  ///
  /// Shipments and questions go before that: where agents send as fast as they can, small blocks
  /// pile up and are merged in larger numbers, which costs less.
  package func start() {
    running.enter()
    startThread(.low) { [self] in
      defer { running.leave() }
      var round = 0
      while !isStopped.load(ordering: .relaxed) {
        // What fails here is tried again the next time.
        try? store.merge(isCancelled: {
          isStopped.load(ordering: .relaxed) || intake.isStalled
        })
        try? store.expire(now: .now)
        intake.forgetSilent(at: .now)
        round += 1
        if round % Self.noted == 0 { Self.note(registry, in: store) }
        DispatchSemaphore(value: 0).wait(milliseconds: Self.interval)
      }
      Self.note(registry, in: store)
    }
  }

  private static func note(_ registry: AgentRegistry, in store: EntryStore) {
    try? store.setNote(note, Array(JSONValue.object(registry.stored).text.utf8))
  }

  /// The traffic for the tools of a Hub.
  ///
  /// - Parameter inventory: who holds which address now.
  package func traffic(
    redactor: Redactor, inventory: @escaping @Sendable () -> Inventory
  ) -> Traffic {
    let kept = KeptWork()
    return Traffic(
      { StoreSource(self.store, decoder: .standard, kept: kept) },
      inventory: inventory(), redactor: redactor, statistics: { self.statistics },
      ready: { (_) async throws(ToolError) in }, now: { .now }, dissection: control.dissection,
      targeting: control.targeting
    ).with(inventory: inventory)
  }
}

extension AgentTraffic: TrafficReading {
  package func stop() {
    isStopped.store(true, ordering: .relaxed)
    running.wait()
  }

  package var statistics: Statistics {
    let agents = registry.agents(at: .now)
    var sum = Statistics()
    sum.live = Statistics.Live()
    for agent in agents {
      // The sources are the agents, and not the interfaces of each.
      var own = agent.statistics
      own.sources = []
      sum.add(counted: own)
    }
    let dropped = agents.reduce(0) { Statistics.sum($0, $1.dropped) }
    sum.take(store.counters, failure: store.lastWriteFailure)
    if let oldest = store.snapshot().range?.lowerBound {
      sum.oldest = max(oldest, sum.oldest ?? oldest)
    }
    sum.sources = ["agents"]
    (sum.isComplete, sum.isGrowing) = (true, true)
    sum.live?.isDissecting = registry.orders.dissection ?? true
    sum.live?.away = remarks(agents)
    sum.live?.entriesDropped = dropped
    sum.nodes = agents.map { Statistics.Node(name: $0.node, state: $0.condition.rawValue) }
    return sum
  }

  /// What is wrong with agents, a sentence for each way to be wrong.
  private func remarks(_ agents: [AgentState]) -> [String] {
    guard !agents.isEmpty else { return ["no agent has reported yet"] }
    var remarks = ["\(agents.count { $0.condition == .ok }) of \(agents.count) agents report"]
    for condition in AgentState.Condition.allCases where condition != .ok {
      let those = agents.filter { $0.condition == condition }
      guard !those.isEmpty else { continue }
      var names = those.prefix(Self.mostNamed).map { agent in
        switch condition {
        case .silent, .left: "\(agent.node) since \(Shown.date(agent.lastSeen)) UTC"
        case .late where agent.report.backlog.entries > 0:
          """
          \(agent.node) with \(Shown.count(Int64(clamping: agent.report.backlog.entries))) entries \
          on their way
          """
        default: agent.node
        }
      }.joined(separator: ", ")
      if those.count > Self.mostNamed { names += " and \(those.count - Self.mostNamed) more" }
      remarks.append("\(condition.rawValue): \(names)")
    }
    let here = agents.filter { ![.silent, .left].contains($0.condition) }
    return remarks + [AgentState.clocks(of: here, most: Self.mostNamed)].compactMap { $0 }
  }
}

extension DispatchSemaphore {
  /// Waits, at most so long; of a semaphore that nobody signals just that.
  func wait(milliseconds: Int) {
    _ = wait(timeout: .now() + .milliseconds(milliseconds))
  }
}
