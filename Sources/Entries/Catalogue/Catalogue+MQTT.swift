// MQTT.
extension Catalogue {
  static let mqtt: [Field] = [
    Field(
      .mqttType, "mqtt_type", .text, "What was done: connect, publish, subscribe and so on",
      example: #"mqtt_type == "publish""#, scope: "mqtt",
      values: [
        "connect", "publish", "subscribe", "unsubscribe", "ping", "disconnect", "auth",
      ]),
    Field(
      .mqttTopic, "mqtt_topic", .text, "Topic of a message, or the first filter of a subscription",
      example: #"mqtt_topic.startsWith("sensors/")"#, scope: "mqtt"),
    Field(
      .mqttTopics, "mqtt_topics", .texts, "Topic filters of a subscription",
      example: #""sensors/#" in mqtt_topics"#, scope: "mqtt"),
    Field(
      .mqttClientID, "mqtt_client_id", .text, "Identifier of the client, on every call of it",
      example: #"mqtt_client_id == "meter-1""#, scope: "mqtt"),
    Field(
      .mqttUser, "mqtt_user", .text, "User name of a connect", example: #"mqtt_user == "alice""#,
      scope: "mqtt"),
    Field(
      .mqttVersion, "mqtt_version", .text, "Version of the protocol: 3.1, 3.1.1 or 5",
      example: #"mqtt_version == "5""#, scope: "mqtt", values: ["3.1", "3.1.1", "5"]),
    Field(
      .mqttQoS, "mqtt_qos", .int, "Quality of service of a message, or the highest asked for",
      example: "mqtt_qos == 2", scope: "mqtt"),
    Field(
      .mqttRetain, "mqtt_retain", .bool, "Whether the message is kept for later subscribers",
      example: "mqtt_retain", scope: "mqtt"),
    Field(
      .mqttReason, "mqtt_reason", .text, "Reason code of the reply or of a disconnect by name",
      example: #"mqtt_reason == "not authorized""#, scope: "mqtt"),
    Field(
      .mqttReasonCode, "mqtt_reason_code", .int,
      "Reason code as on the wire; from 128 on it is a refusal", example: "mqtt_reason_code >= 128",
      scope: "mqtt"),
    Field(
      .mqttRequest, "mqtt_request", .bool, "Whether the request was seen", example: "mqtt_request",
      source: .hasRequest(of: .mqtt), scope: "mqtt"),
    Field(
      .mqttResponse, "mqtt_response", .bool, "Whether the reply was seen",
      example: "mqtt && !mqtt_response", source: .hasResponse(of: .mqtt), scope: "mqtt"),
    Field(
      .mqttRequestLength, "mqtt_request_length", .int, "Bytes of the request on the wire",
      unit: "bytes", example: "mqtt_request_length > 1000", source: .requestBytes(of: .mqtt),
      scope: "mqtt"),
    Field(
      .mqttResponseLength, "mqtt_response_length", .int, "Bytes of the reply on the wire",
      unit: "bytes", example: "mqtt_response_length > 1000", source: .responseBytes(of: .mqtt),
      scope: "mqtt"),
    Field(
      .mqttTotalSize, "mqtt_total_size", .int, "Bytes of request and reply together", unit: "bytes",
      example: "mqtt_total_size > 1000", source: .totalBytes(of: .mqtt), scope: "mqtt"),
  ]
}
