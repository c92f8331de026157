// AMQP 0-9-1.
extension Catalogue {
  static let amqp: [Field] = [
    Field(
      .amqpMethod, "amqp_method", .text, "Class and method, such as basic.publish",
      example: #"amqp_method == "basic.publish""#, scope: "amqp"),
    Field(
      .amqpSummary, "amqp_summary", .text,
      "Exchange, queue or reason, whichever the method is about",
      example: #"amqp_summary == "orders""#, scope: "amqp"),
    Field(
      .amqpRequest, "amqp_request", .bool, "Whether the request was seen", example: "amqp_request",
      source: .hasRequest(of: .amqp), scope: "amqp"),
    Field(
      .amqpResponse, "amqp_response", .bool,
      "Whether the reply was seen, or it is what brokers say by themselves, such as basic.deliver",
      example: "amqp && !amqp_response", source: .brokerSpoke, scope: "amqp"),
    Field(
      .amqpRequestLength, "amqp_request_length", .int, "Bytes of the request on the wire",
      unit: "bytes", example: "amqp_request_length > 1000", source: .requestBytes(of: .amqp),
      scope: "amqp"),
    Field(
      .amqpResponseLength, "amqp_response_length", .int, "Bytes of the reply on the wire",
      unit: "bytes", example: "amqp_response_length > 1000", source: .responseBytes(of: .amqp),
      scope: "amqp"),
    Field(
      .amqpTotalSize, "amqp_total_size", .int, "Bytes of request and reply together", unit: "bytes",
      example: "amqp_total_size > 1000", source: .totalBytes(of: .amqp), scope: "amqp"),
    Field(
      .amqpRoutingKey, "amqp_routing_key", .text, "Routing key of a message or a binding",
      example: #"amqp_routing_key == "orders.new""#, scope: "amqp"),
  ]
}

extension Field.Source {
  /// Methods that only brokers send: what they say goes in the direction of replies.
  private static let ofBrokers: Set<String> = [
    "connection.start", "connection.secure", "connection.tune", "connection.blocked",
    "connection.unblocked", "basic.deliver", "basic.return",
  ]

  fileprivate static var brokerSpoke: Field.Source {
    .derived(from: [.kind, .halves, .amqpMethod]) { row in
      let isOfBroker = row.hasResponse || Self.ofBrokers.contains(row.text(.amqpMethod))
      return .bool(row.kind == .amqp && isOfBroker)
    }
  }
}
