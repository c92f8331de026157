package import Bytes
package import JSON
package import Pipeline

/// An agent as its Hub sees it.
package struct AgentState: Sendable {
  package enum Condition: String, Hashable, Sendable, CaseIterable {
    case ok = "capturing"
    /// It is heard of, and captures nothing yet.
    case starting
    /// It has not been heard of lately, or what it has waits to be sent.
    case late
    /// It has not been heard of for long: what its node does is not known.
    case silent
    /// It is heard of, and does not read all packets.
    case shedding
    /// It was ended, and sent everything before.
    case left
  }

  package var node: String
  package var condition: Condition
  package var lastSeen: Timestamp
  package var report: AgentReport
  /// What all starts of it have seen.
  package var statistics: Statistics
  /// Entries that came here.
  package var entries: UInt64
  /// Entries it had to drop, in all its starts.
  package var dropped: UInt64
  /// Nanoseconds by which its clock is ahead of the Hub's. What it says takes its time to come, so that
  /// a clock that is right looks somewhat behind.
  package var ahead: Int64 = 0

  package var json: JSONObject {
    let live = statistics.live ?? Statistics.Live()
    return [
      "node": .string(node),
      "state": .string((condition == .shedding ? .ok : condition).rawValue),
      "last_seen": .string(lastSeen.rfc3339), "shedding": .bool(condition == .shedding),
      "version": .string(report.version), "started": .int(report.started.milliseconds),
      "dissection": .bool(report.isDissecting), "order": JSONValue(report.order),
      "problem": (report.orderProblem ?? report.targets.problem).map { .string($0) } ?? .null,
      "targets": .string(report.targets.rule), "pods": JSONValue(report.targets.pods.count),
      "entries": JSONValue(entries), "entries_dropped": JSONValue(dropped),
      "entries_waiting": JSONValue(report.backlog.entries),
      "open": JSONValue(condition == .silent ? 0 : report.open?.records ?? 0),
      "open_left_out": JSONValue(report.open?.leftOut ?? 0),
      "waiting_ms": .int(report.backlog.age / 1_000_000),
      "packets": JSONValue(live.captured), "packets_shed": JSONValue(live.shed),
      "packets_dropped": JSONValue(statistics.droppedPackets),
      "raw_bytes": JSONValue(report.raw.bytes), "clock_ahead_ms": .int(ahead / 1_000_000),
    ]
  }

  /// Seconds by which a clock may be ahead, and behind, before it is told.
  private static let clockMargins = (ahead: Int64(5), behind: Int64(15))

  /// `60 s behind`, for a clock by which its calls are found at other times than they were made.
  var clock: String? {
    let seconds = ahead / 1_000_000_000
    if seconds >= Self.clockMargins.ahead { return "\(seconds) s ahead" }
    return -seconds >= Self.clockMargins.behind ? "\(-seconds) s behind" : nil
  }

  /// Which nodes have other clocks than the Hub, as a remark; nil when none has.
  ///
  /// - Parameter most: that many are named.
  package static func clocks(of agents: [AgentState], most: Int) -> String? {
    let off = agents.compactMap { agent in agent.clock.map { "\(agent.node) \($0)" } }
    guard !off.isEmpty else { return nil }
    let more = off.count > most ? " and \(off.count - most) more" : ""
    return "clocks that differ from the Hub's, as the times of calls do: "
      + off.prefix(most).joined(separator: ", ") + more
  }
}
