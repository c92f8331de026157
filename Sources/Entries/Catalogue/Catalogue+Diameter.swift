// Diameter.
extension Catalogue {
  static let diameter: [Field] = [
    Field(
      .diameterMethod, "diameter_method", .text, "Command by name",
      example: #"diameter_method == "Credit-Control""#, scope: "diameter"),
    Field(
      .diameterSummary, "diameter_summary", .text, "The command in one line",
      example: #"diameter_summary.contains("Update")"#, scope: "diameter"),
    Field(
      .diameterRequest, "diameter_request", .bool, "Whether the request was seen",
      example: "diameter_request", source: .hasRequest(of: .diameter), scope: "diameter"),
    Field(
      .diameterResponse, "diameter_response", .bool, "Whether the reply was seen",
      example: "diameter && !diameter_response", source: .hasResponse(of: .diameter),
      scope: "diameter"),
    Field(
      .diameterRequestLength, "diameter_request_length", .int, "Bytes of the request on the wire",
      unit: "bytes", example: "diameter_request_length > 1000",
      source: .requestBytes(of: .diameter), scope: "diameter"),
    Field(
      .diameterResponseLength, "diameter_response_length", .int, "Bytes of the reply on the wire",
      unit: "bytes", example: "diameter_response_length > 1000",
      source: .responseBytes(of: .diameter), scope: "diameter"),
    Field(
      .diameterTotalSize, "diameter_total_size", .int, "Bytes of request and reply together",
      unit: "bytes", example: "diameter_total_size > 1000", source: .totalBytes(of: .diameter),
      scope: "diameter"),
    Field(
      .diameterApplication, "diameter_application", .text, "Application by name, such as Gx",
      example: #"diameter_application == "Gx""#, scope: "diameter"),
    Field(
      .diameterResult, "diameter_result", .text, "Result code of the answer by name",
      example: #"diameter_result == "DIAMETER_TOO_BUSY""#, scope: "diameter"),
    Field(
      .diameterResultCode, "diameter_result_code", .int,
      "Result-Code of the answer, or the code of its Experimental-Result",
      example: "diameter_result_code >= 3000", scope: "diameter"),
    Field(
      .diameterSession, "diameter_session", .text, "Session-Id",
      example: #"diameter_session != """#,
      scope: "diameter"),
  ]
}
