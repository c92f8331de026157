import JSON
import ToolKit

/// `initialize`: the handshake of the revisions up to 2025-11-25.
struct Initialize {
  static let name = "initialize"

  /// What the client sends once it has read the answer.
  static let done = ["notifications/initialized", "initialized"]

  var requested: String?
  var capabilities: JSONObject

  init(_ params: JSONObject) {
    requested = params["protocolVersion"]?.string
    capabilities = params["capabilities"]?.object ?? JSONObject()
  }

  static func result(_ identity: ServerIdentity, in revision: Revision) -> JSONObject {
    [
      "protocolVersion": .string(revision.rawValue),
      "capabilities": .object(identity.capabilities(in: revision)),
      "serverInfo": .object(identity.implementation(in: revision)),
      "instructions": .string(identity.instructions),
    ]
  }
}

/// `server/discover` of 2026-07-28: who we are, without a handshake.
struct Discover {
  static let name = "server/discover"
  /// How long a client may keep the answer, in milliseconds: it changes with our version only.
  static let cacheMilliseconds = 3_600_000

  static func result(_ identity: ServerIdentity) -> JSONObject {
    [
      "supportedVersions": [.string(Revision.july2026.rawValue)],
      "capabilities": .object(identity.capabilities(in: .july2026)),
      "instructions": .string(identity.instructions),
    ]
  }
}

/// `ping`: answered at once, with nothing.
struct Ping {
  static let name = "ping"
}

/// `notifications/cancelled`: the client no longer wants the answer.
struct Cancelled {
  static let name = "notifications/cancelled"

  var requestID: RequestID

  init?(_ params: JSONObject) {
    guard let id = params["requestId"].flatMap(RequestID.init) else { return nil }
    requestID = id
  }
}

/// `logging/setLevel` of the handshake revisions.
enum SetLevel {
  static let name = "logging/setLevel"

  static func level(_ params: JSONObject) throws(ProtocolError) -> LogLevel {
    guard let level = LogLevel(rawValue: params["level"]?.string ?? "") else {
      throw .invalidParams(
        "level must be one of \(LogLevel.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return level
  }
}
