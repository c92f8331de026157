import AsyncHTTPClient
import Bytes
import Crypto
import NIOCore
import NIOHTTP1
import ToolKit

/// Requests to one bucket: signed, bounded in time, and tried again where that can help.
struct S3Client: Sendable {
  /// Where the bucket is.
  struct Bucket: Hashable, Sendable {
    var name: String
    /// `https` or `http`.
    var scheme: String
    /// With the port where it is not the scheme's own.
    var host: String
    /// Whether the bucket is the first part of the path; else it is a part of the host's name.
    var isInPath: Bool

    /// Percent-encoded; the slashes of a key stay.
    func path(_ key: String) -> String {
      let encoded = key.split(separator: "/", omittingEmptySubsequences: false)
        .map { percentEncoded($0) }.joined(separator: "/")
      return isInPath ? "/\(name)/\(encoded)" : "/\(encoded)"
    }
  }

  /// A whole response.
  struct Reply: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8]

    var xml: XMLElement? { XMLElement(body) }
    func header(_ name: String) -> String? { headers.first(name: name) }
  }

  /// How often a request is sent that fails by no fault of its own.
  static let attempts = 5
  /// Longest answer that is read as a whole, in bytes: a page of a listing.
  private static let maxBody = 16 << 20

  /// One for the whole process, whose connections stay open.
  private static let http: HTTPClient = {
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(10), read: .seconds(60)))
    configuration.httpVersion = .http1Only
    // Whoever cannot connect is told at once; trying again is our own choice.
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()

  let bucket: Bucket
  let signature: RequestSignature

  /// - Parameters:
  ///   - allowed: statuses besides those of success that are no failure.
  ///   - attempts: fewer where somebody waits for the answer.
  func send(
    _ method: HTTPMethod, _ key: String = "", query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)] = [], body: [UInt8] = [], allowed: Set<Int> = [],
    attempts: Int = S3Client.attempts
  ) async throws(StorageError) -> Reply {
    try await retried(attempts) { () async throws(Failure) in
      let response = try await response(method, key, query, headers, body)
      let reply = try await whole(response)
      if (200...299).contains(reply.status) || allowed.contains(reply.status) { return reply }
      throw failure(of: reply, key)
    }
  }

  /// Appends an object to a file, from the byte at which that ends.
  func fetch(
    _ key: String, into file: GrowingFile, bytes: UInt64, report: @Sendable (UInt64) -> Void
  ) async throws(StorageError) {
    // Attempts count from the last one that brought something.
    var (left, before) = (Self.attempts, file.count)
    while file.count < bytes {
      do throws(Failure) {
        try await fetchOnce(key, file, report)
        guard file.count >= bytes else {
          throw Failure(
            .init(.unreachable, "The answer of \(bucket.host) was too short.", hint: Self.again),
            isPassing: true)
        }
      } catch {
        left = file.count > before ? Self.attempts : left - 1
        before = file.count
        guard error.isPassing, left > 0 else { throw error.error }
        try await pause(Self.attempts - left)
      }
    }
  }

  private func fetchOnce(
    _ key: String, _ file: GrowingFile, _ report: @Sendable (UInt64) -> Void
  ) async throws(Failure) {
    let response = try await response(
      .GET, key, [], file.count > 0 ? [("range", "bytes=\(file.count)-")] : [], [])
    guard [200, 206].contains(Int(response.status.code)) else {
      throw failure(of: try await whole(response), key)
    }
    if response.status.code == 200 { file.restart() }
    do {
      for try await chunk in response.body {
        try file.append(Array(chunk.readableBytesView))
        report(file.count)
      }
    } catch let error as StorageError {
      throw Failure(error, isPassing: false)
    } catch {
      throw failure(of: error)
    }
  }

  // MARK: One request

  /// A failure, and whether the same request may do better in a moment.
  private struct Failure: Error {
    var error: StorageError
    var isPassing: Bool

    init(_ error: StorageError, isPassing: Bool) {
      (self.error, self.isPassing) = (error, isPassing)
    }
  }

  private func response(
    _ method: HTTPMethod, _ key: String, _ query: [(name: String, value: String)],
    _ headers: [(name: String, value: String)], _ body: [UInt8]
  ) async throws(Failure) -> HTTPClientResponse {
    let path = bucket.path(key)
    let signed = RequestSignature.Request(
      method: method.rawValue, path: path, query: query,
      headers: headers + [("host", bucket.host)], payload: Array(SHA256.hash(data: body)))
    let query = RequestSignature.canonicalQuery(query)
    var request = HTTPClientRequest(
      url: "\(bucket.scheme)://\(bucket.host)\(path)" + (query.isEmpty ? "" : "?" + query))
    request.method = method
    for header in signed.headers + signature.headers(for: signed, time: Self.time) {
      request.headers.add(name: header.name, value: header.value)
    }
    if !body.isEmpty || method == .PUT || method == .POST {
      request.body = .bytes(ByteBuffer(bytes: body))
    }
    do { return try await Self.http.execute(request, timeout: .minutes(10)) } catch {
      throw failure(of: error)
    }
  }

  private func whole(_ response: HTTPClientResponse) async throws(Failure) -> Reply {
    do {
      let body = try await response.body.collect(upTo: Self.maxBody)
      return Reply(
        status: Int(response.status.code), headers: response.headers,
        body: Array(body.readableBytesView))
    } catch { throw failure(of: error) }
  }

  /// Now, as signatures write it: `20130524T000000Z`.
  private static var time: String {
    String(Timestamp.now.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" }) + "Z"
  }

  // MARK: Failures

  private static let again = "Ask again: it goes on where it was."

  private func retried<Value>(
    _ attempts: Int, _ work: () async throws(Failure) -> Value
  ) async throws(StorageError) -> Value {
    var attempt = 1
    while true {
      do throws(Failure) { return try await work() } catch {
        guard error.isPassing, attempt < attempts else { throw error.error }
      }
      try await pause(attempt)
      attempt += 1
    }
  }

  private func pause(_ attempt: Int) async throws(StorageError) {
    do { try await Task.sleep(for: .milliseconds(200 << min(attempt, 5))) } catch {
      throw .cancelled
    }
  }

  private func failure(of error: any Error) -> Failure {
    if Task.isCancelled || error is CancellationError {
      return Failure(.cancelled, isPassing: false)
    }
    let reason = (error as? HTTPClientError)?.shortDescription ?? String(describing: error)
    return Failure(
      StorageError(
        .unreachable, "\(bucket.scheme)://\(bucket.host) cannot be reached: \(reason.prefix(200)).",
        hint: "Check the endpoint of the storage and the network. \(Self.again)"), isPassing: true)
  }

  private func failure(of reply: Reply, _ key: String) -> Failure {
    let (code, said) = (reply.xml?["Code"]?.text ?? "", reply.xml?["Message"]?.text ?? "")
    let what = key.isEmpty ? "The bucket \(bucket.name)" : "The object \(key)"
    let told = [code, said].filter { !$0.isEmpty }.joined(separator: ": ")
    let message = "\(what) at \(bucket.host): status \(reply.status) \(told.prefix(300))"
    switch reply.status {
    case 301, 307, 308:
      let region = reply.header("x-amz-bucket-region")
      return Failure(
        StorageError(
          .settings, message,
          hint: "The bucket is in another region\(region.map { ": \($0)" } ?? "")."),
        isPassing: false)
    case 401, 403:
      return Failure(
        StorageError(
          .denied, message,
          hint: "Check SNAPSHOT_AWS_ACCESS_KEY, SNAPSHOT_AWS_SECRET_KEY and what they may do."),
        isPassing: false)
    case 404:
      return Failure(
        StorageError(.notFound, message, hint: "Check the bucket and the prefix."),
        isPassing: false)
    case 429, 500, 502, 503, 504:
      return Failure(StorageError(.refused, message, hint: Self.again), isPassing: true)
    default:
      return Failure(
        StorageError(.refused, message, hint: "The storage does not take the request."),
        isPassing: code == "RequestTimeout")
    }
  }
}
