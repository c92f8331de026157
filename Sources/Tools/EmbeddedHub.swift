import Bytes
package import JSON
package import ToolKit

/// The Hub in this process: the tools over the traffic it was given.
package struct EmbeddedHub: HubConnection {
  package static let name = "Kubeshark MCP Server"

  private let traffic: Traffic
  private let set: ToolSet
  private let tools: [any Tool]
  private let listed: Catalogue

  /// - Parameter set: the tools that the catalogue lists; the others can be called all the same.
  package init(_ traffic: Traffic, version: String, set: ToolSet = .core) {
    (self.traffic, self.set) = (traffic, set)
    // The order of `tools/list`.
    let tools: [any Tool] = [
      ListWorkloads(traffic: traffic), ListAPICalls(traffic: traffic), GetAPICall(traffic: traffic),
      GetAPIStats(traffic: traffic), ListL4Flows(traffic: traffic),
      GetL4FlowSummary(traffic: traffic), GetDissectionStatus(traffic: traffic),
      EnableDissection(traffic: traffic), DisableDissection(traffic: traffic),
      ListIPs(traffic: traffic),
      GetAPICallDetails(traffic: traffic), ListTargetedWorkloads(traffic: traffic),
      ValidateKFL(traffic: traffic), CompareAPIStats(traffic: traffic),
      TraceRequest(traffic: traffic), GetServiceMap(traffic: traffic),
    ]
    self.tools = tools
    listed = Catalogue(
      name: Self.name, version: version,
      description: "Network traffic: API calls, flows, latencies and errors.",
      tools: tools.map { type(of: $0).row }.filter { set.lists($0.set) }.map(\.description),
      prompts: PromptLibrary.all.map(\.description),
      capabilities: [
        "dissection": true, "raw_capture": false, "snapshots": false, "cloud_storage": false,
        "k8s_resolution": traffic.hasInventory,
      ])
  }

  /// The same Hub for somebody who sees the traffic of these namespaces alone; names with `*` for
  /// any text.
  package func scoped(to namespaces: [String]) -> EmbeddedHub {
    EmbeddedHub(
      traffic.scoped(to: NamespaceScope(namespaces)), version: listed.version, set: set)
  }

  /// The rows of all tools, for routes and reference pages.
  package var rows: [ToolRow] { tools.map { type(of: $0).row } }

  package func catalogue() -> Catalogue { listed }

  package func call(
    _ name: String, arguments: JSONObject, caller: Caller
  ) async throws(ToolError) -> ToolAnswer {
    let progress = caller.progress
    guard let tool = tools.first(where: { matches(type(of: $0).row, name) }) else {
      throw .unknownTool(name, among: rows.map(\.name))
    }
    if type(of: tool).row.waits { try await traffic.ready(progress: progress) }
    let checked = try Arguments(arguments, for: type(of: tool).row.parameters, now: traffic.now)
    return try await tool.call(checked, progress: progress)
  }

  package func file(_ path: String, from start: FileStart) throws(ToolError) -> HubFile {
    throw .notFound(
      "There is no file \(JSONValue.string(String(path.prefix(200))).text) on this Hub.",
      hint: "Files are named by the answers of tools that export captures.")
  }

  private func matches(_ row: ToolRow, _ name: String) -> Bool {
    row.name == name || row.aliases.contains(name)
  }
}
