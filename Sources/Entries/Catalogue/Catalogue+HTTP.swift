// HTTP of all versions; gRPC and GraphQL have these fields too.
extension Catalogue {
  static let http: [Field] = [
    Field(
      .method, "method", .text, "Method of the request", example: #"method == "POST""#,
      scope: "http",
      values: ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"]),
    Field(
      .url, "url", .text, "Target of the request: path and query",
      example: #"url == "/orders?id=7""#, scope: "http"),
    Field(
      .path, "path", .text, "Target of the request without its query",
      example: #"path.startsWith("/api")"#, scope: "http"),
    Field(
      .statusCode, "status_code", .int,
      "Status of the reply, 0 when unanswered; on DNS the response code",
      example: "status_code >= 500"),
    Field(
      .httpVersion, "http_version", .text, "HTTP/1.0, HTTP/1.1 or HTTP/2",
      example: #"http_version == "HTTP/2""#, scope: "http",
      values: ["HTTP/1.0", "HTTP/1.1", "HTTP/2"]),
    Field(
      .queryString, "query_string", .pairs,
      "Parameters of the query; values of a repeated one are joined with commas",
      example: #"map_get(query_string, "id", "") == "7""#,
      source: .derived(from: [.url]) { row in
        .pairs(URLQuery.parameters(of: row.text(.url)))
      }, scope: "http"),
    Field(
      .requestHeaders, "request.headers", .pairs, "Header fields of the request; names ignore case",
      example: #""authorization" in request.headers"#, source: .content, ignoresCase: true,
      scope: "http"),
    Field(
      .responseHeaders, "response.headers", .pairs, "Header fields of the reply; names ignore case",
      example: #"map_get(response.headers, "content-type", "").startsWith("text/")"#,
      source: .content, ignoresCase: true, scope: "http"),
    Field(
      .requestCookies, "request.cookies", .pairs, "Cookies the client sent",
      example: #""session" in request.cookies"#, source: .content, scope: "http"),
    Field(
      .responseCookies, "response.cookies", .pairs, "Cookies the server set",
      example: #""session" in response.cookies"#, source: .content, scope: "http"),
    Field(
      .requestHeadersSize, "request_headers_size", .int, "Bytes of the head of the request",
      unit: "bytes", example: "request_headers_size > 8192", scope: "http"),
    Field(
      .requestBodySize, "request_body_size", .int, "Bytes of the body of the request",
      unit: "bytes", example: "request_body_size > 1000000", scope: "http"),
    Field(
      .responseHeadersSize, "response_headers_size", .int, "Bytes of the head of the reply",
      unit: "bytes", example: "response_headers_size > 8192", scope: "http"),
    Field(
      .responseBodySize, "response_body_size", .int, "Bytes of the body of the reply",
      unit: "bytes", example: "response_body_size == 0", scope: "http"),
    Field(
      .requestBody, "request_body", .text, "First bytes of the request body where it is text",
      example: #"request_body.contains("coupon")"#, source: .content, scope: "http"),
    Field(
      .responseBody, "response_body", .text, "First bytes of the reply body where it is text",
      example: #"response_body.contains("stack trace")"#, source: .content, scope: "http"),
  ]
}
