import Foundation
import Identity
import JSON
import ObjectStorage
import Snapshots
import TestSupport
import ToolKit
import Tools

/// The Hub over the sample shop, with snapshots in a folder of its own, removed with it.
final class SnapshotHub: Sendable {
  let hub: EmbeddedHub
  let folder: String
  /// A copy of the capture beside the snapshots: links do not reach another file system.
  private let source: String

  init(
    _ original: String = ShopHub.capture, folder: String? = nil,
    limit: UInt64 = SnapshotStore.standardLimit, hasRaw: Bool = true, set: ToolSet = .all,
    cloud: Result<any ObjectStorage, StorageError>? = nil,
    inventory: (@Sendable () -> Inventory)? = nil
  ) throws {
    self.folder =
      folder
      ?? FileManager.default.temporaryDirectory.appendingPathComponent("hub-\(UUID().uuidString)")
      .path
    source =
      FileManager.default.temporaryDirectory.appendingPathComponent("raw-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
    let path = source + "/" + (original.split(separator: "/").last ?? "capture")
    try FileManager.default.copyItem(atPath: original, toPath: path)
    let shop = try InventoryReader.inventory(
      of: Array(Data(contentsOf: ShopHub.names)), path: ShopHub.names.path)
    let redactor = Redactor(key: Array("tests".utf8))
    let capture = try CaptureTraffic([path], inventory: shop, workers: 1)
    capture.start()
    let library = try SnapshotLibrary(
      self.folder, capture: hasRaw ? FileCapture([path], node: SnapshotLibrary.localNode) : nil,
      inventory: inventory ?? { shop }, redactor: redactor, workers: 1, limit: limit, cloud: cloud)
    hub = EmbeddedHub(
      capture.traffic(redactor: redactor), version: "test", set: set, library: library)
  }

  deinit {
    for path in [folder, source] { try? FileManager.default.removeItem(atPath: path) }
  }

  func ask(_ tool: String, _ arguments: JSONObject = [:]) async throws(ToolError) -> ToolAnswer {
    try await hub.call(tool, arguments: arguments) { _ in }
  }

  /// The error that a call ends with.
  func refusal(_ tool: String, _ arguments: JSONObject = [:]) async -> ToolError? {
    do throws(ToolError) {
      _ = try await ask(tool, arguments)
      return nil
    } catch { return error }
  }

  /// Dissects a snapshot and waits for its end.
  func dissect(_ snapshot: String, _ arguments: JSONObject = [:]) async throws {
    var arguments = arguments
    arguments["snapshot_id"] = .string(snapshot)
    _ = try await ask("start_snapshot_dissection", arguments)
    while true {
      let status = try await ask(
        "get_snapshot_dissection_status", ["snapshot_id": .string(snapshot)])
      if status.structured["active"] == false { return }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  func bytes(_ path: String, from start: FileStart = .beginning) async throws -> [UInt8] {
    let file = try await hub.file(path, from: start)
    let bytes = Collected()
    try await file.copy { (piece) async throws(ToolError) in await bytes.add(piece) }
    return await bytes.all
  }

  private actor Collected {
    var all: [UInt8] = []
    func add(_ piece: [UInt8]) { all += piece }
  }
}
