import Synchronization

/// Everything the HTTP face turns away, by name.
package struct HubLimits: Sendable {
  /// Longest request body, in bytes: arguments are small.
  package var body = 1 << 20
  /// All header fields of a request, in bytes.
  package var headers = 32 << 10
  /// Connections at the same time.
  package var connections = 4_096
  /// Calls at the same time.
  package var calls = 256
  /// Calls that wait for their turn.
  package var waitingCalls = 4_096
  /// How long a call may take.
  package var callTime = Duration.seconds(300)
  /// How long a connection may take to send its next whole request.
  package var requestTime = Duration.seconds(60)
  /// How long an answer may wait for its reader to take some of it.
  package var stallTime = Duration.seconds(60)

  package init() {}
}

/// What the HTTP face has done and turned away. Any thread may count.
package final class HubCounters: Sendable {
  /// Upper bounds of the histogram of call times, in seconds.
  static let bounds: [Double] = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60]

  struct Values: Hashable, Sendable {
    var connections = 0
    var connectionsTotal = 0
    /// By status.
    var requests: [Int: Int] = [:]
    /// By tool and status.
    var calls: [Call: Int] = [:]
    var callsRunning = 0
    /// One more than there are bounds: the last is for what is slower.
    var buckets = [Int](repeating: 0, count: HubCounters.bounds.count + 1)
    var callSeconds = 0.0
    /// By the name of the limit.
    var refused: [Limit: Int] = [:]
  }

  struct Call: Hashable, Sendable {
    var tool: String
    var status: Int
  }

  package enum Limit: String, Hashable, Sendable, CaseIterable {
    case body, headers, connections, calls
    case callTime = "call_time"
    case requestTime = "request_time"
    case stall, host, token, capability
  }

  private let state = Mutex(Values())

  package init() {}

  var values: Values { state.withLock { $0 } }
  package func refused(_ limit: Limit) -> Int { state.withLock { $0.refused[limit] ?? 0 } }

  func turnAway(_ limit: Limit) { state.withLock { $0.refused[limit, default: 0] += 1 } }

  /// Counts an answered request.
  func answered(_ status: Int) { state.withLock { $0.requests[status, default: 0] += 1 } }

  /// Counts a call, which must be ended by `end`.
  func begin() { state.withLock { $0.callsRunning += 1 } }

  /// - Parameter tool: a known one, so that nobody can make names up.
  func end(_ tool: String, status: Int, _ time: Duration) {
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
    state.withLock { values in
      values.callsRunning -= 1
      values.calls[Call(tool: tool, status: status), default: 0] += 1
      values.buckets[bucket] += 1
      values.callSeconds += seconds
    }
  }

  /// Counts a connection. Gives how many there are with it.
  func opened() -> Int {
    state.withLock { values in
      values.connections += 1
      values.connectionsTotal += 1
      return values.connections
    }
  }

  func closed() { state.withLock { $0.connections -= 1 } }
}
