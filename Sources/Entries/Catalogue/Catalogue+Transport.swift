// Raw TCP, UDP and SCTP, ICMP, and the health of connections.
extension Catalogue {
  static let transport: [Field] = [
    Field(
      .tcpMethod, "tcp_method", .text, "Kind of the raw TCP entry", example: #"tcp_method != """#,
      scope: "tcp"),
    Field(
      .tcpPayload, "tcp_payload", .bytes, "Bytes of the raw TCP entry",
      example: "size(tcp_payload) > 100", scope: "tcp"),
    Field(
      .tcpErrorType, "tcp_error_type", .text,
      "Kind of error on the connection; empty when there was none",
      example: #"tcp_error_type == "Reset""#, scope: "tcp"),
    Field(
      .tcpErrorMessage, "tcp_error_message", .text, "The error on the connection in words",
      example: #"tcp_error_message != """#, scope: "tcp"),
    Field(
      .tcpMetrics, "tcp_metrics", .numbers, "Health figures of the connection by name; times in µs",
      example: #"map_get(tcp_metrics, "retransmission_rate", 0.0) > 0.01"#,
      source: .derived(from: TCPMetrics.columns) { row in TCPMetrics.figures(of: row) }),
    Field(
      .udpLength, "udp_length", .int, "Bytes of the datagram", unit: "bytes",
      example: "udp_length > 512", scope: "udp"),
    Field(
      .udpChecksum, "udp_checksum", .int, "Checksum of the datagram",
      example: "udp && udp_checksum == 0", scope: "udp"),
    Field(
      .udpPayload, "udp_payload", .bytes, "Bytes of the datagram after its header",
      example: "size(udp_payload) > 100", scope: "udp"),
    Field(
      .sctpChecksum, "sctp_checksum", .int, "Checksum of the packet",
      example: "sctp && sctp_checksum != 0", scope: "sctp"),
    Field(
      .sctpChunkType, "sctp_chunk_type", .text, "Type of the first chunk, such as DATA",
      example: #"sctp_chunk_type == "INIT""#, scope: "sctp"),
    Field(
      .sctpLength, "sctp_length", .int, "Bytes of the packet", unit: "bytes",
      example: "sctp_length > 1000", scope: "sctp"),
    Field(
      .sctpChunkTypes, "sctp_chunk_types", .texts, "Types of all chunks of the packet, in order",
      example: #""ABORT" in sctp_chunk_types"#, scope: "sctp"),
    Field(
      .sctpStream, "sctp_stream", .int, "Stream of the first DATA chunk",
      example: #"sctp_chunk_type == "DATA" && sctp_stream == 0"#, scope: "sctp"),
    Field(
      .sctpPayloadProtocol, "sctp_payload_protocol", .text,
      "What the first DATA chunk says that it carries, such as Diameter",
      example: #"sctp_payload_protocol == "Diameter""#, scope: "sctp"),
    Field(
      .icmpType, "icmp_type", .text, "Type and code by name",
      example: #"icmp_type.contains("unreachable")"#, scope: "icmp"),
    Field(
      .icmpVersion, "icmp_version", .int, "4 or 6", example: "icmp_version == 6", scope: "icmp"),
    Field(
      .icmpLength, "icmp_length", .int, "Bytes of the message", unit: "bytes",
      example: "icmp_length > 84", scope: "icmp"),
    Field(
      .icmpAbout, "icmp_about", .text,
      "What an error complains about: the transport and both ends of the packet it quotes",
      example: #"icmp_about.contains("udp")"#, scope: "icmp"),
    Field(
      .icmpAboutFlow, "icmp_about_flow", .int,
      "flow_id of the flow that an error complains about", example: "icmp_about_flow > 0",
      scope: "icmp"),
  ]
}
