import JSON
package import ToolKit

/// Whether the Hub elsewhere answers, seen just now.
package struct CheckStatus: Tool {
  static let namespace = Parameter(
    "release_namespace", .text, "Not used: the deployment is named by its URL")

  package static let row = ToolRow(
    name: "check_kubeshark_status", title: "Check the Kubeshark deployment",
    doc: "Asks the deployment whether it answers, and says what is wrong when it does not.",
    parameters: [namespace],
    answer: [
      "type": "object",
      "properties": [
        "state": [
          "type": "string",
          "enum": ["running", "unreachable", "auth_required", "degraded"],
        ],
        "url": ["type": "string"], "version": ["type": "string"],
        "latency_ms": ["type": "number"], "tools": ["type": "integer"],
        "problem": ["type": "string"],
      ], "required": ["state", "url"],
    ], route: "GET status")

  private let hub: HubClient

  package init(hub: HubClient) { self.hub = hub }

  package func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let url = "\(hub.address)"
    do throws(ToolError) {
      let (catalogue, took) = try await hub.probe()
      let parts = took.components
      let milliseconds = Double(parts.seconds) * 1e3 + Double(parts.attoseconds) / 1e15
      let shown = JSONValue((milliseconds * 10).rounded() / 10)
      return ToolAnswer(
        structured: [
          "state": "running", "url": .string(url), "version": .string(catalogue.version),
          "latency_ms": shown, "tools": JSONValue(catalogue.tools.count),
        ],
        text: """
          Kubeshark is running at \(url) (\(catalogue.name) \(catalogue.version)); it answered in \
          \(shown.text) ms and offers \(catalogue.tools.count) tools. The deployment is managed \
          elsewhere.
          """)
    } catch {
      if error.status == 499 { throw error }
      let state =
        switch error.code {
        case "authentication_required", "forbidden": "auth_required"
        case "hub_unreachable", "hub_timeout", "hub_tls": "unreachable"
        default: "degraded"
        }
      return ToolAnswer(
        structured: [
          "state": .string(state), "url": .string(url), "problem": .string(error.message),
        ], text: "Kubeshark is not usable (\(state)). " + error.text)
    }
  }
}
