import JSON

/// `initialize`: the handshake of the revisions up to 2025-11-25.
struct Initialize {
  static let name = "initialize"

  var requested: String?

  init(_ params: JSONObject) { requested = params["protocolVersion"]?.string }

  static func result(_ identity: ServerIdentity, in revision: Revision) -> JSONObject {
    [
      "protocolVersion": .string(revision.rawValue),
      "capabilities": .object(identity.capabilities),
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
      "capabilities": .object(identity.capabilities),
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
