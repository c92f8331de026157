/// The legacy names of fields, each with what it is now.
struct Alias: Sendable {
  /// As it was written; `[]` stands for any index.
  let path: String
  let target: Target

  enum Target: Sendable {
    /// Another name for a variable.
    case variable(String)
    /// A variable, with literals beside it rewritten first.
    case rewritten(String, @Sendable (String) -> String)
    /// A variable that exists only under a flag.
    case guarded(String, flag: String)
    /// A KFL2 expression.
    case expression(String)
    /// A map whose keys follow.
    case map(String)
    /// One entry of a map.
    case entry(map: String, key: String)
    /// A list; the index of the path picks the element.
    case element(String)
    /// Depends on what it is compared with, and on the flags asserted beside it.
    case choice(@Sendable (Value?, (String) -> Bool) -> Target)
  }

  init(_ path: String, _ target: Target) {
    self.path = path
    self.target = target
  }

  static let rows: [Alias] = peers + messages + protocols + general

  /// Both peers.
  private static let peers: [Alias] = ["src", "dst"].flatMap { side in
    [
      Alias("\(side).ns", .variable("\(side).namespace")),
      Alias("\(side).svc", .variable("\(side).service.name")),
      Alias("\(side).service", .variable("\(side).service.name")),
      Alias("\(side).pod", .variable("\(side).pod.name")),
    ]
  }

  /// Requests and responses of HTTP.
  private static let messages: [Alias] = [
    Alias(
      "request.method",
      .choice { literal, isAsserted in
        if isAsserted("diameter") { return .variable("diameter_method") }
        guard isAsserted("amqp") || literal.isDottedMethod else { return .variable("method") }
        return .rewritten("amqp_method") { $0.replacing(" ", with: ".") }
      }),
    Alias("request.path", .variable("path")),
    Alias("request.url", .variable("url")),
    Alias("request.targetUri", .variable("url")),
    Alias("request.query", .map("query_string")),
    Alias("request.queryString", .map("query_string")),
    Alias("request.bodySize", .variable("request_body_size")),
    Alias("response.bodySize", .variable("response_body_size")),
    Alias("request.headersSize", .variable("request_headers_size")),
    Alias("response.headersSize", .variable("response_headers_size")),
    Alias("request.postData.text", .variable("request_body")),
    Alias("response.content.text", .variable("response_body")),
    Alias("request.postData.mimeType", .entry(map: "request.headers", key: "content-type")),
    Alias("response.content.mimeType", .entry(map: "response.headers", key: "content-type")),
    Alias("response.status", .variable("status_code")),
    Alias("status", .variable("status_code")),
    Alias("response.latency", .expression("double(elapsed_time) / 1000.0")),
    Alias("elapsedTime", .expression("elapsed_time / 1000")),
  ]

  /// Other protocols.
  private static let protocols: [Alias] = [
    Alias("response.status.code", .guarded("grpc_status", flag: "grpc")),
    Alias(
      "response.code",
      .choice { literal, _ in
        switch literal {
        case .int, .uint, .double: .variable("status_code")
        default: .variable("dns_rcode")
        }
      }),
    Alias("request.opCode", .variable("dns_opcode")),
    Alias("request.questions[].name", .element("dns_questions")),
    Alias("request.questions[].type", .element("dns_question_types")),
    Alias(
      "request.command",
      .choice { literal, _ in
        if case .string(let text)? = literal, text.contains(" ") {
          return .variable("redis_command")
        }
        return .variable("redis_type")
      }),
    Alias("request.type", .variable("redis_type")),
    Alias("request.key", .variable("redis_key")),
    Alias("request.apiKeyName", .rewritten("kafka_api_key_name", constantCase)),
    Alias("request.apiKey", .variable("kafka_api_key")),
    Alias("request.clientID", .variable("kafka_client_id")),
    Alias("request.size", .variable("kafka_size")),
    Alias("request.payload.topics[].name", .element("kafka_topics")),
    Alias("request.payload.topicData[].topic", .element("kafka_topics")),
  ]

  private static let general: [Alias] = [
    Alias("protocol.name", .rewritten("protocol") { $0.uppercased() }),
    Alias("protocol.abbr", .rewritten("protocol") { $0.uppercased() }),
    Alias("protocol.macro", .rewritten("protocol") { $0.uppercased() }),
    Alias("protocol.version", .rewritten("http_version", httpVersion)),
    Alias("error.type", .variable("error_type")),
  ]

  /// Names that are also valid in KFL2, taken the legacy way where word operators stand.
  static let onlyWithWords: [String: String] = ["node.name": "node_name", "node.ip": "node_ip"]

  /// First names below which an unknown path leads into the raw record.
  static let recordRoots: Set<String> = [
    "request", "response", "base", "event", "protocol", "error",
  ]

  static let paths = rows.map(\.path).sorted()
  static let byPath = Dictionary(uniqueKeysWithValues: rows.map { ($0.path, $0) })

  /// Variables whose values used to be text, so that text is still accepted beside them.
  static let formerlyText: Set<String> = ["src.port", "dst.port"]

  /// `ListOffsets` → `LIST_OFFSETS`: API names as they are kept now.
  @Sendable private static func constantCase(_ text: String) -> String {
    var result = ""
    var previous: Character?
    for character in text {
      if character.isUppercase, previous?.isLowercase ?? false { result += "_" }
      result += character.uppercased()
      previous = character
    }
    return result
  }

  /// `1.1` → `HTTP/1.1`, `2.0` → `HTTP/2`.
  @Sendable private static func httpVersion(_ text: String) -> String {
    guard text.utf8.first?.isDigit ?? false else { return text }
    return "HTTP/" + (text.hasPrefix("2") ? "2" : text)
  }
}

extension Value? {
  /// Whether it is text such as `basic.publish` or `basic publish`: an AMQP method, as no HTTP
  /// method is spelled.
  fileprivate var isDottedMethod: Bool {
    guard case .string(let text)? = self else { return false }
    let parts = text.split(whereSeparator: { $0 == "." || $0 == " " })
    return parts.count == 2
      && text.utf8.allSatisfy { $0 >= 0x61 || $0 == 0x2e || $0 == 0x20 || $0 == 0x2d }
  }
}
