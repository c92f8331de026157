import Entries
import JSON

/// What a model's reply tells beside its text: one JSON object, or the pieces of a stream put
/// together, in the shapes of all APIs at once, for no member means two things.
struct LLMReply {
  /// Tool calls, tools and usage figures that are listed.
  static let maxNames = 64
  private static let maxText = 256

  private(set) var model: String?
  private(set) var finishReason: String?
  private(set) var toolCalls: [String] = []
  /// Figures as the reply gives them; nested ones by their path with dots.
  private(set) var usage: [FieldValue.NamedNumber] = []
  /// The first piece of a stream that carries something the model made.
  private(set) var firstToken: ServerSentEvents.Event?
  private(set) var error: String?

  mutating func read(_ body: HTTPBody) {
    for (value, event) in body.values {
      read(value)
      if firstToken == nil, let event, Self.carriesToken(value) { firstToken = event }
    }
  }

  func usage(_ name: String) -> Double? { usage.last { $0.name == name }?.value }

  private mutating func read(_ value: JSONValue) {
    // Responses of OpenAI and messages of Anthropic lie within the events that begin and end them.
    let object = value["response"] ?? value["message"] ?? value
    if model == nil,
      let name = object["model"]?.string ?? object["modelVersion"]?.string ?? value["model"]?.string
    {
      model = name
    }
    for figures in [
      object["usage"], value["usage"], value["usageMetadata"], object["usageMetadata"],
    ] {
      if let figures = figures?.object { add(figures, "") }
    }
    if let total = value["totalTokens"]?.double { add("totalTokens", total) }
    readChoices(value)
    readOllama(value)
    readContent(value, object)
    readError(value, object)
  }

  // MARK: OpenAI's choices, Google's candidates

  private mutating func readChoices(_ value: JSONValue) {
    for choice in value["choices"]?.array ?? [] {
      finish(choice["finish_reason"])
      for call in (choice["message"] ?? choice["delta"])?["tool_calls"]?.array ?? [] {
        addCall(call["function"]?["name"])
      }
      addCall((choice["message"] ?? choice["delta"])?["function_call"]?["name"])
    }
    for candidate in value["candidates"]?.array ?? [] {
      finish(candidate["finishReason"])
      for part in candidate["content"]?["parts"]?.array ?? [] {
        addCall(part["functionCall"]?["name"])
      }
    }
  }

  // MARK: Lines of Ollama

  private mutating func readOllama(_ value: JSONValue) {
    finish(value["done_reason"])
    for name in ["prompt_eval_count", "eval_count"] {
      if let count = value[name]?.double { add(name, count) }
    }
    for call in value["message"]?["tool_calls"]?.array ?? [] { addCall(call["function"]?["name"]) }
  }

  // MARK: Blocks of Anthropic, items of OpenAI's responses

  private mutating func readContent(_ value: JSONValue, _ object: JSONValue) {
    finish(object["stop_reason"] ?? value["delta"]?["stop_reason"])
    for block in object["content"]?.array ?? [] { addBlock(block) }
    if let block = value["content_block"] { addBlock(block) }
    guard object["object"]?.string == "response" else { return }
    for item in object["output"]?.array ?? [] where item["type"]?.string == "function_call" {
      addCall(item["name"])
    }
    let status = object["status"]
    if let reason = object["incomplete_details"]?["reason"], reason != .null {
      finish(reason)
    } else if status?.string != "in_progress", status?.string != "queued" {
      finish(status)
    }
  }

  private mutating func addBlock(_ block: JSONValue) {
    if let type = block["type"]?.string, type.hasSuffix("tool_use") { addCall(block["name"]) }
  }

  private mutating func readError(_ value: JSONValue, _ object: JSONValue) {
    // Streams of OpenAI's responses may have code and message in the event itself.
    let isBare = value["error"] == nil && value["type"]?.string == "error"
    guard let found = value["error"] ?? object["error"] ?? (isBare ? value : nil), found != .null
    else { return }
    let kind =
      (isBare ? nil : found["type"]?.string) ?? found["status"]?.string ?? found["code"]?.string
      ?? found["code"]?.int.map(String.init)
    let text = [kind, found["message"]?.string ?? found.string].compactMap(\.self)
      .joined(separator: ": ")
    if !text.isEmpty { error = String(text.prefix(Self.maxText)) }
  }

  private mutating func finish(_ reason: JSONValue?) {
    if let reason = reason?.string { finishReason = String(reason.prefix(64)) }
  }

  private mutating func addCall(_ name: JSONValue?) {
    guard let name = name?.string, !name.isEmpty, toolCalls.count < Self.maxNames else { return }
    toolCalls.append(String(name.prefix(128)))
  }

  // MARK: Usage

  private mutating func add(_ figures: JSONObject, _ prefix: String) {
    for member in figures.members {
      if let number = member.value.double {
        add(prefix + member.name, number)
      } else if let inner = member.value.object, prefix.isEmpty {
        add(inner, member.name + ".")
      }
    }
  }

  /// A later figure replaces an earlier one: those of a stream grow.
  private mutating func add(_ name: String, _ value: Double) {
    if let place = usage.firstIndex(where: { $0.name == name }) {
      usage[place].value = value
    } else if usage.count < Self.maxNames {
      usage.append(FieldValue.NamedNumber(String(name.prefix(64)), value))
    }
  }

  // MARK: The first token

  /// Whether a piece of a stream carries text, reasoning or the arguments of a call.
  private static func carriesToken(_ value: JSONValue) -> Bool {
    if let type = value["type"]?.string {
      return type == "content_block_delta" || type.hasSuffix(".delta")
    }
    if let delta = value["choices"]?[0]?["delta"] {
      return ["content", "reasoning_content", "reasoning", "refusal"].contains {
        delta[$0]?.string?.isEmpty == false
      } || delta["tool_calls"]?.array?.isEmpty == false
    }
    if let text = value["choices"]?[0]?["text"]?.string { return !text.isEmpty }
    return value["candidates"]?[0]?["content"]?["parts"]?.array?.isEmpty == false
  }
}
