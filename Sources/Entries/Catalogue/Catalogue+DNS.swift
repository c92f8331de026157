// DNS.
extension Catalogue {
  static let dnsFields: [Field] = [
    Field(
      .dnsQuestions, "dns_questions", .texts, "Names asked for, without the final dot",
      example: #"dns_questions.exists(q, q.endsWith(".example.com"))"#, scope: "dns"),
    Field(
      .dnsAnswers, "dns_answers", .texts, "Addresses and names given in reply",
      example: #""10.0.0.7" in dns_answers"#, scope: "dns"),
    Field(
      .dnsQuestionTypes, "dns_question_types", .texts, "Record types asked for, such as A or AAAA",
      example: #""AAAA" in dns_question_types"#, scope: "dns",
      values: ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", "HTTPS"]),
    Field(
      .dnsRequest, "dns_request", .bool, "Whether the request was seen", example: "dns_request",
      source: .hasRequest(of: .dns), scope: "dns"),
    Field(
      .dnsResponse, "dns_response", .bool, "Whether the reply was seen",
      example: "dns && !dns_response", source: .hasResponse(of: .dns), scope: "dns"),
    Field(
      .dnsRcode, "dns_rcode", .text, "Response code by name", example: #"dns_rcode == "NXDOMAIN""#,
      scope: "dns",
      values: ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]),
    Field(
      .dnsRequestLength, "dns_request_length", .int, "Bytes of the request on the wire",
      unit: "bytes", example: "dns_request_length > 1000", source: .requestBytes(of: .dns),
      scope: "dns"),
    Field(
      .dnsResponseLength, "dns_response_length", .int, "Bytes of the reply on the wire",
      unit: "bytes", example: "dns_response_length > 1000", source: .responseBytes(of: .dns),
      scope: "dns"),
    Field(
      .dnsTotalSize, "dns_total_size", .int, "Bytes of request and reply together", unit: "bytes",
      example: "dns_total_size > 1000", source: .totalBytes(of: .dns), scope: "dns"),
  ]
}
