// Redis.
extension Catalogue {
  static let redis: [Field] = [
    Field(
      .redisType, "redis_type", .text, "Command in upper case", example: #"redis_type == "GET""#,
      scope: "redis"),
    Field(
      .redisCommand, "redis_command", .text, "Command with its arguments",
      example: #"redis_command.startsWith("SET cart:")"#, scope: "redis"),
    Field(
      .redisKey, "redis_key", .text, "First key of the command, cut at 64 bytes",
      example: #"redis_key.startsWith("session:")"#, scope: "redis"),
    Field(
      .redisRequestSize, "redis_request_size", .int, "Bytes of the request on the wire",
      unit: "bytes", example: "redis_request_size > 1000", source: .requestBytes(of: .redis),
      scope: "redis"),
    Field(
      .redisResponseSize, "redis_response_size", .int, "Bytes of the reply on the wire",
      unit: "bytes", example: "redis_response_size > 1000", source: .responseBytes(of: .redis),
      scope: "redis"),
    Field(
      .redisTotalSize, "redis_total_size", .int, "Bytes of request and reply together",
      unit: "bytes", example: "redis_total_size > 1000", source: .totalBytes(of: .redis),
      scope: "redis"),
  ]
}
