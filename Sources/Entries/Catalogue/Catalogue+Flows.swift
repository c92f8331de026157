// Flow records: all connections from one client to one server port.
extension Catalogue {
  static let flows: [Field] = [
    Field(
      .flowState, "flow_state", .text,
      "open from its beginning, in_progress when joined later, or closed",
      example: #"flow_state == "open""#, scope: "flow",
      values: ["open", "in_progress", "closed"]),
    Field(
      .flowLocalPkts, "flow_local_pkts", .int, "Packets the local side sent", unit: "packets",
      example: "flow_local_pkts > 1000", scope: "flow"),
    Field(
      .flowLocalBytes, "flow_local_bytes", .int, "Bytes the local side sent, whole packets",
      unit: "bytes", example: "flow_local_bytes > 1000000", scope: "flow"),
    Field(
      .flowRemotePkts, "flow_remote_pkts", .int, "Packets the remote side sent", unit: "packets",
      example: "flow_remote_pkts > 1000", scope: "flow"),
    Field(
      .flowRemoteBytes, "flow_remote_bytes", .int, "Bytes the remote side sent, whole packets",
      unit: "bytes", example: "flow_remote_bytes > 1000000", scope: "flow"),
    Field(
      .flowLocalPPS, "flow_local_pps", .int, "Packets a second from the local side",
      unit: "packets/s", example: "flow_local_pps > 1000", scope: "flow"),
    Field(
      .flowLocalBPS, "flow_local_bps", .int, "Bytes a second from the local side", unit: "bytes/s",
      example: "flow_local_bps > 1000000", scope: "flow"),
    Field(
      .flowRemotePPS, "flow_remote_pps", .int, "Packets a second from the remote side",
      unit: "packets/s", example: "flow_remote_pps > 1000", scope: "flow"),
    Field(
      .flowRemoteBPS, "flow_remote_bps", .int, "Bytes a second from the remote side",
      unit: "bytes/s", example: "flow_remote_bps > 1000000", scope: "flow"),
    Field(
      .flowL7Detected, "flow_l7_detected", .texts, "Protocols found inside, in upper case",
      example: #""TLS" in flow_l7_detected"#, scope: "flow"),
    Field(
      .flowGroupID, "flow_group_id", .int,
      "Group the flow belongs to: all flows between one client and one server",
      example: "flow_group_id > 0",
      source: .derived(from: [.kind, .sourceIP, .destinationIP]) { row in
        switch row.kind {
        case .tcpFlow, .udpFlow:
          .int(
            FlowNumber.of(
              client: row.text(.sourceIP), server: row.text(.destinationIP), port: 0, transport: 0))
        default: .none
        }
      }, scope: "flow"),
  ]
}
