package import JSON
package import ToolKit

/// A Hub as somebody with limited rights sees it.
package struct GuardedHub: HubConnection {
  private let hub: any HubConnection
  private let access: Access
  private let readers: [String: Set<String>]

  /// The arguments that name a snapshot, and those with one side of a comparison each.
  private static let (keys, sides) = (["db", "snapshot_id"], ["a", "b"])

  /// - Parameters:
  ///   - hub: shows nothing beyond the namespaces of `access`.
  ///   - readers: tools that only look, those included that no list shows, with the arguments that
  ///     each of them takes.
  package init(_ hub: any HubConnection, _ access: Access, readers: [String: Set<String>]) {
    (self.hub, self.access, self.readers) = (hub, access, readers)
  }

  package func catalogue() async throws(ToolError) -> Catalogue {
    var catalogue = try await hub.catalogue()
    catalogue.tools.removeAll { !mayCall($0) || showsPackets($0.name) }
    return catalogue
  }

  /// Whether there are arguments with which it may be called: live traffic, or else a snapshot.
  private func mayCall(_ tool: ToolDescription) -> Bool {
    let readOnly = tool.annotations?.readOnly ?? false
    let takes = readers[tool.name] ?? []
    let asksSnapshots =
      Self.keys.contains { takes.contains($0) } || Self.sides.allSatisfy { takes.contains($0) }
    return access.allows(tool.name, readOnly: readOnly)
      || asksSnapshots && access.allows(tool.name, Self.keys, readOnly: readOnly)
  }

  package func call(
    _ name: String, arguments: JSONObject, caller: Caller
  ) async throws(ToolError) -> ToolAnswer {
    let readOnly = readers[name] != nil
    let given = chosen(name, arguments)
    guard access.allows(name, given, readOnly: readOnly) else {
      throw refused(Access.needed(for: name, given, readOnly: readOnly))
    }
    guard !showsPackets(name) else { throw Self.packetsRefusal }
    // What asks a snapshot inside of another argument, or has one dissected on the way.
    if arguments.members.contains(where: { !Self.snapshots(in: $0.value).isEmpty }),
      !access.capabilities.contains(.snapshotRead)
    {
      throw refused(.snapshotRead)
    }
    if let dissects = arguments["auto_dissect"], ![.null, "", false].contains(dissects),
      !access.capabilities.contains(.snapshotDissection)
    {
      throw refused(.snapshotDissection)
    }
    return try await hub.call(name, arguments: arguments, caller: caller)
  }

  /// The arguments that say what is asked. One that the tool does not take is none of them: it is
  /// ignored there, and the answer is about live traffic.
  private func chosen(_ tool: String, _ arguments: JSONObject) -> [String] {
    let takes = readers[tool] ?? []
    // Of an argument that is given twice the last counts, here as there.
    let names = takes.filter { name in arguments[name].map { ![.null, ""].contains($0) } ?? false }
    // A comparison of two snapshots asks nothing of live traffic.
    let isOfSnapshots = Self.sides.allSatisfy { side in
      let named = arguments[side].map(Self.snapshots) ?? []
      return takes.contains(side) && !named.isEmpty && !named.contains("")
    }
    return isOfSnapshots ? names + Self.keys : Array(names)
  }

  package func file(_ path: String, from start: FileStart) async throws(ToolError) -> HubFile {
    guard access.capabilities.contains(.snapshotRead) else { throw refused(.snapshotRead) }
    guard access.namespaces == nil else { throw Self.packetsRefusal }
    return try await hub.file(path, from: start)
  }

  /// The snapshots that one side of a comparison names, as an object or as `name=value,…`.
  private static func snapshots(in side: JSONValue) -> [String] {
    if let object = side.object {
      return object.members.filter { keys.contains($0.name) }
        .map { $0.value.string ?? $0.value.text }
    }
    let pairs = side.string?.split(separator: ",") ?? []
    return pairs.compactMap { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        .map { String($0.filter { $0 != " " }) }
      return parts.count == 2 && keys.contains(parts[0]) ? parts[1] : nil
    }
  }

  /// Whether it would show packets, of which nobody knows the namespace, to somebody who sees some
  /// namespaces alone.
  private func showsPackets(_ tool: String) -> Bool {
    access.namespaces != nil && tool == "export_snapshot_pcap"
  }

  private static let packetsRefusal = ToolError(
    status: 403, code: "forbidden",
    message: "Packets cannot be told apart by namespace, and this token is for some only.",
    hint: "Ask with a token that is for all namespaces.")

  private func refused(_ capability: Access.Capability?) -> ToolError {
    let name = capability?.rawValue ?? "every capability"
    return ToolError(
      status: 403, code: "forbidden", message: "The role \(access.role) lacks \(name).",
      hint: "Ask with a token whose role has it; GET /whoami says what this one may do.",
      details: ["required_capability": .string(name)])
  }
}
