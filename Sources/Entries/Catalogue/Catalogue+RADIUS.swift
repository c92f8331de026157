// RADIUS.
extension Catalogue {
  static let radius: [Field] = [
    Field(
      .radiusCode, "radius_code", .int, "Code of the packet, 1 for an access request",
      example: "radius_code == 1", scope: "radius"),
    Field(
      .radiusCodeName, "radius_code_name", .text, "Code of the packet by name",
      example: #"radius_code_name == "Access-Request""#, scope: "radius"),
    Field(
      .radiusRequest, "radius_request", .bool, "Whether the request was seen",
      example: "radius_request", source: .hasRequest(of: .radius), scope: "radius"),
    Field(
      .radiusResponse, "radius_response", .bool, "Whether the reply was seen",
      example: "radius && !radius_response", source: .hasResponse(of: .radius), scope: "radius"),
    Field(
      .radiusRequestAuthenticator, "radius_request_authenticator", .text,
      "Authenticator of the request in hexadecimal",
      example: #"radius_request_authenticator != """#, scope: "radius"),
    Field(
      .radiusRequestLength, "radius_request_length", .int, "Bytes of the request on the wire",
      unit: "bytes", example: "radius_request_length > 1000", source: .requestBytes(of: .radius),
      scope: "radius"),
    Field(
      .radiusResponseLength, "radius_response_length", .int, "Bytes of the reply on the wire",
      unit: "bytes", example: "radius_response_length > 1000", source: .responseBytes(of: .radius),
      scope: "radius"),
    Field(
      .radiusTotalSize, "radius_total_size", .int, "Bytes of request and reply together",
      unit: "bytes", example: "radius_total_size > 1000", source: .totalBytes(of: .radius),
      scope: "radius"),
    Field(
      .radiusUser, "radius_user", .text, "User-Name, as the client sent it",
      example: #"radius_user == "alice""#, scope: "radius"),
  ]
}
