import AsyncHTTPClient
package import JSON
import NIOCore
import Synchronization
package import ToolKit

/// A Hub elsewhere, over HTTP.
///
/// A Hub of ours answers with everything the embedded one would give; any other Hub of the
/// contract with plain JSON, which is shown as it is.
package final class HubClient: HubConnection {
  package struct Limits: Sendable {
    /// For a tool call, from sending it to the last byte of its answer.
    package var call = Duration.seconds(60)
    /// The same for the catalogue.
    package var catalogue = Duration.seconds(10)
    package var connect = Duration.seconds(10)

    package init() {}
  }

  package let address: HubAddress
  private let client: HTTPClient
  private let exchange: Exchange
  private let limits: Limits
  private let cache = CatalogueCache()
  private let epoch = ContinuousClock.now
  private let notice: @Sendable (String) -> Void

  /// - Parameter token: for a gated Hub; sent to the Hub's own origin alone.
  /// - Parameter notice: takes a sentence for the log.
  package init(
    _ address: HubAddress, token: String?, version: String, limits: Limits = Limits(),
    notice: @escaping @Sendable (String) -> Void
  ) {
    (self.address, self.limits, self.notice) = (address, limits, notice)
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: .init(connect: .nanoseconds(limits.connect.nanoseconds)))
    configuration.httpVersion = .http1Only
    // Whoever cannot connect is told at once; a retry is the caller's choice.
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    var headers = [
      (name: "User-Agent", value: "kubeshark-mcp/\(version)"),
      (name: "X-Kubeshark-Capture", value: "ignore"),
    ]
    if let token { headers.append((name: "X-Kubeshark-Authorization", value: token)) }
    exchange = Exchange(client: client, address: address, headers: headers)
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
        let error = error.toolError(address)
        if cache.latest != nil { notice("serving the tools known so far: \(error.message)") }
        throw error
      }
    }
  }

  private func fetchCatalogue(tag: String?) async throws(HubFault) -> CatalogueCache.Fetched {
    var headers = [(name: "Accept", value: "application/json")]
    if let tag { headers.append((name: "If-None-Match", value: tag)) }
    let reply = try await exchange.send(
      "GET", "/api/mcp", headers: headers, timeout: limits.catalogue)
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

  // MARK: Calls

  package func call(
    _ name: String, arguments: JSONObject, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    var writer = JSONWriter()
    writer.write(["name": .string(name), "arguments": .object(arguments)] as JSONObject)
    let reply: Exchange.Reply
    do throws(HubFault) {
      reply = try await send(writer.bytes, retries: isReading(name))
    } catch {
      throw error.toolError(address)
    }
    do throws(ToolError) {
      return try AnswerReader(address: address).answer(reply)
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
    let path = "/api/mcp/tools/call"
    do throws(HubFault) {
      return try await exchange.send(
        "POST", path, headers: headers, body: body, timeout: limits.call)
    } catch {
      guard retries, error == .dropped else { throw error }
    }
    return try await exchange.send("POST", path, headers: headers, body: body, timeout: limits.call)
  }

  private func isReading(_ tool: String) -> Bool {
    let listed = cache.latest?.tools.first { $0.name == tool }?.annotations
    return (listed ?? KnownTools.annotations[tool])?.readOnly ?? false
  }

  private func isUnknown(_ tool: String) -> Bool {
    cache.latest.map { !$0.tools.contains { $0.name == tool } } ?? false
  }

  // MARK: Files

  /// The file in one piece; like every answer it may be 64 MiB long.
  package func file(_ path: String) async throws(ToolError) -> HubFile {
    guard path.hasPrefix("/"), !path.hasPrefix("//"), !path.contains("\\"),
      !path.split(separator: "/").contains(".."),
      path.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f })
    else {
      throw .invalid("path", "\(JSONValue.string(path).text) is not the path of a file on a Hub")
    }
    let reply: Exchange.Reply
    do throws(HubFault) {
      reply = try await exchange.send("GET", "/api" + path, timeout: limits.call)
    } catch {
      throw error.toolError(address)
    }
    guard (200...299).contains(reply.status) else {
      throw AnswerReader(address: address).error(reply)
    }
    return HubFile(
      name: Self.fileName(path),
      contentType: reply.header("content-type") ?? "application/octet-stream",
      length: Int64(reply.body.count),
      chunks: AsyncThrowingStream { continuation in
        continuation.yield(reply.body)
        continuation.finish()
      })
  }
}

extension HubClient {
  /// The last part of the path without its query, of characters that any file system takes.
  static func fileName(_ path: String) -> String {
    let last = path.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").last ?? ""
    let safe = last.filter {
      $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == ".")
    }
    return safe.isEmpty || safe.allSatisfy { $0 == "." } ? "file" : String(safe.prefix(200))
  }
}

extension Duration {
  fileprivate var nanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}
