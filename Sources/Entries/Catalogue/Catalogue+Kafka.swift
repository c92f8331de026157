// Kafka.
extension Catalogue {
  static let kafka: [Field] = [
    Field(
      .kafkaAPIKey, "kafka_api_key", .int, "What is asked for, by number: 0 to produce, 1 to fetch",
      example: "kafka && kafka_api_key == 0", scope: "kafka"),
    Field(
      .kafkaAPIKeyName, "kafka_api_key_name", .text, "What is asked for, by name in upper case",
      example: #"kafka_api_key_name == "FETCH""#, scope: "kafka"),
    Field(
      .kafkaClientID, "kafka_client_id", .text, "Name the client gives itself",
      example: #"kafka_client_id == "payments""#, scope: "kafka"),
    Field(
      .kafkaSize, "kafka_size", .int,
      "Bytes of the request; of the reply where no request was seen", unit: "bytes",
      example: "kafka_size > 100000",
      source: .derived(from: [.kind, .halves, .requestBytes, .responseBytes]) { row in
        guard row.kind == .kafka else { return .none }
        return row.value(row.hasRequest ? .requestBytes : .responseBytes)
      }, scope: "kafka"),
    Field(
      .kafkaRequest, "kafka_request", .bool, "Whether the request was seen",
      example: "kafka_request", source: .hasRequest(of: .kafka), scope: "kafka"),
    Field(
      .kafkaResponse, "kafka_response", .bool, "Whether the reply was seen",
      example: "kafka && !kafka_response", source: .hasResponse(of: .kafka), scope: "kafka"),
    Field(
      .kafkaRequestSummary, "kafka_request_summary", .text,
      "Groups and topics of the request, with commas between; of API_VERSIONS the client id",
      example: #"kafka_request_summary == "orders""#,
      source: .derived(from: [.kafkaTopics, .kafkaGroups, .kafkaAPIKey, .kafkaClientID]) { row in
        if row.int(.kafkaAPIKey) == 18 { return row.value(.kafkaClientID) }
        var parts: [String] = []
        for id in [FieldID.kafkaGroups, .kafkaTopics] {
          guard case .texts(let names) = row.value(id), !names.isEmpty else { continue }
          parts.append(names.joined(separator: ","))
        }
        return parts.isEmpty ? .none : .text(parts.joined(separator: ": "))
      }, scope: "kafka"),
    Field(
      .kafkaRequestSize, "kafka_request_size", .int, "Bytes of the request on the wire",
      unit: "bytes", example: "kafka_request_size > 1000", source: .requestBytes(of: .kafka),
      scope: "kafka"),
    Field(
      .kafkaResponseSize, "kafka_response_size", .int, "Bytes of the reply on the wire",
      unit: "bytes", example: "kafka_response_size > 1000", source: .responseBytes(of: .kafka),
      scope: "kafka"),
    Field(
      .kafkaTopics, "kafka_topics", .texts,
      "Topics the request names, or the response to a FETCH that names none",
      example: #""orders" in kafka_topics"#, scope: "kafka"),
    Field(
      .kafkaGroups, "kafka_groups", .texts, "Consumer groups the request names",
      example: #""billing" in kafka_groups"#, scope: "kafka"),
  ]
}
