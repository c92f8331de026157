import Foundation
import JSON
import ObjectStorage
import Testing
import ToolKit
import Tools

/// Snapshots that go to storage elsewhere and come back.
@Suite struct CloudToolsTests {
  /// A folder that stands for a bucket, removed with it.
  private final class Bucket {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("bucket-\(UUID().uuidString)").path
    deinit { try? FileManager.default.removeItem(atPath: path) }

    var storage: Result<any ObjectStorage, StorageError> {
      .success(FolderStorage(path, prefix: "team/"))
    }
  }

  private func over(_ hub: SnapshotHub, _ answer: ToolAnswer) async throws -> JSONObject {
    let job = try #require(answer.structured["job_id"])
    while true {
      let status = try await hub.ask("get_cloud_job_status", ["job_id": job])
      #expect(status.structured["snapshot_id"] == answer.structured["snapshot_id"])
      if status.structured["status"] != "in_progress" { return status.structured }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  private func locations(_ hub: SnapshotHub) async throws -> [String: String] {
    let rows = try await hub.ask("list_snapshots").structured["snapshots"]?.array ?? []
    return Dictionary(
      uniqueKeysWithValues: rows.map { ($0["name"]?.string ?? "", $0["location"]?.string ?? "") })
  }

  @Test func aSnapshotGoesThereAndComesBackElsewhere() async throws {
    let bucket = Bucket()
    let one = try SnapshotHub(cloud: bucket.storage)
    let status = try await one.ask("get_cloud_storage_status").structured
    #expect(
      status["enabled"] == true && status["connected"] == true && status["provider"] == "file")
    #expect(status["bucket"]?.string == bucket.path && status["prefix"] == "team/")
    _ = try await one.ask("create_snapshot", ["name": "kept", "bpf_filter": "tcp port 8080"])
    let packets = try await one.ask("export_snapshot_pcap", ["id": "kept"]).structured
    let sent = try await over(one, one.ask("upload_snapshot_to_cloud", ["id": "kept"]))
    #expect(
      sent["status"] == "completed" && sent["progress"] == 100 && sent["operation"] == "upload")
    #expect(sent["bytes_done"] == sent["bytes_total"] && sent["error"] == nil)
    #expect(try await locations(one) == ["kept": "both"])

    let two = try SnapshotHub(cloud: bucket.storage)
    #expect(try await locations(two) == ["kept": "cloud"])
    #expect(
      try await two.ask("get_snapshot", ["id": "kept"]).structured["location"] == "cloud")
    for (tool, arguments) in [
      ("export_snapshot_pcap", ["id": "kept"]), ("list_api_calls", ["snapshot_id": "kept"]),
      ("start_snapshot_dissection", ["snapshot_id": "kept"]),
    ] as [(String, JSONObject)] {
      let refused = await two.refusal(tool, arguments)
      #expect(refused?.status == 409 && refused?.code == "not_local", "\(tool)")
      #expect(refused?.details["next_step"]?["tool"] == "download_snapshot_from_cloud")
    }
    let come = try await over(two, two.ask("download_snapshot_from_cloud", ["id": "kept"]))
    #expect(come["status"] == "completed" && come["operation"] == "download")
    #expect(try await locations(two) == ["kept": "both"])
    let same = try await two.ask("export_snapshot_pcap", ["id": "kept"]).structured
    #expect(same["sha256"] == packets["sha256"] && same["packets"] == packets["packets"])
    try await two.dissect("kept")
    #expect(
      try await two.ask("list_api_calls", ["snapshot_id": "kept"]).structured["total"] != 0)
    #expect(await two.refusal("download_snapshot_from_cloud", ["id": "kept"])?.status == 409)
  }

  @Test func damageOnTheWayIsNoticed() async throws {
    let bucket = Bucket()
    let one = try SnapshotHub(cloud: bucket.storage)
    let made = try await one.ask("create_snapshot", ["name": "kept"]).structured
    _ = try await over(one, one.ask("upload_snapshot_to_cloud", ["id": "kept"]))
    let file = "\(bucket.path)/team/files/\(made["id"]?.string ?? "")/files/000001.pcapng"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    bytes[1_000] ^= 1
    try bytes.write(to: URL(fileURLWithPath: file))
    let two = try SnapshotHub(cloud: bucket.storage)
    let come = try await over(two, two.ask("download_snapshot_from_cloud", ["id": "kept"]))
    #expect(come["status"] == "failed")
    #expect(come["error"]?.string?.contains("not those that were uploaded") == true)
    #expect(try await locations(two) == ["kept": "cloud"])
    // What is no manifest of ours is passed over, and one that leads elsewhere is none.
    let manifest = "\(bucket.path)/team/snapshots/\(made["id"]?.string ?? "").json"
    let text = try String(contentsOfFile: manifest, encoding: .utf8)
    try text.replacing("files/000001.pcapng", with: "../000001.pcapng")
      .write(toFile: manifest, atomically: true, encoding: .utf8)
    let three = try SnapshotHub(cloud: bucket.storage)
    #expect(try await locations(three) == [:])
  }

  @Test func whatCannotBeDoneIsSaid() async throws {
    let none = try SnapshotHub()
    let status = try await none.ask("get_cloud_storage_status").structured
    #expect(status["enabled"] == false && status["connected"] == false)
    #expect(
      await none.refusal("upload_snapshot_to_cloud", ["id": "x"])?.code == "no_cloud_storage")
    let wrong = try SnapshotHub(
      cloud: .failure(StorageError(.settings, "There are no keys.", hint: "Set them.")))
    let told = try await wrong.ask("get_cloud_storage_status").structured
    #expect(told["enabled"] == true && told["connected"] == false)
    #expect(told["error"] == "There are no keys. Set them.")
    let listed = try await wrong.ask("list_snapshots")
    #expect(listed.structured["warnings"]?[0]?.string?.contains("There are no keys") == true)
    _ = try await wrong.ask("create_snapshot", ["name": "s"])
    #expect(await wrong.refusal("upload_snapshot_to_cloud", ["id": "s"])?.status == 409)
    let bucket = Bucket()
    let hub = try SnapshotHub(cloud: bucket.storage)
    #expect(await hub.refusal("upload_snapshot_to_cloud", ["id": "nobody"])?.status == 404)
    #expect(await hub.refusal("download_snapshot_from_cloud", ["id": "nobody"])?.status == 404)
    #expect(await hub.refusal("get_cloud_job_status", ["job_id": "nobody"])?.status == 404)
  }
}
