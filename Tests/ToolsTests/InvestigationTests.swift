import Foundation
import Identity
import JSON
import Testing
import ToolKit
import Tools

/// What somebody who looks for the cause of a failure must not be told wrong.
@Suite struct InvestigationTests {
  /// The tools over a capture, which is read once more and then gone.
  private func ask(
    _ capture: MadeCapture, _ tool: String, _ arguments: JSONObject = [:]
  ) async throws -> ToolAnswer {
    let path = try capture.write()
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await ShopHub.ask(
      tool, arguments, of: try ShopHub.open([path], named: false, set: .all))
  }

  /// The row of a list that has this value.
  private func row(
    _ answer: ToolAnswer, _ list: String, where name: String, is value: JSONValue
  ) throws -> JSONValue {
    let rows = try #require(answer.structured[list]?.array)
    return try #require(rows.first { $0[name] == value })
  }

  // MARK: Bytes are counted once

  @Test func whoTalksToItselfMovesEachByteOnce() async throws {
    var capture = MadeCapture()
    (capture.client, capture.server) = ([127, 0, 0, 1], [127, 0, 0, 1])
    capture.http("/a")
    capture.http("/b")
    let flows = try await ask(capture, "list_l4_flows")
    let bytes = try #require(flows.structured["flows"]?[0]?["totals"]?["bytes"])
    #expect((bytes.int ?? 0) > 0)
    let workloads = try await ask(capture, "list_workloads")
    let workload = try row(workloads, "workloads", where: "name", is: "127.0.0.1")
    #expect(workload["observed"]?["bytes"] == bytes)
    let addresses = try await ask(capture, "list_ips")
    let address = try row(addresses, "ips", where: "ip", is: "127.0.0.1")
    #expect(address["observed"]?["bytes"] == bytes)
  }

  @Test func aNamespaceCountsWhatItsPodsSayToEachOtherOnce() async throws {
    for name in ["shop", "payments"] {
      let flows = try await ShopHub.ask("list_l4_flows", ["ns": .string(name)])
      let bytes = try #require(flows.structured["flows"]?.array).reduce(Int64(0)) {
        $0 + ($1["totals"]?["bytes"]?.int ?? 0)
      }
      let namespaces = try await ShopHub.ask("list_workloads", ["type": "namespace"])
      let namespace = try row(namespaces, "workloads", where: "name", is: .string(name))
      #expect(namespace["observed"]?["bytes"]?.int == bytes, "\(name)")
    }
  }
}
