import Bytes
import Foundation
import Identity
import JSON
import ObjectStorage
import Packets
import Snapshots
import Synchronization
import TestSupport
import Testing
import ToolKit
import Tools

@Suite struct SnapshotToolsTests {
  @Test func aSnapshotOfACaptureIsMadeListedExportedAndDeleted() async throws {
    let hub = try SnapshotHub()
    let made = try await hub.ask("create_snapshot", ["name": "whole"])
    #expect(made.structured["status"] == "completed")
    let id = try #require(made.structured["id"]?.string)
    let found = try await hub.ask("get_snapshot", ["name": "whole"]).structured
    #expect(found["id"]?.string == id)
    #expect(found["packet_count"] == 1345 && found["node_count"] == 1)
    #expect(found["nodes"] == ["local"] && found["location"] == "local")
    let list = try await hub.ask("list_snapshots").structured
    #expect(list["total"] == 1 && list["storage"]?["used_bytes"]?.int ?? 0 > 100_000)
    // In the address of a snapshot its name may follow, in that of a field a field's.
    for (template, name) in [
      ("net://snapshot/{name}", "whole"), ("net://kfl/fields/{name}", "status_code"),
    ] {
      let question = CompletionQuestion(
        argument: "name", value: String(name.prefix(3)), template: template)
      var values: [String] = []
      // Late names are none: a busy machine is asked again.
      for _ in 0..<20 where values.first != name {
        values = await ArgumentValues.values(question, hub.hub)
      }
      #expect(values.first == name)
    }
    let export = try await hub.ask("export_snapshot_pcap", ["id": .string(id)])
    #expect(export.structured["path"]?.string == "/mcp/snapshots/\(id)/pcap")
    #expect(export.structured["filename"] == "whole.pcap")
    #expect(export.structured["packets"] == 1345 && export.structured["expires_at"] == .null)
    #expect(export.text.contains("not redacted"))
    let gone = try await hub.ask("delete_snapshot", ["id": "whole"])
    #expect(gone.structured["success"] == true)
    let refusal = await hub.refusal("get_snapshot", ["id": "whole"])
    #expect(refusal?.status == 404)
    #expect(FileManager.default.subpaths(atPath: hub.folder)?.isEmpty ?? true)
  }

  @Test func anExportIsTheFileItSaysItIs() async throws {
    let hub = try SnapshotHub()
    _ = try await hub.ask("create_snapshot", ["name": "s"])
    let export = try await hub.ask(
      "export_snapshot_pcap",
      ["id": "s", "bpf_filter": "udp port 53", "format": "pcapng", "nodes": ["local"]]
    ).structured
    let path = try #require(export["path"]?.string)
    #expect(
      path.hasSuffix("?nodes=local&bpf_filter=udp%20port%2053&format=pcapng&comments=none"))
    let bytes = try await hub.bytes(path)
    #expect(export["bytes"]?.int == Int64(bytes.count))
    let file = hub.folder + "/export"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    var reader = try CaptureReader(path: file)
    var count: Int64 = 0
    while let chunk = try reader.next() { count += Int64(chunk.packets.count) }
    #expect(export["packets"]?.int == count && count > 10)
    #expect(reader.summary.names.contains { $0.name.hasSuffix(".shop") })
    // A part of it, as a broken download asks for.
    let rest = try await hub.bytes(path, from: FileStart(offset: 1_000, tag: nil))
    #expect(rest == Array(bytes[1_000...]))
    // Another version: from the beginning.
    let file2 = try await hub.hub.file(path, from: FileStart(offset: 1_000, tag: "\"other\""))
    #expect(file2.offset == 0 && file2.digest?.count == 32)
  }

  /// The path told milliseconds, while the packets were counted from a moment between two.
  @Test func thePathLeadsToWhatWasCounted() async throws {
    let hub = try SnapshotHub()
    _ = try await hub.ask("create_snapshot", ["name": "s"])
    for window in [
      ["start_time": "2026-11-25T03:25:28.4849Z"], ["end_time": "2026-11-25T03:25:02.888796Z"],
      ["start_time": "-1ms"], ["start_time": "-1s", "end_time": "now"],
    ] as [JSONObject] {
      var arguments = window
      arguments["id"] = "s"
      let export = try await hub.ask("export_snapshot_pcap", arguments).structured
      let bytes = try await hub.bytes(try #require(export["path"]?.string))
      #expect(export["bytes"]?.int == Int64(bytes.count), "\(window)")
    }
    let empty = try await hub.ask("export_snapshot_pcap", ["id": "s", "bpf_filter": "port 1"])
    #expect(empty.structured["packets"] == 0)
    #expect(empty.structured["warnings"]?[0]?.string?.contains("leave a condition out") == true)
  }

  @Test func windowsAreCheckedAndCut() async throws {
    let hub = try SnapshotHub()
    let all = try await hub.ask("get_data_boundaries").structured
    let oldest = try #require(all["cluster"]?["oldest_ts"]?.int)
    let newest = try #require(all["cluster"]?["newest_ts"]?.int)
    #expect(all["nodes"]?[0]?["name"] == "local")
    let last = try await hub.ask("create_snapshot", ["duration": "2s"]).structured
    #expect(last["snapshot"]?["end_ts"]?.int ?? 0 >= newest)
    #expect(last["snapshot"]?["start_ts"]?.int ?? 0 > newest - 2_100)
    let early = try await hub.ask(
      "create_snapshot", ["start_time": .int(oldest - 5_000), "end_time": .int(oldest + 1_000)])
    #expect(early.structured["warnings"]?[0]?.string?.contains("begin at") == true)
    #expect(early.structured["snapshot"]?["start_ts"]?.int == oldest)
    let cases: [(JSONObject, Int, String?)] = [
      (["start_time": .int(newest + 5_000), "end_time": .int(newest + 9_000)], 422, "start_time"),
      (["end_time": .int(oldest - 9_000), "duration": "1s"], 422, "end_time"),
      (["start_time": .int(newest), "end_time": .int(oldest)], 400, "start_time"),
      (["duration": "1x"], 400, "duration"),
      (["duration": "1s", "start_time": "-5s"], 400, "duration"),
      (["name": ".."], 400, "name"), (["nodes": ["other"]], 400, "nodes"),
      (["bpf_filter": "tcp prt 80"], 400, "bpf_filter"),
      (["namespaces": ["none"]], 400, "namespaces"),
    ]
    for (arguments, status, argument) in cases {
      let refusal = await hub.refusal("create_snapshot", arguments)
      #expect(refusal?.status == status, "\(JSONValue.object(arguments).text)")
      #expect(refusal?.argument == argument, "\(JSONValue.object(arguments).text)")
      #expect(refusal?.hint?.isEmpty == false)
    }
    #expect(await hub.refusal("create_snapshot", ["bpf_filter": "tcp prt 80"])?.position == 4)
    let outside = await hub.refusal("create_snapshot", cases[0].0)
    #expect(outside?.details["newest_ts"] == .int(newest))
    _ = try await hub.ask("create_snapshot", ["name": "x"])
    #expect(await hub.refusal("create_snapshot", ["name": "x"])?.status == 409)
    let shop = try await hub.ask("create_snapshot", ["name": "n", "namespaces": ["shop"]])
    #expect(shop.structured["snapshot"]?["bpf_filter"]?.string?.contains("host ") == true)
  }

  /// In a cluster names are learnt a moment after the start, and change all the time.
  @Test func snapshotsGoByTheNamesThatAreKnownThen() async throws {
    let known = Mutex(Inventory())
    let hub = try SnapshotHub(inventory: { known.withLock { $0 } })
    #expect(await hub.refusal("create_snapshot", ["namespaces": ["shop"]])?.status == 400)
    let shop = try InventoryReader.inventory(
      of: Array(Data(contentsOf: ShopHub.names)), path: ShopHub.names.path)
    let held = try #require(shop.items.first { $0.namespace == "shop" && !$0.addresses.isEmpty })
    var former = Inventory.Item(
      kind: .pod, name: "job-1", namespace: "jobs", addresses: held.addresses)
    former.isGone = true
    let now = Inventory(shop.items + [former])
    known.withLock { $0 = now }
    // Its address is another pod's by now, whose packets nobody asked for.
    #expect(await hub.refusal("create_snapshot", ["namespaces": ["jobs"]])?.status == 400)
    let made = try await hub.ask("create_snapshot", ["name": "n", "namespaces": ["shop"]])
    #expect(made.structured["snapshot"]?["bpf_filter"]?.string?.contains("host ") == true)
    try await hub.dissect("n")
    let calls = try await hub.ask(
      "list_api_calls",
      ["snapshot_id": "n", "kfl": "http && dst.namespace == \"shop\"", "limit": 1])
    #expect(calls.structured["total"]?.int ?? 0 > 0)
    let export = try await hub.ask("export_snapshot_pcap", ["id": "n", "format": "pcapng"])
    let file = hub.folder + "/named"
    let path = try #require(export.structured["path"]?.string)
    try Data(try await hub.bytes(path)).write(to: URL(fileURLWithPath: file))
    var reader = try CaptureReader(path: file)
    while try reader.next() != nil {}
    let names = reader.summary.names.map(\.name)
    #expect(names.contains { $0.hasSuffix(".shop") } && !names.contains("job-1.jobs"))
  }

  @Test func aFullStoreNamesWhatToDelete() async throws {
    let bytes = try #require(
      FileManager.default.attributesOfItem(atPath: ShopHub.capture)[.size] as? Int)
    let hub = try SnapshotHub(limit: UInt64(bytes) * 3 / 2)
    _ = try await hub.ask("create_snapshot", ["name": "first"])
    let refusal = await hub.refusal("create_snapshot", ["name": "second"])
    #expect(refusal?.status == 507 && refusal?.hint?.contains("first (") == true)
    #expect(try await hub.ask("list_snapshots").structured["total"] == 1)
  }

  @Test func withoutRawPacketsTheToolsSaySo() async throws {
    let hub = try SnapshotHub(hasRaw: false)
    #expect(await hub.refusal("create_snapshot")?.code == "no_raw_capture")
    let none = try await hub.ask("get_raw_capture_status").structured
    #expect(none["enabled"] == false && none["session_id"] == nil)
    let files = try await SnapshotHub().ask("get_raw_capture_status").structured
    #expect(files["session_id"] == "files" && files["storage_size"] == nil)
    let all = try await hub.ask("get_data_boundaries").structured
    #expect(all["cluster"]?["oldest_ts"] == .null)
    #expect(try await hub.ask("list_snapshots").text.contains("There are no snapshots"))
  }

  // MARK: Names

  /// The way to packets needs addresses, and no dissection.
  @Test func whoHeldAnAddressIsKnownOfASnapshotThatNobodyDissected() async throws {
    let hub = try SnapshotHub()
    _ = try await hub.ask("create_snapshot", ["name": "s"])
    for name in ["snapshot_id", "db"] {
      let answer = try await hub.ask(
        "list_workloads", [name: "s", "name": "orders", "namespace": "shop"])
      let found = answer.structured
      #expect(found["workloads"]?[0]?["ips"] == [["ip": "10.96.0.12"]])
      #expect(found["workloads"]?[0]?["observed"] == nil)
      #expect(answer.text.contains("not dissected"))
    }
    let address = try await hub.ask("list_ips", ["snapshot_id": "s", "ip": "10.244.1.12"])
    #expect(
      address.structured["ips"]?[0]?["records"]?[0]?["name"]?.string?.hasPrefix("orders-") == true)
    let missing = await hub.refusal(
      "list_workloads", ["snapshot_id": "s", "name": "nobody", "namespace": "shop"])
    #expect(missing?.status == 404)
    #expect(await hub.refusal("list_l4_flows", ["snapshot_id": "s"])?.code == "not_dissected")
    let waits = try await hub.ask("list_workloads", ["snapshot_id": "s", "auto_dissect": true])
    #expect(waits.structured["workloads"]?.array?.contains { $0["observed"] != nil } == true)
    let odd = await hub.refusal("list_workloads", ["snapshot_id": "s", "auto_dissect": "maybe"])
    #expect(odd?.status == 400 && odd?.argument == "auto_dissect")
  }

  /// A snapshot keeps the names of its time, also when its addresses are others' by now, and after
  /// the next start.
  @Test func aSnapshotKeepsTheNamesOfItsTime() async throws {
    let orders = try #require(IPAddress("10.244.1.12"))
    @Sendable func pod(_ name: String) -> Inventory {
      Inventory([.init(kind: .pod, name: name, namespace: "shop", addresses: [orders])])
    }
    let now = Mutex(pod("orders-before"))
    let hub = try SnapshotHub(inventory: { now.withLock { $0 } })
    _ = try await hub.ask("create_snapshot", ["name": "s", "ns": "shop"])
    now.withLock { $0 = pod("orders-after") }
    let question: JSONObject = ["snapshot_id": "s", "type": "pod"]
    let kept = try await hub.ask("list_workloads", question).structured
    #expect(kept["workloads"]?[0]?["name"] == "orders-before" && kept["total"] == 1)
    try await hub.dissect("s")
    let calls = try await hub.ask(
      "list_api_calls", ["snapshot_id": "s", "kfl": "src.pod.name == \"orders-before\""])
    #expect(calls.structured["total"]?.int ?? 0 > 10)
    let later = try SnapshotHub(folder: hub.folder, inventory: { pod("orders-after") })
    let again = try await later.ask("list_workloads", question).structured
    #expect(again["workloads"]?[0]?["name"] == "orders-before")
    withExtendedLifetime(hub) {}
  }

  // MARK: Dissection

  @Test func callsOfASnapshotAreThoseOfItsPackets() async throws {
    let hub = try SnapshotHub()
    _ = try await hub.ask("create_snapshot", ["name": "s"])
    let early = await hub.refusal("list_api_calls", ["snapshot_id": "s"])
    #expect(early?.status == 409 && early?.code == "not_dissected")
    #expect(early?.details["next_step"]?["tool"] == "start_snapshot_dissection")
    #expect(early?.details["next_step"]?["arguments"] == ["snapshot_id": "s"])
    try await hub.dissect("s")
    let job = try await hub.ask("get_snapshot_dissection_status", ["snapshot": "s"]).structured
    #expect(job["status"] == "completed" && job["progress"] == 100)
    #expect(job["stats"]?["packets_processed"] == 1345)
    #expect(job["stats"]?["protocol_counts"]?["http"]?.int ?? 0 > 50)
    for (tool, arguments) in [
      ("list_api_calls", ["kfl": "http", "limit": 1000]), ("get_api_stats", [:]),
      ("list_l4_flows", [:]), ("get_l4_flow_summary", [:]), ("list_workloads", [:]),
      ("get_api_call", ["id": "local/1008/4"]), ("get_l7_data_boundaries", [:]),
    ] as [(String, JSONObject)] {
      var live = try await hub.ask(tool, arguments).structured
      live["coverage"] = nil
      for (name, value) in [("db", "s/default"), ("snapshot_id", "s")] {
        var asked = arguments
        asked[name] = .string(value)
        var answer = try await hub.ask(tool, asked).structured
        #expect(answer["coverage"]?["source"] == "s/default")
        answer["coverage"] = nil
        #expect(answer == live, "\(tool) \(name)")
      }
    }
  }

  @Test func aPartOfTheTrafficHasOnlyItsCalls() async throws {
    let hub = try SnapshotHub()
    _ = try await hub.ask("create_snapshot", ["name": "dns", "bpf_filter": "udp port 53"])
    try await hub.dissect("dns", ["name": "only", "protocols": ["dns"]])
    let stats = try await hub.ask("get_api_stats", ["db": "dns/only"]).structured
    #expect(stats["stats"]?["by_proto"]?.object?.names == ["dns"])
    let databases = try await hub.ask("list_databases").structured
    #expect(databases["total"] == 2)
    #expect(databases["databases"]?[0]?["type"] == "realtime")
    #expect(databases["databases"]?[1]?["db"] == "dns/only")
  }

  @Test func dissectionsAreKeptNamedAndRemoved() async throws {
    let hub = try SnapshotHub()
    _ = try await hub.ask("create_snapshot", ["name": "s"])
    try await hub.dissect("s")
    #expect(await hub.refusal("start_snapshot_dissection", ["snapshot_id": "s"])?.status == 409)
    #expect(
      await hub.refusal("start_snapshot_dissection", ["snapshot_id": "s", "name": "/"])?.argument
        == "name")
    #expect(
      await hub.refusal(
        "start_snapshot_dissection", ["snapshot_id": "s", "name": "b", "protocols": ["nope"]])?
        .argument == "protocols")
    #expect(await hub.refusal("stop_snapshot_dissection", ["snapshot_id": "s"])?.status == 409)
    #expect(await hub.refusal("list_api_calls", ["db": "s/other"])?.status == 404)
    #expect(await hub.refusal("list_api_calls", ["db": "none/x"])?.status == 404)
    let list = try await hub.ask("list_snapshot_dissections").structured
    #expect(list["dissections"]?[0]?["dissection_id"] == "s/default")
    #expect(
      try await hub.ask("list_snapshots").structured["snapshots"]?[0]?["dissections"]?[0]?["name"]
        == "default")
    let gone = try await hub.ask("delete_snapshot_dissection", ["snapshot_id": "s"])
    #expect(gone.structured["name"] == "default")
    #expect(await hub.refusal("get_api_stats", ["snapshot_id": "s"])?.status == 409)
    #expect(try await hub.ask("get_snapshot", ["id": "s"]).structured["status"] == "completed")
  }

  @Test func aNewStartFindsSnapshotsAndTheirDissections() async throws {
    let first = try SnapshotHub()
    _ = try await first.ask("create_snapshot", ["name": "s"])
    try await first.dissect("s")
    let before = try await first.ask("get_api_stats", ["snapshot_id": "s"])
    let second = try SnapshotHub(folder: first.folder, hasRaw: false)
    #expect(try await second.ask("get_api_stats", ["snapshot_id": "s"]) == before)
    #expect(
      try await second.ask("export_snapshot_pcap", ["id": "s"]).structured["packets"] == 1345)
  }

  // MARK: Form

  @Test func everyAnswerObeysItsSchemaAndItsBudget() async throws {
    let bucket = FileManager.default.temporaryDirectory
      .appendingPathComponent("bucket-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: bucket) }
    let hub = try SnapshotHub(cloud: .success(FolderStorage(bucket, prefix: "")))
    var answers: [(String, ToolAnswer)] = []
    func ask(_ tool: String, _ arguments: JSONObject = [:]) async throws {
      answers.append((tool, try await hub.ask(tool, arguments)))
    }
    try await ask("list_snapshots")
    try await ask("list_databases")
    try await ask("create_snapshot", ["name": "s", "limmit": 5])
    try await ask("get_snapshot", ["id": "s"])
    try await ask("list_snapshots")
    try await ask("export_snapshot_pcap", ["id": "s", "bpf_filter": "port 1"])
    try await ask("start_snapshot_dissection", ["snapshot_id": "s"])
    while try await hub.ask("get_snapshot_dissection_status", ["snapshot_id": "s"]).structured[
      "active"] != false
    { try await Task.sleep(for: .milliseconds(5)) }
    for tool in [
      "list_snapshot_dissections", "list_databases", "get_data_boundaries",
      "get_l7_data_boundaries", "get_raw_capture_status",
    ] { try await ask(tool) }
    try await ask("get_snapshot_dissection_status", ["snapshot_id": "s"])
    try await ask("get_cloud_storage_status")
    try await ask("upload_snapshot_to_cloud", ["id": "s"])
    let job = try #require(answers.last?.1.structured["job_id"])
    while try await hub.ask("get_cloud_job_status", ["job_id": job]).structured["status"]
      == "in_progress"
    { try await Task.sleep(for: .milliseconds(5)) }
    try await ask("get_cloud_job_status", ["job_id": job])
    try await ask("list_snapshots")
    try await ask("delete_snapshot_dissection", ["snapshot_id": "s"])
    try await ask("list_snapshot_dissections")
    try await ask("delete_snapshot", ["id": "s"])
    try await ask("get_snapshot", ["id": "s"])
    try await ask("download_snapshot_from_cloud", ["id": "s"])
    let tools = hub.hub.catalogue().tools
    // No tool about snapshots is added without a question that holds it to the rules.
    let others = Set(ShopHub.hub.rows.map(\.name))
    let asked = Set(answers.map(\.0)).union(["stop_snapshot_dissection"])
    for tool in tools where !others.contains(tool.name) {
      #expect(asked.contains(tool.name), "\(tool.name)")
    }
    for (tool, answer) in answers {
      let schema = try #require(tools.first { $0.name == tool }?.outputSchema)
      let wrong = misfits(.object(answer.structured), schema)
      #expect(wrong.isEmpty, "\(tool): \(wrong.prefix(3))")
      #expect(answer.text.utf8.count <= 8 << 10)
      #expect(answer.text.contains("Coverage: "), "\(tool)")
    }
    #expect(answers[2].1.text.contains("\"limmit\" was ignored"))
  }

  @Test func destructiveToolsSaySo() throws {
    let tools = try SnapshotHub().hub.catalogue().tools
    let destructive = tools.filter { $0.annotations?.needsConfirmation == true }.map(\.name)
    #expect(destructive == ["delete_snapshot", "delete_snapshot_dissection"])
    let writing = tools.filter { $0.annotations?.readOnly == false }.map(\.name)
    #expect(
      writing == [
        "enable_dissection", "disable_dissection", "create_snapshot", "delete_snapshot",
        "start_snapshot_dissection", "stop_snapshot_dissection", "delete_snapshot_dissection",
        "upload_snapshot_to_cloud", "download_snapshot_from_cloud",
      ])
  }
}
