// MySQL.
extension Catalogue {
  static let mysql: [Field] = [
    Field(
      .mysqlCommand, "mysql_command", .text, "Command, such as COM_QUERY",
      example: #"mysql_command == "COM_QUERY""#, scope: "mysql"),
    Field(
      .mysqlQuery, "mysql_query", .text, "Text of the statement",
      example: #"mysql_query.startsWith("SELECT")"#, scope: "mysql"),
    Field(
      .mysqlDatabase, "mysql_database", .text, "Database in use",
      example: #"mysql_database == "shop""#, scope: "mysql"),
    Field(
      .mysqlStatementID, "mysql_statement_id", .int, "Number of the prepared statement",
      example: "mysql_statement_id > 0", scope: "mysql"),
    Field(
      .mysqlRequestSize, "mysql_request_size", .int, "Bytes of the request on the wire",
      unit: "bytes", example: "mysql_request_size > 1000", source: .requestBytes(of: .mysql),
      scope: "mysql"),
    Field(
      .mysqlResponseSize, "mysql_response_size", .int, "Bytes of the reply on the wire",
      unit: "bytes", example: "mysql_response_size > 1000", source: .responseBytes(of: .mysql),
      scope: "mysql"),
    Field(
      .mysqlTotalSize, "mysql_total_size", .int, "Bytes of request and reply together",
      unit: "bytes", example: "mysql_total_size > 1000", source: .totalBytes(of: .mysql),
      scope: "mysql"),
    Field(
      .mysqlSuccess, "mysql_success", .bool, "Whether the reply reports success",
      example: "mysql && !mysql_success", source: .success(of: .mysql), scope: "mysql"),
    Field(
      .mysqlErrorCode, "mysql_error_code", .int, "Number of the error; 0 when there is none",
      example: "mysql_error_code == 1062", scope: "mysql"),
    Field(
      .mysqlErrorMessage, "mysql_error_message", .text, "The error in words",
      example: #"mysql_error_message.contains("denied")"#, scope: "mysql"),
    Field(
      .mysqlRows, "mysql_rows", .int, "Rows that were returned or changed", unit: "rows",
      example: "mysql_rows > 1000", scope: "mysql"),
    Field(
      .mysqlSQLState, "mysql_sqlstate", .text,
      "SQLSTATE of the error; empty when there is none", example: #"mysql_sqlstate == "23000""#,
      scope: "mysql"),
  ]
}
