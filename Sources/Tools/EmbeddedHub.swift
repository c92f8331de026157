import Bytes
package import JSON
package import ToolKit

/// The Hub in this process: the tools over the traffic it was given.
package struct EmbeddedHub: HubConnection {
  package static let name = "Kubeshark MCP Server"

  private let traffic: Traffic
  private let set: ToolSet
  private let library: SnapshotLibrary?
  private let listed: Catalogue
  /// The rows of all tools, for routes and reference pages.
  package let rows: [ToolRow]
  /// The tools that ask `traffic`, and behind them those of the library.
  private let tools: [any Tool]
  /// How many ask `traffic`.
  private let askingCount: Int
  /// Where the tools stand, by all names they go by.
  private let places: [String: Int]

  /// - Parameters:
  ///   - set: the tools that the catalogue lists; the others can be called all the same.
  ///   - library: the snapshots; without it there are no tools about them.
  package init(
    _ traffic: Traffic, version: String, set: ToolSet = .core, library: SnapshotLibrary? = nil
  ) {
    (self.traffic, self.set, self.library) = (traffic, set, library)
    let asking = Self.tools(traffic, library)
    askingCount = asking.count
    tools = asking + (library?.tools ?? [])
    rows = tools.map { type(of: $0).row }
    places = Dictionary(
      rows.enumerated().flatMap { place, row in ([row.name] + row.aliases).map { ($0, place) } }
    ) { _, last in last }
    listed = Catalogue(
      name: Self.name, version: version,
      description: "Network traffic: API calls, flows, latencies and errors.",
      tools: rows.filter { set.lists($0.set) }.map(\.description),
      prompts: PromptLibrary.all.map(\.description),
      capabilities: [
        "dissection": true, "raw_capture": library?.capture != nil,
        "snapshots": library != nil, "cloud_storage": library?.cloud != nil,
        "k8s_resolution": traffic.hasInventory,
      ])
  }

  /// The tools that ask `traffic`, in the order of `tools/list`.
  private static func tools(_ traffic: Traffic, _ library: SnapshotLibrary?) -> [any Tool] {
    var tools: [any Tool] = [
      ListWorkloads(traffic: traffic), ListAPICalls(traffic: traffic), GetAPICall(traffic: traffic),
      GetAPIStats(traffic: traffic), ListL4Flows(traffic: traffic),
      GetL4FlowSummary(traffic: traffic), GetDissectionStatus(traffic: traffic),
      EnableDissection(traffic: traffic), DisableDissection(traffic: traffic),
      ListIPs(traffic: traffic),
      GetAPICallDetails(traffic: traffic), ListTargetedWorkloads(traffic: traffic),
      ValidateKFL(traffic: traffic), CompareAPIStats(traffic: traffic, library: library),
      TraceRequest(traffic: traffic), GetServiceMap(traffic: traffic),
    ]
    if traffic.targeting != nil { tools.append(SetTargets(traffic: traffic)) }
    if let library {
      tools += [
        GetL7DataBoundaries(traffic: traffic), ListDatabases(traffic: traffic, library: library),
      ]
    }
    return tools
  }

  /// The same Hub for somebody who sees the traffic of these namespaces alone; names with `*` for
  /// any text.
  package func scoped(to namespaces: [String]) -> EmbeddedHub {
    let scope = NamespaceScope(namespaces)
    return EmbeddedHub(
      traffic.scoped(to: scope), version: listed.version, set: set,
      library: library?.scoped(to: scope))
  }

  package func catalogue() -> Catalogue { listed }

  package func call(
    _ name: String, arguments: JSONObject, caller: Caller
  ) async throws(ToolError) -> ToolAnswer {
    let progress = caller.progress
    guard let place = places[name] else { throw .unknownTool(name, among: rows.map(\.name)) }
    let row = rows[place]
    if let library, place >= askingCount {
      let now = library.now(try await library.nodes())
      let checked = try Arguments(arguments, for: row.parameters, now: now)
      return try await tools[place].call(checked, progress: progress)
    }
    var arguments = arguments
    let other = try await SnapshotArguments.traffic(&arguments, of: row, library)
    let traffic = other ?? traffic
    let tool =
      other.map { other in
        Self.tools(other, library).first { type(of: $0).row.name == row.name }
      } ?? tools[place]
    guard let tool else { throw .unknownTool(name, among: rows.map(\.name)) }
    if row.waits { try await traffic.ready(progress: progress) }
    let checked = try Arguments(arguments, for: row.parameters, now: traffic.now)
    return try await tool.call(checked, progress: progress)
  }

  package func file(
    _ path: String, from start: FileStart
  ) async throws(ToolError) -> HubFile {
    let parts = path.split(separator: "?", maxSplits: 1)
    var names = (parts.first ?? "").split(separator: "/").map { percentDecoded($0) }
    if names.first == "api" { names.removeFirst() }
    if names.count == 4, names[0] == "mcp", names[3] == "pcap" {
      var given = parts.count > 1 ? ToolKit.arguments(inQuery: parts[1]) : JSONObject()
      if let kind = PacketFile(rawValue: names[1]) {
        let other = try await SnapshotArguments.traffic(
          &given, of: GetAPICallDetails.row, library)
        let traffic = other ?? traffic
        try await traffic.ready { _ in }
        return try await kind.file(names[2], of: traffic, from: start)
      }
      if let library, names[1] == "snapshots" {
        given["id"] = .string(names[2])
        let now = library.now(try await library.nodes())
        let checked = try Arguments(given, for: ExportSnapshotPCAP.parameters, now: now)
        return try await library.file(checked, from: start)
      }
    }
    throw .notFound(
      "There is no file \(JSONValue.string(String(path.prefix(200))).text) on this Hub.",
      hint: "Files are named by the answers of tools that export captures.")
  }
}
