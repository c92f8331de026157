import JSON

/// Revision 2026-07-28: every request says in `_meta` what the handshake used to settle, and
/// every result says what kind it is.
///
/// Later additions have their place here: `subscriptions/listen`, `input_required` round trips,
/// and log messages for requests that ask for them.
enum Stateless {
  private static let prefix = "io.modelcontextprotocol/"
  static let version = prefix + "protocolVersion"
  private static let capabilities = prefix + "clientCapabilities"
  private static let client = prefix + "clientInfo"
  private static let logLevel = prefix + "logLevel"
  private static let server = prefix + "serverInfo"

  private static let logLevels = [
    "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency",
  ]

  static let methods = [
    Discover.name, ListTools.name, CallTool.name, ListPrompts.name, GetPrompt.name,
  ]

  /// Whether `request` is one of this revision.
  ///
  /// - Throws: when it claims to be, but lacks what it must say.
  static func isMarked(_ request: Request) throws(ProtocolError) -> Bool {
    guard let meta = request.meta,
      [version, capabilities, client, logLevel].contains(where: { meta[$0] != nil })
    else { return false }
    guard let requested = meta[version]?.string else {
      throw .invalidParams("_meta needs \(version), a text")
    }
    guard Revision(rawValue: requested)?.isStateless == true else {
      throw .unsupportedVersion(requested)
    }
    guard meta[capabilities]?.object != nil else {
      throw .invalidParams("_meta needs \(capabilities), an object")
    }
    if let level = meta[logLevel], !logLevels.contains(level.string ?? "") {
      throw .invalidParams("_meta has an unknown \(logLevel)")
    }
    return true
  }

  /// The result with what this revision adds to it.
  ///
  /// - Parameter cacheMilliseconds: how long a client may keep it, for the results that say so.
  ///   Lists depend on flags and credentials, so they are private to their caller.
  static func complete(
    _ result: JSONObject, _ identity: ServerIdentity, cacheMilliseconds: Int?
  ) -> JSONObject {
    var complete = result
    complete["resultType"] = "complete"
    if let cacheMilliseconds {
      complete["ttlMs"] = JSONValue(cacheMilliseconds)
      complete["cacheScope"] = "private"
    }
    var meta = result["_meta"]?.object ?? JSONObject()
    meta[server] = .object(identity.implementation(in: .july2026))
    complete["_meta"] = .object(meta)
    return complete
  }

  static func discovery(_ identity: ServerIdentity) -> JSONObject {
    complete(
      Discover.result(identity), identity, cacheMilliseconds: Discover.cacheMilliseconds)
  }
}
