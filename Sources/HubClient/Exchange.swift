import AsyncHTTPClient
import Bytes
import NIOCore
import NIOHTTP1
import Synchronization
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Requests to one Hub: our headers, limits, and which redirects are followed.
struct Exchange: Sendable {
  /// A whole response.
  struct Reply: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8]

    fileprivate init(_ response: some HeadedResponse, body: [UInt8]) {
      (status, headers) = (Int(response.status.code), response.headers)
      self.body = body
    }

    func header(_ name: String) -> String? { headers.first(name: name) }

    /// Whether the body is a page for people.
    var isWebPage: Bool {
      let type = header("content-type")?.lowercased() ?? ""
      if type.utf8.span.bytes.firstOffset(of: "html") != nil { return true }
      // So begins nearly every answer, and no page.
      if let first = body.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
        return false
      }
      let start = String(decoding: body.prefix(256), as: UTF8.self).lowercased()
      return start.contains("<!doctype html") || start.contains("<html")
    }
  }

  /// Longest response body that is read, in bytes.
  static let maxBody = 64 << 20
  static let maxRedirects = 5
  /// Longest response body that is worked on where it came in, in bytes.
  static let promptBody = 64 << 10

  let client: HTTPClient
  /// Where all connections live, so that no call is handed from one loop to another. A call that
  /// insists on it would have its connection closed when it ends.
  let loop: any EventLoop
  let address: HubAddress
  let agent: String
  /// Sent along with every request, to this origin alone.
  let token: TokenSource
  /// The same, where no token can be had: it opens more than a token does.
  let license: String?
  let tls: RenewedTLS
  private let prepared = Prepared()

  /// The headers of every request, and those of this one.
  private func headers(_ more: [(name: String, value: String)]) -> HTTPHeaders {
    var headers: HTTPHeaders = ["User-Agent": agent, "X-Kubeshark-Capture": "ignore"]
    if let token = token.token {
      headers.add(name: "X-Kubeshark-Authorization", value: token)
    } else if let license, token.isInVain {
      headers.add(name: "License-Key", value: license)
    }
    for header in more { headers.add(name: header.name, value: header.value) }
    return headers
  }

  /// - Parameter path: below the Hub's address, beginning with a slash.
  func send(
    _ method: String, _ path: String, headers more: [(name: String, value: String)] = [],
    body: [UInt8]? = nil, timeout: Duration
  ) async throws(HubFault) -> Reply {
    let deadline = NIODeadline.now() + .nanoseconds(timeout.nanoseconds)
    do {
      let response = try await follow(address.url(path)) { url in
        try await whole(method, url, more, body, deadline)
      } reply: {
        $0
      }
      if let length = response.body?.readableBytes, length > Self.promptBody {
        await LoopThread(loop: loop).leave()
      }
      return Reply(response, body: response.body.map { Array($0.readableBytesView) } ?? [])
    } catch {
      throw fault(for: error, within: timeout)
    }
  }

  /// Opens a response whose body is read piece by piece. A connection that is silent for too
  /// long counts as broken.
  ///
  /// - Parameter timeout: for the head of the response.
  func open(
    _ path: String, headers more: [(name: String, value: String)], timeout: Duration
  ) async throws(HubFault) -> OpenReply {
    do {
      let deadline = NIODeadline.now() + .nanoseconds(timeout.nanoseconds)
      return try await follow(address.url(path)) { url in
        var request = HTTPClientRequest(url: url)
        request.headers = headers(more)
        request.tlsConfiguration = tls.current
        return try await client.execute(request, deadline: deadline)
      } reply: {
        OpenReply(head: Reply($0, body: []), body: $0.body)
      }
    } catch {
      throw fault(for: error, within: timeout)
    }
  }

  /// A response whose body has not been read yet.
  struct OpenReply: Sendable {
    let head: Reply
    fileprivate let body: HTTPClientResponse.Body

    /// The whole of a short body, such as an error has.
    func whole() async throws(HubFault) -> Reply {
      var reply = head
      do {
        for try await chunk in body {
          guard reply.body.count + chunk.readableBytes <= 64 << 10 else { break }
          reply.body.append(contentsOf: chunk.readableBytesView)
        }
      } catch {
        throw fault(for: error)
      }
      return reply
    }

    /// Hands over the body piece by piece; no more is read until a piece was taken.
    func copy(_ sink: HubFile.Sink) async throws {
      for try await chunk in body { try await sink(Array(chunk.readableBytesView)) }
    }
  }

  /// Sends, and follows redirects within the Hub's own origin, or from http to https there.
  private func follow<Response: HeadedResponse, Result>(
    _ url: String, once: (String) async throws -> Response, reply: (Response) -> Result
  ) async throws -> Result {
    var url = url
    for _ in 0...Self.maxRedirects {
      let response = try await once(url)
      let status = Int(response.status.code)
      guard [301, 302, 303, 307, 308].contains(status) else { return reply(response) }
      let target = response.headers.first(name: "location").map { absolute($0, from: url) }
      guard let target else { throw HubFault.signIn(status: status, to: nil) }
      let upgrades = isUpgrade(from: url, to: target)
      // 302 and 303 lead to sign-in pages; only the plain step to https is something else.
      if status == 302 || status == 303, !upgrades {
        throw HubFault.signIn(status: status, to: withoutQuery(target))
      }
      guard upgrades || origin(of: target) == address.origin else {
        throw HubFault.redirect(to: withoutQuery(target))
      }
      url = target
    }
    throw HubFault.tooManyRedirects
  }

  /// One request, and its response with the whole body, in one step: what waits for it is woken
  /// once.
  private func whole(
    _ method: String, _ url: String, _ more: [(name: String, value: String)], _ body: [UInt8]?,
    _ deadline: NIODeadline
  ) async throws -> HTTPClient.Response {
    var request = try prepared.request(method, url)
    request.headers = headers(more)
    request.tlsConfiguration = tls.current
    if let body {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .byteBuffer(ByteBuffer(bytes: body))
    }
    let task = client.execute(
      request: request, delegate: ResponseAccumulator(request: request, maxBodySize: Self.maxBody),
      eventLoop: .delegate(on: loop), deadline: deadline)
    return try await withTaskCancellationHandler {
      try await task.get()
    } onCancel: {
      task.cancel()
    }
  }

  // MARK: Addresses

  private func absolute(_ location: String, from url: String) -> String {
    if location.contains("://") { return location }
    if location.hasPrefix("//") { return "\(address.scheme):\(location)" }
    let root = "\(address.scheme)://\(url.split(separator: "/").dropFirst().first ?? "")"
    return location.hasPrefix("/") ? root + location : root + "/" + location
  }

  private func origin(of url: String) -> String? { parsed(url)?.origin }

  private func isUpgrade(from: String, to: String) -> Bool {
    guard let from = parsed(from), let to = parsed(to) else { return false }
    return from.scheme == "http" && to.scheme == "https" && from.host == to.host
      && from.basePath == to.basePath
  }

  private func parsed(_ url: String) -> HubAddress? {
    do throws(HubAddress.Problem) {
      return try HubAddress(withoutQuery(url))
    } catch {
      return nil
    }
  }

  private func withoutQuery(_ url: String) -> String {
    String(url.prefix { $0 != "?" && $0 != "#" })
  }
}

/// The request made last, without what changes from one to the next: taking an address apart takes
/// longer than anything else in making one.
private final class Prepared: Sendable {
  private struct Last {
    var method: String
    var url: String
    var request: HTTPClient.Request
  }

  private let last = Mutex<Last?>(nil)

  func request(_ method: String, _ url: String) throws -> HTTPClient.Request {
    if let request = last.withLock({ last in
      last.flatMap { $0.method == method && $0.url == url ? $0.request : nil }
    }) {
      return request
    }
    let request = try HTTPClient.Request(url: url, method: HTTPMethod(rawValue: method))
    last.withLock { $0 = Last(method: method, url: url, request: request) }
    return request
  }
}

/// What both kinds of responses of the HTTP library have.
private protocol HeadedResponse {
  var status: HTTPResponseStatus { get }
  var headers: HTTPHeaders { get }
}

extension HTTPClientResponse: HeadedResponse {}
extension HTTPClient.Response: HeadedResponse {}

/// What an error of the HTTP library means.
///
/// Some of its error types belong to modules we do not build on; those are told by their text.
///
/// - Parameter limit: how long the request may take.
func fault(for error: any Error, within limit: Duration? = nil) -> HubFault {
  if let fault = error as? HubFault { return fault }
  if let error = error as? ResponseAccumulator.ResponseTooBigError {
    return .tooLarge(limit: error.maxBodySize)
  }
  if error is CancellationError { return .cancelled }
  if let error = error as? HTTPClientError {
    if error == .deadlineExceeded, let limit { return .timedOut(limit) }
    switch error {
    case .cancelled, .requestStreamCancelled: return .cancelled
    case .connectTimeout, .getConnectionFromPoolTimeout:
      return .unreachable("the connection could not be made in time")
    case .tlsHandshakeTimeout: return .tls("the TLS handshake took too long")
    case .remoteConnectionClosed, .uncleanShutdown, .readTimeout, .bodyLengthMismatch:
      return .dropped
    default: return .unreachable(error.shortDescription)
    }
  }
  if let error = error as? HTTPParserError {
    return error == .invalidEOFState ? .dropped : .notHTTP
  }
  if let error = error as? IOError, let fault = fault(ofErrno: error.errnoCode) { return fault }
  if let error = error as? ChannelError {
    if case .connectTimeout = error {
      return .unreachable("the connection could not be made in time")
    }
    return .dropped
  }
  let text = String(reflecting: error)
  let lower = text.lowercased()
  if lower.contains("ssl") || lower.contains("certificate") { return .tls(tlsReason(lower)) }
  if lower.contains("connection refused") || lower.contains("errno: 111") { return .refused }
  if lower.contains("connection reset") || lower.contains("broken pipe")
    || lower.contains("ioonclosedchannel") || lower.contains("inputclosed")
  {
    return .dropped
  }
  if lower.contains("no route") || lower.contains("unreachable") {
    return .unreachable("there is no route to it")
  }
  if lower.contains("dnsaerror") || lower.contains("socketaddresserror")
    || lower.contains("getaddrinfo")
  {
    return .unknownHost
  }
  return .unreachable(String(text.prefix(200)))
}

private func fault(ofErrno number: Int32) -> HubFault? {
  switch number {
  case ECONNREFUSED: .refused
  case ECONNRESET, EPIPE, ENOTCONN, ECONNABORTED: .dropped
  case EHOSTUNREACH, ENETUNREACH: .unreachable("there is no route to it")
  default: nil
  }
}

private func tlsReason(_ text: String) -> String {
  if text.contains("hostname") || text.contains("ip address mismatch") || text.contains("altname") {
    return "its certificate is for another name"
  }
  if text.contains("certificate_verify_failed") || text.contains("self signed")
    || text.contains("unable to get local issuer")
  {
    // The library does not say which of the two.
    return "its certificate has expired or is signed by an authority that is not known here"
  }
  if text.contains("wrong_version_number") { return "it does not speak TLS on this port" }
  return "the TLS handshake failed"
}
