import Foundation
import Identity
import JSON
import TestSupport
import ToolKit
import Tools

/// The Hub over the sample shop, read once for all tests.
enum ShopHub {
  static let capture = checkout.appendingPathComponent("Samples/shop.pcap").path
  static let names = checkout.appendingPathComponent("Samples/workloads.yaml")

  static let hub: EmbeddedHub = try! open()

  static func open(
    _ paths: [String] = [capture], workers: Int = 2, named: Bool = true,
    redactor: Redactor = Redactor(key: Array("tests".utf8)), set: ToolSet = .core,
    data: String? = nil
  ) throws -> EmbeddedHub {
    let inventory =
      named
      ? try InventoryReader.inventory(of: Array(Data(contentsOf: names)), path: names.path)
      : Inventory()
    let capture = try CaptureTraffic(
      paths, inventory: inventory, workers: workers, data: data.map { try DataFolder($0) })
    capture.start()
    return EmbeddedHub(capture.traffic(redactor: redactor), version: "test", set: set)
  }

  static func ask(
    _ tool: String, _ arguments: JSONObject = [:], of hub: EmbeddedHub = hub
  ) async throws(ToolError) -> ToolAnswer {
    try await hub.call(tool, arguments: arguments) { _ in }
  }
}
