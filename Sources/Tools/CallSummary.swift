import Dissectors
import Entries

/// What a call did, in the words of its protocol: the verb, its object, how it ended.
struct CallSummary {
  /// HTTP method, command, API name; nil for protocols without.
  var method: String?
  /// What stands for the method in a line for reading, where that is another word.
  var verb: String?
  /// Path, key, topic, question, statement.
  var path: String?
  /// Numeric status as KFL knows it; nil when unanswered.
  var status: Int64?
  /// The status in words where the number says little: `NXDOMAIN`, `5 NOT_FOUND`.
  var statusText: String
  /// What came of it, in a line for reading: `(12 rows)`, `→ invalidCredentials`.
  var result: String?

  /// The fields it is made of.
  static let fields: [FieldID] =
    [
      .method, .path, .statusCode, .statusText, .grpcMethod, .grpcStatus, .dnsQuestions,
      .dnsQuestionTypes, .dnsAnswers, .dnsRcode, .dnsOperation, .dnsRecords, .redisType, .redisKey,
      .redisCommand, .kafkaAPIKeyName,
      .kafkaRequestSummary, .mongodbCommand, .mongodbDatabase, .mongodbCollection,
      .mongodbDocuments, .mongodbErrorCode, .mongodbErrorCodeName, .mysqlCommand, .mysqlDatabase,
      .mysqlQuery, .mysqlRows, .mysqlErrorCode, .postgresqlCommand, .postgresqlDatabase,
      .postgresqlQuery, .postgresqlRows, .postgresqlErrorCode, .amqpMethod, .amqpSummary,
      .amqpRoutingKey, .ldapType, .ldapSummary, .radiusCodeName, .radiusUser, .tlsxSummary,
      .connState, .connL7Detected, .connLocalBytes, .connRemoteBytes, .flowState, .flowL7Detected,
      .flowLocalBytes, .flowRemoteBytes,
    ] + TCPTrouble.fields

  init(_ row: some FieldRow) {
    let answered = row.hasResponse
    switch row.kind {
    case .http, .http2:
      method = row.text(.method)
      path = row.text(.path)
      status = answered ? row.int(.statusCode) : nil
      statusText = status.map(String.init) ?? "-"
      result = row.int(.sseEvents).map { Self.counted($0, "event") }
    case .gqlv1, .gqlv2:
      method = row.text(.gqlOperationType) ?? row.text(.method)
      path = row.text(.gqlSummary) ?? row.text(.path)
      status = answered ? row.int(.statusCode) : nil
      statusText = status.map(String.init) ?? "-"
      result = row.int(.gqlErrors).flatMap { $0 > 0 ? Self.counted($0, "error") : nil }
    case .mcp:
      method = row.text(.mcpMethod) ?? row.text(.method)
      path = row.text(.mcpName)
      status = answered ? row.int(.statusCode) : nil
      statusText = status.map(String.init) ?? "-"
      result =
        row.int(.mcpErrorCode).map { "→ error \($0)" }
        ?? (row.bool(.mcpToolError) ? "→ tool error" : nil)
    case .llm:
      method = row.text(.llmOperation)
      path = row.text(.llmModel)
      status = answered ? row.int(.statusCode) : nil
      statusText = status.map(String.init) ?? "-"
      result = Self.completion(row)
    case .grpc:
      method = row.text(.grpcMethod) ?? row.text(.method)
      path = row.text(.path)
      // The path ends with it.
      if let method, path?.hasSuffix("/" + method) == true { verb = "" }
      status = answered ? row.int(.statusCode) : nil
      statusText = row.int(.grpcStatus).map { "grpc \($0)" } ?? "-"
    case .dns:
      let operation = row.text(.dnsOperation)
      let type = row.texts(.dnsQuestionTypes).first
      method = operation ?? "query"
      // A reply alone need not repeat its question, and an announcement has none.
      let isAlone = !row.hasRequest
      verb = operation ?? type ?? (isAlone ? "reply" : nil)
      path = row.texts(.dnsQuestions).first ?? (isAlone ? row.texts(.dnsAnswers).first : nil)
      if operation == "UPDATE" || type == "AXFR" || type == "IXFR" {
        result = row.int(.dnsRecords).map { Self.counted($0, "record") }
      }
      status = answered ? row.int(.statusCode) : nil
      statusText = answered ? row.text(.dnsRcode) ?? "-" : "-"
    case .redis:
      method = row.text(.redisType)
      // A key that had to be taken back is empty.
      let key = row.text(.redisKey).flatMap { $0.isEmpty ? nil : $0 }
      path = key ?? Self.arguments(row.text(.redisCommand))
      status = nil
      statusText = Self.firstWord(row.text(.statusText)) ?? (answered ? "ok" : "-")
    case .kafka:
      method = row.text(.kafkaAPIKeyName)
      path = row.text(.kafkaRequestSummary)
      status = nil
      statusText = row.text(.statusText) ?? (answered ? "ok" : "-")
    case .mongodb:
      method = row.text(.mongodbCommand)
      // Where its request was not captured nothing tells what it answers.
      if method == nil, !row.hasRequest { verb = "reply" }
      let names = [row.text(.mongodbDatabase), row.text(.mongodbCollection)].compactMap(\.self)
      path = names.isEmpty ? nil : names.joined(separator: ".")
      status = nil
      statusText =
        row.text(.mongodbErrorCodeName) ?? row.int(.mongodbErrorCode).map(String.init)
        ?? (answered ? "ok" : "-")
      result = row.int(.mongodbDocuments).map { $0 == 1 ? "(1 document)" : "(\($0) documents)" }
    case .amqp:
      method = row.text(.amqpMethod)
      path = row.text(.amqpSummary)
      status = nil
      statusText = row.text(.statusText) ?? (answered ? "ok" : "-")
      result = row.text(.amqpRoutingKey).flatMap { $0 == path ? nil : "→ " + $0 }
    case .ldap:
      method = row.text(.ldapType)
      path = row.text(.ldapSummary)
      status = nil
      statusText = row.text(.statusText) ?? (answered ? "ok" : "-")
      result = row.text(.statusText).map { "→ " + $0 }
    case .radius:
      method = row.text(.radiusCodeName)
      path = row.text(.radiusUser)
      status = nil
      statusText = row.text(.statusText) ?? "-"
      result = row.text(.statusText).map { "→ " + $0 }
    case .diameter:
      method = row.text(.diameterMethod)
      verb = method.flatMap { DiameterNames.request($0) }
      path = row.text(.diameterApplication).flatMap { $0 == "Base" ? nil : $0 }
      status = nil
      statusText = row.text(.diameterResult) ?? (answered ? "ok" : "-")
      result = row.text(.diameterResult).map { "→ " + $0 }
    case .mqtt:
      method = row.text(.mqttType)
      path = method == "connect" ? row.text(.mqttClientID) : row.text(.mqttTopic)
      status = nil
      let isRefused = (row.int(.mqttReasonCode) ?? 0) >= 0x80 || row.bool(.failed)
      statusText = isRefused ? row.text(.mqttReason) ?? "failed" : answered ? "ok" : "-"
      result = answered || isRefused ? "→ " + statusText : nil
    case .sctp:
      method = row.text(.sctpChunkType)
      verb = row.texts(.sctpChunkTypes).joined(separator: " + ")
      path = row.text(.sctpPayloadProtocol)
      status = nil
      statusText = row.text(.statusText) ?? "-"
      result = row.text(.statusText).map { "→ " + $0 }
    case .icmp:
      method = row.text(.icmpType)
      path = row.text(.icmpAbout)
      status = nil
      statusText = row.text(.statusText) ?? "-"
      result = row.text(.statusText).map { "→ " + $0 }
    case .ws:
      method = row.text(.wsOpcode)
      verb = method.map { (row.hasRequest ? "→ " : "← ") + $0 }
      path = row.text(.wsRequestPayloadData) ?? row.text(.wsResponsePayloadData)
      status = nil
      statusText = Self.firstWord(row.text(.statusText)) ?? "-"
      result = row.text(.statusText) ?? (path == nil ? Self.payload(row) : nil)
    case .tlsx:
      method = row.hasRequest ? "ClientHello" : "ServerHello"
      path = row.text(.tlsxSummary)
      status = nil
      statusText = row.text(.statusText) ?? "-"
    case .mysql:
      let query = row.text(.mysqlQuery)
      method = row.text(.mysqlCommand)
      verb = query.map { SQLSummary.verb(of: $0) }
      path = query.map { SQLSummary.object(of: $0) } ?? row.text(.mysqlDatabase)
      status = nil
      statusText = row.int(.mysqlErrorCode).map(String.init) ?? (answered ? "ok" : "-")
      result = Self.rows(row.int(.mysqlRows))
    case .postgresql:
      let query = row.text(.postgresqlQuery)
      method = row.text(.postgresqlCommand)
      verb = query.map { SQLSummary.verb(of: $0) }
      path = query.map { SQLSummary.object(of: $0) } ?? row.text(.postgresqlDatabase)
      status = nil
      statusText = row.text(.postgresqlErrorCode) ?? (answered ? "ok" : "-")
      result = Self.rows(row.int(.postgresqlRows))
    case .tcpConn, .udpConn, .sctpConn, .icmpConn:
      method = nil
      path = Self.list(row.texts(.connL7Detected))
      status = nil
      statusText = row.text(.connState) ?? "-"
      result = Self.carried(row, .connLocalBytes, .connRemoteBytes)
    case .tcpFlow, .udpFlow:
      path = Self.list(row.texts(.flowL7Detected))
      status = nil
      statusText = row.text(.flowState) ?? "-"
      result = Self.carried(row, .flowLocalBytes, .flowRemoteBytes)
    default:
      method = row.text(.method)
      path = row.text(.path)
      status = nil
      statusText = answered ? "ok" : "-"
    }
  }

  /// What follows the name in a Redis command without key: `GET maxmemory` of CONFIG.
  private static func arguments(_ command: String?) -> String? {
    guard let command, let blank = command.firstIndex(of: " ") else { return nil }
    return String(command[command.index(after: blank)...].prefix(64))
  }

  /// `(1 error)`, `(12 events)`.
  private static func counted(_ count: Int64, _ noun: String) -> String {
    count == 1 ? "(1 \(noun))" : "(\(count) \(noun)s)"
  }

  /// `(812 → 95 tokens, tool_calls: get_weather)`: what a language model made of it.
  private static func completion(_ row: some FieldRow) -> String? {
    if let error = row.text(.llmError) { return "→ " + error }
    var parts: [String] = []
    if let input = row.int(.llmInputTokens) {
      parts.append("\(input)\(row.int(.llmOutputTokens).map { " → \($0)" } ?? "") tokens")
    }
    let calls = row.texts(.llmToolCalls).joined(separator: ", ")
    if let reason = row.text(.llmFinishReason) {
      parts.append(calls.isEmpty ? reason : "\(reason): \(calls)")
    }
    return parts.isEmpty ? nil : "(" + parts.joined(separator: ", ") + ")"
  }

  private static func list(_ names: [String]) -> String? {
    names.isEmpty ? nil : names.joined(separator: ",")
  }

  /// `(187 KB, 5 RST, 1 retransmitted)`: what a connection carried, and what ailed it.
  private static func carried(_ row: some FieldRow, _ bytes: FieldID...) -> String {
    let sum = bytes.reduce(Int64(0)) { $0 &+ (row.int($1) ?? 0) }
    return "(" + ([Shown.bytes(sum)] + TCPTrouble(row).words).joined(separator: ", ") + ")"
  }

  /// `(12 rows)`; nil where rows were not counted.
  private static func rows(_ count: Int64?) -> String? {
    count.map { $0 == 1 ? "(1 row)" : "(\($0) rows)" }
  }

  /// `(1.2 kB)` of a WebSocket message that is not text.
  private static func payload(_ row: some FieldRow) -> String? {
    guard let count = row.int(.wsRequestPayloadLength) ?? row.int(.wsResponsePayloadLength) else {
      return nil
    }
    return "(\(Shown.bytes(count)))"
  }

  /// `WRONGTYPE` of an error in words.
  private static func firstWord(_ text: String?) -> String? {
    text.map { String($0.prefix { $0 != " " }) }
  }
}
