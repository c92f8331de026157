import Bytes
import Crypto
import ToolKit

/// Signs requests with AWS Signature Version 4, as S3 and what is compatible with it ask for.
struct RequestSignature: Sendable {
  /// Who signs.
  struct Credentials: Hashable, Sendable {
    var accessKey: String
    var secretKey: String
    /// Goes with keys that live for a while.
    var sessionToken: String?
  }

  /// What is signed of a request.
  struct Request: Sendable {
    var method: String
    /// As it is sent: percent-encoded, beginning with a slash.
    var path: String
    /// Not encoded.
    var query: [(name: String, value: String)] = []
    /// With `host`; names in lower case.
    var headers: [(name: String, value: String)]
    /// SHA-256 of the body.
    var payload: [UInt8]
  }

  let credentials: Credentials
  let region: String
  var service = "s3"

  /// The header fields that have to be added to the request.
  ///
  /// - Parameter time: `20130524T000000Z`, in UTC.
  func headers(for request: Request, time: String) -> [(name: String, value: String)] {
    let payload = hex(request.payload)
    var added = [(name: "x-amz-content-sha256", value: payload), (name: "x-amz-date", value: time)]
    if let token = credentials.sessionToken {
      added.append((name: "x-amz-security-token", value: token))
    }
    let signed = (request.headers + added).sorted { $0.name < $1.name }
    let names = signed.map(\.name).joined(separator: ";")
    let canonical = [
      request.method, request.path, Self.canonicalQuery(request.query),
      signed.map { "\($0.name):\($0.value.trimmed)\n" }.joined(), names, payload,
    ].joined(separator: "\n")
    let day = String(time.prefix(8))
    let scope = "\(day)/\(region)/\(service)/aws4_request"
    let text = [
      "AWS4-HMAC-SHA256", time, scope, hex(SHA256.hash(data: Array(canonical.utf8))),
    ].joined(separator: "\n")
    let signature = hex(Self.code(text, key: key(day: day)))
    added.append(
      (
        name: "authorization",
        value: "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope),"
          + "SignedHeaders=\(names),Signature=\(signature)"
      ))
    return added
  }

  /// The query as it is signed, which is also a way to send it.
  static func canonicalQuery(_ query: [(name: String, value: String)]) -> String {
    query.map { (percentEncoded($0.name), percentEncoded($0.value)) }
      .sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
  }

  private func key(day: String) -> [UInt8] {
    [day, region, service, "aws4_request"].reduce(Array(("AWS4" + credentials.secretKey).utf8)) {
      Self.code($1, key: $0)
    }
  }

  private static func code(_ text: String, key: [UInt8]) -> [UInt8] {
    Array(
      HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
  }
}
