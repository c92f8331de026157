import JSON
import ToolKit

@testable import Hub

/// A Hub that answers with what it was asked; `fails` fails, `breaks` with a status of its own.
struct StubHub: HubConnection {
  func catalogue() -> Catalogue {
    Catalogue(
      name: "Kubeshark MCP Server", version: "1", description: "d",
      tools: [
        ToolDescription(
          name: "get_api_call", title: "Get", description: "One call.",
          inputSchema: [
            "type": "object",
            "properties": ["id": ["type": "string", "description": "Which one"]],
          ], outputSchema: ["type": "object"], annotations: .reading)
      ],
      prompts: [PromptDescription(name: "p", description: "P.")],
      capabilities: ["snapshots": false, "dissection": true])
  }

  func call(
    _ name: String, arguments: JSONObject, caller: Caller
  ) async throws(ToolError) -> ToolAnswer {
    switch name {
    case "fails":
      throw ToolError(
        status: 410, code: "gone", message: "rotated out", hint: "Look later.", argument: "id",
        position: 3, details: ["oldest": 5])
    case "breaks": throw ToolError(status: 200, code: "odd", message: "no status of an error")
    case "none": throw .unknownTool(name, among: ["get_api_call"])
    case "slow":
      do { try await Task.sleep(for: .seconds(30)) } catch {
        throw ToolError(status: 499, code: "cancelled", message: "cancelled")
      }
    case "steps":
      for step in 1...2 { caller.progress(Progress(done: Double(step), total: 2)) }
    case "stepsForever":
      while !Task.isCancelled {
        caller.progress(Progress(done: 1))
        try? await Task.sleep(for: .milliseconds(5))
      }
    default: break
    }
    return ToolAnswer(
      structured: ["tool": .string(name), "arguments": .object(arguments)], text: "t")
  }

  func file(_ path: String, from start: FileStart) throws(ToolError) -> HubFile {
    throw .notFound(path)
  }

  static let routes = [
    HubRoute("GET calls/:id", tool: "get_api_call"), HubRoute("GET calls", tool: "list_api_calls"),
    HubRoute("POST snapshots", tool: "create_snapshot"),
    HubRoute("GET snapshots/:name/pcap", tool: "export_snapshot_pcap"),
    HubRoute("GET snapshots/:name", tool: "get_snapshot"),
    HubRoute("DELETE snapshots/:name", tool: "delete_snapshot"),
  ]
}

/// Asks the face as a client on this machine would.
func ask(
  _ method: String, _ target: String, body: String? = nil, accept: String? = nil,
  headers: [(name: String, value: String)] = [], host: String = "127.0.0.1:8899"
) async throws -> (response: HubResponse, json: JSONValue) {
  let parts = target.split(separator: "?", maxSplits: 1)
  var all = headers + [(name: "host", value: host)]
  if body != nil, !headers.contains(where: { $0.name == "content-type" }) {
    all.append((name: "content-type", value: "application/json"))
  }
  if let accept { all.append((name: "accept", value: accept)) }
  let face = HubFace(hub: { _ in StubHub() }, routes: StubHub.routes)
  let response = await face.respond(
    to: HubRequest(
      method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "",
      headers: all, body: Array((body ?? "").utf8)))
  let json = response.body.isEmpty ? .null : try JSONReader.value(of: response.body)
  return (response, json)
}
