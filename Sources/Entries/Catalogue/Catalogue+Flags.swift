// What an entry is.
extension Catalogue {
  static let flags: [Field] = [
    flag(
      .http, "http", "HTTP of any version, with what travels in it: gRPC, GraphQL, MCP, LLM",
      .http, .http2, .grpc, .gqlv1, .gqlv2, .mcp, .llm),
    Field(
      .http2, "http2", .bool, "HTTP/2, gRPC included", example: "http2",
      source: .derived(from: [.kind, .httpVersion]) { row in
        switch row.kind {
        case .http2: .bool(true)
        // These travel over either version.
        case .grpc, .gqlv1, .gqlv2, .mcp, .llm: .bool(row.text(.httpVersion) == "HTTP/2")
        default: .bool(false)
        }
      }, isFlag: true),
    flag(.grpc, "grpc", "gRPC", .grpc),
    flag(.gql, "gql", "GraphQL of either kind", .gqlv1, .gqlv2),
    flag(.gqlv1, "gqlv1", "GraphQL in JSON bodies or query strings", .gqlv1),
    flag(.gqlv2, "gqlv2", "GraphQL with its own media types", .gqlv2),
    Field(
      .sse, "sse", .bool, "A call whose reply is a stream of Server-Sent Events", example: "sse",
      source: .derived(from: [.sseEvents]) { row in .bool(row.int(.sseEvents) != nil) },
      isFlag: true),
    flag(.mcp, "mcp", "The Model Context Protocol over HTTP", .mcp),
    flag(.llm, "llm", "A call to the API of a language model", .llm),
    flag(.ws, "ws", "A WebSocket message", .ws),
    flag(.dns, "dns", "DNS", .dns),
    Field(
      .tls, "tls", .bool,
      "Read in clear text although it travelled encrypted; handshakes are tlsx", example: "tls",
      source: .derived(from: [.decrypted, .captureSource]) { row in
        .bool(row.flag(.decrypted) || row.text(.captureSource) == "ebpf_tls")
      }, isFlag: true),
    flag(.tlsx, "tlsx", "A TLS handshake", .tlsx),
    flag(.tcp, "tcp", "Bytes over TCP that no dissector knows", .tcp),
    flag(.udp, "udp", "A UDP datagram that no dissector knows", .udp),
    flag(.sctp, "sctp", "SCTP", .sctp),
    flag(.icmp, "icmp", "ICMP", .icmp),
    flag(.redis, "redis", "Redis", .redis),
    flag(.kafka, "kafka", "Kafka", .kafka),
    flag(.amqp, "amqp", "AMQP 0-9-1", .amqp),
    flag(.ldap, "ldap", "LDAP", .ldap),
    flag(.radius, "radius", "RADIUS", .radius),
    flag(.diameter, "diameter", "Diameter", .diameter),
    flag(.mongodb, "mongodb", "MongoDB", .mongodb),
    flag(.mysql, "mysql", "MySQL", .mysql),
    flag(.postgresql, "postgresql", "PostgreSQL", .postgresql),
    flag(.mqtt, "mqtt", "MQTT", .mqtt),
    flag(
      .conn, "conn", "A connection record of any transport",
      .tcpConn, .udpConn, .sctpConn, .icmpConn),
    flag(.flow, "flow", "A flow record of either transport", .tcpFlow, .udpFlow),
    flag(.tcpConn, "tcp_conn", "A TCP connection record", .tcpConn),
    flag(.udpConn, "udp_conn", "A UDP conversation record", .udpConn),
    flag(.tcpFlow, "tcp_flow", "A TCP flow record", .tcpFlow),
    flag(.udpFlow, "udp_flow", "A UDP flow record", .udpFlow),
    flag(.syscall, "syscall", "A system call", .syscall),
  ]

  /// A row that is true for entries of these kinds.
  private static func flag(
    _ id: FieldID, _ name: String, _ doc: String, _ kinds: ProtocolKind...
  ) -> Field {
    Field(id, name, .bool, doc, example: name, source: .kinds(kinds), isFlag: true)
  }
}
