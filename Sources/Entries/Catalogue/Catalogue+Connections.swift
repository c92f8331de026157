// Connection records.
extension Catalogue {
  static let connections: [Field] = [
    Field(
      .connState, "conn_state", .text,
      "open from its beginning, in_progress when joined later, or closed",
      example: #"conn_state == "closed""#, scope: "conn",
      values: ["open", "in_progress", "closed"]),
    Field(
      .connLocalPkts, "conn_local_pkts", .int, "Packets the local side sent", unit: "packets",
      example: "conn_local_pkts > 1000", scope: "conn"),
    Field(
      .connLocalBytes, "conn_local_bytes", .int, "Bytes the local side sent, whole packets",
      unit: "bytes", example: "conn_local_bytes > 1000000", scope: "conn"),
    Field(
      .connRemotePkts, "conn_remote_pkts", .int, "Packets the remote side sent", unit: "packets",
      example: "conn && conn_remote_pkts == 0", scope: "conn"),
    Field(
      .connRemoteBytes, "conn_remote_bytes", .int, "Bytes the remote side sent, whole packets",
      unit: "bytes", example: "conn_remote_bytes > 1000000", scope: "conn"),
    Field(
      .connL7Detected, "conn_l7_detected", .texts, "Protocols found inside, in upper case",
      example: #""HTTP" in conn_l7_detected"#, scope: "conn"),
    Field(
      .connTLS, "conn_tls", .text,
      "Whether what TLS, QUIC or DTLS carried could be read: decrypted, or else why not",
      example: #"conn_tls == "no_keys""#, scope: "conn",
      values: [
        "decrypted", "partly_decrypted", "no_key_log", "no_keys", "keys_too_late", "wrong_keys",
        "unsupported_cipher", "handshake_not_seen", "records_lost", "quic_not_decrypted",
        "dtls_not_decrypted",
      ]),
    Field(
      .connGroupID, "conn_group_id", .int, "Group the connection belongs to: its flow's flow_id",
      example: "conn_group_id > 0",
      source: .derived(from: [.kind] + FlowNumber.columns) { row in
        switch row.kind {
        case .tcpConn, .udpConn, .sctpConn, .icmpConn: .int(FlowNumber.of(row))
        default: .none
        }
      }, scope: "conn"),
  ]
}
