import Entries
import FoundationEssentials
import JSON

/// Raw records and details without their secrets: the same rules, applied by where a text stands.
enum RawRedaction {
  /// - Parameter bodyLimit: most bytes shown of a recorded body.
  static func redacted(
    _ object: JSONObject, _ redactor: Redactor, bodyLimit: Int
  ) -> JSONObject {
    guard case .object(var result) = redacted(.object(object), redactor) else { return object }
    for half in ["request", "response"] {
      for part in ["postData", "content"] {
        guard var message = result[half]?.object, var body = message[part]?.object,
          let text = body["text"]?.string, text.utf8.count > bodyLimit
        else { continue }
        body["text"] = .string(ShownMessage.prefix(text, bytes: bodyLimit))
        message[part] = .object(body)
        result[half] = .object(message)
      }
    }
    return result
  }

  static func redacted(_ value: JSONValue, _ redactor: Redactor) -> JSONValue {
    redacted(value, name: "", inside: "", redactor)
  }

  private static func redacted(
    _ value: JSONValue, name: String, inside parent: String, _ redactor: Redactor
  ) -> JSONValue {
    switch value {
    case .object(let object) where name == "params" && object["name"]?.string != nil:
      var shown = object
      let parameter = object["name"]?.string ?? ""
      shown["value"] = .string(redactor.parameter(parameter, object["value"]?.string ?? ""))
      return .object(shown)
    case .object(let object):
      // `postData` and `content` carry the media type beside the text it describes.
      let mediaType = object["mimeType"]?.string ?? ""
      return .object(
        JSONObject(
          members: object.members.map { member in
            if member.name == "text", let text = member.value.string {
              if object["encoding"] == "base64" {
                return .init(name: member.name, value: .string(binary(text, redactor)))
              }
              if !mediaType.isEmpty {
                let shown = redactor.body(text, mediaType: mediaType)
                return .init(name: member.name, value: .string(shown))
              }
            }
            // What is secret in a path is told by its neighbours.
            if member.name == "pathSegments", let path = object["path"]?.string {
              return .init(name: member.name, value: segments(of: redactor.url(path)))
            }
            return .init(
              name: member.name,
              value: redacted(member.value, name: member.name, inside: name, redactor))
          }))
    case .array(let elements):
      return .array(elements.map { redacted($0, name: name, inside: parent, redactor) })
    case .string(let text): return .string(shown(text, name: name, inside: parent, redactor))
    default: return value
    }
  }

  private static func segments(of path: String) -> JSONValue {
    .array(path.split(separator: "/").map { .string(String($0)) })
  }

  private static func binary(_ text: String, _ redactor: Redactor) -> String {
    guard let bytes = Data(base64Encoded: text) else { return text }
    return base64(ShownMessage.redacted(Array(bytes), redactor))
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
  }

  /// Whether it is how certificates are signed: by name, or by identifier where that has no name.
  private static func isAlgorithm(_ text: String) -> Bool {
    text.contains(" with ") || ["RSASSA-PSS", "Ed25519", "Ed448"].contains(text)
      || text.utf8.count <= 24 && text.utf8.allSatisfy(isHexadecimal)
  }

  private static func shown(
    _ text: String, name: String, inside parent: String, _ redactor: Redactor
  ) -> String {
    switch parent {
    case "headers": return redactor.header(name, text)
    case "cookies": return redactor.cookie(name, text)
    case "queryString", "params": return redactor.parameter(name, text)
    // The signature of a DNS record is for everybody (RFC 4034 §3.1.8).
    case "rrsig" where text.utf8.allSatisfy(isHexadecimal): return text
    // Of a certificate it is told how it is signed, and not the signature.
    case "certificates" where name == "signature" && isAlgorithm(text): return text
    default: break
    }
    switch name {
    case "url", "targetUri", "path", "redirectURL", "summary": return redactor.url(text)
    // Payloads that may be JSON: of events, of WebSocket messages.
    case "data", "ws_request_payload_data", "ws_response_payload_data":
      return redactor.body(text, mediaType: "")
    // Kafka's name for what is asked for.
    case "apiKeyName", "kafka_api_key_name": return redactor.text(text)
    case let name where SecretNames.isSecret(key: name): return redactor.fingerprint(text)
    default: return redactor.text(text)
    }
  }
}
