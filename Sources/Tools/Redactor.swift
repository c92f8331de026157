import Bytes
import Crypto
import JSON

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

  /// The words that stand in for `secret`.
  package func fingerprint(_ secret: String) -> String {
    guard let key else { return secret }
    let code = HMAC<SHA256>.authenticationCode(for: Array(secret.utf8), using: key)
    return "[redacted:" + hex(code.prefix(4)) + "]"
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
      return SecretNames.isSecret(header: name) ? fingerprint(value) : text(value)
    }
  }

  /// One cookie's value.
  package func cookie(_ name: String, _ value: String) -> String {
    key == nil ? value : fingerprint(value)
  }

  /// A URL or path with query: user information and the values of secret parameters go.
  package func url(_ value: String) -> String {
    guard key != nil else { return value }
    var result = value
    if let scheme = result.firstRange(of: "://") {
      let rest = result[scheme.upperBound...]
      let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
      if let at = authority.lastIndex(of: "@") {
        let secret = String(authority[..<at])
        result = result[..<scheme.upperBound] + fingerprint(secret) + rest[at...]
      }
    }
    guard let mark = result.firstIndex(of: "?") else { return text(result) }
    let query = result[result.index(after: mark)...]
    return text(String(result[...mark])) + form(String(query))
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
    if type.contains("x-www-form-urlencoded") { return form(body) }
    return text(keyed(body))
  }

  /// Any other captured text: secrets that are recognised by their shape.
  package func text(_ text: String) -> String {
    guard key != nil else { return text }
    return SecretShapes.replaced(in: text) { fingerprint($0) }
  }

  /// `a=1&token=x`: names stay, secret values go.
  private func form(_ query: String) -> String {
    query.split(separator: "&", omittingEmptySubsequences: false).map { pair in
      guard let equals = pair.firstIndex(of: "=") else { return text(String(pair)) }
      let name = String(pair[..<equals])
      let value = String(pair[pair.index(after: equals)...])
      return name + "=" + parameter(name, value)
    }.joined(separator: "&")
  }

  private func cookies(_ value: String, separator: String) -> String {
    value.split(separator: ";").map { part in
      let part = part.drop { $0 == " " }
      guard let equals = part.firstIndex(of: "=") else { return String(part) }
      return part[...equals] + fingerprint(String(part[part.index(after: equals)...]))
    }.joined(separator: separator)
  }

  /// The cookie's value goes; its attributes stay.
  private func setCookie(_ value: String) -> String {
    let end = value.firstIndex(of: ";") ?? value.endIndex
    return cookies(String(value[..<end]), separator: "; ") + value[end...]
  }

  /// Values of secret keys in JSON text, also when the text is cut or not quite JSON: a scan for
  /// `"key" : "value"` needs no whole document.
  private func keyed(_ body: String) -> String {
    let bytes = Array(body.utf8)
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var at = 0
    while at < bytes.count {
      guard bytes[at] == 0x22 else {
        output.append(bytes[at])
        at += 1
        continue
      }
      let end = quotedEnd(bytes, at)
      output += bytes[at..<end]
      let name = String(decoding: bytes[min(at + 1, end)..<max(at + 1, end - 1)], as: UTF8.self)
      at = end
      guard SecretNames.isSecret(key: name), let value = valueRange(bytes, after: end) else {
        continue
      }
      output += bytes[at..<value.lowerBound]
      let secret = String(decoding: bytes[value], as: UTF8.self)
      output += secret == "null" ? Array("null".utf8) : Array("\"\(fingerprint(secret))\"".utf8)
      at = value.upperBound
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// Where the quoted text that begins at `start` ends (after its closing quote, or at the end).
  private func quotedEnd(_ bytes: [UInt8], _ start: Int) -> Int {
    var at = start + 1
    while at < bytes.count, bytes[at] != 0x22 { at += bytes[at] == 0x5c ? 2 : 1 }
    return min(at + 1, bytes.count)
  }

  /// The scalar after a colon: a quoted text with its quotes, or a bare word. Objects and arrays
  /// are looked into, not replaced.
  private func valueRange(_ bytes: [UInt8], after end: Int) -> Range<Int>? {
    var at = end
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
    while at < bytes.count, isBlank(bytes[at]) { at += 1 }
    guard at < bytes.count, bytes[at] == 0x3a else { return nil }
    at += 1
    while at < bytes.count, isBlank(bytes[at]) { at += 1 }
    guard at < bytes.count, bytes[at] != 0x7b, bytes[at] != 0x5b else { return nil }
    if bytes[at] == 0x22 { return at..<quotedEnd(bytes, at) }
    let start = at
    while at < bytes.count, !isBlank(bytes[at]), ![0x2c, 0x7d, 0x5d].contains(bytes[at]) { at += 1 }
    return start < at ? start..<at : nil
  }
}
