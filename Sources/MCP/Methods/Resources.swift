import JSON
import ToolKit

/// `resources/list`, and `resources/templates/list`.
enum ListResources {
  static let name = "resources/list"
  static let templates = "resources/templates/list"
  /// How long a client may keep the list, in milliseconds.
  static let cacheMilliseconds = 300_000
}

/// `resources/subscribe` and `resources/unsubscribe` of the handshake revisions.
enum WatchResource {
  static let subscribe = "resources/subscribe"
  static let unsubscribe = "resources/unsubscribe"
}

/// `resources/read`.
package struct ReadResource: Hashable, Sendable {
  static let name = "resources/read"
  /// How long a client may keep contents, in milliseconds: not at all, traffic goes on.
  static let cacheMilliseconds = 0

  package var uri: String

  init(_ params: JSONObject) throws(ProtocolError) {
    guard let uri = params["uri"]?.string, !uri.isEmpty else {
      throw .invalidParams("uri must be the address of a resource")
    }
    self.uri = uri
  }

  static func result(_ contents: [ResourceContent]) -> JSONObject {
    ["contents": .array(contents.map { .object($0.json) })]
  }
}

extension ResourceDescription {
  /// The resource or template as that revision writes it.
  func json(in revision: Revision) -> JSONObject {
    var object: JSONObject = [
      isTemplate ? "uriTemplate" : "uri": .string(uri), "name": .string(name),
    ]
    if revision.hasTitles { object["title"] = .string(title) }
    object["description"] = .string(description)
    object["mimeType"] = .string(mimeType)
    return object
  }
}

extension ResourceContent {
  var json: JSONObject {
    var object: JSONObject = ["uri": .string(uri), "mimeType": .string(mimeType)]
    switch body {
    case .text(let text): object["text"] = .string(text)
    case .blob(let data): object["blob"] = .string(data)
    }
    return object
  }
}

extension ContentBlock {
  /// The block as that revision writes it; what it lacks becomes text.
  func json(in revision: Revision) -> JSONObject {
    switch self {
    case .text(let text): return ["type": "text", "text": .string(text)]
    case .image(let data, let type):
      return ["type": "image", "data": .string(data), "mimeType": .string(type)]
    case .audio(let data, let type):
      guard revision.hasAudio else { return ["type": "text", "text": "(audio, \(type))"] }
      return ["type": "audio", "data": .string(data), "mimeType": .string(type)]
    case .resource(let content): return ["type": "resource", "resource": .object(content.json)]
    case .link(let uri, let name, let title, let type, let length):
      guard revision.hasResourceLinks else {
        return ["type": "text", "text": "\(title ?? name): \(uri)"]
      }
      var link: JSONObject = [
        "type": "resource_link", "uri": .string(uri), "name": .string(name),
      ]
      if let title { link["title"] = .string(title) }
      if let type { link["mimeType"] = .string(type) }
      if let length { link["size"] = .int(length) }
      return link
    }
  }
}
