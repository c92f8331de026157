// TLS handshakes.
extension Catalogue {
  static let tlsFields: [Field] = [
    Field(
      .tlsSummary, "tls_summary", .text, "The message it began with: ClientHello or ServerHello",
      example: #"tls_summary == "ClientHello""#, source: .firstHello, scope: "tlsx"),
    Field(
      .tlsInfo, "tls_info", .text, "Version and cipher suite in words",
      example: #"tls_info.contains("1.3")"#, scope: "tlsx"),
    Field(
      .tlsRequestSize, "tls_request_size", .int, "Bytes of the request on the wire", unit: "bytes",
      example: "tls_request_size > 1000", source: .requestBytes(of: .tlsx), scope: "tlsx"),
    Field(
      .tlsResponseSize, "tls_response_size", .int, "Bytes of the reply on the wire", unit: "bytes",
      example: "tls_response_size > 1000", source: .responseBytes(of: .tlsx), scope: "tlsx"),
    Field(
      .tlsTotalSize, "tls_total_size", .int, "Bytes of request and reply together", unit: "bytes",
      example: "tls_total_size > 1000", source: .totalBytes(of: .tlsx), scope: "tlsx"),
    Field(
      .tlsxSNI, "tlsx_sni", .text, "Server name asked for",
      example: #"tlsx_sni.endsWith(".example.com")"#, scope: "tlsx"),
    Field(
      .tlsxVersion, "tlsx_version", .int,
      "Version agreed on, 771 for TLS 1.2 and 772 for 1.3; the highest offered while unanswered",
      example: "tlsx && tlsx_version < 771", scope: "tlsx"),
    Field(
      .tlsxCipherSuite, "tlsx_cipher_suite", .int, "Cipher suite the server chose, by its number",
      example: "tlsx_cipher_suite == 4865", scope: "tlsx"),
    Field(
      .tlsxCipherSuites, "tlsx_cipher_suites", .texts, "Cipher suites the client offered, by name",
      example: #""TLS_AES_128_GCM_SHA256" in tlsx_cipher_suites"#, scope: "tlsx"),
    Field(
      .tlsxALPN, "tlsx_alpn", .text,
      "Protocol agreed on; those offered, with commas, while that is unknown, as in TLS 1.3",
      example: #"tlsx_alpn == "h2""#, scope: "tlsx"),
    Field(
      .tlsxSummary, "tlsx_summary", .text,
      "Server name, or else the protocol, or else the cipher suite",
      example: #"tlsx_summary == "api.example.com""#, scope: "tlsx"),
    Field(
      .tlsxInfo, "tlsx_info", .text, "ClientHello; ServerHello for a lone answer",
      example: #"tlsx_info == "ServerHello""#, source: .firstHello, scope: "tlsx"),
    Field(
      .tlsxJA3, "tlsx_ja3", .text, "JA3 fingerprint of the client", example: #"tlsx_ja3 != """#,
      scope: "tlsx"),
    Field(
      .tlsxJA3S, "tlsx_ja3s", .text, "JA3S fingerprint of the server", example: #"tlsx_ja3s != """#,
      scope: "tlsx"),
    Field(
      .tlsxJA4, "tlsx_ja4", .text,
      "JA4 fingerprint of the client; with q in front where QUIC carried it",
      example: #"tlsx_ja4.startsWith("t13d")"#, scope: "tlsx"),
    Field(
      .tlsEarlyData, "tls_early_data", .bool,
      "Decrypted from TLS 1.3 early data (0-RTT), which others may replay",
      example: "tls_early_data", scope: "tls"),
  ]
}

extension Field.Source {
  /// The message a handshake began with.
  fileprivate static var firstHello: Field.Source {
    .derived(from: [.kind, .halves]) { row in
      guard row.kind == .tlsx else { return .none }
      return .text(row.hasRequest ? "ClientHello" : "ServerHello")
    }
  }
}
