import JSON
import Testing
import ToolKit
import Tools

/// The sample shop's facts (Samples/README.md), asked through the tools.
@Suite struct ShopAnswersTests {
  @Test func theSeedsQuestionFindsTwelve500s() async throws {
    let answer = try await ShopHub.ask(
      "list_api_calls", ["kfl": "http and response.status == 500"])
    #expect(answer.structured["total"] == 12 && answer.structured["truncated"] == false)
    let calls = try #require(answer.structured["calls"]?.array)
    #expect(calls.count == 12 && calls.allSatisfy { $0["status"] == 500 })
    let byPayment = calls.filter { $0["dst"]?["svc"] == "payment-service" }
    #expect(byPayment.count == 8 && byPayment.allSatisfy { $0["path"] == "/api/checkout" })
    #expect(answer.text.contains("12 calls match http && status_code == 500"))
  }

  @Test func bothSpellingsSelectTheSame() async throws {
    let old = try await ShopHub.ask("list_api_calls", ["kfl": "http and response.status == 404"])
    let new = try await ShopHub.ask("list_api_calls", ["kfl": "http && status_code == 404"])
    let short = try await ShopHub.ask("list_api_calls", ["proto": "http", "status": 404])
    #expect(old.structured["total"] == 9)
    #expect(old.structured["calls"] == new.structured["calls"])
    #expect(old.structured["calls"] == short.structured["calls"])
  }

  @Test func oneCallInFull() async throws {
    let list = try await ShopHub.ask(
      "list_api_calls",
      ["kfl": "http && elapsed_time > 2000000 && dst.service.name == \"payment-service\""])
    #expect(list.structured["total"] == 3)
    let id = try #require(list.structured["calls"]?[0]?["id"]?.string)
    let call = try await ShopHub.ask("get_api_call", ["id": .string(id)])
    #expect(call.structured["id"] == .string(id) && call.structured["status"] == 500)
    let request = try #require(call.structured["request"]?.object)
    #expect(request["method"] == "POST")
    let headers = try #require(request["headers"]?.object)
    #expect(headers.names.contains { $0.lowercased() == "x-request-id" })
    let body = try #require(request["body"]?.string)
    #expect(body.contains("[redacted:") && !body.contains("4111111111111111"))
    #expect(call.text.contains("POST /api/checkout"))
  }

  @Test func anyFieldMakesGroups() async throws {
    let answer = try await ShopHub.ask(
      "get_api_stats", ["group_by": "status_code", "kfl": "http", "limit": 100])
    let groups = try #require(answer.structured["stats"]?["groups"]?.array)
    let counts = groups.compactMap { $0["count"]?.int }
    #expect(counts == counts.sorted(by: >) && groups.count == counts.count)
    #expect(counts.reduce(0, +) == answer.structured["stats"]?["total_calls"]?.int)
    #expect(groups.first { $0["key"] == "500" }?["count"] == 12)
    #expect(groups.first { $0["key"] == "404" }?["count"] == 9)
  }

  @Test func secretsShowWhenAskedFor() async throws {
    let open = try ShopHub.open(redactor: .off)
    let answer = try await ShopHub.ask(
      "list_api_calls", ["kfl": "http && path == \"/api/account\"", "format": "full"], of: open)
    #expect(JSONValue.object(answer.structured).text.contains("fake-session-0001"))
  }

  @Test func gzipBodiesAreShownDecoded() async throws {
    let list = try await ShopHub.ask(
      "list_api_calls",
      [
        "kfl": "map_get(response.headers, \"content-encoding\", \"\") == \"gzip\"",
        "format": "full", "limit": 1,
      ])
    let call = try #require(list.structured["calls"]?[0])
    #expect(call["resp_body"]?.string?.isEmpty == false && call["resp_encoding"] == nil)
  }

  @Test func pagesHaveNoHolesAndNoRepeats() async throws {
    var seen: [String] = []
    var cursor: JSONValue?
    repeat {
      var arguments: JSONObject = ["limit": 50, "kfl": "http || dns"]
      if let cursor { arguments["cursor"] = cursor }
      let page = try await ShopHub.ask("list_api_calls", arguments)
      seen += page.structured["calls"]?.array?.compactMap { $0["id"]?.string } ?? []
      cursor = page.structured["next_cursor"]
      #expect(page.structured["total"] == 231)
    } while cursor != nil
    #expect(seen.count == 231 && Set(seen).count == 231)
  }

  @Test func statisticsAddUp() async throws {
    let answer = try await ShopHub.ask("get_api_stats", ["kfl": "http"])
    let stats = try #require(answer.structured["stats"])
    #expect(stats["total_calls"] == 191)
    #expect(stats["status_classes"]?["5xx"] == 28 && stats["status_classes"]?["4xx"] == 13)
    let endpoints = try #require(stats["endpoints"]?.array)
    #expect(endpoints.contains { $0["path"] == "/api/orders/{id}" })
  }

  @Test func flowsHaveBytesPacketsAndRoundTrips() async throws {
    let answer = try await ShopHub.ask("list_l4_flows")
    #expect(answer.structured["total"] == 16, "TCP, UDP and ICMP")
    let flows = try #require(answer.structured["flows"]?.array)
    let redis = try #require(flows.first { $0["server"]?["port"] == 6379 })
    #expect(redis["connections"] == 4 && redis["retransmissions"] == 1)
    #expect((redis["client_stats"]?["tcp_handshake_p50_us"]?.int ?? 0) > 0)
    let packets = flows.reduce(0) { $0 + ($1["totals"]?["pkts"]?.int ?? 0) }
    #expect(packets == 1315, "each packet once")
  }

  @Test func summaryNamesWhatFails() async throws {
    let answer = try await ShopHub.ask("get_l4_flow_summary")
    let failed = try #require(answer.structured["failed"]?.array)
    #expect(failed.contains { $0["port"] == 9090 && $0["unanswered"] == 2 })
    #expect(answer.structured["cross_namespace"]?.array?.count == 3)
  }

  @Test func addressesWithoutNamesStillAnswer() async throws {
    let hub = try ShopHub.open(named: false)
    let answer = try await ShopHub.ask("list_workloads", of: hub)
    #expect((answer.structured["total"]?.int ?? 0) > 5)
    let nobody = try await ShopHub.ask("list_workloads", ["name": "orders"], of: hub)
    #expect(nobody.text.contains("--workloads FILE"))
  }
}
