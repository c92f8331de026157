import Foundation
import JSON
import TestSupport
import Testing
import ToolKit

@testable import Tools

/// Errors of ICMP and the flows they are about, and how rows of the samples read.
@Suite struct ProtocolSamplesTests {
  private static func open(_ name: String = "icmp") throws -> EmbeddedHub {
    let path = checkout.appendingPathComponent("Samples/protocols/\(name).pcap").path
    return try ShopHub.open([path], named: false, redactor: .off, set: .all)
  }

  private func details(_ filter: String, _ hub: EmbeddedHub) async throws -> ToolAnswer {
    let list = try await ShopHub.ask("list_api_calls", ["kfl": .string(filter)], of: hub)
    let id = try #require(list.structured["calls"]?.array?.first?["id"])
    return try await ShopHub.ask("get_api_call_details", ["id": id], of: hub)
  }

  @Test func anErrorShowsTheFlowItIsAbout() async throws {
    let hub = try Self.open()
    let filter = #"icmp_type == "destination unreachable/port" && icmp_version == 4"#
    let answer = try await details(filter, hub)
    #expect(answer.text.contains("The flow it is about: "))
    #expect(answer.structured["l4_flow"]?["local_pkts"] == 1)
  }

  @Test func aFlowShowsTheErrorsAboutIt() async throws {
    let hub = try Self.open()
    let answer = try await details(#"udp_conn && dst.port == 9 && src.ip == "10.9.0.1""#, hub)
    #expect(
      answer.structured["icmp_errors"]
        == ["destination unreachable/port udp 10.9.0.1 → 10.9.0.2:9"])
  }

  @Test(arguments: [
    ("icmp", ["echo|reply", "time exceeded/TTL icmp 10.9.0.1 → 10.9.3.2|failed !"], "icmp echo"),
    ("mqtt", ["publish closed/1|not authorized !", "subscribe sensors/#|ok"], "mqtt publish"),
    ("diameter", ["CCR Gx|DIAMETER_SUCCESS", "CER|DIAMETER_SUCCESS"], "diameter Credit-Control"),
  ])
  func rowsReadNaturally(_ name: String, _ rows: [String], _ group: String) async throws {
    let hub = try Self.open(name)
    let list = try await ShopHub.ask(
      "list_api_calls", ["kfl": .string(name), "limit": 100, "max_tokens": 20_000], of: hub)
    // What was called, and how it ended, each said once.
    let lines = list.text.split(separator: "\n").map { line in
      line.split(separator: "  ", omittingEmptySubsequences: true)
        .map { $0.drop { $0 == " " } }.joined(separator: "|")
    }
    for row in rows { #expect(lines.contains { $0.contains("|\(row)|") }, "\(row)") }
    let stats = try await ShopHub.ask(
      "get_api_stats", ["kfl": .string(name), "group_by": "method"], of: hub)
    #expect(stats.text.contains(group))
  }

  /// Its cipher suite was taken for a path with an identifier.
  @Test func aHandshakeWithoutANameIsOneOfItsSuiteInStatistics() async throws {
    let path = checkout.appendingPathComponent("Samples/tls/redis-tls.pcap").path
    let hub = try ShopHub.open([path], named: false, redactor: .off, set: .all)
    let stats = try await ShopHub.ask("get_api_stats", ["kfl": "tlsx"], of: hub)
    let endpoints = stats.structured["stats"]?["endpoints"]?.array ?? []
    #expect(endpoints.map { $0["path"] } == ["TLS_AES_256_GCM_SHA384"])
  }
}
