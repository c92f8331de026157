import JSON
import Shipping
import Store

/// What an agent sends: whoever knows the secret can send anything.
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
    }
    let orders = AgentOrders(json: shipment.report)
    try hold(AgentOrders(json: orders.json) == orders, "orders that were written read as others")
  }
}
