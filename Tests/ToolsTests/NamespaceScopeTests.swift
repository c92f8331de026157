import JSON
import Testing
import ToolKit
import Tools

@Suite struct NamespaceScopeTests {
  /// The sample shop, its snapshot `s` and what was dissected of it; and both as seen by somebody who
  /// may see one namespace.
  private struct Sides {
    let whole: SnapshotHub
    let part: EmbeddedHub

    init() async throws {
      whole = try SnapshotHub()
      part = whole.hub.scoped(to: ["kube-*"])
      _ = try await whole.ask("create_snapshot", ["name": "s"])
      try await whole.dissect("s")
    }

    func ask(_ tool: String, _ arguments: JSONObject = [:]) async throws(ToolError) -> ToolAnswer {
      try await part.call(tool, arguments: arguments) { _ in }
    }
  }

  /// Somebody who sees one namespace was told how many packets all of them have.
  @Test func sumsOverAllNamespacesAreLeftOut() async throws {
    let sides = try await Sides()
    for (tool, arguments) in [
      ("list_api_calls", [:]), ("get_api_stats", [:]), ("list_l4_flows", [:]),
      ("list_api_calls", ["db": "s"]), ("get_dissection_status", [:]),
      ("get_l7_data_boundaries", [:]), ("get_data_boundaries", [:]),
      ("get_raw_capture_status", [:]), ("list_snapshots", [:]), ("get_snapshot", ["id": "s"]),
      ("list_databases", [:]), ("list_snapshot_dissections", [:]),
    ] as [(String, JSONObject)] {
      let all = try await sides.whole.ask(tool, arguments)
      #expect(all.structured["coverage"]?["packets"] != nil, "\(tool)")
      let seen = try await sides.ask(tool, arguments)
      #expect(seen.structured["coverage"]?["packets"] == nil, "\(tool)")
      #expect(seen.structured["coverage"]?["counters"] == nil, "\(tool)")
      let notes = seen.structured["coverage"]?["notes"]?.array ?? []
      #expect(notes.contains { $0.string?.contains("left out") == true }, "\(tool)")
      #expect(seen.structured["coverage"]?["newest_ts"] == all.structured["coverage"]?["newest_ts"])
      #expect(seen.text.contains("left out") && !seen.text.contains("1,345"), "\(tool)")
    }
  }

  @Test func sizesOfPacketsAreLeftOut() async throws {
    let sides = try await Sides()
    let row = try await sides.ask("list_snapshots").structured
    #expect(row["snapshots"]?[0]?["name"] == "s" && row["snapshots"]?[0]?["packet_count"] == nil)
    #expect(row["snapshots"]?[0]?["size_bytes"] == nil)
    #expect(row["storage"]?["used_bytes"] == nil && row["storage"]?["limit_bytes"] != nil)
    let raw = try await sides.ask("get_raw_capture_status").structured
    #expect(raw["used_bytes"] == nil && raw["nodes"]?[0]?["name"] == "local")
    #expect(raw["nodes"]?[0]?["packets"] == nil && raw["nodes"]?[0]?["bytes"] == nil)
    let kept = try await sides.ask("get_data_boundaries").structured
    #expect(kept["nodes"]?[0]?["packets"] == nil && kept["nodes"]?[0]?["oldest_ts"] != nil)
  }

  @Test func whatWasDissectedIsCountedWithinTheScope() async throws {
    let sides = try await Sides()
    let name: JSONObject = ["snapshot_id": "s"]
    let all = try await sides.whole.ask("get_snapshot_dissection_status", name).structured
    let seen = try await sides.ask("get_snapshot_dissection_status", name).structured
    let entries = try #require(seen["entry_count"]?.int)
    #expect(entries > 0 && entries < all["entry_count"]?.int ?? 0)
    #expect(seen["stats"]?["entries_created"]?.int == entries)
    #expect(seen["stats"]?["packets_processed"] == nil && seen["stats"]?["pcap_bytes"] == nil)
    let protocols = seen["stats"]?["protocol_counts"]?.object?.members ?? []
    let calls = try await sides.ask("list_api_calls", name).structured["total"]?.int
    #expect(protocols.reduce(0) { $0 + ($1.value.int ?? 0) } == calls)
    #expect(!protocols.contains { $0.name == "redis" })
    let databases = try await sides.ask("list_databases").structured["databases"]
    #expect(databases?[0]?["type"] == "realtime" && databases?[0]?["entry_count"]?.int == entries)
    #expect(databases?[1]?["type"] == "dissection" && databases?[1]?["entry_count"]?.int == entries)
  }

  /// A filter that cannot be evaluated told of how many entries there are in all.
  @Test func failuresAreToldOfWhatIsSeen() async throws {
    let sides = try await Sides()
    let calls = try await sides.ask("list_api_calls").structured["total"]?.int ?? 0
    #expect(calls > 0)
    let failed = try await sides.ask("list_api_calls", ["kfl": "int(dst.name) > 0"])
    let warning = failed.structured["warnings"]?.array?.compactMap(\.string).first ?? ""
    #expect(warning.contains("on \(calls) of \(calls) entries"), "\(warning)")
    #expect(!warning.contains("cannot be read"), "a cause may quote an entry of another namespace")
  }
}
