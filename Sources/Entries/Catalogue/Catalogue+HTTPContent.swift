// What travels in calls of HTTP and is recognised by their content; all fields of HTTP are there
// as well.
extension Catalogue {
  static let graphQL: [Field] = [
    Field(
      .gqlOperationType, "gql_operation_type", .text, "query, mutation or subscription",
      example: #"gql_operation_type == "mutation""#, scope: "gql",
      values: ["query", "mutation", "subscription"]),
    Field(
      .gqlOperationName, "gql_operation_name", .text, "Name of the operation, where it has one",
      example: #"gql_operation_name == "GetCart""#, scope: "gql"),
    Field(
      .gqlRootFields, "gql_root_fields", .texts,
      "Root fields of the operation, of a batch of the first one",
      example: #""checkout" in gql_root_fields"#, scope: "gql"),
    Field(
      .gqlErrors, "gql_errors", .int, "Errors in the answer, whatever its HTTP status",
      example: "gql_errors > 0", scope: "gql"),
    Field(
      .gqlBatch, "gql_batch", .int, "Requests in the body, where they are not one",
      example: "gql_batch > 1", scope: "gql"),
    Field(
      .gqlSummary, "gql_summary", .text, "Name of the operation, else its root fields",
      example: #"gql_summary.contains("cart")"#, scope: "gql"),
  ]

  static let serverSentEvents: [Field] = [
    Field(
      .sseEvents, "sse_events", .int, "Events of the stream", example: "sse_events > 100",
      scope: "sse"),
    Field(
      .sseEventTypes, "sse_event_types", .texts, "Names of its events, each once",
      example: #""error" in sse_event_types"#, scope: "sse"),
    Field(
      .sseLastID, "sse_last_id", .text, "Id of the last event that has one",
      example: #"sse_last_id != """#, scope: "sse"),
    Field(
      .sseFirstEvent, "sse_first_event", .int,
      "First byte of the request to the end of the first event", unit: "µs",
      example: "sse_first_event > 1000000", scope: "sse"),
  ]

  static let modelContext: [Field] = [
    Field(
      .mcpMethod, "mcp_method", .text,
      "Method of the request; response, stream or end for calls without one",
      example: #"mcp_method == "tools/call""#, scope: "mcp"),
    Field(
      .mcpName, "mcp_name", .text,
      "The tool, prompt or resource that is asked for, or the client that introduces itself",
      example: #"mcp_name == "search""#, scope: "mcp"),
    Field(
      .mcpMessages, "mcp_messages", .int, "JSON-RPC messages of both directions",
      example: "mcp_messages > 2", scope: "mcp"),
    Field(
      .mcpProtocolVersion, "mcp_protocol_version", .text,
      "Revision that was agreed on, else the one asked for",
      example: #"mcp_protocol_version == "2025-06-18""#, scope: "mcp"),
    Field(
      .mcpErrorCode, "mcp_error_code", .int, "Code of a JSON-RPC error",
      example: "mcp_error_code == -32602", scope: "mcp"),
    Field(
      .mcpToolError, "mcp_tool_error", .bool, "Whether a tool says that it failed",
      example: "mcp_tool_error", scope: "mcp"),
  ]

  static let languageModels: [Field] = [
    Field(
      .llmAPI, "llm_api", .text,
      "Whose API it is shaped after: openai, anthropic, gemini or ollama",
      example: #"llm_api == "openai""#, scope: "llm",
      values: ["openai", "anthropic", "gemini", "ollama"]),
    Field(
      .llmOperation, "llm_operation", .text,
      "chat, completion, response, message, generate, embedding or count",
      example: #"llm_operation == "embedding""#, scope: "llm",
      values: ["chat", "completion", "response", "message", "generate", "embedding", "count"]),
    Field(
      .llmModel, "llm_model", .text, "Model that was asked for",
      example: #"llm_model.startsWith("gpt-")"#, scope: "llm"),
    Field(
      .llmReplyModel, "llm_reply_model", .text, "Model that answered, as the reply says",
      example: "llm_reply_model != llm_model", scope: "llm"),
    Field(
      .llmStream, "llm_stream", .bool, "Whether the answer was asked for, or came, in pieces",
      example: "llm_stream", scope: "llm"),
    Field(
      .llmTools, "llm_tools", .texts, "Tools that the model may call",
      example: #""get_weather" in llm_tools"#, scope: "llm"),
    Field(
      .llmToolCalls, "llm_tool_calls", .texts, "Tools that the model calls, one for each call",
      example: "size(llm_tool_calls) > 0", scope: "llm"),
    Field(
      .llmFinishReason, "llm_finish_reason", .text, "Why the answer ended, as the API says it",
      example: #"llm_finish_reason == "length""#, scope: "llm"),
    Field(
      .llmInputTokens, "llm_input_tokens", .int, "Tokens of the prompt, as counted by the API",
      example: "llm_input_tokens > 100000", scope: "llm"),
    Field(
      .llmOutputTokens, "llm_output_tokens", .int, "Tokens of the answer, as counted by the API",
      example: "llm_output_tokens > 4000", scope: "llm"),
    Field(
      .llmCachedTokens, "llm_cached_tokens", .int, "Tokens of the prompt that came from a cache",
      example: "llm_cached_tokens > 0", scope: "llm"),
    Field(
      .llmUsage, "llm_usage", .numbers,
      "All figures of usage as the reply gives them, costs included; nested ones with dots",
      example: #"map_get(llm_usage, "cost", 0.0) > 0.01"#, scope: "llm"),
    Field(
      .llmFirstToken, "llm_first_token", .int,
      "First byte of the request to the first piece of the answer, of streams", unit: "µs",
      example: "llm_first_token > 2000000", scope: "llm"),
    Field(
      .llmRetries, "llm_retries", .int, "Which attempt this is, from 0, as the client says",
      example: "llm_retries > 0", scope: "llm"),
    Field(
      .llmError, "llm_error", .text, "Kind and message of an error, also inside a stream",
      example: #"llm_error.startsWith("rate_limit")"#, scope: "llm"),
  ]
}
