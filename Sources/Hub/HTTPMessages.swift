import Bytes
import Decompression
import JSON
import ToolKit

/// An HTTP request as the Hub's face sees it: no socket, no stream.
package struct HubRequest: Sendable {
  package var method: String
  /// As it stands in the request line, without the query.
  package var path: String
  /// Without the question mark; empty when there is none.
  package var query: String
  /// Names in lower case, in the order they came.
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]

  package init(
    method: String, path: String, query: String = "",
    headers: [(name: String, value: String)] = [], body: [UInt8] = []
  ) {
    (self.method, self.path, self.query) = (method, path, query)
    (self.headers, self.body) = (headers, body)
  }

  /// The value of the first header of that name.
  func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Conditions on the version of what is asked for.
extension HubRequest {
  /// Whether the client says that it has the version of this tag (`If-None-Match`). The comparison
  /// is the weak one (RFC 9110 §13.1.2): the coding of the body does not matter.
  func knows(_ tag: String) -> Bool {
    Self.tags(header("if-none-match")).contains {
      $0 == "*" || $0.trimmingPrefix("W/") == tag.trimmingPrefix("W/")
    }
  }

  /// Whether the client wants another version and none beside it (`If-Match`, RFC 9110 §13.1.1).
  func wantsOther(than tag: String) -> Bool {
    let wanted = Self.tags(header("if-match"))
    return !wanted.isEmpty && !wanted.contains("*") && !wanted.contains(tag)
  }

  /// Tags of ours hold no comma.
  private static func tags(_ list: String?) -> [String] {
    list?.split(separator: ",").map { String($0.filter { $0 != " " }) } ?? []
  }
}

/// An HTTP response as a value.
package struct HubResponse: Hashable, Sendable {
  package var status: Int
  package var contentType: String?
  /// The `ETag` of the body.
  package var tag: String?
  /// The methods that would have been right.
  package var allow: String?
  /// Other fields, names in lower case.
  package var fields: [Field] = []
  package var body: [UInt8]

  /// A header field.
  package struct Field: Hashable, Sendable {
    package var name: String
    package var value: String
  }

  package init(status: Int, contentType: String? = nil, body: [UInt8] = []) {
    (self.status, self.contentType, self.body) = (status, contentType, body)
  }

  /// JSON text under the given media type.
  static func json(
    _ object: JSONObject, status: Int = 200, type: String = MediaType.json
  ) -> HubResponse {
    var writer = JSONWriter(reserving: 1024)
    writer.write(object)
    return HubResponse(status: status, contentType: type, body: writer.bytes)
  }

  static func tooLarge(limit: Int) -> HubResponse {
    .error(
      ToolError(
        status: 413, code: "too_large", message: "The body is longer than \(limit) bytes."))
  }

  /// The error of the contract (`error`, `code`, `hint` …) under its status.
  static func error(_ error: ToolError) -> HubResponse {
    var response = json(
      error.json, status: (400...599).contains(error.status) ? error.status : 500)
    if let seconds = error.details["retry_after"]?.int {
      response.fields.append(Field(name: "retry-after", value: String(seconds)))
    }
    return response
  }

  /// Bodies shorter than this are not worth compressing, in bytes.
  static let leastToCompress = 1_024

  /// The response as the client can read it: compressed where it says that it takes that.
  func encoded(for request: HubRequest) -> HubResponse {
    guard body.count >= Self.leastToCompress, Self.takesGzip(request.header("accept-encoding")),
      let compressed = gzipped(body.rawSpan)
    else { return self }
    var response = self
    response.body = compressed
    response.fields.append(Field(name: "content-encoding", value: "gzip"))
    response.fields.append(Field(name: "vary", value: "accept-encoding"))
    // The same document in other bytes: the tag is a weak one (RFC 9110 §8.8.1).
    response.tag = tag.map { "W/" + $0 }
    return response
  }

  /// Whether `gzip` is among the codings, and not with a weight of 0 (RFC 9110 §12.5.3).
  private static func takesGzip(_ list: String?) -> Bool {
    let codings = list?.lowercased().split(separator: ",").map { part in
      part.split(separator: ";").map { $0.filter { $0 != " " } }
    }
    return codings?.contains { coding in
      coding.first == "gzip" && !coding.dropFirst().contains { ["q=0", "q=0.0"].contains($0) }
    } ?? false
  }
}

/// Media types of requests and answers.
package enum MediaType {
  static let json = "application/json; charset=utf-8"
  static let events = "text/event-stream"
  /// A tool's answer with everything the embedded Hub knows about it: the structured form, the
  /// text for reading, and whether the first obeys the tool's schema. Clients of ours ask for it.
  package static let answer = "application/vnd.kubeshark.answer+json"

  /// Whether a `Content-Type` is JSON of any kind.
  static func isJSON(_ contentType: String) -> Bool {
    let type = contentType.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
    return type == "application/json"
      || (type.hasPrefix("application/") && type.hasSuffix("+json"))
  }
}
