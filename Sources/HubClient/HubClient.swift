import AsyncHTTPClient
package import JSON
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
package import ToolKit

/// A Hub elsewhere, over HTTP.
///
/// A Hub of ours answers with everything the embedded one would give; any other Hub of the
/// contract with plain JSON, which is shown as it is.
package final class HubClient: RemoteHub {
  package struct Limits: Sendable {
    /// For a tool call, from sending it to the last byte of its answer.
    package var call = Duration.seconds(60)
    /// The same for the catalogue.
    package var catalogue = Duration.seconds(10)
    package var connect = Duration.seconds(10)
    /// Longest silence in the middle of an answer or a file.
    package var silence = Duration.seconds(60)
    /// How often a file that broke off is taken up again without having come further.
    package var resumptions = 5
    /// How often a call that only reads is sent again when the connection broke.
    package var repeats = 1

    package init() {}
  }

  package let address: HubAddress
  private let root: String
  private let client: HTTPClient
  private let exchange: Exchange
  /// Where its connections are waited for.
  package let thread: any EventThread
  private let limits: Limits
  private let token: TokenSource
  private let cache = CatalogueCache()
  private let epoch = ContinuousClock.now
  private let notice: @Sendable (String) -> Void
  private let listener = Mutex<(@Sendable (String) -> Void)?>(nil)

  /// - Parameter notice: takes a sentence for the log.
  package init(
    _ address: HubAddress, _ settings: HubClientSettings = HubClientSettings(), version: String,
    limits: Limits = Limits(), notice: @escaping @Sendable (String) -> Void
  ) throws(HubClientSettings.Problem) {
    (self.address, self.limits, self.notice) = (address, limits, notice)
    root = settings.root
    let tls = try RenewedTLS(settings)
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls.first, redirectConfiguration: .disallow,
      timeout: .init(
        connect: .nanoseconds(limits.connect.nanoseconds),
        read: .nanoseconds(limits.silence.nanoseconds)),
      proxy: settings.proxies.configuration(for: address))
    configuration.httpVersion = .http1Only
    configuration.tracing.tracer = nil
    // Whoever cannot connect is told at once; a retry is the caller's choice.
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
    // The library's only way to reach its channels.
    configuration.http1_1ConnectionDebugInitializer = { ConnectionEnd.install(in: $0) }
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    client = HTTPClient(eventLoopGroupProvider: .shared(loop), configuration: configuration)
    thread = LoopThread(loop: loop)
    token = TokenSource(settings.token)
    exchange = Exchange(
      client: client, loop: loop, address: address,
      agent: "kubeshark-mcp/\(version)", token: token,
      license: settings.license, tls: tls)
  }

  /// A sentence for the log, and for clients that take log messages.
  private func say(_ sentence: String) {
    notice(sentence)
    listener.withLock { $0 }?(sentence)
  }

  private func error(_ fault: HubFault) -> ToolError {
    guard case .signIn = fault else { return fault.toolError(address, advice: "") }
    return fault.toolError(address, advice: token.advice(now: wallClockNow()))
  }

  private var reader: AnswerReader {
    AnswerReader(address: address, root: root) { [token] in token.advice(now: wallClockNow()) }
  }

  package var resumptions: Int { limits.resumptions }

  package func address(of path: String) throws(ToolError) -> FileAddress {
    FileAddress(
      url: address.url(root + (try FilePath(path)).text), needsSignIn: token.token != nil,
      isLoopback: address.isLoopback)
  }

  /// Closes all connections. The client cannot be used afterwards, and must not be dropped before.
  package func shutdown() async {
    do { try await client.shutdown() } catch {
      notice("closing the connections to \(address) failed: \(error)")
    }
  }

  // MARK: Catalogue

  package func catalogue() async throws(ToolError) -> Catalogue {
    try await cache.catalogue(now: { ContinuousClock.now - epoch }) { tag throws(ToolError) in
      do throws(HubFault) {
        return try await fetchCatalogue(tag: tag)
      } catch {
        let error = self.error(error)
        if cache.latest != nil { say("serving the tools known so far: \(error.message)") }
        throw error
      }
    }
  }

  private func fetchCatalogue(tag: String?) async throws(HubFault) -> CatalogueCache.Fetched {
    var headers = [(name: "Accept", value: "application/json")]
    if let tag { headers.append((name: "If-None-Match", value: tag)) }
    let reply = try await exchange.send(
      "GET", root + "/mcp", headers: headers, timeout: limits.catalogue)
    switch reply.status {
    case 200...299: break
    case 304 where tag != nil: return .unchanged
    case 401: throw .signIn(status: 401, to: nil)
    case 404: throw .noEndpoint
    default:
      if reply.isWebPage { throw .webPage(status: reply.status) }
      throw .unreachable("it answers with status \(reply.status)")
    }
    if reply.isWebPage { throw .webPage(status: reply.status) }
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONReader.value(of: reply.body)
    } catch {
      throw .notJSON(error.description)
    }
    guard let document = value.object else { throw .notAHub }
    let reader = try CatalogueReader(document)
    for note in reader.notes.prefix(10) { notice("catalogue of \(address): \(note)") }
    return .catalogue(reader.catalogue, tag: reply.header("etag"))
  }

  /// A JSON document that the Hub has at a path of its own; nil when it has none there.
  package func document(_ path: String) async throws(ToolError) -> JSONValue? {
    let reply: Exchange.Reply
    do throws(HubFault) {
      reply = try await exchange.send(
        "GET", path, headers: [(name: "Accept", value: "application/json")],
        timeout: limits.catalogue)
    } catch { throw self.error(error) }
    if reply.status == 404 || reply.isWebPage { return nil }
    guard (200...299).contains(reply.status) else { throw reader.error(reply) }
    do throws(JSONError) { return try JSONReader.value(of: reply.body) } catch {
      throw self.error(.notJSON(error.description))
    }
  }

  // MARK: Calls

  package func call(
    _ name: String, arguments: JSONObject, caller: Caller
  ) async throws(ToolError) -> ToolAnswer {
    var writer = JSONWriter()
    writer.write(["name": .string(name), "arguments": .object(arguments)] as JSONObject)
    let reply: Exchange.Reply
    do throws(HubFault) {
      reply = try await send(writer.bytes, retries: limits.repeats > 0 && isReading(name))
    } catch {
      throw self.error(error)
    }
    do throws(ToolError) {
      return try reader.answer(reply)
    } catch {
      if error.status == 404, error.code == "hub_error", isUnknown(name) {
        throw .unknownTool(name, among: cache.latest?.tools.map(\.name) ?? [])
      }
      throw error
    }
  }

  /// Asks, and once more when the connection broke and asking twice does no harm.
  private func send(_ body: [UInt8], retries: Bool) async throws(HubFault) -> Exchange.Reply {
    let headers = [(name: "Accept", value: AnswerType.accept)]
    let path = root + "/mcp/tools/call"
    do throws(HubFault) {
      return try await exchange.send(
        "POST", path, headers: headers, body: body, timeout: limits.call)
    } catch {
      guard retries, error == .dropped else { throw error }
    }
    return try await exchange.send("POST", path, headers: headers, body: body, timeout: limits.call)
  }

  /// Whether a tool only reads, as far as is known.
  package func isReading(_ tool: String) -> Bool {
    let listed = cache.latest?.tools.first { $0.name == tool }?.annotations
    return (listed ?? KnownTools.annotations[tool])?.readOnly ?? false
  }

  private func isUnknown(_ tool: String) -> Bool {
    cache.latest.map { !$0.tools.contains { $0.name == tool } } ?? false
  }

  // MARK: Watching

  /// Looks at the Hub now and then from now on: more often while it is away.
  ///
  /// - Parameter changed: called when its tools or prompts are other ones, or it came back.
  /// - Parameter told: takes the sentences that also go into the log.
  package func watch(
    changed: @escaping @Sendable () -> Void, told: @escaping @Sendable (String) -> Void
  ) {
    listener.withLock { $0 = told }
    Task.detached { [weak self] in
      var known: Catalogue?
      var pause = Self.shortestLook
      while let self {
        var isThere = false
        do throws(ToolError) {
          let now = try await catalogue()
          isThere = true
          if let known, known != now { changed() }
          if known == nil, pause > Self.shortestLook { changed() }
          known = now
        } catch { known = nil }
        pause = isThere ? Self.longestLook : min(Self.longestLook, pause * 2)
        do { try await Task.sleep(for: pause) } catch { return }
        if isThere { cache.expire() }
      }
    }
  }

  /// Whatever is known of the catalogue, the Hub is asked when it is wanted next.
  package func expireCatalogue() { cache.expire() }

  private static let shortestLook = Duration.seconds(1)
  private static let longestLook = Duration.seconds(60)

  /// What asking the Hub gives right now, and how long that took; the copy at hand does not count.
  package func probe() async throws(ToolError) -> (catalogue: Catalogue, took: Duration) {
    let start = ContinuousClock.now
    cache.expire()
    let fetched: CatalogueCache.Fetched
    do throws(HubFault) { fetched = try await fetchCatalogue(tag: nil) } catch {
      throw self.error(error)
    }
    guard case .catalogue(let catalogue, _) = fetched else { throw ToolError.cancelled }
    return (catalogue, ContinuousClock.now - start)
  }

  // MARK: Files

  package func file(_ path: String, from start: FileStart) async throws(ToolError) -> HubFile {
    let path = try FilePath(path)
    var headers = [(name: "Accept", value: "*/*")]
    if start.offset > 0, let tag = start.tag {
      headers += [
        (name: "Range", value: "bytes=\(start.offset)-"), (name: "If-Range", value: tag),
      ]
    }
    let reply: Exchange.OpenReply
    do throws(HubFault) {
      reply = try await exchange.open(
        root + path.text, headers: headers, timeout: limits.call)
    } catch {
      throw self.error(error)
    }
    let head = reply.head
    guard (200...299).contains(head.status) else {
      let whole: Exchange.Reply
      do throws(HubFault) { whole = try await reply.whole() } catch { throw self.error(error) }
      throw reader.error(whole)
    }
    if head.isWebPage { throw error(.webPage(status: head.status)) }
    let offset = head.status == 206 ? start.offset : 0
    // A weak tag does not promise the same bytes.
    let tag = head.header("etag").flatMap { $0.hasPrefix("W/") ? nil : $0 }
    return HubFile(
      name: Self.fileName(path.text, disposition: head.header("content-disposition")),
      contentType: head.header("content-type") ?? "application/octet-stream", offset: offset,
      length: head.header("content-length").flatMap { Int64($0) }.map { $0 + offset },
      tag: head.header("accept-ranges") == "bytes" || head.status == 206 ? tag : nil
    ) { sink async throws(ToolError) in
      do {
        try await reply.copy(sink)
      } catch let error as ToolError {
        throw error
      } catch {
        throw self.error(fault(for: error))
      }
    }
  }
}

extension HubClient {
  /// The last part of the path without its query, of characters that any file system takes.
  ///
  /// - Parameter disposition: the header of the response, whose name goes first (RFC 6266).
  static func fileName(_ path: String, disposition: String? = nil) -> String {
    let last = path.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").last ?? ""
    let named = disposition.flatMap { text in
      text.split(separator: ";").lazy
        .map { $0.drop { $0 == " " } }
        .first { $0.lowercased().hasPrefix("filename=") }?
        .dropFirst("filename=".count)
    }
    let unquoted = (named ?? "").filter { $0 != "\"" }
      .split { $0 == "/" || $0 == "\\" }.last.map { String($0) }
    let safe = (unquoted ?? String(last)).drop { $0 == "." }.filter {
      $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == ".")
    }
    return safe.isEmpty || safe.allSatisfy { $0 == "." } ? "file" : String(safe.prefix(200))
  }
}

extension Duration {
  var nanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}
