package import JSON
import ToolKit

/// A JSON-RPC error: the request itself could not be served.
///
/// What goes wrong inside a tool is not one of these but a result with `isError`, so that the
/// model sees it.
package struct ProtocolError: Error, Hashable, Sendable {
  package var code: Int
  /// One sentence.
  package var message: String
  package var data: JSONValue?

  package init(code: Int, message: String, data: JSONValue? = nil) {
    (self.code, self.message, self.data) = (code, message, data)
  }

  static func notJSON(_ reason: String) -> Self {
    Self(code: -32700, message: "Parse error: the line is not JSON", data: .string(reason))
  }

  static func invalidRequest(_ reason: String) -> Self {
    Self(code: -32600, message: "Invalid request: " + reason)
  }

  static func unknownMethod(_ name: String) -> Self {
    Self(code: -32601, message: "Method not found: \(name)", data: .string(name))
  }

  static func invalidParams(_ reason: String, data: JSONValue? = nil) -> Self {
    Self(code: -32602, message: "Invalid params: " + reason, data: data)
  }

  static func unknownTool(_ name: String, hint: String?) -> Self {
    Self(code: -32602, message: "Unknown tool: \(name)", data: hint.map { .string($0) })
  }

  static func internalError(_ reason: String) -> Self {
    Self(code: -32603, message: "Internal error: " + reason)
  }

  static func resourceNotFound(_ uri: String, _ message: String, in revision: Revision) -> Self {
    Self(
      code: revision.isStateless ? -32602 : -32002, message: message,
      data: ["uri": .string(uri)])
  }

  /// Something that has no result in which to say what went wrong.
  static func failed(_ error: ToolError) -> Self {
    Self(code: -32603, message: error.message, data: .object(error.json))
  }

  /// 2026-07-28: the request cannot be served to a client without these capabilities.
  static func missingCapability(_ capabilities: JSONObject, _ message: String) -> Self {
    Self(
      code: -32021, message: message, data: ["requiredCapabilities": .object(capabilities)])
  }

  /// 2026-07-28 over HTTP: a header is missing or says something else than the body.
  static func headerMismatch(_ reason: String) -> Self {
    Self(code: -32020, message: "Header mismatch: " + reason)
  }

  /// 2026-07-28: the version in `_meta` is none of ours.
  static func unsupportedVersion(_ requested: String) -> Self {
    let supported = Revision.allCases.reversed().map { JSONValue.string($0.rawValue) }
    return Self(
      code: -32022, message: "Unsupported protocol version: \(requested)",
      data: ["supported": .array(supported), "requested": .string(requested)])
  }

  var json: JSONValue {
    var object: JSONObject = ["code": JSONValue(code), "message": .string(message)]
    if let data { object["data"] = data }
    return .object(object)
  }
}
