import Entries

// `method` and `path` as rows of calls have them: in the words of each protocol.

extension Shorthand {
  /// The fields that rows show as `method` and `path`, by protocol; of others they are HTTP's.
  private static let words: [(proto: String, method: FieldID?, path: FieldID?)] = [
    ("grpc", .grpcMethod, nil), ("gql", .gqlOperationType, .gqlSummary),
    ("mcp", .mcpMethod, .mcpName), ("llm", .llmOperation, .llmModel),
    ("dns", .dnsQuestionTypes, .dnsQuestions), ("dns", .dnsOpcode, nil),
    ("redis", .redisType, .redisKey),
    ("kafka", .kafkaAPIKeyName, .kafkaTopics), ("mongodb", .mongodbCommand, .mongodbCollection),
    ("mysql", .mysqlCommand, nil), ("postgresql", .postgresqlCommand, nil),
    ("amqp", .amqpMethod, .amqpSummary), ("ldap", .ldapType, .ldapSummary),
    ("radius", .radiusCodeName, .radiusUser), ("diameter", .diameterMethod, nil),
    ("mqtt", .mqttType, .mqttTopic), ("icmp", .icmpType, .icmpAbout),
    ("sctp", .sctpChunkType, nil), ("ws", .wsOpcode, nil), ("tlsx", nil, .tlsxSummary),
  ]

  /// Protocols whose calls are HTTP's as well, with its method and its path.
  private static let overHTTP: Set<String> = ["grpc", "gql", "mcp", "llm"]

  /// - Parameter proto: the protocol that is asked for beside it, if any.
  static func method(_ value: String, of proto: String?) -> String {
    let isOfHTTP = Catalogue[.method].values.contains(value)
    return anyOf(.method, words.map { ($0.proto, $0.method) }, value, isOfHTTP, of: proto)
  }

  static func path(_ value: String, of proto: String?) -> String {
    anyOf(.path, words.map { ($0.proto, $0.path) }, value, value.hasPrefix("/"), of: proto)
  }

  /// - Parameter isOfHTTP: whether it looks like HTTP's, which then is meant unless a protocol says
  ///   otherwise: `GET` is a command of Redis, too.
  private static func anyOf(
    _ http: FieldID, _ others: [(proto: String, id: FieldID?)], _ value: String, _ isOfHTTP: Bool,
    of proto: String?
  ) -> String {
    var ids: [FieldID] = []
    if let proto = proto?.lowercased() {
      ids = others.filter { $0.proto == proto }.compactMap(\.id)
      if ids.isEmpty || overHTTP.contains(proto) { ids.append(http) }
    } else {
      ids = [http] + (isOfHTTP ? [] : others.compactMap(\.id))
    }
    return ids.compactMap { condition($0, value) }.joined(separator: " || ")
  }

  private static func condition(_ id: FieldID, _ value: String) -> String? {
    guard let name = Catalogue[id].name else { return nil }
    guard Catalogue[id].type == .texts else { return match(name, value) }
    guard value.hasSuffix("*") else { return "\(quoted(value)) in \(name)" }
    return "\(name).exists(x, x.startsWith(\(quoted(String(value.dropLast())))))"
  }
}
