import Foundation
import Identity
import JSON
import Store
import TestSupport
import Testing
import ToolKit

@testable import Tools

/// Calls that stay from one start to the next.
@Suite struct DataFolderTests {
  private let folder = NSTemporaryDirectory() + "data-\(UUID().uuidString)"
  private static let dns = checkout.appendingPathComponent("Samples/dns.pcapng").path

  /// What is in the folder after these captures were added to it.
  private func ask(
    _ paths: [String], limits: StoreLimits = StoreLimits(), _ tool: String = "list_api_calls",
    _ arguments: JSONObject = ["limit": 1_000]
  ) async throws -> ToolAnswer {
    let capture = try CaptureTraffic(
      paths, inventory: Inventory(), workers: 2, data: DataFolder(folder, limits: limits))
    capture.start()
    let hub = EmbeddedHub(capture.traffic(redactor: Redactor(key: [1])), version: "test")
    return try await ShopHub.ask(tool, arguments, of: hub)
  }

  private func ids(_ answer: ToolAnswer) -> [String] {
    answer.structured["calls"]?.array?.compactMap { $0["id"]?.string } ?? []
  }

  @Test func capturesAddUpAndStay() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let shop = try await ask([ShopHub.capture])
    let both = try await ask([Self.dns])
    let (before, after) = (ids(shop), ids(both))
    #expect(before.count > 200 && after.count > before.count + 20)
    #expect(Set(after).count == after.count && Set(before).isSubset(of: after))
    #expect(both.text.contains("shop.pcap, dns.pcapng") && both.text.contains("1,407 packets"))
    let alone = try await ask([])
    #expect(ids(alone) == after && alone.text.contains("1,407 packets"))
  }

  @Test func theSameCaptureAgainIsNotReadAgain() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let first = try await ask([ShopHub.capture])
    let again = try await ask([ShopHub.capture])
    #expect(ids(first) == ids(again) && again.text.contains("was not read again"))
  }

  @Test func whatLeavesIsNamedInTheCoverage() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let whole = try await ask([ShopHub.capture])
    try FileManager.default.removeItem(atPath: folder)
    var limits = StoreLimits()
    limits.blockRows = 40
    limits.bytes = 60_000
    let answer = try await ask([ShopHub.capture], limits: limits)
    #expect(ids(answer).count < ids(whole).count && !ids(answer).isEmpty)
    #expect(answer.text.contains("older entries left by the limits of the store"))
    let oldest = answer.structured["coverage"]?["oldest_ts"]?.int
    #expect(try #require(oldest) > #require(whole.structured["coverage"]?["oldest_ts"]?.int))
    let later = try await ask([])
    #expect(later.text.contains("older entries left by the limits of the store"))
    // A call that has left is told apart from one that never was, with what there is.
    let kept = Set(ids(answer))
    let gone = try #require(ids(whole).first { !kept.contains($0) })
    let error = await #expect(throws: ToolError.self) {
      try await ask([], "get_api_call", ["id": .string(gone)])
    }
    #expect(error?.status == 410 && error?.json["oldest_ts"]?.int == oldest)
  }

  @Test func fingerprintsStayTheSame() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let key = try DataFolder(folder).key()
    #expect(key.count == 32)
    #expect(try DataFolder(folder).key() == key)
  }
}
