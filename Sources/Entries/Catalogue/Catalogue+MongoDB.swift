// MongoDB.
extension Catalogue {
  static let mongodb: [Field] = [
    Field(
      .mongodbCommand, "mongodb_command", .text, "Command, such as find or insert",
      example: #"mongodb_command == "find""#, scope: "mongodb"),
    Field(
      .mongodbDatabase, "mongodb_database", .text, "Database it is sent to",
      example: #"mongodb_database == "shop""#, scope: "mongodb"),
    Field(
      .mongodbCollection, "mongodb_collection", .text, "Collection it is about",
      example: #"mongodb_collection == "orders""#, scope: "mongodb"),
    Field(
      .mongodbOpcode, "mongodb_opcode", .text, "Kind of message, such as OP_MSG",
      example: #"mongodb_opcode == "OP_MSG""#, scope: "mongodb"),
    Field(
      .mongodbRequestSize, "mongodb_request_size", .int, "Bytes of the request on the wire",
      unit: "bytes", example: "mongodb_request_size > 1000", source: .requestBytes(of: .mongodb),
      scope: "mongodb"),
    Field(
      .mongodbResponseSize, "mongodb_response_size", .int, "Bytes of the reply on the wire",
      unit: "bytes", example: "mongodb_response_size > 1000", source: .responseBytes(of: .mongodb),
      scope: "mongodb"),
    Field(
      .mongodbTotalSize, "mongodb_total_size", .int, "Bytes of request and reply together",
      unit: "bytes", example: "mongodb_total_size > 1000", source: .totalBytes(of: .mongodb),
      scope: "mongodb"),
    Field(
      .mongodbSuccess, "mongodb_success", .bool, "Whether the reply reports success",
      example: "mongodb && !mongodb_success", source: .success(of: .mongodb), scope: "mongodb"),
    Field(
      .mongodbErrorCode, "mongodb_error_code", .int, "Number of the error; 0 when there is none",
      example: "mongodb_error_code == 11000", scope: "mongodb"),
    Field(
      .mongodbErrorMessage, "mongodb_error_message", .text, "The error in words",
      example: #"mongodb_error_message.contains("duplicate")"#, scope: "mongodb"),
    Field(
      .mongodbErrorCodeName, "mongodb_error_code_name", .text, "The error by name",
      example: #"mongodb_error_code_name == "DuplicateKey""#, scope: "mongodb"),
    Field(
      .mongodbDocuments, "mongodb_documents", .int,
      "Documents that were returned, written or deleted", example: "mongodb_documents > 1000",
      scope: "mongodb"),
  ]
}
