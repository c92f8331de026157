import AsyncHTTPClient
import HubClient
import Identity
import JSON
import NIOCore
import NIOHTTP1

/// One list of a cluster's objects, kept up to date: listed, then watched, and listed again when the
/// server no longer knows what happened since.
struct ResourceWatch: Sendable {
  /// Objects of a page of a list.
  private static let page = 500
  /// Longest page, in bytes.
  private static let maxPage = 64 << 20
  /// Seconds after which the server ends a watch, which then goes on where it was: other ones each
  /// time, so that the agents of all nodes, which began together, do not come back together.
  private static let watchSeconds = 200...290
  /// Longest time that a server may ask to wait.
  private static let longestWait = 60

  /// What is kept of an object. All of a cluster's objects as they come are more than an agent's
  /// memory holds.
  struct Object: Sendable {
    /// Its uid, or its name where it has none.
    var id: String
    /// Nil for what says nothing of addresses.
    var fact: InventoryReader.Fact?
  }

  /// What comes of it.
  enum Change: Sendable {
    /// These are all there are.
    case all([Object])
    case put(Object)
    case removed(Object)
    /// Why it cannot be kept up to date, as a sentence without its full stop; nil when it can again.
    case problem(String?)
    /// The same, because it is not allowed.
    case forbidden(String)
  }

  /// An answer that is no list or watch.
  struct Refused: Error {
    var status: Int
    var reason: String
    /// Seconds that the server asks to wait (RFC 9110 §10.2.3), as it does when it is busy.
    var retryAfter: Int?

    /// Whether the version that was asked for is of no use any more: what happened since is not known
    /// (410), or it is later than any that the server has, as after a restore of its store.
    var isOfVersion: Bool {
      status == 410 || status == 504 && reason.lowercased().contains("too large resource version")
    }
  }

  /// Such as `/api/v1/pods`.
  let path: String
  /// What lists do not say of their items.
  let kind: String
  /// Nil for the whole cluster.
  let namespace: String?
  let client: HTTPClient
  let access: APIAccess
  let token: TokenSource
  let tls: RenewedTLS

  /// Lists and watches until its task is cancelled.
  func run(_ take: @Sendable (Change) async -> Void) async {
    var pace = WatchPace()
    var version: String?
    while !Task.isCancelled {
      var opened: ContinuousClock.Instant?
      let before = version
      var end = WatchPace.End.ended
      var wait = Duration.zero
      do {
        let from: String
        if let version { from = version } else { from = try await list(take) }
        version = from
        let response = try await watch(from: from)
        let begun = ContinuousClock.now
        opened = begun
        await take(.problem(nil))
        version = try await follow(response, from: from, since: begun, take)
      } catch {
        if Task.isCancelled { return }
        if let refused = error as? Refused, refused.isOfVersion {
          // What happened meanwhile is not known any more.
          (version, end) = (nil, .expired)
        } else {
          end = .failed
          let isForbidden = (error as? Refused)?.status == 403
          await take(isForbidden ? .forbidden(sentence(error)) : .problem(sentence(error)))
        }
        let asked = (error as? Refused)?.retryAfter ?? 0
        wait = .seconds(min(max(asked, 0), Self.longestWait))
      }
      let pause = pace.pause(
        after: end, life: opened.map { ContinuousClock.now - $0 },
        moved: before != nil && version != nil && version != before)
      try? await Task.sleep(for: max(pause, wait) * Int.random(in: 75...125) / 100)
    }
  }

  private func sentence(_ error: any Error) -> String {
    guard let refused = error as? Refused else {
      return "the API server cannot be asked for \(path): \("\(error)".prefix(200))"
    }
    let advice =
      refused.status == 403
      ? "; its role must allow list and watch"
      : refused.status == 401 ? "; its token is refused" : ""
    return
      "the API server refuses \(path) (\(refused.status)): \(refused.reason.prefix(200))\(advice)"
  }

  // MARK: Listing

  /// Gives all objects, and the version they are of.
  private func list(_ take: (Change) async -> Void) async throws -> String {
    var objects: [Object] = []
    var (next, version) = ("", "0")
    repeat {
      var query = "?limit=\(Self.page)"
      if !next.isEmpty { query += "&continue=" + Self.encoded(next) }
      let response = try await send(query, deadline: .now() + .seconds(60))
      let body = try await response.body.collect(upTo: Self.maxPage)
      let list = try JSONReader.value(of: Array(body.readableBytesView))
      guard let items = list["items"]?.array,
        let listed = list["metadata"]?["resourceVersion"]?.string
      else { throw Refused(status: 200, reason: "the answer is no list") }
      objects += items.compactMap(object)
      version = listed
      next = list["metadata"]?["continue"]?.string ?? ""
    } while !next.isEmpty
    await take(.all(objects))
    return version
  }

  /// What is kept of one; nil for what has no name. Items of a list leave out their kind.
  private func object(_ item: JSONValue) -> Object? {
    guard let metadata = item["metadata"], let name = metadata["name"]?.string,
      var object = item.object
    else { return nil }
    if object["kind"] == nil { object["kind"] = .string(kind) }
    return Object(
      id: metadata["uid"]?.string ?? "\(metadata["namespace"]?.string ?? "")/\(name)",
      fact: InventoryReader.fact(of: .object(object)))
  }

  // MARK: Watching

  private func watch(from version: String) async throws -> HTTPClientResponse {
    let seconds = Int.random(in: Self.watchSeconds)
    return try await send(
      """
      ?watch=1&allowWatchBookmarks=true&timeoutSeconds=\(seconds)\
      &resourceVersion=\(Self.encoded(version))
      """, deadline: .now() + .seconds(Int64(seconds + 30)))
  }

  /// Gives what happens from a version on. Returns with the version up to which that is when the
  /// server ends the watch, as it does every few minutes.
  private func follow(
    _ response: HTTPClientResponse, from version: String, since begun: ContinuousClock.Instant,
    _ take: (Change) async -> Void
  ) async throws -> String {
    var stream = WatchStream()
    var latest = version
    do {
      for try await piece in response.body {
        for event in try stream.events(adding: piece.readableBytesView) {
          switch event {
          case .put(let item):
            if let object = object(item) { await take(.put(object)) }
            latest = item["metadata"]?["resourceVersion"]?.string ?? latest
          case .removed(let item):
            if let object = object(item) { await take(.removed(object)) }
            latest = item["metadata"]?["resourceVersion"]?.string ?? latest
          case .bookmark(let version): latest = version
          case .failed(let status, let message):
            throw Refused(status: Int(clamping: status), reason: message)
          }
        }
      }
    } catch let error as Refused {
      throw error
    } catch {
      // A connection that breaks is taken up again where it was, also when nothing was said on it for
      // a while: balancers end those. If it breaks at once, it is told.
      let isBroken = !(error is WatchStream.Malformed || error is JSONError)
      let wentOn = isBroken && ContinuousClock.now - begun >= WatchPace.shortLife
      if Task.isCancelled || latest == version && !wentOn { throw error }
    }
    return latest
  }

  private func send(_ query: String, deadline: NIODeadline) async throws -> HTTPClientResponse {
    var request = HTTPClientRequest(url: access.address.url(path + query))
    request.tlsConfiguration = tls.current
    request.headers.add(name: "Accept", value: "application/json")
    request.headers.add(name: "User-Agent", value: "kubeshark")
    if let token = token.token {
      request.headers.add(name: "Authorization", value: "Bearer " + token)
    }
    let response = try await client.execute(request, deadline: deadline)
    guard response.status == .ok else {
      let body = try? await response.body.collect(upTo: 64 << 10)
      let status = (body.map { Array($0.readableBytesView) }).flatMap {
        try? JSONReader.value(of: $0)
      }
      throw Refused(
        status: Int(response.status.code),
        reason: status?["message"]?.string ?? response.status.reasonPhrase,
        retryAfter: response.headers.first(name: "retry-after").flatMap { Int($0) })
    }
    return response
  }

  private static func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      let scalar = Unicode.Scalar(byte)
      if byte < 0x80,
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || "-._~".unicodeScalars.contains(scalar)
      {
        result.unicodeScalars.append(scalar)
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        result += "%" + (digits.count < 2 ? "0" : "") + digits
      }
    }
    return result
  }
}
