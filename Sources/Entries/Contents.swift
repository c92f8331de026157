private import Bytes

/// Headers and bodies of both messages of an entry, and the fields made from them.
package struct Contents: Sendable {
  /// Bytes of a body that `request_body` and `response_body` show at most.
  package static let previewLimit = 64 << 10

  package var request: Content?
  package var response: Content?
  private let decoder: ContentDecoder

  /// - Parameter decoder: without one, coded bodies count as binary.
  package init(
    request: Content? = nil, response: Content? = nil,
    decoder: ContentDecoder = .plain
  ) {
    (self.request, self.response, self.decoder) = (request, response, decoder)
  }

  /// The value of a row whose source is `.content`; `.none` for others.
  package func value(_ id: FieldID) -> FieldValue {
    switch id {
    case .requestHeaders: Self.headers(of: request)
    case .responseHeaders: Self.headers(of: response)
    case .requestCookies: request.map { .pairs(Self.cookiesSent($0.headers)) } ?? .none
    case .responseCookies: response.map { .pairs(Self.cookiesSet($0.headers)) } ?? .none
    case .requestBody: preview(request)
    case .responseBody: preview(response)
    default: .none
    }
  }

  /// Header fields with lower-case names, each once: values of a repeated one are joined with
  /// `, `, cookies with `; ` (RFC 9110 §5.3, RFC 9113 §8.2.3).
  private static func headers(of content: Content?) -> FieldValue {
    guard let content else { return .none }
    var result: [HeaderBlock.Field] = []
    var places: [String: Int] = [:]
    for field in content.headers.fields {
      let name = field.name.lowercased()
      if let place = places[name] {
        result[place].value += (name == "cookie" ? "; " : ", ") + field.value
      } else {
        places[name] = result.count
        result.append(HeaderBlock.Field(name: name, value: field.value))
      }
    }
    return .pairs(result)
  }

  /// Cookies of Cookie fields (RFC 6265 §4.2.1); of a repeated name the first counts.
  private static func cookiesSent(_ headers: HeaderBlock) -> [HeaderBlock.Field] {
    var result: [HeaderBlock.Field] = []
    var seen: Set<String> = []
    for field in headers.fields where field.name.lowercased() == "cookie" {
      for part in field.value.split(separator: ";") {
        if let cookie = pair(part), seen.insert(cookie.name).inserted { result.append(cookie) }
      }
    }
    return result
  }

  /// Cookies of Set-Cookie fields without their attributes (RFC 6265 §4.1.1); of a repeated name
  /// the last counts.
  private static func cookiesSet(_ headers: HeaderBlock) -> [HeaderBlock.Field] {
    var result: [HeaderBlock.Field] = []
    for field in headers.fields where field.name.lowercased() == "set-cookie" {
      guard let cookie = pair(field.value.prefix { $0 != ";" }) else { continue }
      result.removeAll { $0.name == cookie.name }
      result.append(cookie)
    }
    return result
  }

  /// Name and value around the first `=`, without blanks at their ends.
  private static func pair(_ text: Substring) -> HeaderBlock.Field? {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    let name = trimmed(text[..<equals])
    return name.isEmpty
      ? nil : HeaderBlock.Field(name: name, value: trimmed(text[text.index(after: equals)...]))
  }

  private static func trimmed(_ text: Substring) -> String {
    func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
    var rest = text.drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return String(rest)
  }

  /// The body as text without its content codings; `.none` where it is binary or empty.
  private func preview(_ content: Content?) -> FieldValue {
    guard let body = body(of: content), let text = Self.text(body) else { return .none }
    return .text(text)
  }

  /// The kept body of a message without its content codings; nil when nothing is kept.
  package func body(of content: Content?) -> [UInt8]? {
    guard let content, !content.body.isEmpty else { return nil }
    guard let codings = content.headers.codings else { return content.body }
    return decoder.body(content.body, codings)
  }

  /// The first bytes of `body` as text, cut between characters; nil where it is no text.
  package static func text(_ body: [UInt8], limit: Int = previewLimit) -> String? {
    var bytes = body[...].prefix(limit)
    // A character cut at the end is not what makes a body binary: it is left out.
    var continuations = 0
    while continuations < 3, let last = bytes.dropLast(continuations).last, last & 0xc0 == 0x80 {
      continuations += 1
    }
    if let lead = bytes.dropLast(continuations).last, lead >= 0xc0 {
      let wanted = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1
      if continuations < wanted { bytes = bytes.dropLast(continuations + 1) }
    }
    let controls = bytes.contains { $0 < 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
    return controls || bytes.isEmpty ? nil : Array(bytes).rawSpan.validText()
  }
}
