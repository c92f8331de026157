import JSON
import ToolKit

/// Who is let in: everybody where there are no tokens, else whoever shows one.
package struct Gate: Sendable {
  /// The field that survives the proxy of a cluster's API server.
  static let ownHeader = "x-kubeshark-authorization"

  private let list: AccessList?

  /// - Parameter list: nil lets everybody do everything, which is for addresses that only this
  ///   machine can reach.
  package init(_ list: AccessList? = nil) { self.list = list }

  /// What the sender of a request may do, or nil without a token that is known.
  func access(_ request: HubRequest) -> Access? {
    guard let list else { return .all }
    if let token = request.header(Self.ownHeader) { return list.access(of: token) }
    guard let value = request.header("authorization") else { return nil }
    let parts = value.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    return list.access(of: String(parts[1].drop { $0 == " " }))
  }

  static let refusal: HubResponse = {
    var response = HubResponse.error(
      ToolError(
        status: 401, code: "unauthorized",
        message: "A token is needed, and none that is known came.",
        hint: "Send Authorization: Bearer TOKEN; kubeshark mcp takes it by --token-file."))
    response.fields.append(
      HubResponse.Field(name: "www-authenticate", value: "Bearer realm=\"kubeshark\""))
    return response
  }()
}

extension Access {
  /// What `GET /whoami` says.
  var json: JSONObject {
    [
      "identity": .string(role == "kubeshark-admin" && namespaces == nil ? "admin" : role),
      "role": .string(role),
      "capabilities": .array(capabilities.map(\.rawValue).sorted().map { .string($0) }),
      "authzFilters": ["namespaces": namespaces.map { .array($0.map { .string($0) }) } ?? .null],
    ]
  }
}
