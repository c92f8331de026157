import Bytes
import KFL

/// The schema and the entries the tests of the language are written against: a small shop.
enum Shop {
  static let now = Timestamp(rfc3339: "2026-03-14T23:00:00Z")!

  static let schema = Schema(
    variables,
    macros: [
      "https": "tls and (http or http2)", "broken": "http and", "slow": "elapsed_time > 1000000",
    ],
    rawPaths: ["request.exchange", "request.queue", "response.statusText"])

  /// The same with a sentence for each variable.
  static let documented = Schema(
    variables.map { row in
      var row = row
      row.doc = "What \(row.name) is."
      return row
    }, macros: schema.macros)

  private static let variables: [Variable] =
    peers + times + flags + http + protocols
    + [Variable("raw", .map(.string, .dyn), doc: "The raw record.")]

  private static let peers: [Variable] =
    ["src", "dst"].flatMap { side in
      [
        Variable(
          "\(side).ip", .string, doc: "Address of one side.", example: "\(side).ip == \"10.0.0.1\""),
        Variable("\(side).port", .int, doc: "Port of one side."),
        Variable("\(side).name", .string), Variable("\(side).namespace", .string),
        Variable("\(side).dns", .string), Variable("\(side).pod.name", .string),
        Variable("\(side).pod.namespace", .string), Variable("\(side).service.name", .string),
      ]
    } + [
      Variable("namespaces", .list(.string)), Variable("node", .map(.string, .string)),
      Variable("node_name", .string), Variable("node_ip", .string),
      Variable("local_labels", .map(.string, .string), doc: "Labels of the local peer."),
      Variable("remote_labels", .map(.string, .string)), Variable("protocol", .string),
      Variable("l4proto", .string), Variable("id", .int), Variable("index", .int),
    ]

  private static let times: [Variable] = [
    Variable("timestamp", .timestamp, doc: "When the request was seen."),
    Variable("elapsed_time", .int, doc: "Latency.", unit: "µs"),
    Variable("error", .bool), Variable("error_type", .string), Variable("call_failed", .bool),
  ]

  private static let flags: [Variable] = [
    "http", "http2", "grpc", "dns", "tls", "tlsx", "tcp", "udp", "redis", "kafka", "amqp",
    "diameter", "postgresql", "icmp", "conn", "tcp_conn",
  ].map { Variable($0, .bool, doc: "Whether the entry is \($0).", isFlag: true) }

  private static let http: [Variable] = [
    Variable(
      "method", .string, doc: "Request method.", scope: "http", values: ["GET", "POST"]),
    Variable("url", .string, scope: "http"),
    Variable("path", .string, doc: "Path without query.", scope: "http"),
    Variable("status_code", .int, doc: "Response status.", scope: "http"),
    Variable("http_version", .string),
    Variable("query_string", .map(.string, .string), scope: "http"),
    Variable("request.headers", .map(.string, .string), isHeaderMap: true, scope: "http"),
    Variable("response.headers", .map(.string, .string), isHeaderMap: true, scope: "http"),
    Variable("request.cookies", .map(.string, .string), scope: "http"),
    Variable("request_body", .string, scope: "http"),
    Variable("request_body_size", .int, unit: "bytes", scope: "http"),
    Variable("response_body_size", .int, unit: "bytes", scope: "http"),
  ]

  private static let protocols: [Variable] = [
    Variable("grpc_status", .int, defaultValue: .int(-1)),
    Variable("dns_questions", .list(.string)), Variable("dns_answers", .list(.string)),
    Variable("dns_question_types", .list(.string)), Variable("dns_rcode", .string),
    Variable("dns_opcode", .string),
    Variable("tlsx_sni", .string), Variable("tlsx_version", .int),
    Variable("conn_state", .string, scope: "conn"), Variable("tcp_payload", .bytes),
    Variable("tcp_metrics", .map(.string, .double)), Variable("redis_type", .string),
    Variable("redis_command", .string), Variable("redis_key", .string),
    Variable("kafka_api_key", .int), Variable("kafka_api_key_name", .string),
    Variable("kafka_topics", .list(.string)), Variable("amqp_method", .string),
    Variable("diameter_method", .string), Variable("postgresql_success", .bool),
    Variable("postgresql_error_code", .string),
  ]

  /// Entries by name.
  static let entries: [(name: String, entry: ShopEntry)] = [
    (
      "order",
      ShopEntry([
        "http": .bool(true), "method": .string("POST"), "path": .string("/api/orders"),
        "url": .string("/api/orders?id=7"), "status_code": .int(500), "protocol": .string("HTTP"),
        "elapsed_time": .int(2_340_000), "src.ip": .string("10.0.1.5"), "src.port": .int(43210),
        "dst.port": .int(8080), "src.namespace": .string("shop"), "dst.namespace": .string("pay"),
        "dst.service.name": .string("payments"), "src.pod.name": .string("checkout-66b9c"),
        "namespaces": .list([.string("shop"), .string("pay")]),
        "query_string": .map(ValueMap([("id", "7")])),
        "request.headers": .map(ValueMap([("authorization", "Token abc"), ("host", "shop")])),
        "local_labels": .map(ValueMap([("app", "checkout")])), "node_name": .string("node-1"),
        "timestamp": .timestamp(Instant(rfc3339: "2026-03-14T22:59:30Z")!),
        "tcp_metrics": .map(ValueMap([(key: .string("retransmissions"), value: .double(12))])),
        "call_failed": .bool(true),
      ])
    ),
    (
      "page",
      ShopEntry([
        "http": .bool(true), "tls": .bool(true), "method": .string("GET"), "path": .string("/"),
        "url": .string("/"), "status_code": .int(200), "protocol": .string("HTTP"),
        "elapsed_time": .int(8000), "src.ip": .string("2001:db8::7"),
        "src.namespace": .string("web"),
        "dst.namespace": .string("shop"), "request.headers": .map(ValueMap([("host", "shop")])),
        "timestamp": .timestamp(Instant(rfc3339: "2026-03-14T22:40:00Z")!),
      ])
    ),
    (
      "greeting",
      ShopEntry([
        "http": .bool(true), "http2": .bool(true), "grpc": .bool(true), "method": .string("POST"),
        "path": .string("/hello.Greeter/Say"), "status_code": .int(200), "grpc_status": .int(5),
        "protocol": .string("GRPC"), "elapsed_time": .int(3000),
        "timestamp": .timestamp(Instant(rfc3339: "2026-03-14T22:59:50Z")!),
      ])
    ),
    (
      "lookup",
      ShopEntry([
        "dns": .bool(true), "protocol": .string("DNS"), "status_code": .int(3),
        "dns_questions": .list([.string("nope.example.com")]), "dns_rcode": .string("NXDOMAIN"),
        "dns_opcode": .string("QUERY"),
        "dns_question_types": .list([.string("A")]), "elapsed_time": .int(1200),
        "timestamp": .timestamp(Instant(rfc3339: "2026-03-14T22:10:00Z")!),
      ])
    ),
    (
      "publish",
      ShopEntry([
        "amqp": .bool(true), "protocol": .string("AMQP"), "amqp_method": .string("basic.publish"),
        "raw": .map(
          ValueMap([
            (
              key: .string("request"),
              value: .map(ValueMap([("exchange", "orders"), ("routingKey", "eu")]))
            )
          ])),
        "timestamp": .timestamp(Instant(rfc3339: "2026-03-14T22:58:00Z")!),
      ])
    ),
    (
      "cached",
      ShopEntry([
        "redis": .bool(true), "protocol": .string("REDIS"), "redis_type": .string("GET"),
        "redis_command": .string("GET session:1"), "redis_key": .string("session:1"),
        "elapsed_time": .int(300),
        "timestamp": .timestamp(Instant(rfc3339: "2026-03-14T22:57:00Z")!),
      ])
    ),
  ]

  static func compile(_ text: String) -> Compilation { KFL.compile(text, schema: schema, now: now) }

  /// Names of the entries a filter selects; a refused filter selects none.
  static func selected(_ text: String) -> [String] {
    guard let filter = compile(text).filter else { return [] }
    return selected(filter)
  }

  static func selected(_ filter: Filter) -> [String] {
    entries.filter { filter.evaluate($0.entry).isSelected }.map(\.name)
  }
}

/// An entry of the shop: values by slot.
struct ShopEntry: Record {
  private let values: [Value]

  init(_ values: [String: Value]) {
    self.values = Shop.schema.variables.map { values[$0.name] ?? $0.missing }
  }

  func value(_ slot: Int) -> Value { values[slot] }
}
