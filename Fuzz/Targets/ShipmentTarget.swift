import Bytes
import JSON
import Shipping
import Store

/// What an agent sends: whoever knows the secret can send anything, and as often as he likes.
enum ShipmentTarget {
  static let target = FuzzTarget(
    "shipment", "a report of an agent with blocks of entries", maxLength: 16 << 10
  ) { bytes throws(BrokenLaw) in
    guard let shipment = try? Shipment(parsing: bytes) else { return }
    let whole = shipment.blocks.reduce(0) { $0 + $1.bytes.count }
    try hold(whole < bytes.count, "there are more bytes of blocks than came")
    if let report = AgentReport(json: shipment.report) {
      let again = AgentReport(json: report.json)
      try hold(again?.json == report.json, "a report that was written reads as another one")
      try register(report, shipment.open)
    }
    let orders = AgentOrders(json: shipment.report)
    try hold(AgentOrders(json: orders.json) == orders, "orders that were written read as others")
  }
  private static let openBytes = 2 << 10
  private static let now = Timestamp(nanoseconds: 1_700_000_000_000_000_000)

  /// What a Hub makes of the report when its agent begins anew again and again, on several nodes.
  private static func register(
    _ report: AgentReport, _ open: [EncodedBlock]
  ) throws(BrokenLaw) {
    let registry = AgentRegistry(now: now)
    var shelf = OpenShelf(limit: openBytes)
    var report = report
    for start in 0..<5 {
      report.instance = String(start)
      for node in ["a", "b"] {
        _ = registry.take(report, from: node, entries: 1, at: now)
        _ = shelf.take(report, open, from: node)
        try hold(
          (0...openBytes).contains(shelf.bytes), "\(shelf.bytes) bytes of what is open are kept")
      }
    }
    let agents = registry.agents(at: now)
    try hold(agents.count == 2, "\(agents.count) agents are known")
    var sum = agents[0].statistics
    for agent in agents {
      sum.add(counted: agent.statistics)
      let json = JSONValue.object(agent.json)
      let again = try? JSONReader.value(of: json.text)
      try hold(again == json, "an agent is read back as something else: \(json.text)")
    }
    _ = AgentState.clocks(of: agents, most: 1)
    let stored = AgentRegistry(stored: registry.stored).agents(at: now)
    try hold(stored.map(\.node) == agents.map(\.node), "agents are forgotten when they are stored")
  }
}
