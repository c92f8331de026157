import Bytes
import Entries

/// Which API of a language model a call speaks, by its path and the beginning of its body: those of
/// OpenAI, Anthropic and Google, which most others are shaped after, and Ollama's own.
struct LLMAPI {
  enum Shape: String { case openai, anthropic, gemini, ollama }

  let shape: Shape
  /// chat, completion, response, embedding, message, generate, count.
  let operation: String
  /// The model that the path names.
  let model: String?
  /// The path asks for a stream.
  let isStream: Bool

  /// - Returns: nil when path and body together are no such call.
  init?(path: String, _ body: RawSpan) {
    guard let colon = path.utf8.lastIndex(of: 0x3a) else {
      self.init(slashed: path, body)
      return
    }
    // `/v1beta/models/NAME:generateContent`
    let verb = path[path.utf8.index(after: colon)...]
    let head = path[..<colon]
    let model = head.lastIndex(of: "/").map { String(head[head.index(after: $0)...]) }
    // Messages of Anthropic where Google serves them.
    if verb == "rawPredict" || verb == "streamRawPredict",
      body.firstOffset(of: "\"anthropic_version\"") != nil
    {
      self.init(.anthropic, "message", model: model, isStream: verb == "streamRawPredict")
      return
    }
    guard let operation = Self.verbs[String(verb)],
      body.firstOffset(of: "\"contents\"") != nil || body.firstOffset(of: "\"content\"") != nil
        || body.firstOffset(of: "\"requests\"") != nil
    else { return nil }
    self.init(.gemini, operation, model: model, isStream: verb == "streamGenerateContent")
  }

  private init(_ shape: Shape, _ operation: String, model: String?, isStream: Bool = false) {
    (self.shape, self.operation) = (shape, operation)
    (self.model, self.isStream) = (model, isStream)
  }

  private static let verbs = [
    "generateContent": "generate", "streamGenerateContent": "generate", "countTokens": "count",
    "embedContent": "embedding", "batchEmbedContents": "embedding",
  ]

  private init?(slashed path: String, _ body: RawSpan) {
    let path = path.hasSuffix("/") ? String(path.dropLast()) : path
    if let (_, operation, member) = Self.ollama.first(where: { path.hasSuffix($0.0) }),
      body.firstOffset(of: "\"model\"") != nil, body.firstOffset(of: member) != nil
    {
      self.init(.ollama, operation, model: nil)
      return
    }
    guard
      let (ending, shape, operation) = Self.endings.first(where: { path.hasSuffix($0.0) })
    else { return nil }
    let deployment = Self.deployment(in: path)
    // Words that other services use in their paths, too: the body must name a model.
    guard deployment != nil || body.firstOffset(of: "\"model\"") != nil else { return nil }
    if ending == "/messages" || ending == "/responses" {
      guard
        body.firstOffset(of: shape == .anthropic ? "\"messages\"" : "\"input\"") != nil
          || body.firstOffset(of: "\"prompt\"") != nil
      else { return nil }
    }
    self.init(shape, operation, model: deployment)
  }

  private static let endings: [(String, Shape, String)] = [
    ("/chat/completions", .openai, "chat"), ("/completions", .openai, "completion"),
    ("/responses", .openai, "response"), ("/embeddings", .openai, "embedding"),
    ("/messages", .anthropic, "message"), ("/messages/count_tokens", .anthropic, "count"),
  ]

  /// Paths of Ollama, what they do, and what a request must have beside its model: others have paths
  /// that end so, too.
  private static let ollama: [(String, String, StaticString)] = [
    ("/api/chat", "chat", "\"messages\""), ("/api/generate", "generate", "\"prompt\""),
    ("/api/embed", "embedding", "\"input\""), ("/api/embeddings", "embedding", "\"prompt\""),
  ]

  /// A reply is a stream where the request does not say.
  var streamsUnasked: Bool { shape == .ollama && operation != "embedding" }

  /// `NAME` of `/openai/deployments/NAME/chat/completions`.
  private static func deployment(in path: String) -> String? {
    guard let start = path.firstRange(of: "/deployments/")?.upperBound else { return nil }
    let name = path[start...].prefix { $0 != "/" }
    return name.isEmpty ? nil : String(name)
  }
}
