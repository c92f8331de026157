import Bytes
import Entries
import JSON

/// A call to a language model: what was asked of which model, and what came of it. Prompts and
/// answers stay in the bodies, where redaction hides them.
struct LLMCall {
  private let api: LLMAPI
  private let request: JSONValue?
  private var reply = LLMReply()

  init(_ api: LLMAPI, _ request: HTTPBody, _ reply: HTTPBody) {
    self.api = api
    self.request = request.json
    self.reply.read(reply)
  }

  func complete(_ entry: inout Entry, _ body: HTTPBody) {
    entry.kind = .llm
    entry.fields.add(.llmAPI, .text(api.shape.rawValue))
    entry.fields.add(.llmOperation, .text(api.operation))
    if let model = api.model ?? request?["model"]?.string ?? reply.model {
      entry.fields.add(.llmModel, .text(String(model.prefix(128))))
    }
    entry.fields.add(
      .llmStream,
      .bool(api.isStream || request?["stream"]?.bool ?? api.streamsUnasked || body.isEvents))
    let tools = Self.tools(of: request)
    if !tools.isEmpty { entry.fields.add(.llmTools, .texts(tools)) }
    if let count = entry.request?.headers.value(of: "x-stainless-retry-count").flatMap({ Int64($0) }
    ) {
      entry.fields.add(.llmRetries, int: count)
    }
    addReply(to: &entry, body)
  }

  private func addReply(to entry: inout Entry, _ body: HTTPBody) {
    if let model = reply.model {
      entry.fields.add(.llmReplyModel, .text(String(model.prefix(128))))
    }
    if let reason = reply.finishReason { entry.fields.add(.llmFinishReason, .text(reason)) }
    if !reply.toolCalls.isEmpty { entry.fields.add(.llmToolCalls, .texts(reply.toolCalls)) }
    for (id, names) in Self.counts {
      if let count = names.lazy.compactMap({ reply.usage($0) }).first {
        entry.fields.add(id, int: Int64(exactly: count.rounded()) ?? 0)
      }
    }
    var usage = reply.usage
    if let cost = entry.response?.headers.value(of: "x-litellm-response-cost").flatMap({
      Double($0)
    }) {
      usage.append(FieldValue.NamedNumber("cost", cost))
    }
    if !usage.isEmpty { entry.fields.add(.llmUsage, .numbers(usage)) }
    if let first = reply.firstToken, let time = body.time(of: first, in: entry) {
      entry.fields.add(.llmFirstToken, int: time)
    }
    if let error = reply.error {
      entry.fields.add(.llmError, .text(error))
      entry.failed = true
    }
  }

  /// The counts that have fields of their own, by the names that the APIs give them.
  private static let counts: [(FieldID, [String])] = [
    (
      .llmInputTokens,
      ["prompt_tokens", "input_tokens", "promptTokenCount", "prompt_eval_count", "totalTokens"]
    ),
    (
      .llmOutputTokens,
      ["completion_tokens", "output_tokens", "candidatesTokenCount", "eval_count"]
    ),
    (
      .llmCachedTokens,
      [
        "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens",
        "cache_read_input_tokens", "cachedContentTokenCount",
      ]
    ),
  ]

  /// Names of the tools that the model may call.
  private static func tools(of request: JSONValue?) -> [String] {
    var names: [String] = []
    for tool in request?["tools"]?.array ?? [] {
      if let declarations = (tool["functionDeclarations"] ?? tool["function_declarations"])?.array {
        names += declarations.compactMap { $0["name"]?.string }
      } else if let name = tool["function"]?["name"]?.string ?? tool["name"]?.string
        ?? tool["type"]?.string
      {
        names.append(name)
      }
    }
    return names.prefix(LLMReply.maxNames).map { String($0.prefix(128)) }
  }

  // MARK: Details

  /// Numbers and names of the request: how long the conversation is, what limits it has.
  static func writeRequest(_ row: any ColumnRow, _ body: HTTPBody, to writer: inout JSONWriter) {
    let request = body.json
    write([("api", .llmAPI), ("operation", .llmOperation), ("model", .llmModel)], row, to: &writer)
    if case .bool(let flag) = row.column(.llmStream) {
      writer.name("stream")
      writer.write(flag)
    }
    if case .texts(let tools) = row.column(.llmTools) {
      writer.name("tools")
      writer.write(.array(tools.map(JSONValue.string)))
    }
    let turns =
      request?["messages"]?.array ?? request?["contents"]?.array ?? request?["input"]?.array
    if let turns {
      writer.name("messageCount")
      writer.write(turns.count)
    }
    for name in [
      "max_tokens", "max_completion_tokens", "max_output_tokens", "temperature", "top_p",
    ] {
      if let value = request?[name], value.double != nil {
        writer.name(name)
        writer.write(value)
      }
    }
    if case .int(let count) = row.column(.llmRetries) {
      writer.name("retryCount")
      writer.write(count)
    }
  }

  static func writeReply(_ row: any ColumnRow, to writer: inout JSONWriter) {
    write(
      [("model", .llmReplyModel), ("finishReason", .llmFinishReason), ("error", .llmError)], row,
      to: &writer)
    if case .texts(let names) = row.column(.llmToolCalls) {
      writer.name("toolCalls")
      writer.write(.array(names.map(JSONValue.string)))
    }
    if case .int(let time) = row.column(.llmFirstToken) {
      writer.name("timeToFirstTokenMs")
      writer.write(Double(time) / 1000)
    }
    if case .numbers(let usage) = row.column(.llmUsage) {
      writer.name("usage")
      writer.beginObject()
      for number in usage {
        writer.name(number.name)
        writer.write(number.value)
      }
      writer.endObject()
    }
  }

  private static func write(
    _ list: [(String, FieldID)], _ row: any ColumnRow, to writer: inout JSONWriter
  ) {
    for (name, id) in list {
      guard case .text(let text) = row.column(id) else { continue }
      writer.name(name)
      writer.write(text)
    }
  }
}
