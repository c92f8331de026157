import Bytes
import Hummingbird
import JSON
package import Shipping
import ToolKit
package import Tools

/// The place of a Hub where its agents send what they have: `POST /agents/NODE`.
///
/// `GET /agents` lists them, for whoever may ask the Hub.
package struct AgentsMount: Sendable {
  private let intake: Intake
  private let token: SharedToken
  private let gatherer: Gatherer?
  /// What agents report and refuse is counted where the rest of the server counts.
  ///
  /// - Parameter gatherer: takes raw packets for snapshots.
  package init(_ intake: Intake, gatherer: Gatherer?, token: SharedToken) {
    (self.intake, self.gatherer, self.token) = (intake, gatherer, token)
  }

  /// What a path asks for.
  enum Place: Hashable {
    case list
    case shipment(node: String)
    case raw(node: String, id: String)
  }

  /// Nil for a path that is not for agents.
  func place(_ path: String) -> Place? {
    var parts = path.split(separator: "/")
    if parts.first == "api" { parts.removeFirst() }
    guard parts.first == "agents" else { return nil }
    return switch parts.count {
    case 1: .list
    case 2: .shipment(node: percentDecoded(parts[1]))
    case 4 where parts[2] == "raw":
      .raw(node: percentDecoded(parts[1]), id: percentDecoded(parts[3]))
    default: nil
    }
  }

  /// All agents, as a page of JSON.
  var list: HubResponse {
    let agents = intake.registry.agents(at: .now)
    let counters = intake.counters
    return .json([
      "agents": .array(agents.map { .object($0.json) }), "total": JSONValue(agents.count),
      "shipments": JSONValue(counters.shipments), "blocks": JSONValue(counters.blocks),
      "blocks_repeated": JSONValue(counters.repeated),
      "blocks_refused": JSONValue(counters.refused), "entries": JSONValue(counters.entries),
      "turned_away": JSONValue(counters.turnedAway), "failed": JSONValue(counters.failed),
    ])
  }

  /// Why a request is not let in, before its body is read; nil when it is.
  ///
  /// - Parameter isRaw: raw packets are sent while they are read, so that their length is not known.
  func refusal(_ request: HubRequest, node: String, isRaw: Bool = false) -> HubResponse? {
    guard token.matches(request) else { return Gate.refusal }
    guard request.method == "POST" else {
      var response = HubResponse.error(
        ToolError(
          status: 405, code: "method_not_allowed", message: "Agents send by POST.",
          hint: "Use POST."))
      response.allow = "POST"
      return response
    }
    guard AgentRegistry.isName(node) else {
      return .error(
        ToolError(
          status: 400, code: "invalid_node",
          message: "This is no name: \(AgentRegistry.nameRule).",
          hint: "Name the agent by --node."))
    }
    guard length(request) != nil || isRaw else {
      return .error(
        ToolError(
          status: 411, code: "length_required",
          message: "A shipment says how long it is, up to \(Shipment.maxBytes) bytes.",
          hint: "Send Content-Length."))
    }
    return nil
  }

  /// Bytes of the body as announced; nil when they are not, or too many.
  func length(_ request: HubRequest) -> Int? {
    request.header("content-length").flatMap { Int($0) }.flatMap {
      (0...Shipment.maxBytes).contains($0) ? $0 : nil
    }
  }

  /// The answer to a shipment whose body `read` gives; nil from it means that it was too long.
  func answer(
    _ request: HubRequest, node: String, _ read: () async throws -> [UInt8]?
  ) async throws -> HubResponse {
    let length = length(request) ?? 0
    guard intake.reserve(length) else {
      return .error(
        ToolError(
          status: 503, code: "busy", message: "Too much of other agents waits to be stored.",
          hint: "Send it again later.",
          details: ["retry_after": JSONValue(intake.limits.retryAfter)]))
    }
    defer { intake.release(length) }
    guard let bytes = try await read() else { return .tooLarge(limit: length) }
    let outcome = await intake.take(bytes, from: node)
    var response = HubResponse.json(outcome.body, status: outcome.status)
    if let seconds = outcome.retryAfter {
      response.fields.append(HubResponse.Field(name: "retry-after", value: String(seconds)))
    }
    return response
  }

  /// The answer to raw packets, whose bytes `body` gives piece by piece.
  func answer(
    _ id: String, from node: String, _ body: some AsyncSequence<[UInt8], any Error>
  ) async -> HubResponse {
    guard let gatherer else { return Self.refused(.unknown) }
    do {
      try gatherer.begin(id, from: node)
      for try await bytes in body { try gatherer.add(bytes, to: id) }
      gatherer.end(id)
      return .json(["taken": true])
    } catch let refusal as Gatherer.Refusal {
      return Self.refused(refusal)
    } catch {
      gatherer.end(id, problem: "its agent broke off")
      return .error(
        ToolError(status: 400, code: "broken_off", message: "The packets broke off: \(error)."))
    }
  }

  private static func refused(_ refusal: Gatherer.Refusal) -> HubResponse {
    switch refusal {
    case .unknown:
      .error(
        ToolError(
          status: 404, code: "not_asked", message: "Nobody waits for these packets any more."))
    case .tooLarge: .tooLarge(limit: Int(Gatherer.maxBytes))
    case .cannotWrite:
      .error(ToolError(status: 507, code: "store", message: "There is no room for the packets."))
    }
  }
}
