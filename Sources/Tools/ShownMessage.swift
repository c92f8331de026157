import Bytes
import Decompression
import Entries
import JSON

/// Headers and body of a recorded message, decoded, redacted and cut for an answer.
struct ShownMessage {
  struct Body {
    /// Text, or base64 when `encoding` says so.
    var text: String
    var isCut: Bool
    /// `base64` for binary bodies.
    var encoding: String?
    /// Why the content coding could not be undone in full.
    var problem: String?

    /// What stands for bytes that are no text.
    var binaryNote: String {
      let padding = text.utf8.reversed().prefix { $0 == 0x3d }.count
      return "(binary, \(Shown.counted(text.utf8.count / 4 * 3 - padding, "byte")))"
    }
  }

  /// Names as on the wire, repeated ones joined; pseudo headers of HTTP/2 included.
  var headers: JSONObject
  /// Cookies sent or set, by name; values redacted.
  var cookies: JSONObject
  /// Nil when the message had none or none was kept.
  var body: Body?

  init(_ content: Content, redactor: Redactor, bodyLimit: Int) {
    let fields = content.headers.fields
    headers = Self.headers(fields, redactor)
    cookies = Self.cookies(fields, redactor)
    body = Self.body(content, fields, redactor, limit: bodyLimit)
  }

  private static func headers(
    _ fields: [HeaderBlock.Field], _ redactor: Redactor
  ) -> JSONObject {
    var object = JSONObject()
    for field in fields {
      let value = Shown.text(redactor.header(field.name, field.value), limit: 4_096)
      let name = Shown.text(field.name)
      if let before = object[name]?.string {
        let separator = name.lowercased() == "cookie" ? "; " : ", "
        object[name] = .string(before + separator + value)
      } else {
        object[name] = .string(value)
      }
    }
    return object
  }

  private static func cookies(
    _ fields: [HeaderBlock.Field], _ redactor: Redactor
  ) -> JSONObject {
    var object = JSONObject()
    for field in fields {
      let name = field.name.lowercased()
      guard name == "cookie" || name == "set-cookie" else { continue }
      // A Set-Cookie field sets one cookie, and attributes follow it (RFC 6265 §4.1).
      let parts = field.value.split(separator: ";").prefix(name == "cookie" ? .max : 1)
      for part in parts {
        let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2 else { continue }
        let key = Shown.text(String(pair[0].drop { $0 == " " }))
        object[key] = .string(Shown.text(redactor.cookie(key, String(pair[1]))))
      }
    }
    return object
  }

  private static func body(
    _ content: Content, _ fields: [HeaderBlock.Field], _ redactor: Redactor, limit: Int
  ) -> Body? {
    guard !content.body.isEmpty else { return nil }
    func value(_ name: String) -> String {
      fields.last { $0.name.lowercased() == name }?.value ?? ""
    }
    let decoded = ContentCoding.decode(content.body, list: content.headers.codings ?? "")
    let isCut = content.isCut || decoded.problem != nil
    guard var text = text(decoded.bytes, isCut: isCut) else {
      let plain = redacted(decoded.bytes, redactor)
      let kept = plain.prefix(limit)
      return Body(
        text: base64(Array(kept)), isCut: isCut || kept.count < plain.count,
        encoding: "base64", problem: decoded.problem)
    }
    text = redactor.body(text, mediaType: value("content-type"))
    let shown = prefix(text, bytes: limit)
    return Body(
      text: shown, isCut: isCut || shown.utf8.count < text.utf8.count, encoding: nil,
      problem: decoded.problem)
  }

  /// Binary bytes without the secrets that texts among them have; each byte is taken for a character.
  static func redacted(_ bytes: [UInt8], _ redactor: Redactor) -> [UInt8] {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(Unicode.Scalar(byte)) }
    let plain = String(text)
    let shown = redactor.text(plain)
    guard shown != plain else { return bytes }
    return shown.unicodeScalars.flatMap { scalar in
      UInt8(exactly: scalar.value).map { [$0] } ?? Array(String(scalar).utf8)
    }
  }

  /// The bytes as text, or nil when they are binary. A cut may have split the last character.
  private static func text(_ bytes: [UInt8], isCut: Bool) -> String? {
    guard !bytes.contains(0) else { return nil }
    for dropped in 0...(isCut ? min(3, bytes.count) : 0) {
      if let text = String(validating: bytes.dropLast(dropped), as: UTF8.self) { return text }
    }
    return nil
  }

  /// At most so many bytes, cut between characters.
  static func prefix(_ text: String, bytes limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
    while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
      end = text.utf8.index(before: end)
    }
    return String(text[..<end])
  }
}
