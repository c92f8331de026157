// WebSocket.
extension Catalogue {
  static let websocket: [Field] = [
    Field(
      .wsOpcode, "ws_opcode", .text, "text, binary, close, ping, pong or continuation",
      example: #"ws_opcode == "close""#, scope: "ws",
      values: ["text", "binary", "close", "ping", "pong", "continuation"]),
    Field(
      .wsRequest, "ws_request", .bool, "Whether the client sent it", example: "ws_request",
      source: .hasRequest(of: .ws), scope: "ws"),
    Field(
      .wsResponse, "ws_response", .bool, "Whether the server sent it",
      example: "ws && !ws_response", source: .hasResponse(of: .ws), scope: "ws"),
    Field(
      .wsRequestPayloadData, "ws_request_payload_data", .text,
      "What the client sent, where it is text, cut",
      example: #"ws_request_payload_data.contains("subscribe")"#, scope: "ws"),
    Field(
      .wsRequestPayloadLength, "ws_request_payload_length", .int, "Bytes the client sent",
      unit: "bytes", example: "ws_request_payload_length > 1000", scope: "ws"),
    Field(
      .wsResponsePayloadLength, "ws_response_payload_length", .int, "Bytes the server sent",
      unit: "bytes", example: "ws_response_payload_length > 1000", scope: "ws"),
    Field(
      .wsResponsePayloadData, "ws_response_payload_data", .text,
      "What the server sent, where it is text, cut",
      example: #"ws_response_payload_data.contains("error")"#, scope: "ws"),
  ]
}
