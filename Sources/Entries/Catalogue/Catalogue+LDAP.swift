// LDAP.
extension Catalogue {
  static let ldap: [Field] = [
    Field(
      .ldapType, "ldap_type", .text, "Operation in lower case, such as bind or search",
      example: #"ldap_type == "bind""#, scope: "ldap"),
    Field(
      .ldapSummary, "ldap_summary", .text, "The operation in one line",
      example: #"ldap_summary.contains("ou=people")"#, scope: "ldap"),
    Field(
      .ldapRequest, "ldap_request", .bool, "Whether the request was seen", example: "ldap_request",
      source: .hasRequest(of: .ldap), scope: "ldap"),
    Field(
      .ldapResponse, "ldap_response", .bool, "Whether the reply was seen",
      example: "ldap && !ldap_response", source: .hasResponse(of: .ldap), scope: "ldap"),
    Field(
      .ldapRequestLength, "ldap_request_length", .int, "Bytes of the request on the wire",
      unit: "bytes", example: "ldap_request_length > 1000", source: .requestBytes(of: .ldap),
      scope: "ldap"),
    Field(
      .ldapResponseLength, "ldap_response_length", .int, "Bytes of the reply on the wire",
      unit: "bytes", example: "ldap_response_length > 1000", source: .responseBytes(of: .ldap),
      scope: "ldap"),
    Field(
      .ldapTotalSize, "ldap_total_size", .int, "Bytes of request and reply together", unit: "bytes",
      example: "ldap_total_size > 1000", source: .totalBytes(of: .ldap), scope: "ldap"),
  ]
}
