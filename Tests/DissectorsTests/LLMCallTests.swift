import Entries
import JSON
import Testing

@testable import Dissectors

@Suite struct LLMCallTests {
  /// Shape of OpenAI, as a stream: what comes last, and when the first token came.
  @Test func aStreamIsPutTogether() throws {
    let call = try #require(HTTPContentTests.chatStream.calls().first)
    #expect(call.kind == .llm)
    #expect(call.text(.llmAPI) == "openai" && call.text(.llmOperation) == "chat")
    #expect(call.text(.llmModel) == "gpt-4o" && call.text(.llmReplyModel) == "gpt-4o-x")
    #expect(call.texts(.llmTools) == ["w"] && call.texts(.llmToolCalls) == ["w"])
    #expect(call.text(.llmFinishReason) == "tool_calls")
    #expect(call.int(.llmInputTokens) == 12 && call.int(.llmOutputTokens) == 3)
    // The piece with a role and no text is no token: the request at 1 ms, the call at 4.
    #expect(call.int(.llmFirstToken) == 3000)
    #expect(call.fields[.llmUsage].figure("cost") == 0.002)
    let reply = try HTTPContentTests.details(call)["response"]
    #expect(reply?["timeToFirstTokenMs"] == 3)
    #expect(reply?["usage"]?["prompt_tokens"] == 12)
  }

  @Test func streamsOfOllamaAreRead() throws {
    let call = try Self.call(
      "/api/chat", #"{"model":"llama3","messages":[{"role":"user","content":"hi"}]}"#,
      """
      {"model":"llama3:8b","message":{"role":"assistant","content":"a"},"done":false}
      {"model":"llama3:8b","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"get"}}]},"done":false}
      {"model":"llama3:8b","message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":11,"eval_count":4}

      """, type: "application/x-ndjson")
    #expect(call.kind == .llm && !call.failed)
    #expect(call.text(.llmAPI) == "ollama" && call.text(.llmOperation) == "chat")
    #expect(call.text(.llmModel) == "llama3" && call.text(.llmReplyModel) == "llama3:8b")
    #expect(call.int(.llmInputTokens) == 11 && call.int(.llmOutputTokens) == 4)
    #expect(call.text(.llmFinishReason) == "stop" && call.texts(.llmToolCalls) == ["get"])
    #expect(call.fields[.llmStream] == .bool(true))
  }

  @Test func otherCallsOfOllamaAreRead() throws {
    let made = try Self.call(
      "/api/generate", #"{"model":"llama3","prompt":"hi","stream":false}"#,
      #"{"model":"llama3","response":"b","done":true,"done_reason":"length","eval_count":2}"#)
    #expect(made.text(.llmOperation) == "generate" && made.int(.llmOutputTokens) == 2)
    #expect(made.text(.llmReplyModel) == "llama3" && made.text(.llmFinishReason) == "length")
    #expect(made.fields[.llmStream] == .bool(false))
    let missing = try Self.call(
      "/api/generate", #"{"model":"none","prompt":"hi"}"#, #"{"error":"model not found"}"#)
    #expect(missing.text(.llmError) == "model not found" && missing.failed)
    let embedded = try Self.call(
      "/api/embed", #"{"model":"e","input":"hi"}"#, #"{"embeddings":[],"prompt_eval_count":1}"#)
    #expect(embedded.text(.llmOperation) == "embedding" && embedded.int(.llmInputTokens) == 1)
    // Rooms to talk in have such a path as well.
    #expect(try Self.call("/api/chat", #"{"room":"tea","messages":[]}"#, "{}").kind == .http)
  }

  @Test func anthropicMessagesAreRead() throws {
    let call = try Self.call(
      "/v1/messages",
      #"{"model":"claude-x","max_tokens":10,"tools":[{"name":"get"}],"messages":[{"role":"user","content":"hi"}]}"#,
      #"{"type":"message","model":"claude-x","content":[{"type":"tool_use","name":"get","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":5,"output_tokens":7,"cache_read_input_tokens":2}}"#
    )
    #expect(call.text(.llmAPI) == "anthropic" && call.text(.llmOperation) == "message")
    #expect(call.texts(.llmToolCalls) == ["get"] && call.texts(.llmTools) == ["get"])
    #expect(call.int(.llmInputTokens) == 5 && call.int(.llmCachedTokens) == 2)
    #expect(call.text(.llmFinishReason) == "tool_use" && !call.failed)
  }

  @Test func anthropicAtGoogleIsRead() throws {
    let path = "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x@1:streamRawPredict"
    let call = try Self.call(
      path, #"{"anthropic_version":"vertex-2023-10-16","messages":[],"stream":true}"#,
      "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n",
      type: "text/event-stream")
    #expect(call.text(.llmAPI) == "anthropic" && call.text(.llmModel) == "claude-x@1")
    #expect(call.text(.llmFinishReason) == "end_turn")
    #expect(try Self.call(path, #"{"instances":[]}"#, "{}").kind == .http)
  }

  @Test func anthropicStreamsAreRead() throws {
    let call = try Self.call(
      "/v1/messages", #"{"model":"c","stream":true,"messages":[]}"#,
      """
      event: message_start
      data: {"type":"message_start","message":{"model":"c-1","usage":{"input_tokens":9,"output_tokens":1}}}

      event: content_block_start
      data: {"type":"content_block_start","content_block":{"type":"tool_use","name":"f"}}

      event: message_delta
      data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":30}}

      event: error
      data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}


      """, type: "text/event-stream")
    #expect(call.text(.llmReplyModel) == "c-1" && call.texts(.llmToolCalls) == ["f"])
    #expect(call.int(.llmInputTokens) == 9 && call.int(.llmOutputTokens) == 30)
    #expect(call.text(.llmError) == "overloaded_error: Overloaded" && call.failed)
    #expect(call.int(.statusCode) == 200)
  }

  @Test func responsesOfOpenAIAreRead() throws {
    let call = try Self.call(
      "/v1/responses", #"{"model":"o","input":"hi","stream":true}"#,
      """
      event: response.created
      data: {"type":"response.created","response":{"object":"response","status":"in_progress","model":"o-1","output":[]}}

      event: response.completed
      data: {"type":"response.completed","response":{"object":"response","status":"completed","model":"o-1","error":null,"output":[{"type":"function_call","name":"g"}],"usage":{"input_tokens":3,"output_tokens":4,"input_tokens_details":{"cached_tokens":1}}}}


      """, type: "text/event-stream")
    #expect(call.text(.llmOperation) == "response")
    #expect(call.texts(.llmToolCalls) == ["g"] && call.text(.llmFinishReason) == "completed")
    #expect(call.int(.llmCachedTokens) == 1 && !call.failed)
  }

  @Test func geminiIsRead() throws {
    let call = try Self.call(
      "/v1beta/models/gemini-pro:generateContent", #"{"contents":[{"parts":[{"text":"hi"}]}]}"#,
      #"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"h"}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":6},"modelVersion":"gemini-pro-1"}"#
    )
    #expect(call.text(.llmAPI) == "gemini" && call.text(.llmModel) == "gemini-pro")
    #expect(call.int(.llmOutputTokens) == 6 && call.texts(.llmToolCalls) == ["h"])
    #expect(call.text(.llmReplyModel) == "gemini-pro-1")
  }

  @Test func errorsAreToldInWords() throws {
    let call = try Self.call(
      "/openai/deployments/my-gpt/chat/completions", #"{"messages":[]}"#,
      #"{"error":{"code":"429","message":"slow down","type":"rate_limit"}}"#, status: 429)
    #expect(call.text(.llmModel) == "my-gpt")
    #expect(call.text(.llmError) == "rate_limit: slow down" && call.failed)
    let stream = try Self.call(
      "/v1/responses", #"{"model":"o","input":"hi","stream":true}"#,
      """
      event: error
      data: {"type":"error","code":"server_error","message":"try later","param":null}


      """, type: "text/event-stream")
    #expect(stream.text(.llmError) == "server_error: try later" && stream.failed)
  }

  @Test func otherCallsStayHTTP() throws {
    for (path, body) in [
      ("/api/messages", #"{"text":"hi","model":"x"}"#), ("/v1/responses", #"{"survey":1}"#),
      ("/chat", #"{"model":"x","messages":[]}"#), ("/a:generateContent", #"{"x":1}"#),
    ] {
      #expect(try Self.call(path, body, "{}").kind == .http, "\(path)")
    }
  }

  private static func call(
    _ path: String, _ body: String, _ reply: String, type: String = "application/json",
    status: Int = 200
  ) throws -> Entry {
    try #require(
      HTTPContentTests.exchange(path, body, type, reply, status: status).calls().first)
  }
}

extension FieldValue {
  fileprivate func figure(_ name: String) -> Double? {
    if case .numbers(let numbers) = self { numbers.first { $0.name == name }?.value } else { nil }
  }
}
