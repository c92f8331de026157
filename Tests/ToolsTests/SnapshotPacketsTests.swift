import Foundation
import JSON
import Packets
import TestSupport
import Testing
import ToolKit
import Tools

/// Calls and the packets they were found in, both ways.
@Suite struct SnapshotPacketsTests {
  private func reader(of bytes: [UInt8], _ hub: SnapshotHub) throws -> CaptureReader {
    let file = hub.folder + "/file-\(UUID().uuidString)"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    var reader = try CaptureReader(path: file)
    while try reader.next() != nil {}
    return reader
  }

  private func comments(_ hub: SnapshotHub, _ arguments: JSONObject) async throws -> [String] {
    var arguments = arguments
    arguments["id"] = "s"
    arguments["format"] = "pcapng"
    let export = try await hub.ask("export_snapshot_pcap", arguments).structured
    let bytes = try await hub.bytes(try #require(export["path"]?.string))
    #expect(export["bytes"]?.int == Int64(bytes.count))
    return try reader(of: bytes, hub).summary.comments.map { comment in
      guard case .packet(let number) = comment.place else { return comment.text }
      return "\(number): \(comment.text)"
    }
  }

  @Test func anExportNotesCallsOnTheirPackets() async throws {
    let hub = try SnapshotHub()
    _ = try await hub.ask("create_snapshot", ["name": "s"])
    let before = try await hub.ask("export_snapshot_pcap", ["id": "s", "format": "pcapng"])
    #expect(before.structured["path"]?.string?.hasSuffix("&comments=none") == true)
    #expect(try await comments(hub, [:]) == [])
    try await hub.dissect("s")
    let call = try await hub.ask("get_api_call", ["id": "local/1008/4", "db": "s/default"])
    let method = try #require(call.structured["method"]?.string)
    let all = try await comments(hub, [:])
    let own = all.filter { $0.contains(": local/1008/4 ") }
    #expect(own.count == 2 && own[0].contains("http \(method) /"))
    #expect(own[1].contains(" ms"))
    let numbers = own.compactMap { UInt64($0.prefix { $0 != ":" }) }
    #expect(numbers[0] >= 1008 && numbers[0] < numbers[1])
    // A part of the packets has the comments of that part, on the same packets.
    let part = try await comments(hub, ["bpf_filter": "tcp"])
    #expect(part.filter { $0.contains(": local/1008/4 ") }.count == 2)
    #expect(!part.contains { $0.contains(" dns ") } && all.contains { $0.contains(" dns ") })
    #expect(try await comments(hub, ["comments": "none"]) == [])
    #expect(
      await hub.refusal(
        "export_snapshot_pcap", ["id": "s", "format": "pcapng", "comments": "other"])?.status == 404
    )
    // The path from before still leads to the bytes from before.
    let bytes = try await hub.bytes(try #require(before.structured["path"]?.string))
    #expect(before.structured["bytes"]?.int == Int64(bytes.count))
  }

  @Test func theConnectionOfACallIsAFile() async throws {
    let hub = try SnapshotHub()
    _ = try await hub.ask("create_snapshot", ["name": "s"])
    try await hub.dissect("s")
    let id: JSONObject = ["id": "local/1008/4", "include_pcap": true]
    let own = try await hub.ask("get_api_call_details", id).structured
    var asked = id
    asked["snapshot_id"] = "s"
    let cut = try await hub.ask("get_api_call_details", asked).structured
    #expect(cut["pcap"] != nil && cut["pcap"] == own["pcap"])
    let number = try #require(own["l4_conn"]?["conn_id"]?.int)
    #expect(own["pcap_path"]?.string == "/mcp/conns/\(number)/pcap")
    #expect(cut["pcap_path"]?.string == "/mcp/conns/\(number)/pcap?db=s%2Fdefault")
    let packets = try #require(own["pcap_packets"]?.int)
    for path in ["/mcp/conns/\(number)/pcap", "/api/mcp/conns/\(number)/pcap?db=s/default"] {
      let bytes = try await hub.bytes(path)
      #expect(Int64(bytes.count) == own["pcap_bytes"]?.int)
      #expect(try reader(of: bytes, hub).summary.packets == UInt64(packets))
      #expect(
        try await hub.bytes(path, from: FileStart(offset: 30, tag: nil)) == Array(bytes[30...]))
    }
    let flow = try #require(own["l4_flow"]?["flow_id"]?.int)
    let all = try await hub.bytes("/mcp/flows/\(flow)/pcap")
    #expect(Int64(all.count) >= own["pcap_bytes"]?.int ?? .max)
    for path in ["/mcp/conns/999999999/pcap", "/mcp/flows/x/pcap", "/mcp/other/1/pcap"] {
      await #expect(throws: ToolError.self) { try await hub.bytes(path) }
    }
  }

  @Test func aSnapshotIsDissectedOnTheWay() async throws {
    let hub = try SnapshotHub()
    _ = try await hub.ask("create_snapshot", ["name": "s"])
    let refused = await hub.refusal("get_api_stats", ["snapshot_id": "s"])
    #expect(refused?.hint?.contains("auto_dissect") == true)
    let stats = try await hub.ask("get_api_stats", ["snapshot_id": "s", "auto_dissect": true])
    #expect(stats.structured["warnings"] == nil)
    #expect(stats.structured["stats"]?["total_calls"]?.int ?? 0 > 50)
    #expect(try await hub.ask("get_api_stats", ["snapshot_id": "s"]) == stats)
    let named = try await hub.ask("list_api_calls", ["db": "s/mine", "auto_dissect": "true"])
    #expect(named.structured["coverage"]?["source"] == "s/mine")
  }

  @Test func aDissectionKeepsTheCallsOfItsFilter() async throws {
    let hub = try SnapshotHub()
    _ = try await hub.ask("create_snapshot", ["name": "s"])
    try await hub.dissect("s", ["name": "bad", "kfl": "http && status_code >= 500"])
    let job = try await hub.ask("get_snapshot_dissection_status", ["snapshot_id": "s"]).structured
    #expect(job["kfl"] == "http && status_code >= 500")
    let kept = try await hub.ask("list_api_calls", ["db": "s/bad", "limit": 1000]).structured
    let known = try await hub.ask(
      "list_api_calls", ["kfl": "http && status_code >= 500", "limit": 1000]
    ).structured
    #expect(known["total"] != 0 && kept["calls"] == known["calls"])
    let flows = try await hub.ask("get_l4_flow_summary", ["db": "s/bad"]).structured
    #expect(
      flows["total_flows"] == (try await hub.ask("get_l4_flow_summary").structured["total_flows"]))
    #expect(
      await hub.refusal(
        "start_snapshot_dissection", ["snapshot_id": "s", "name": "x", "kfl": "htp ="])?
        .argument == "kfl")
  }

  @Test func snapshotsToBeComparedAreDissectedOnTheWay() async throws {
    let hub = try SnapshotHub()
    for name in ["a", "b"] { _ = try await hub.ask("create_snapshot", ["name": .string(name)]) }
    let compared = try await hub.ask(
      "compare_api_stats",
      ["a": ["snapshot_id": "a"], "b": ["db": "b/default"], "auto_dissect": true]
    ).structured
    #expect(compared["warnings"] == nil && compared["verdict"] == "same")
    #expect(compared["a"]?["calls"] == compared["b"]?["calls"])
    #expect((compared["a"]?["calls"]?.int ?? 0) > 50)
  }

  @Test func twoSnapshotsAreCompared() async throws {
    let hub = try SnapshotHub()
    let cluster = try await hub.ask("get_data_boundaries").structured["cluster"]
    let oldest = try #require(cluster?["oldest_ts"]?.int)
    let middle = (oldest + (try #require(cluster?["newest_ts"]?.int))) / 2
    _ = try await hub.ask("create_snapshot", ["name": "a", "end_time": .int(middle)])
    _ = try await hub.ask("create_snapshot", ["name": "b", "start_time": .int(middle)])
    let sides: JSONObject = ["a": ["snapshot_id": "a"], "b": "db=b/default", "min_calls": 1]
    #expect(await hub.refusal("compare_api_stats", sides)?.code == "not_dissected")
    try await hub.dissect("a")
    try await hub.dissect("b")
    let compared = try await hub.ask("compare_api_stats", sides).structured
    for name in ["a", "b"] {
      let stats = try await hub.ask("get_api_stats", ["snapshot_id": .string(name)]).structured
      #expect(compared[name]?["calls"] == stats["stats"]?["total_calls"])
      #expect(compared[name]?["db"]?.string == "\(name)/default")
    }
    // One side may be the traffic itself.
    let mixed = try await hub.ask(
      "compare_api_stats", ["a": ["db": "a"], "b": ["start": .int(middle)]])
    #expect(mixed.structured["b"]?["db"] == nil && mixed.structured["a"]?["db"] == "a/default")
    let schema = try #require(
      hub.hub.catalogue().tools.first { $0.name == "compare_api_stats" }?.outputSchema)
    #expect(misfits(.object(compared), schema).isEmpty)
    #expect(await hub.refusal("compare_api_stats", ["a": ["db": "none"]])?.status == 404)
  }
}
