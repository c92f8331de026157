/// Field names of other tools, and loose names of ours, with what they are here.
enum ForeignName {
  /// One name of ours, or an expression in its place.
  static let single: [String: String] = [
    // Wireshark
    "http.request.method": "method", "http.request.uri": "url", "http.request.uri.path": "path",
    "http.request.full_uri": "url", "http.request.version": "http_version",
    "http.response.code": "status_code", "http.response.status_code": "status_code",
    "http.status_code": "status_code", "http.status": "status_code", "http.code": "status_code",
    "http.method": "method", "http.path": "path", "http.url": "url", "http.uri": "url",
    "http.request.path": "path", "http.request.url": "url", "http.response.status": "status_code",
    "http.host": #"request.headers["host"]"#, "http.user_agent": #"request.headers["user-agent"]"#,
    "http.content_type": #"request.headers["content-type"]"#,
    "http.authorization": #"request.headers["authorization"]"#,
    "http.referer": #"request.headers["referer"]"#, "http.cookie": #"request.headers["cookie"]"#,
    "http.request": "http", "http.response": "http", "http.time": "elapsed_time",
    "http.file_data": "response_body", "http2.headers.status": "status_code",
    "http2.headers.method": "method", "http2.headers.path": "path",
    "ip.src": "src.ip", "ip.dst": "dst.ip", "ipv6.src": "src.ip", "ipv6.dst": "dst.ip",
    "tcp.srcport": "src.port", "tcp.dstport": "dst.port", "udp.srcport": "src.port",
    "udp.dstport": "dst.port", "ip.src_host": "src.dns", "ip.dst_host": "dst.dns",
    "dns.qry.name": "dns_questions", "dns.qry.type": "dns_question_types",
    "dns.flags.rcode": "status_code", "dns.flags.response": "dns_response",
    "dns.flags.opcode": "dns_opcode", "dns.count.answers": "dns_records",
    "dns.resp.name": "dns_answers", "dns.a": "dns_answers", "dns.time": "elapsed_time",
    "tls.handshake.extensions_server_name": "tlsx_sni",
    "ssl.handshake.extensions_server_name": "tlsx_sni",
    "tls.handshake.ciphersuite":
      "tlsx_cipher_suite", "tls.handshake.version": "tlsx_version", "tls.sni": "tlsx_sni",
    "tls.handshake": "tlsx", "tls.record.version": "tlsx_version", "tls.version": "tlsx_version",
    "tcp.analysis.retransmission": #"tcp_metrics["retransmissions"]"#,
    "tcp.analysis.fast_retransmission": #"tcp_metrics["fast_retransmissions"]"#,
    "tcp.analysis.duplicate_ack": #"tcp_metrics["dup_acks"]"#,
    "tcp.analysis.out_of_order": #"tcp_metrics["out_of_order"]"#,
    "tcp.analysis.zero_window": #"tcp_metrics["zero_window_events"]"#,
    "tcp.analysis.lost_segment": #"tcp_metrics["lost_segment_events"]"#,
    "tcp.flags.reset": #"tcp_metrics["rst_count"]"#, "ssl": "tls", "frame.time": "timestamp",
    "frame.time_epoch": "timestamp", "ip.proto": "l4proto", "websocket": "ws",
    "pgsql": "postgresql", "postgres": "postgresql", "mongo": "mongodb", "graphql": "gql",
    "resp": "redis", "rabbitmq": "amqp", "pgsql.query": "postgresql_query",
    // Loose names
    "code": "status_code", "statuscode": "status_code", "http_status": "status_code",
    "http_code": "status_code", "response_code": "status_code",
    "status_code_class":
      "status_code", "response_status": "status_code", "response.status_code": "status_code",
    "verb": "method", "http_method": "method", "request_method": "method",
    "uri": "url", "request_uri": "url", "request_url": "url", "endpoint": "path",
    "request_path": "path", "http_path": "path", "route": "path",
    "host": #"request.headers["host"]"#, "user_agent": #"request.headers["user-agent"]"#,
    "useragent": #"request.headers["user-agent"]"#,
    "content_type": #"response.headers["content-type"]"#,
    "latency": "elapsed_time", "response_time": "elapsed_time",
    "latency_ms": "elapsed_time / 1000", "duration_ms": "elapsed_time / 1000",
    "elapsed_ms": "elapsed_time / 1000", "response_time_ms": "elapsed_time / 1000",
    "elapsed_time_ms": "elapsed_time / 1000", "rtt_ms": "elapsed_time / 1000",
    "rtt": "elapsed_time", "took": "elapsed_time", "latency_us": "elapsed_time",
    "time": "timestamp", "ts": "timestamp", "date": "timestamp", "@timestamp": "timestamp",
    "src_ip": "src.ip", "source_ip": "src.ip", "source.ip": "src.ip", "client_ip": "src.ip",
    "client.ip": "src.ip", "src.address": "src.ip", "source": "src.ip", "client": "src.name",
    "dst_ip": "dst.ip", "dest_ip": "dst.ip", "destination_ip": "dst.ip",
    "destination.ip": "dst.ip", "server_ip": "dst.ip", "server.ip": "dst.ip", "dest.ip": "dst.ip",
    "destination": "dst.ip", "server": "dst.name", "dst.address": "dst.ip",
    "src_port": "src.port", "source_port": "src.port", "source.port": "src.port",
    "sport": "src.port", "dst_port": "dst.port", "dest_port": "dst.port", "dest.port": "dst.port",
    "destination_port": "dst.port", "destination.port": "dst.port", "dport": "dst.port",
    "server.port": "dst.port", "src.namespace.name": "src.namespace",
    "dst.namespace.name": "dst.namespace", "src_namespace": "src.namespace",
    "dst_namespace": "dst.namespace", "source.namespace": "src.namespace",
    "destination.namespace": "dst.namespace", "src.pod_name": "src.pod.name",
    "dst.pod_name": "dst.pod.name", "source.pod": "src.pod.name",
    "destination.pod": "dst.pod.name", "src_pod": "src.pod.name", "dst_pod": "dst.pod.name",
    "src.service_name": "src.service.name", "dst.service_name": "dst.service.name",
    "source.service": "src.service.name", "destination.service": "dst.service.name",
    "src_service": "src.service.name", "dst_service": "dst.service.name",
    "src.host": "src.name", "dst.host": "dst.name", "src.hostname": "src.name",
    "dst.hostname": "dst.name", "src.node": "local_node_name", "dst.node": "remote_node_name",
    "sni": "tlsx_sni", "server_name": "tlsx_sni", "ja3": "tlsx_ja3", "alpn": "tlsx_alpn",
    "query": "query_string", "params": "query_string", "query_params": "query_string",
    "request.status": "status_code", "dst.svc.name": "dst.service.name",
    "src.svc.name": "src.service.name",
    "dns.response.code": "status_code", "dns.code": "status_code", "dns.status": "status_code",
    "redis_cmd": "redis_command", "redis.cmd": "redis_command", "has_error": "call_failed",
    "body_size": "response_body_size", "http.response_code": "status_code",
    "header": "request.headers", "cookie": "request.cookies", "duration": "elapsed_time",
    "success": "!call_failed", "succeeded": "!call_failed",
    "retransmissions": #"tcp_metrics["retransmissions"]"#,
    "resets": #"tcp_metrics["rst_count"]"#, "rst_count": #"tcp_metrics["rst_count"]"#,
    "authorization": #"request.headers["authorization"]"#,
    "questions": "dns_questions", "answers": "dns_answers",
    "headers": "request.headers", "request_headers": "request.headers",
    "response_headers": "response.headers", "cookies": "request.cookies",
    "request.header": "request.headers", "response.header": "response.headers",
    "body": "request_body", "payload": "request_body", "request.body": "request_body",
    "response.body": "response_body", "domain": "dns_questions", "hostname": "dns_questions",
    "dns_name": "dns_questions", "dns_query": "dns_questions", "dns.question": "dns_questions",
    "dns.query": "dns_questions", "dns.name": "dns_questions", "dns.qname": "dns_questions",
    "dns_qname": "dns_questions", "dns.rrname": "dns_questions", "qname": "dns_questions",
    "traceparent": #"request.headers["traceparent"]"#,
    "request_id": #"request.headers["x-request-id"]"#,
    "x_request_id": #"request.headers["x-request-id"]"#,
    "tcp_retransmissions": #"tcp_metrics["retransmissions"]"#,
    "tcp.retransmissions": #"tcp_metrics["retransmissions"]"#,
    "labels": "local_labels",
    "annotations": "local_annotations", "pod.labels": "local_labels",
    "src.labels": "local_labels", "dst.labels": "remote_labels",
    "src.pod.labels": "local_labels", "dst.pod.labels": "remote_labels",
    "src.pod.annotations": "local_annotations", "dst.pod.annotations": "remote_annotations",
    "proto": "protocol", "l7proto": "protocol", "l7_protocol": "protocol", "l4": "l4proto",
    "l4_protocol": "l4proto", "transport": "l4proto", "topic": "kafka_topics",
    "kafka.topic": "kafka_topics", "kafka_topic": "kafka_topics", "rcode": "dns_rcode",
    "dns_status": "dns_rcode", "process": "local_process_name",
    "process_name":
      "local_process_name", "failed": "call_failed", "is_error": "call_failed",
    "errors": "call_failed", "grpc_code": "grpc_status", "grpc.status_code": "grpc_status",
    "grpc.code": "grpc_status", "sql": "postgresql_query", "request_size": "request_body_size",
    "response_size": "response_body_size", "content_length": "response_body_size",
    "intercepted": "tls", "decrypted": "tls", "state": "conn_state",
  ]

  /// Names that mean either side.
  static let either: [String: (String, String)] = [
    "ip.addr": ("src.ip", "dst.ip"), "ipv6.addr": ("src.ip", "dst.ip"), "ip": ("src.ip", "dst.ip"),
    "host.ip": ("src.ip", "dst.ip"), "address": ("src.ip", "dst.ip"),
    "tcp.port": ("src.port", "dst.port"), "udp.port": ("src.port", "dst.port"),
    "sctp.port": ("src.port", "dst.port"), "port": ("src.port", "dst.port"),
    "pod.name": ("src.pod.name", "dst.pod.name"),
    "pod.namespace": ("src.pod.namespace", "dst.pod.namespace"),
    "pod": ("src.pod.name", "dst.pod.name"),
    "pod_name": ("src.pod.name", "dst.pod.name"),
    "service.name": ("src.service.name", "dst.service.name"),
    "service": ("src.service.name", "dst.service.name"),
    "svc": ("src.service.name", "dst.service.name"),
    "service_name": ("src.service.name", "dst.service.name"),
    "name": ("src.name", "dst.name"), "workload": ("src.name", "dst.name"),
    "ns": ("src.namespace", "dst.namespace"),
    "namespace_name": ("src.namespace", "dst.namespace"),
  ]

  /// Whether the tables have that name.
  static func isTabled(_ name: String) -> Bool {
    let folded = name.lowercased()
    return single[folded] != nil || either[folded] != nil
  }

  /// Whether a path into the raw record is a name of another tool, or an older name with one
  /// letter wrong: then nothing is there.
  static func isLikely(slipFor path: String) -> Bool {
    var parts = snakeCase(path).split(separator: ".")
    while parts.count > 1 {
      if single[parts.joined(separator: ".")] != nil { return true }
      parts.removeLast()
    }
    let folded = Nearest.folded(path)
    return single[path.lowercased()] != nil
      || Alias.paths.contains { Nearest.distance(folded, Nearest.folded($0), limit: 1) != nil }
  }

  /// First parts by which other tools name the sides.
  private static let sides: [Substring: String] = [
    "source": "src", "client": "src", "from": "src", "requester": "src", "destination": "dst",
    "dest": "dst", "server": "dst", "to": "dst", "target": "dst",
  ]

  /// Words for constants.
  private static let constants: [String: String] = [
    "true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false",
    "null": "null", "none": "null", "undefined": "null",
  ]

  /// The name of ours for a name that is not declared; nil when none suggests itself.
  static func meant(by name: String, schema: Schema) -> String? {
    let folded = name.lowercased()
    if let known = single[folded] ?? single[snakeCase(name)], isUsable(known, schema) {
      return known
    }
    // Words the legacy spelling has, in another case.
    for candidate in [
      snakeCase(name), folded.replacing(".", with: "_"), snakeCase(name).replacing(".", with: "_"),
    ]
    where schema.slot(candidate) != nil {
      return candidate
    }
    // The first parts name something, the rest are members.
    var parts = folded.split(separator: ".")
    var rest = ""
    while parts.count > 1, let last = parts.popLast() {
      rest = "." + last + rest
      if let known = single[parts.joined(separator: ".")], isUsable(known, schema),
        schema.variable(known).map({ if case .map = $0.type { true } else { false } }) ?? false
      {
        return known + rest
      }
    }
    if let constant = constants[folded] { return constant }
    let whole = folded.split(separator: ".")
    if whole.count > 1, let side = sides[whole[0]] {
      let ours = ([side] + whole.dropFirst().map(String.init)).joined(separator: ".")
      if schema.slot(ours) != nil || Alias.byPath[ours] != nil { return ours }
    }
    return Nearest.name(to: name, among: schema.variables.lazy.map(\.name))
      ?? Nearest.name(to: name, among: Alias.paths).flatMap { path in
        if case .variable(let target) = Alias.byPath[path]?.target { target } else { nil }
      }
  }

  private static func isUsable(_ expression: String, _ schema: Schema) -> Bool {
    schema.slot(String(expression.drop { $0 == "!" }.prefix { $0 != "[" && $0 != " " })) != nil
  }

  /// `statusCode` → `status_code`.
  static func snakeCase(_ name: String) -> String {
    var result = ""
    for character in name {
      if character.isUppercase, let last = result.last, last != "_", last != "." { result += "_" }
      result += character.lowercased()
    }
    return result
  }
}
