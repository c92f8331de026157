import Bytes
import Entries
import JSON

/// The Model Context Protocol over HTTP (https://modelcontextprotocol.io/specification): JSON-RPC
/// 2.0 in a POST, its answer as JSON or as an event stream, and the streams that a GET opens.
///
/// One entry is one call of HTTP. What a server sends on its way to the answer, and what a client
/// answers to a server's requests, belongs to the call that carries it. In the transport of
/// 2024-11-05 the answers come in the stream of another call and are listed there.
struct MCPCall {
  /// Messages shown of a stream; all are counted.
  private static let maxShown = 64

  private let method: String?
  private let name: String?
  /// Messages of both directions.
  private let messages: Int
  private let version: String?
  /// Of the first answer that fails.
  private let errorCode: Int64?
  private let hasToolError: Bool

  /// Whether a JSON body is of the protocol: told by its method, without reading it.
  static func isRequest(_ body: RawSpan) -> Bool {
    guard body.firstOffset(of: "\"jsonrpc\"") != nil,
      let place = body.firstOffset(of: "\"method\"")
    else { return false }
    var at = place + 8
    while at < body.byteCount,
      isBlank(body.byte(at)) || body.byte(at) == 0x0a
        || body.byte(at) == 0x3a
    {
      at += 1
    }
    guard at < body.byteCount, body.byte(at) == 0x22 else { return false }
    let rest = body.suffix(from: at + 1)
    guard let end = rest.prefix(64).firstOffset(of: 0x22) else { return false }
    let method = rest.prefix(end)
    for known in methods where method.starts(with: known) { return true }
    return method.equals("initialize") || method.equals("ping") && body.byteCount < 256
  }

  /// How methods begin; other protocols over JSON-RPC divide their names otherwise.
  private static let methods: [StaticString] = [
    "tools/", "resources/", "prompts/", "notifications/", "completion/complete",
    "logging/setLevel", "sampling/", "roots/list", "elicitation/", "tasks/", "server/discover",
    "subscriptions/",
  ]

  init(_ request: HTTPBody, _ reply: HTTPBody, method httpMethod: String) {
    let asked = request.values.map(\.value)
    let answers = reply.values.map(\.value).filter { $0["jsonrpc"] != nil }
    let first = asked.first { $0["method"]?.string != nil } ?? asked.first
    messages = asked.count + answers.count
    // Those of all requests of a batch; where a request could not be read, or its session is not known,
    // the error names none (JSON-RPC 2.0 §5).
    let replies: [JSONValue]
    if let first, let method = first["method"]?.string {
      self.method = method
      name = Self.name(of: method, first["params"])
      replies = answers.filter { $0["method"] == nil }
      let answer = replies.first { $0["id"] == first["id"] }
      version =
        answer?["result"]?["protocolVersion"]?.string ?? first["params"]?["protocolVersion"]?.string
    } else {
      // A client's answer, a stream that is opened, a session that ends.
      method =
        first != nil
        ? "response" : httpMethod == "GET" ? "stream" : httpMethod == "DELETE" ? "end" : nil
      (name, version) = (nil, nil)
      replies = asked
    }
    errorCode = replies.lazy.compactMap { $0["error"]?["code"]?.int }.first
    hasToolError = replies.contains { $0["result"]?["isError"]?.bool == true }
  }

  /// What the call is about: a tool, a prompt, the address of a resource, who introduces itself.
  private static func name(of method: String, _ parameters: JSONValue?) -> String? {
    switch method {
    case "initialize": parameters?["clientInfo"]?["name"]?.string
    case "logging/setLevel": parameters?["level"]?.string
    case "completion/complete":
      parameters?["ref"]?["name"]?.string ?? parameters?["ref"]?["uri"]?.string
    default:
      parameters?["name"]?.string ?? parameters?["uri"]?.string ?? parameters?["taskId"]?.string
    }
  }

  func complete(_ entry: inout Entry) {
    entry.kind = .mcp
    if let method { entry.fields.add(.mcpMethod, .text(String(method.prefix(128)))) }
    if let name { entry.fields.add(.mcpName, .text(String(name.prefix(256)))) }
    entry.fields.add(.mcpMessages, int: Int64(messages))
    if let version = version ?? entry.request?.headers.value(of: "mcp-protocol-version") {
      entry.fields.add(.mcpProtocolVersion, .text(String(version.prefix(32))))
    }
    if let errorCode {
      entry.fields.add(.mcpErrorCode, int: errorCode)
      entry.failed = true
    }
    if hasToolError {
      entry.fields.add(.mcpToolError, .bool(true))
      entry.failed = true
    }
  }

  // MARK: Details

  static func writeRequest(_ body: HTTPBody, to writer: inout JSONWriter) {
    write(body, to: &writer)
  }

  static func writeReply(_ body: HTTPBody, to writer: inout JSONWriter) {
    write(body, to: &writer)
  }

  /// The messages in order: id, method, name, how they ended. Arguments and results are in the
  /// bodies.
  private static func write(_ body: HTTPBody, to writer: inout JSONWriter) {
    writer.name("messages")
    writer.beginArray()
    for (message, event) in body.values.prefix(maxShown) where message["jsonrpc"] != nil {
      writer.beginObject()
      if let event, let time = body.arrival(of: event) {
        writer.name("atMs")
        writer.write(Double(time) / 1000)
      }
      if let id = message["id"] {
        writer.name("id")
        writer.write(id)
      }
      if let method = message["method"]?.string {
        writer.name("method")
        writer.write(method)
        if let name = name(of: method, message["params"]) {
          writer.name("name")
          writer.write(name)
        }
      }
      if let error = message["error"] {
        writer.name("error")
        writer.write(error)
      }
      if let result = message["result"]?.object {
        writer.name("result")
        writer.write(.array(result.names.map(JSONValue.string)))
        if result["isError"]?.bool == true {
          writer.name("isError")
          writer.write(true)
        }
      }
      writer.endObject()
    }
    writer.endArray()
  }
}
