import ToolKit

/// What somebody may do: capabilities, and the namespaces whose traffic they see.
package struct Access: Hashable, Sendable {
  package enum Capability: String, Hashable, Sendable, CaseIterable {
    case live = "dissection:live"
    case control = "dissection:control"
    case targeting = "pods:target:write"
    case settings = "settings:write"
    case snapshotRead = "snapshot:read"
    case snapshotWrite = "snapshot:write"
    case snapshotDissection = "snapshot:dissection"
  }

  /// Name of the role, or `custom`.
  package var role: String
  package var capabilities: Set<Capability>
  /// Names with `*` for any text; nil for all namespaces, empty for none.
  package var namespaces: [String]?

  package init(role: String, capabilities: Set<Capability>, namespaces: [String]? = nil) {
    (self.role, self.capabilities, self.namespaces) = (role, capabilities, namespaces)
  }

  /// Everything: who asks from this machine where no tokens are set up.
  package static let all = Access(role: "kubeshark-admin", capabilities: Set(Capability.allCases))

  /// The built-in roles, strongest first.
  package static let roles: [(name: String, capabilities: Set<Capability>)] = [
    ("kubeshark-admin", Set(Capability.allCases)),
    ("kubeshark-realtime", [.control, .live, .targeting, .settings]),
    ("kubeshark-snapshot", [.snapshotRead, .snapshotWrite, .snapshotDissection]),
    ("kubeshark-viewer", [.live, .snapshotRead]),
  ]

  /// What a call needs; nil when nobody but an administrator may make it.
  static func needed(
    for tool: String, _ arguments: [String], readOnly: Bool
  ) -> Capability? {
    switch tool {
    case "enable_dissection", "disable_dissection": return .control
    case "set_targets": return .targeting
    case "create_snapshot", "delete_snapshot", "upload_snapshot_to_cloud",
      "download_snapshot_from_cloud":
      return .snapshotWrite
    case "start_snapshot_dissection", "stop_snapshot_dissection", "delete_snapshot_dissection":
      return .snapshotDissection
    case "list_snapshots", "get_snapshot", "export_snapshot_pcap", "get_data_boundaries",
      "get_raw_capture_status", "list_databases", "get_snapshot_dissection_status",
      "list_snapshot_dissections", "get_cloud_storage_status", "get_cloud_job_status":
      return .snapshotRead
    default: break
    }
    guard readOnly else { return nil }
    return arguments.contains { $0 == "db" || $0 == "snapshot_id" } ? .snapshotRead : .live
  }

  func allows(_ tool: String, _ arguments: [String] = [], readOnly: Bool) -> Bool {
    // A filter is for whatever traffic somebody may ask.
    if tool == "validate_kfl", capabilities.contains(.snapshotRead) { return true }
    guard let needed = Self.needed(for: tool, arguments, readOnly: readOnly) else {
      return capabilities.count == Capability.allCases.count
    }
    return capabilities.contains(needed)
  }
}
