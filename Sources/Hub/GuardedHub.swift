package import JSON
package import ToolKit

/// A Hub as somebody with limited rights sees it.
package struct GuardedHub: HubConnection {
  private let hub: any HubConnection
  private let access: Access
  private let readers: Set<String>

  /// - Parameters:
  ///   - hub: shows nothing beyond the namespaces of `access`.
  ///   - readers: tools that only look, those included that no list shows.
  package init(_ hub: any HubConnection, _ access: Access, readers: Set<String>) {
    (self.hub, self.access, self.readers) = (hub, access, readers)
  }

  package func catalogue() async throws(ToolError) -> Catalogue {
    var catalogue = try await hub.catalogue()
    catalogue.tools.removeAll {
      !access.allows($0.name, readOnly: $0.annotations?.readOnly ?? false)
        || showsPackets($0.name)
    }
    return catalogue
  }

  package func call(
    _ name: String, arguments: JSONObject, caller: Caller
  ) async throws(ToolError) -> ToolAnswer {
    let given = arguments.members.filter { !$0.value.isNull && $0.value != "" }.map(\.name)
    let readOnly = readers.contains(name)
    guard access.allows(name, given, readOnly: readOnly) else {
      throw refused(Access.needed(for: name, given, readOnly: readOnly))
    }
    guard !showsPackets(name) else { throw Self.packetsRefusal }
    // What asks a snapshot inside of another argument, or has one dissected on the way.
    if arguments.members.contains(where: { Self.asksSnapshot($0.value) }),
      !access.capabilities.contains(.snapshotRead)
    {
      throw refused(.snapshotRead)
    }
    if given.contains("auto_dissect"), !access.capabilities.contains(.snapshotDissection) {
      throw refused(.snapshotDissection)
    }
    return try await hub.call(name, arguments: arguments, caller: caller)
  }

  package func file(_ path: String, from start: FileStart) async throws(ToolError) -> HubFile {
    guard access.capabilities.contains(.snapshotRead) else { throw refused(.snapshotRead) }
    guard access.namespaces == nil else { throw Self.packetsRefusal }
    return try await hub.file(path, from: start)
  }

  /// Whether an argument is one side of a comparison that names a snapshot.
  private static func asksSnapshot(_ value: JSONValue) -> Bool {
    let names = ["db", "snapshot_id"]
    if let object = value.object { return names.contains { object[$0] != nil } }
    let pairs = value.string?.split(separator: ",") ?? []
    return pairs.contains { pair in
      pair.contains("=") && names.contains(pair.prefix { $0 != "=" }.filter { $0 != " " })
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
