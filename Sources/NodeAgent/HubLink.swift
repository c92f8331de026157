import AsyncHTTPClient
package import HubClient
import JSON
import NIOCore
import NIOHTTP1
package import Shipping

/// An agent's way to its Hub: requests with its token, and what the answers mean.
package final class HubLink: Sendable {
  /// What became of a shipment.
  package enum Outcome: Sendable {
    /// All of it is in the Hub's store, but for the blocks of these places, which it cannot read.
    case arrived(AgentOrders, refused: Set<Int>, open: OpenShelf.Verdict)
    /// The Hub is there and has no room: it may be sent again after that time.
    case busy(Duration, reason: String)
    /// The Hub cannot be reached, or refuses: it may be tried again.
    case failed(reason: String)
  }

  /// Longest time for a shipment, from its first byte to the answer. The Hub waits a little longer.
  private static let patience = Duration.seconds(50)
  /// Longest answer that is read, in bytes.
  private static let maxAnswer = 4 << 20
  /// Longest time that a Hub may ask to wait.
  private static let longestPause = 60

  package let address: HubAddress
  private let client: HTTPClient
  private let token: TokenSource
  private let tls: RenewedTLS
  private let agent: String

  /// - Throws: what is wrong with the files that the settings name.
  package init(
    _ address: HubAddress, _ settings: HubClientSettings, version: String
  ) throws(HubClientSettings.Problem) {
    let tls = try RenewedTLS(settings)
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls.first, redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(5), read: .seconds(50)))
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    (self.address, self.tls, token) = (address, tls, TokenSource(settings.token))
    agent = "kubeshark-agent/\(version)"
  }

  /// Closes the connections. It must be called before the link is dropped.
  package func shutdown() async { try? await client.shutdown() }

  /// Sends a shipment.
  package func send(_ shipment: [UInt8], from node: String) async -> Outcome {
    var request = HTTPClientRequest(url: address.url("/agents/" + node))
    request.method = .POST
    request.tlsConfiguration = tls.current
    request.headers.add(name: "Content-Type", value: Shipment.contentType)
    request.headers.add(name: "User-Agent", value: agent)
    request.headers.add(name: "X-Kubeshark-Capture", value: "ignore")
    if let token = token.token {
      request.headers.add(name: "Authorization", value: "Bearer " + token)
    }
    request.body = .bytes(ByteBuffer(bytes: shipment))
    do {
      let response = try await client.execute(
        request, deadline: .now() + .seconds(Self.patience.components.seconds))
      let body = try await response.body.collect(upTo: Self.maxAnswer)
      let answer = (try? JSONReader.value(of: Array(body.readableBytesView)))?.object
      return Self.outcome(
        Int(response.status.code), answer,
        retryAfter: response.headers.first(name: "retry-after").flatMap { Int($0) })
    } catch {
      return .failed(reason: Self.reason(error))
    }
  }

  /// What an answer means.
  static func outcome(_ status: Int, _ answer: JSONObject?, retryAfter: Int?) -> Outcome {
    let told = answer?["error"]?.string.map { String($0.prefix(300)) }
    switch status {
    case 200:
      guard let answer, answer["stored"]?.int != nil else {
        return .failed(reason: "what answers there is no Hub that takes shipments")
      }
      let refused = (answer["refused"]?.array ?? []).compactMap {
        $0["index"]?.int.flatMap { Int(exactly: $0) }
      }
      let open = answer["open"]?.string.flatMap(OpenShelf.Verdict.init(rawValue:))
      return .arrived(
        AgentOrders(json: answer), refused: Set(refused), open: open ?? .missing)
    case 401, 403: return .failed(reason: "the Hub does not know the token (\(status))")
    case 404, 405:
      return .failed(reason: "the Hub takes no shipments (\(status)); start it with --agents")
    default:
      let reason = told ?? "the Hub answered \(status)"
      guard let retryAfter, [409, 429, 503, 507].contains(status) else {
        return .failed(reason: reason)
      }
      return .busy(.seconds(min(max(retryAfter, 1), Self.longestPause)), reason: reason)
    }
  }

  private static func reason(_ error: any Error) -> String {
    let text = "\(error)"
    let lower = text.lowercased()
    if lower.contains("refused") || lower.contains("errno: 111") {
      return "nobody listens at its address"
    }
    if lower.contains("timeout") || lower.contains("deadline") {
      return "it does not answer in time"
    }
    if lower.contains("certificate") || lower.contains("ssl") {
      return "TLS to it fails: \(text.prefix(200))"
    }
    return String(text.prefix(200))
  }

  /// Sends raw packets that the Hub asked for, as they are read.
  ///
  /// - Returns: why they did not arrive, as a sentence without its full stop; nil when they did.
  func send(_ packets: RawShipment?, for id: String, from node: String) async -> String? {
    var request = HTTPClientRequest(url: address.url("/agents/\(node)/raw/\(id)"))
    request.method = .POST
    request.tlsConfiguration = tls.current
    request.headers.add(name: "Content-Type", value: "application/vnd.tcpdump.pcap")
    request.headers.add(name: "User-Agent", value: agent)
    request.headers.add(name: "X-Kubeshark-Capture", value: "ignore")
    if let token = token.token {
      request.headers.add(name: "Authorization", value: "Bearer " + token)
    }
    let pieces = AsyncThrowingStream<ByteBuffer, any Error> {
      try packets?.next().map { ByteBuffer(bytes: $0) }
    }
    request.body = .stream(pieces, length: .unknown)
    do {
      let response = try await client.execute(request, deadline: .distantFuture)
      _ = try await response.body.collect(upTo: Self.maxAnswer)
      return response.status == .ok ? nil : "the Hub answered \(response.status.code)"
    } catch { return Self.reason(error) }
  }
}
