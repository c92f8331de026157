// PostgreSQL.
extension Catalogue {
  static let postgresql: [Field] = [
    Field(
      .postgresqlCommand, "postgresql_command", .text,
      "What the server says it did, such as SELECT", example: #"postgresql_command == "SELECT""#,
      scope: "postgresql"),
    Field(
      .postgresqlQuery, "postgresql_query", .text, "Text of the statement",
      example: #"postgresql_query.contains("orders")"#, scope: "postgresql"),
    Field(
      .postgresqlDatabase, "postgresql_database", .text, "Database in use",
      example: #"postgresql_database == "shop""#, scope: "postgresql"),
    Field(
      .postgresqlUser, "postgresql_user", .text, "User who logged in",
      example: #"postgresql_user == "app""#, scope: "postgresql"),
    Field(
      .postgresqlRequestSize, "postgresql_request_size", .int, "Bytes of the request on the wire",
      unit: "bytes", example: "postgresql_request_size > 1000",
      source: .requestBytes(of: .postgresql), scope: "postgresql"),
    Field(
      .postgresqlResponseSize, "postgresql_response_size", .int, "Bytes of the reply on the wire",
      unit: "bytes", example: "postgresql_response_size > 1000",
      source: .responseBytes(of: .postgresql), scope: "postgresql"),
    Field(
      .postgresqlTotalSize, "postgresql_total_size", .int, "Bytes of request and reply together",
      unit: "bytes", example: "postgresql_total_size > 1000", source: .totalBytes(of: .postgresql),
      scope: "postgresql"),
    Field(
      .postgresqlSuccess, "postgresql_success", .bool, "Whether the reply reports success",
      example: "postgresql && !postgresql_success", source: .success(of: .postgresql),
      scope: "postgresql"),
    Field(
      .postgresqlErrorCode, "postgresql_error_code", .text,
      "SQLSTATE of the error; empty when there is none",
      example: #"postgresql_error_code == "42P01""#, scope: "postgresql"),
    Field(
      .postgresqlErrorMessage, "postgresql_error_message", .text, "The error in words",
      example: #"postgresql_error_message.contains("does not exist")"#, scope: "postgresql"),
    Field(
      .postgresqlRows, "postgresql_rows", .int, "Rows that were returned or changed", unit: "rows",
      example: "postgresql_rows > 1000", scope: "postgresql"),
    Field(
      .postgresqlTransaction, "postgresql_transaction", .text,
      "State of the transaction after it: idle, open or failed",
      example: #"postgresql_transaction == "failed""#, scope: "postgresql",
      values: ["idle", "open", "failed"]),
  ]
}
