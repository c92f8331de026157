import Bytes
import Decompression
import Entries
import JSON

/// The protocols that travel in calls of HTTP, whatever its version: GraphQL, the Model Context
/// Protocol, the APIs of language models, and Server-Sent Events.
///
/// What the head of a message says decides whether anybody looks at its body: a call whose heads
/// give no hint costs one comparison.
enum HTTPContent {
  /// What the heads of a call say of its content; an entry carries them until it is complete.
  struct Hints: OptionSet {
    let rawValue: UInt8

    /// The request is a POST with JSON, or with a GraphQL document.
    static let json = Hints(rawValue: 1)
    /// The target has a parameter `query`, or the name of a persisted query.
    static let query = Hints(rawValue: 2)
    /// The reply is a stream of events.
    static let events = Hints(rawValue: 4)
    /// The reply has a media type of GraphQL.
    static let graphQL = Hints(rawValue: 8)
    /// A header field of the Model Context Protocol.
    static let mcp = Hints(rawValue: 16)
    /// The request is a POST of a form in parts.
    static let form = Hints(rawValue: 32)
  }

  /// Hints of a request's head: its method, media type and target.
  @inline(__always)
  static func hints(method: RawSpan, type: RawSpan, target: RawSpan) -> Hints {
    if method.equals("POST") { return isJSON(type) ? .json : isForm(type) ? .form : [] }
    guard method.equals("GET"), target.firstOffset(of: 0x3f) != nil,
      target.firstOffset(of: "query=") != nil || target.firstOffset(of: "persistedQuery") != nil
    else { return [] }
    return .query
  }

  /// Hints of a reply's media type.
  @inline(__always)
  static func hints(replyType type: RawSpan) -> Hints {
    if type.byteCount >= 17, type.prefix(17).equalsIgnoringCase("text/event-stream") {
      return .events
    }
    if type.byteCount >= 33, type.prefix(33).equalsIgnoringCase("application/graphql-response+json")
    {
      return .graphQL
    }
    return []
  }

  /// `application/json`, `application/graphql`, and what ends in `+json`.
  private static func isJSON(_ type: RawSpan) -> Bool {
    type.byteCount >= 16
      && (type.prefix(16).equalsIgnoringCase("application/json")
        || type.prefix(16).equalsIgnoringCase("application/grap")
        || type.firstOffset(of: "+json") != nil)
  }

  private static func isForm(_ type: RawSpan) -> Bool {
    type.byteCount >= 19 && type.prefix(19).equalsIgnoringCase("multipart/form-data")
  }

  /// Last touches to a call whose heads gave a hint: its kind and fields, and whether it failed.
  static func complete(_ entry: inout Entry, _ decompressions: inout DecompressionCounters) {
    guard entry.hints != 0, entry.kind == .http || entry.kind == .http2 else { return }
    let hints = Hints(rawValue: entry.hints)
    let kind = kind(of: entry, hints, &decompressions)
    guard kind != nil || hints.contains(.events) else { return }
    let reply = HTTPBody(entry.response, entry.streamed, &decompressions)
    if reply.isEvents {
      ServerSentEvents.complete(&entry, reply)
      if let streamed = entry.streamed { entry.fields.add(.streamTimes, .bytes(streamed.packed)) }
    }
    switch kind {
    case .graphQL(let request)?: request.complete(&entry, reply)
    case .mcp?:
      let request = HTTPBody(entry.request, nil, &decompressions)
      MCPCall(request, reply, method: text(entry, .method)).complete(&entry)
    case .llm(let api)?:
      let request = HTTPBody(entry.request, nil, &decompressions)
      LLMCall(api, request, reply).complete(&entry, reply)
    case nil: break
    }
    entry.streamed = nil
  }

  private enum Kind {
    case graphQL(GraphQLRequest)
    case mcp
    case llm(LLMAPI)
  }

  private static func kind(
    of entry: Entry, _ hints: Hints, _ decompressions: inout DecompressionCounters
  ) -> Kind? {
    if hints.contains(.mcp) { return .mcp }
    if hints.contains(.json), let content = entry.request?.uncoded(&decompressions) {
      let body = content.body.rawSpan
      if MCPCall.isRequest(body) { return .mcp }
      if let api = LLMAPI(path: text(entry, .path), body) { return .llm(api) }
      if let request = GraphQLRequest(content, url: text(entry, .url)) { return .graphQL(request) }
    }
    if hints.contains(.form), let content = entry.request,
      let request = GraphQLRequest(content, url: "")
    {
      return .graphQL(request)
    }
    if hints.contains(.query), let request = GraphQLRequest(nil, url: text(entry, .url)) {
      return .graphQL(request)
    }
    if hints.contains(.graphQL) { return .graphQL(GraphQLRequest()) }
    return nil
  }

  static func text(_ entry: Entry, _ id: FieldID) -> String {
    if case .text(let text) = entry.fields[id] { text } else { "" }
  }

  // MARK: Details

  /// The details of a call with such content: a JSON object with `request` and `response`.
  static func details(of row: any ColumnRow) -> String {
    guard case .int(let raw) = row.column(.kind),
      let kind = UInt8(exactly: raw).flatMap(ProtocolKind.init(rawValue:))
    else { return "" }
    let hasEvents = row.column(.sseEvents) != .none
    guard hasEvents || kind.isHTTPContent else { return "" }
    var decompressions = DecompressionCounters()
    let contents = row.contents()
    var streamed: StreamedBody?
    if case .bytes(let packed) = row.column(.streamTimes) {
      streamed = try? StreamedBody(packed: packed.rawSpan)
    }
    let request = HTTPBody(contents.request, nil, &decompressions)
    let reply = HTTPBody(contents.response, streamed, &decompressions)
    var halves: Int64 = 0
    if case .int(let seen) = row.column(.halves) { halves = seen }
    var writer = JSONWriter(reserving: 512)
    writer.beginObject()
    if halves & 1 != 0 {
      writer.name("request")
      writer.beginObject()
      if kind == .mcp { MCPCall.writeRequest(request, to: &writer) }
      if kind == .llm { LLMCall.writeRequest(row, request, to: &writer) }
      if kind == .gqlv1 || kind == .gqlv2 {
        GraphQLRequest.write(row, contents.request?.uncoded(&decompressions), to: &writer)
      }
      writer.endObject()
    }
    if halves & 2 != 0 {
      writer.name("response")
      writer.beginObject()
      if kind == .mcp { MCPCall.writeReply(reply, to: &writer) }
      if kind == .llm { LLMCall.writeReply(row, to: &writer) }
      if kind == .gqlv1 || kind == .gqlv2 { GraphQLReply(reply).write(to: &writer) }
      if hasEvents { ServerSentEvents.write(reply, to: &writer) }
      writer.endObject()
    }
    writer.endObject()
    return writer.text
  }
}

extension ProtocolKind {
  /// Whether it travels in calls of HTTP and is recognised by their content.
  var isHTTPContent: Bool {
    switch self {
    case .gqlv1, .gqlv2, .mcp, .llm: true
    default: false
    }
  }
}

extension Content {
  /// The same without its codings, as few requests have them: what begins as JSON does has none.
  fileprivate func uncoded(_ decompressions: inout DecompressionCounters) -> Content {
    guard let first = body.first, first != 0x7b, first != 0x5b, let codings = headers.codings else {
      return self
    }
    let result = ContentCoding.decode(body, list: codings, counting: &decompressions)
    let isWhole = !isCut && result.problem == nil
    return Content(
      headers: headers, body: result.bytes,
      bodyLength: Int64(result.bytes.count) + (isWhole ? 0 : 1))
  }
}
