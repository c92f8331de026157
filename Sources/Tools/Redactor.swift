import Bytes
import Crypto
import Entries
import JSON
import ToolKit

/// Replaces secrets in captured traffic by fingerprints: `[redacted:4f1c9a02]`.
///
/// Equal secrets have equal fingerprints, so that "the same token again" stays visible; the
/// fingerprint is keyed, so that guessing the secret from it needs the key. Everything an answer
/// shows goes through here unless secrets were asked for.
package struct Redactor: Sendable {
  /// Nil shows everything.
  private let key: SymmetricKey?

  package init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

  private init() { key = nil }

  /// Shows secrets as captured (`--show-secrets`).
  package static let off = Redactor()

  package var isOff: Bool { key == nil }

  /// The words that stand in for `secret`; those that stand in for one already stay.
  package func fingerprint(_ secret: String) -> String {
    guard let key, !Self.isStandIn(secret) else { return secret }
    let code = HMAC<SHA256>.authenticationCode(for: Array(secret.utf8), using: key)
    return "[redacted:" + hex(code.prefix(4)) + "]"
  }

  /// Whether a text is all that is left of a secret: `[redacted]`, which dissectors keep in place
  /// of one, or a fingerprint. What a text merely begins with does not make it one.
  static func isStandIn(_ text: String) -> Bool {
    guard text.hasPrefix("[redacted"), text.hasSuffix("]") else { return false }
    let code = text.utf8.dropFirst("[redacted".utf8.count).dropLast()
    return code.isEmpty
      || code.count == 9 && code.first == 0x3a
        && code.dropFirst().allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// A header field's value; the name may be of either case.
  package func header(_ name: String, _ value: String) -> String {
    guard key != nil else { return value }
    let name = name.lowercased()
    switch name {
    case "authorization", "proxy-authorization":
      // The scheme is no secret and says what kind of credential it was.
      let parts = value.split(separator: " ", maxSplits: 1)
      guard parts.count == 2 else { return fingerprint(value) }
      return parts[0] + " " + fingerprint(String(parts[1]))
    case "cookie": return cookies(value, separator: "; ")
    case "set-cookie": return setCookie(value)
    case "referer", "location", "content-location", ":path", "origin": return url(value)
    default:
      if SecretNames.isSecret(header: name) { return fingerprint(value) }
      return value.hasPrefix("/") || value.utf8.span.bytes.firstOffset(of: "://") != nil
        ? url(value) : text(value)
    }
  }

  /// One cookie's value.
  package func cookie(_ name: String, _ value: String) -> String {
    key == nil ? value : fingerprint(value)
  }

  /// A URL or path with query: the password of user information goes, and the values of secret
  /// parameters, those of a fragment included.
  package func url(_ value: String) -> String {
    guard key != nil else { return value }
    guard let mark = value.firstIndex(where: { $0 == "?" || $0 == "#" }) else { return text(value) }
    let rest = value[value.index(after: mark)...]
    let head = text(String(value[..<mark])) + String(value[mark])
    guard value[mark] == "?", let fragment = rest.firstIndex(of: "#") else {
      return head + form(String(rest))
    }
    return head + form(String(rest[..<fragment])) + "#"
      + form(String(rest[rest.index(after: fragment)...]))
  }

  /// One parameter of a query or form.
  package func parameter(_ name: String, _ value: String) -> String {
    guard key != nil else { return value }
    return SecretNames.isSecret(parameter: name) && !value.isEmpty
      ? fingerprint(value) : text(value)
  }

  /// A body by its media type: JSON and forms by their keys, other text by the shapes of secrets.
  package func body(_ body: String, mediaType: String) -> String {
    guard key != nil else { return body }
    let type = mediaType.lowercased()
    if type.utf8.span.bytes.firstOffset(of: "x-www-form-urlencoded") != nil { return form(body) }
    if type.utf8.span.bytes.firstOffset(of: "multipart/form-data") != nil {
      return text(multipart(body))
    }
    return text(SecretJSON.replaced(in: body) { fingerprint($0) })
  }

  /// Any other captured text: secrets that are recognised by what stands before them, or by their
  /// shape.
  package func text(_ text: String) -> String {
    guard key != nil else { return text }
    let named = SecretText.replaced(in: text) { fingerprint($0) }
    return SecretShapes.replaced(in: named) { fingerprint($0) }
  }

  /// The value of a field of the filter language, as an answer shows it.
  func value(_ field: FieldID?, _ value: String) -> String {
    switch field {
    case .requestBody, .responseBody, .wsRequestPayloadData, .wsResponsePayloadData:
      body(value, mediaType: "")
    case .url, .path: url(value)
    default: text(value)
    }
  }

  /// `a=1&token=x`: names stay, secret values go. Names and values may be percent-encoded.
  private func form(_ query: String) -> String {
    query.split(separator: "&", omittingEmptySubsequences: false).map { pair in
      guard let equals = pair.firstIndex(of: "=") else { return text(String(pair)) }
      let name = String(pair[..<equals])
      let value = String(pair[pair.index(after: equals)...])
      let plain = percentDecoded(value, plusIsSpace: true)
      let shown = parameter(percentDecoded(name, plusIsSpace: true), plain)
      // What holds no secret stays as it was written.
      return name + "=" + (shown == plain ? value : shown)
    }.joined(separator: "&")
  }

  /// Parts of a form by their names (RFC 7578 §4.2).
  private func multipart(_ body: String) -> String {
    var isSecret = false
    var isValue = false
    var lines: [String] = []
    for line in body.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      // Swift takes CR LF for one character, and lines may end in either.
      let plain = String(line.unicodeScalars.filter { $0 != "\r" })
      if plain.hasPrefix("--") {
        (isSecret, isValue) = (false, false)
        lines.append(plain)
      } else if isValue {
        lines.append(isSecret && !plain.isEmpty ? fingerprint(plain) : text(plain))
      } else if plain.isEmpty {
        isValue = true
        lines.append(plain)
      } else {
        if let name = Self.partName(plain) { isSecret = SecretNames.isSecret(parameter: name) }
        lines.append(plain)
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func partName(_ line: String) -> String? {
    guard line.lowercased().hasPrefix("content-disposition:"),
      let start = line.firstRange(of: " name=")?.upperBound
    else { return nil }
    let value = line[start...]
    return value.hasPrefix("\"")
      ? String(value.dropFirst().prefix { $0 != "\"" }) : String(value.prefix { $0 != ";" })
  }

  private func cookies(_ value: String, separator: String) -> String {
    value.split(separator: ";").map { part in
      let part = part.drop { $0 == " " }
      guard let equals = part.firstIndex(of: "=") else { return fingerprint(String(part)) }
      return part[...equals] + fingerprint(String(part[part.index(after: equals)...]))
    }.joined(separator: separator)
  }

  /// The cookie's value goes; its attributes stay.
  private func setCookie(_ value: String) -> String {
    let end = value.firstIndex(of: ";") ?? value.endIndex
    return cookies(String(value[..<end]), separator: "; ") + value[end...]
  }
}
