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
    case ":authority": return authority(value)
    case "sec-websocket-protocol": return subprotocols(value)
    case "referer", "location", "content-location", ":path", "origin": return url(value)
    default:
      if SecretNames.isSecret(header: name) { return fingerprint(value) }
      if name.hasSuffix("host") { return authority(value) }
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
    if Self.isAuthority(value) { return authority(value) }
    guard let mark = value.firstIndex(where: { $0 == "?" || $0 == "#" }) else { return path(value) }
    let rest = value[value.index(after: mark)...]
    let head = path(String(value[..<mark])) + String(value[mark])
    guard value[mark] == "?", let fragment = rest.firstIndex(of: "#") else {
      return head + form(String(rest))
    }
    return head + form(String(rest[..<fragment])) + "#"
      + form(String(rest[rest.index(after: fragment)...]))
  }

  /// A path: also what looks made up behind a segment that names a secret (`/reset-password/…`).
  private func path(_ path: String) -> String {
    guard Self.namesSecret(path) else { return text(path) }
    var isNamed = false
    let segments = path.split(separator: "/", omittingEmptySubsequences: false).map {
      (segment) -> String in
      defer { isNamed = SecretNames.isSecret(key: String(segment)) }
      return isNamed && SecretShapes.isMadeUp(segment.utf8)
        ? fingerprint(String(segment)) : String(segment)
    }
    return text(segments.joined(separator: "/"))
  }

  /// Whether a segment of a path, which others follow, names a secret.
  private static func namesSecret(_ path: String) -> Bool {
    let bytes = path.utf8.span.bytes
    var start = 0
    while let end = bytes.firstOffset(of: UInt8(ascii: "/"), from: start) {
      if SecretNames.isSecret(key: bytes.extracting(start..<end)) { return true }
      start = end + 1
    }
    return false
  }

  /// Whether it is `user:password@host:port`, what CONNECT asks for (RFC 9112 §3.2.3).
  private static func isAuthority(_ value: String) -> Bool {
    guard let at = value.utf8.lastIndex(of: 0x40), value.utf8[..<at].contains(0x3a),
      !value.utf8.contains(where: { [0x20, 0x23, 0x2f, 0x3f].contains($0) }),
      let colon = value.utf8[at...].lastIndex(of: 0x3a)
    else { return false }
    let port = value.utf8[colon...].dropFirst()
    return !port.isEmpty && port.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// `user:password@host`: the password goes, or a lone token before the host.
  private func authority(_ value: String) -> String {
    guard let at = value.lastIndex(of: "@") else { return text(value) }
    let start = value[..<at].firstIndex(of: ":").map { value.index(after: $0) } ?? value.startIndex
    return "\(value[..<start])\(fingerprint(String(value[start..<at])))\(value[at...])"
  }

  /// Subprotocols of a WebSocket. Browsers can set no other field, so credentials are among them:
  /// behind a name (`access_token, …`) or in one word with it (`…bearer.authorization.k8s.io.…`).
  private func subprotocols(_ value: String) -> String {
    var (isNamed, isChanged) = (false, false)
    let words = value.split(separator: ",").map { (part) -> String in
      let word = String(part.drop { $0 == " " })
      var parts = word.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      let place = parts.firstIndex(where: Self.namesCredentials)
      defer { isNamed = parts.count == 1 && place != nil }
      if isNamed {
        isChanged = true
        return fingerprint(word)
      }
      guard var end = place else { return text(word) }
      // Those of Kubernetes go on with its domain.
      if parts[(end + 1)...].starts(with: ["authorization", "k8s", "io"]) { end += 3 }
      guard end + 1 < parts.count else { return word }
      isChanged = true
      let secret = parts[(end + 1)...].joined(separator: ".")
      parts.replaceSubrange((end + 1)..., with: [fingerprint(secret)])
      return parts.joined(separator: ".")
    }
    return isChanged ? words.joined(separator: ", ") : text(value)
  }

  private static func namesCredentials(_ word: String) -> Bool {
    ["bearer", "basic"].contains(word.lowercased()) || SecretNames.isSecret(key: word)
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
