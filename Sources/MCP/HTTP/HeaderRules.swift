import JSON
import ToolKit

/// The headers that requests of 2026-07-28 repeat from their body, so that proxies need not read
/// it.
enum HeaderRules {
  static let version = "mcp-protocol-version"
  static let method = "mcp-method"
  static let name = "mcp-name"

  /// Whether a request is one of this revision, by its headers or its body.
  static func isStateless(_ request: EndpointRequest, _ message: Message) -> Bool {
    if request.header(version) == Revision.july2026.rawValue { return true }
    if case .single(.request(let inner)) = message, Stateless.claims(inner.meta) { return true }
    // Who has a session is held to it, whatever a proxy adds.
    return request.header(method) != nil && request.header("mcp-session-id") == nil
  }

  /// Why the headers do not fit the body, or nil.
  static func mismatch(_ headers: EndpointRequest, _ request: Request) -> ProtocolError? {
    // What the body lacks is told by the session.
    if let stated = request.meta?[Stateless.version]?.string {
      guard let given = headers.header(version) else {
        return .headerMismatch("MCP-Protocol-Version is missing")
      }
      guard trimmed(given) == stated else {
        return .headerMismatch("MCP-Protocol-Version is \(given), the body says \(stated)")
      }
    }
    guard let given = headers.header(method) else {
      return .headerMismatch("Mcp-Method is missing")
    }
    guard decoded(given) == request.method else {
      return .headerMismatch("Mcp-Method is \(given), the body says \(request.method)")
    }
    guard let member = named[request.method], let stated = request.params[member]?.string else {
      return nil
    }
    guard let given = headers.header(name) else {
      return .headerMismatch("Mcp-Name is missing")
    }
    guard decoded(given) == stated else {
      return .headerMismatch("Mcp-Name is not the \(member) of the body")
    }
    return nil
  }

  /// The member that `Mcp-Name` repeats.
  private static let named = [
    CallTool.name: "name", GetPrompt.name: "name", ReadResource.name: "uri",
    TaskShelf.get: "taskId", TaskShelf.update: "taskId", TaskShelf.cancel: "taskId",
  ]

  private static func trimmed(_ value: String) -> String {
    String(
      value.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }
        .reversed())
  }

  /// The value of a header; one that a header cannot hold comes as `=?base64?…?=`.
  static func decoded(_ value: String) -> String? {
    let value = trimmed(value)
    guard value.hasPrefix("=?base64?"), value.hasSuffix("?="), value.count >= 11 else {
      return value
    }
    return bytes(ofBase64: value.dropFirst(9).dropLast(2)).flatMap {
      String(validating: $0, as: UTF8.self)
    }
  }
}
