import JSON
import ToolKit

/// Revision 2026-07-28: every request says in `_meta` what the handshake used to settle, and
/// every result says what kind it is.
enum Stateless {
  private static let prefix = "io.modelcontextprotocol/"
  static let version = prefix + "protocolVersion"
  private static let capabilities = prefix + "clientCapabilities"
  private static let client = prefix + "clientInfo"
  private static let logLevel = prefix + "logLevel"
  private static let server = prefix + "serverInfo"
  static let subscription = prefix + "subscriptionId"

  /// What a request of this revision says of its client.
  struct Marks {
    var capabilities: JSONObject
    /// Log messages are wanted from this level on; nil when none are.
    var logLevel: LogLevel?

    var answers: Set<Question.Kind> { Terms.answers(capabilities, in: .july2026) }
    var hasTasks: Bool { capabilities["extensions"]?[TaskShelf.extensionName]?.object != nil }
  }

  /// Whether an object of `_meta` claims this revision.
  static func claims(_ meta: JSONObject?) -> Bool {
    guard let meta else { return false }
    return [version, capabilities, client, logLevel].contains { meta[$0] != nil }
  }

  /// The marks of `request`, or nil when it is of another revision.
  ///
  /// - Throws: when it claims to be one of this, but lacks what it must say.
  static func marks(of request: Request) throws(ProtocolError) -> Marks? {
    guard let meta = request.meta, claims(meta) else { return nil }
    guard let requested = meta[version]?.string else {
      throw .invalidParams("_meta needs \(version), a text")
    }
    guard Revision(rawValue: requested)?.isStateless == true else {
      throw .unsupportedVersion(requested)
    }
    guard let declared = meta[capabilities]?.object else {
      throw .invalidParams("_meta needs \(capabilities), an object")
    }
    var marks = Marks(capabilities: declared)
    if let level = meta[logLevel] {
      guard let level = LogLevel(rawValue: level.string ?? "") else {
        throw .invalidParams("_meta has an unknown \(logLevel)")
      }
      marks.logLevel = level
    }
    return marks
  }

  /// The result with what this revision adds to it.
  ///
  /// - Parameter cacheMilliseconds: how long a client may keep it, for the results that say so.
  ///   Lists depend on flags and credentials, so they are private to their caller.
  static func complete(
    _ result: JSONObject, _ identity: ServerIdentity, cacheMilliseconds: Int? = nil,
    type: String = "complete"
  ) -> JSONObject {
    var complete = result
    complete["resultType"] = .string(type)
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
