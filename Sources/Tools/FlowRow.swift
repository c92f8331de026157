import Bytes
import JSON
import Query
import ToolKit

/// One L4 flow as the tools list it: a client, a server with its port, and what passed.
struct FlowRow {
  private let flow: Flow
  private let isAggregate: Bool

  init(_ flow: Flow, isAggregate: Bool) { (self.flow, self.isAggregate) = (flow, isAggregate) }

  private var seconds: Double { Double(flow.last.nanoseconds(since: flow.first)) / 1e9 }

  func json(_ format: String) -> JSONObject {
    if format == "raw" { return raw }
    var object: JSONObject = [
      "client": .object(Self.endpoint(flow.client, full: format != "compact")),
      "server": .object(Self.endpoint(flow.server, full: format != "compact")),
    ]
    if !flow.transport.isEmpty { object["proto"] = .string(flow.transport) }
    object["client_stats"] = .object(
      stats(
        (flow.clientPackets, flow.serverPackets), (flow.clientBytes, flow.serverBytes),
        flow.clientHandshake, format))
    object["server_stats"] = .object(
      stats(
        (flow.serverPackets, flow.clientPackets), (flow.serverBytes, flow.clientBytes),
        flow.serverHandshake, format))
    object["totals"] = [
      "pkts": .int(flow.packets), "bytes": .int(flow.bytes), "pps": rate(Double(flow.packets)),
      "bps": rate(Double(flow.bytes) * 8),
    ]
    object["connections"] = JSONValue(flow.connections)
    if flow.unanswered > 0 { object["unanswered"] = JSONValue(flow.unanswered) }
    if flow.resets > 0 { object["resets"] = .int(flow.resets) }
    if flow.retransmissions > 0 { object["retransmissions"] = .int(flow.retransmissions) }
    if isAggregate { object["flow_count"] = JSONValue(flow.flowCount) }
    if !flow.protocols.isEmpty { object["l7"] = .array(flow.protocols.map { .string($0) }) }
    if let id = flow.flowID { object["flow_id"] = .int(id) }
    object["first_ts"] = .int(flow.first.milliseconds)
    object["last_ts"] = .int(flow.last.milliseconds)
    object["source"] = "packets"
    // Each packet counts once, wherever it was captured.
    object["perspective"] = "capture"
    return object
  }

  /// The flat record of the contract, as seen by the client.
  private var raw: JSONObject {
    var object = JSONObject()
    func add(_ name: String, _ text: String) {
      if !text.isEmpty { object[name] = .string(Shown.text(text)) }
    }
    for (side, end) in [("src", flow.client), ("dst", flow.server)] {
      add("\(side)_ip", end.ip)
      add("\(side)_pod", end.pod)
      add("\(side)_ns", end.namespace)
      add("\(side)_svc", end.service)
      add("\(side)_node", end.node)
      add("\(side)_dns", end.dns)
      add("\(side)_process", end.process)
    }
    if flow.server.port > 0 { object["dst_port"] = .int(flow.server.port) }
    add("l4proto", flow.transport)
    object["tx_packets"] = .int(flow.clientPackets)
    object["rx_packets"] = .int(flow.serverPackets)
    object["tx_bytes"] = .int(flow.clientBytes)
    object["rx_bytes"] = .int(flow.serverBytes)
    object["connections"] = JSONValue(flow.connections)
    object["closed"] = JSONValue(flow.closed)
    object["unanswered"] = JSONValue(flow.unanswered)
    object["resets"] = .int(flow.resets)
    object["retransmissions"] = .int(flow.retransmissions)
    if isAggregate { object["flow_count"] = JSONValue(flow.flowCount) }
    if let id = flow.flowID { object["flow_id"] = .int(id) }
    object["first_ts"] = .int(flow.first.milliseconds)
    object["last_ts"] = .int(flow.last.milliseconds)
    return object
  }

  static func endpoint(_ end: Flow.End, full: Bool = false) -> JSONObject {
    var object = JSONObject()
    func add(_ name: String, _ text: String) {
      if !text.isEmpty { object[name] = .string(Shown.text(text)) }
    }
    add("ip", end.ip)
    if end.port > 0 { object["port"] = .int(end.port) }
    add("pod", end.pod)
    add("ns", end.namespace)
    add("svc", end.service)
    add("node", end.node)
    add("dns", end.dns)
    if full {
      add("name", end.name)
      add("process", end.process)
    }
    return object
  }

  /// Whether an end goes by a name that DNS gave it, which are captured words.
  var showsNames: Bool { Self.showsNames(flow) }

  static func showsNames(_ flow: Flow) -> Bool {
    [flow.client, flow.server].contains {
      $0.service.isEmpty && $0.pod.isEmpty && !$0.dns.isEmpty
    }
  }

  /// `shop/orders`, or the address.
  static func label(_ end: Flow.End) -> String {
    let name = [end.service, end.pod, end.dns].first { !$0.isEmpty }
    guard let name else {
      let place = [end.ip, end.namespace, end.node].first { !$0.isEmpty } ?? "?"
      return Shown.text(place)
    }
    return Shown.text(end.namespace.isEmpty ? name : end.namespace + "/" + name)
  }

  private func stats(
    _ packets: (sent: Int64, received: Int64), _ bytes: (sent: Int64, received: Int64),
    _ handshake: LatencySketch, _ format: String
  ) -> JSONObject {
    var object: JSONObject = [
      "tx_pkts": .int(packets.sent), "rx_pkts": .int(packets.received),
      "tx_bytes": .int(bytes.sent), "rx_bytes": .int(bytes.received),
    ]
    for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
      if let value = handshake.quantile(share) {
        object["tcp_handshake_\(name)_us"] = .int(Int64(value.rounded()))
      }
    }
    if format != "compact" {
      object["tx_pps"] = rate(Double(packets.sent))
      object["rx_pps"] = rate(Double(packets.received))
      object["tx_bps"] = rate(Double(bytes.sent) * 8)
      object["rx_bps"] = rate(Double(bytes.received) * 8)
      object["timestamp"] = .string(flow.last.rfc3339)
    }
    return object
  }

  /// Per second of the flow's own time; a flow of one instant has no rate.
  private func rate(_ count: Double) -> JSONValue {
    seconds > 0 ? JSONValue((count / seconds * 10).rounded() / 10) : 0
  }

  static var table: Table {
    Table([
      .init("client", limit: 30), .init("server", limit: 38), .init("proto"),
      .init("bytes", right: true), .init("packets", right: true), .init("conns", right: true),
      .init("RTT p50", right: true), .init("RTT p99", right: true), .init("l7", limit: 14),
      .init("trouble", limit: 60),
    ])
  }

  /// With the port, behind which no address of IPv6 runs on (RFC 5952 §6).
  static func place(_ end: Flow.End) -> String {
    end.port > 0 ? hostAndPort(label(end), end.port) : label(end)
  }

  var cells: [String] {
    var trouble: [String] = []
    if flow.unanswered > 0 { trouble.append("\(flow.unanswered) refused or unanswered") }
    if flow.resets > 0 { trouble.append("\(flow.resets) RST") }
    if flow.retransmissions > 0 { trouble.append("\(flow.retransmissions) retransmitted") }
    return [
      Self.label(flow.client), Self.place(flow.server), flow.transport,
      Shown.bytes(flow.bytes), Shown.count(flow.packets), Shown.count(Int64(flow.connections)),
      time(0.5), time(0.99), flow.protocols.joined(separator: ","),
      trouble.joined(separator: ", "),
    ]
  }

  private func time(_ share: Double) -> String {
    guard let value = flow.clientHandshake.quantile(share) else { return "-" }
    return value < 1_000
      ? "\(Int64(value.rounded())) µs" : Shown.milliseconds(Int64(value.rounded())) + " ms"
  }
}
