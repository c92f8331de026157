package import Bytes
package import JSON
package import Pipeline
import Ring
import Synchronization

/// The agents of a Hub: what each said last, and what is wanted of all of them.
///
/// Safe to use from any thread; time is an argument.
package final class AgentRegistry: Sendable {
  /// Agents that are known; beyond, whoever was silent longest is forgotten, and if all are there a
  /// new one is refused.
  package static let maxAgents = 5_000
  /// Warnings that are kept of all earlier starts of an agent.
  private static let maxWarnings = 20
  /// Reports a second that the Hub aims at: with many agents each reports less often.
  private static let reportsPerSecond = 400
  /// Nanoseconds without a word after which an agent is late at the soonest, and is silent.
  private static let lateAfter: Int64 = 5_000_000_000
  private static let silentAfter: Int64 = 30_000_000_000
  /// Age of what waits on an agent beyond which it is late.
  private static let waitingTooLong: Int64 = 10_000_000_000
  /// Nanoseconds that an agent counts as shedding after it last shed a packet.
  private static let sheddingFor: Int64 = 30_000_000_000

  private struct Member {
    var report: AgentReport
    /// When it was heard of, by the Hub's clock.
    var lastSeen: Timestamp
    /// Nanoseconds by which its clock was ahead of the Hub's then.
    var ahead: Int64 = 0
    /// What earlier starts of it saw and dropped.
    var earlier = Statistics()
    var earlierDropped: UInt64 = 0
    var entries: UInt64 = 0
    var lastShed: Timestamp?
  }

  private struct State {
    var members: [String: Member] = [:]
    var orders = AgentOrders()
    /// Raw packets asked of nodes that have not begun to send them.
    var gatherings: [String: [AgentOrders.Gathering]] = [:]
    /// Agents that were refused because there are too many.
    var refused: UInt64 = 0
  }

  private let state: Mutex<State>

  /// - Parameter now: the time of day. Orders are numbered from it, so that numbers of a Hub that
  ///   forgot what it wanted are not taken for those of this one.
  package init(now: Timestamp = .now) {
    var state = State()
    state.orders.number = UInt64(clamping: now.milliseconds)
    self.state = Mutex(state)
  }

  /// Whether a name can be a node's: it becomes the name of a folder, and part of ids.
  package static func isName(_ name: String) -> Bool { Ring.isNodeName(name) }

  /// What `isName` asks for, as a sentence without its full stop.
  package static let nameRule = "a node's name has \(Ring.nodeNameRule)"

  // MARK: What agents say

  /// Takes an agent's report.
  ///
  /// - Parameter entries: that came with it and were not here yet.
  /// - Returns: what is wanted of it; nil when there are too many agents.
  package func take(
    _ report: AgentReport, from node: String, entries: UInt64, at now: Timestamp
  ) -> AgentOrders? {
    state.withLock { state in
      if state.members[node] == nil, !makeRoom(&state, now) {
        state.refused += 1
        return nil
      }
      var member = state.members[node] ?? Member(report: report, lastSeen: now)
      if member.report.instance != report.instance {
        member.earlier.add(counted: member.report.statistics)
        member.earlier.keepLatestWarnings(Self.maxWarnings)
        member.earlierDropped = Statistics.sum(
          member.earlierDropped, member.report.backlog.dropped)
      } else if report.shed > member.report.shed {
        member.lastShed = now
      }
      if report.isShedding { member.lastShed = now }
      (member.report, member.lastSeen) = (report, now)
      member.ahead = report.now.nanoseconds(since: now)
      member.entries += entries
      state.members[node] = member
      var orders = state.orders
      orders.gatherings = state.gatherings.removeValue(forKey: node) ?? []
      orders.pause = pause(state)
      return orders
    }
  }

  private func makeRoom(_ state: inout State, _ now: Timestamp) -> Bool {
    guard state.members.count >= Self.maxAgents else { return true }
    let oldest = state.members.min { $0.value.lastSeen < $1.value.lastSeen }
    guard let oldest, now.nanoseconds(since: oldest.value.lastSeen) > Self.silentAfter else {
      return false
    }
    state.members[oldest.key] = nil
    return true
  }

  private func pause(_ state: State) -> Duration {
    .seconds(max(1, state.members.count / Self.reportsPerSecond))
  }

  // MARK: What is wanted of them

  /// Wants live traffic to be read as calls, or not.
  /// - Returns: the number of these orders.
  @discardableResult
  package func want(dissection: Bool) -> UInt64 {
    state.withLock { state in
      if state.orders.dissection != dissection {
        state.orders.dissection = dissection
        state.orders.number += 1
      }
      return state.orders.number
    }
  }

  /// Wants these pods to be captured.
  /// - Returns: the number of these orders.
  @discardableResult
  package func want(targets: AgentOrders.Targets) -> UInt64 {
    state.withLock { state in
      if state.orders.targets != targets {
        state.orders.targets = targets
        state.orders.number += 1
      }
      return state.orders.number
    }
  }

  /// Wants the raw packets of a window of that node.
  package func want(_ gathering: AgentOrders.Gathering, of node: String) {
    state.withLock { $0.gatherings[node, default: []].append(gathering) }
  }

  package var orders: AgentOrders { state.withLock { $0.orders } }

  /// How long an agent may take to hear of new orders.
  package var pause: Duration { state.withLock { pause($0) } }

  // MARK: What is known of them

  /// All agents, by name.
  package func agents(at now: Timestamp) -> [AgentState] {
    state.withLock { state in
      let pause = pause(state).components.seconds * 1_000_000_000
      return state.members.sorted { $0.key < $1.key }.map { node, member in
        var statistics = member.earlier
        statistics.add(counted: member.report.statistics)
        return AgentState(
          node: node, condition: condition(member, now, pause: pause), lastSeen: member.lastSeen,
          report: member.report, statistics: statistics, entries: member.entries,
          dropped: Statistics.sum(member.earlierDropped, member.report.backlog.dropped),
          ahead: member.ahead)
      }
    }
  }

  private func condition(
    _ member: Member, _ now: Timestamp, pause: Int64
  ) -> AgentState.Condition {
    if member.report.isLeaving { return .left }
    let quiet = now.nanoseconds(since: member.lastSeen)
    if quiet > max(Self.silentAfter, 6 * pause) { return .silent }
    if quiet > max(Self.lateAfter, 3 * pause) { return .late }
    if !member.report.isReady { return .starting }
    if member.report.backlog.age > Self.waitingTooLong { return .late }
    if let shed = member.lastShed, now.nanoseconds(since: shed) < Self.sheddingFor {
      return .shedding
    }
    return .ok
  }
}

// MARK: From one start of the Hub to the next

extension AgentRegistry {
  /// What is known, to be kept.
  package var stored: JSONObject {
    state.withLock { state in
      [
        "orders": .object(state.orders.json),
        "agents": .array(
          state.members.sorted { $0.key < $1.key }.map { node, member in
            [
              "node": .string(node), "seen": .int(member.lastSeen.nanoseconds),
              "report": .object(member.report.json), "earlier": .object(member.earlier.json),
              "earlierDropped": JSONValue(member.earlierDropped),
              "entries": JSONValue(member.entries),
            ]
          }),
      ]
    }
  }

  /// What was kept: agents that do not come back are known to be silent.
  package convenience init(stored: JSONObject) {
    self.init()
    state.withLock { state in
      if let orders = stored["orders"]?.object { state.orders = AgentOrders(json: orders) }
      state.orders.gatherings = []
      for value in (stored["agents"]?.array ?? []).prefix(Self.maxAgents) {
        guard let node = value["node"]?.string, Self.isName(node),
          let report = value["report"]?.object.flatMap(AgentReport.init(json:)),
          let seen = value["seen"]?.int
        else { continue }
        var member = Member(report: report, lastSeen: Timestamp(nanoseconds: seen))
        member.earlier = value["earlier"]?.object.flatMap(Statistics.init(json:)) ?? Statistics()
        member.earlierDropped = value["earlierDropped"]?.int.flatMap { UInt64(exactly: $0) } ?? 0
        member.entries = value["entries"]?.int.flatMap { UInt64(exactly: $0) } ?? 0
        state.members[node] = member
      }
    }
  }
}

extension AgentReport {
  fileprivate var shed: UInt64 { statistics.live?.shed ?? 0 }
}

extension Statistics {
  /// Adds what another agent, or another start of it, has seen, with what became of live packets.
  package mutating func add(counted other: Statistics) {
    add(other)
    guard let more = other.live else { return }
    var sum = live ?? Live()
    sum.captured = Self.sum(sum.captured, more.captured)
    sum.shed = Self.sum(sum.shed, more.shed)
    sum.whileOff = Self.sum(sum.whileOff, more.whileOff)
    sum.notKept = Self.sum(sum.notKept, more.notKept)
    sum.isDissecting = more.isDissecting
    live = sum
  }

  fileprivate mutating func keepLatestWarnings(_ most: Int) {
    warnings.removeFirst(max(0, warnings.count - most))
  }
}
