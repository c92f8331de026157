import Bytes
import Foundation
import JSON
import Packets
import Testing
import ToolKit
import Tools

/// The tools of the set `all`, asked about the sample shop.
@Suite struct NewToolsTests {
  private func ask(_ tool: String, _ arguments: JSONObject = [:]) async throws -> JSONObject {
    try await ShopHub.ask(tool, arguments).structured
  }

  private func error(_ tool: String, _ arguments: JSONObject) async throws -> ToolError {
    do {
      _ = try await ShopHub.ask(tool, arguments)
    } catch { return error }
    throw ToolError(status: 200, code: "answered", message: "\(tool) answered")
  }

  // MARK: list_ips

  @Test func addressesLeadToWorkloads() async throws {
    let one = try await ask("list_ips", ["ip": "10.244.2.21"])
    #expect(one["total"] == 1 && one["ips"]?[0]?["records"]?[0]?["name"] == "redis-0")
    let net = try await ask("list_ips", ["ip": "10.244.2.0/24"])
    #expect(net["total"] == 2)
    let outside = try await ask("list_ips", ["ip": "198.51.100.0/24"])
    let rows = try #require(outside["ips"]?.array)
    #expect(rows.count == 2 && rows.allSatisfy { $0["records"] == [] && $0["external"] == true })
    #expect(rows.allSatisfy { ($0["observed"]?["bytes"]?.int ?? 0) > 0 })
    let labelled = try await ask(
      "list_ips", ["labels": "app=payment-service", "namespaces": "payments"])
    #expect(labelled["total"] == 2, "IPv4 and IPv6")
    let none = try await ShopHub.ask("list_ips", ["namespaces": ["paymnts"]])
    #expect(none.structured["total"] == 0 && none.text.contains("Near: payments."))
    #expect(try await error("list_ips", ["ip": "10.0.0"]).argument == "ip")
  }

  // MARK: list_targeted_workloads

  @Test func whatWasNotCapturedIsNotCalledSilent() async throws {
    let all = try await ask("list_targeted_workloads")
    let rows = try #require(all["workloads"]?.array)
    let silent = try #require(rows.first { $0["name"] == "recommendations" })
    #expect(silent["targeted"] == "unknown" && silent["captured"] == false)
    let redis = try #require(rows.first { $0["name"] == "redis-0" })
    #expect(redis["targeted"] == true && redis["last_ts"] != nil)
    let seen = try await ask("list_targeted_workloads", ["state": "captured"])
    let unseen = try await ask("list_targeted_workloads", ["state": "unseen"])
    #expect((seen["total"]?.int ?? 0) + (unseen["total"]?.int ?? 0) == all["total"]?.int)
  }

  // MARK: validate_kfl

  @Test func filtersAreCheckedWithoutRunning() async throws {
    let good = try await ask("validate_kfl", ["kfl": "http and response.status == 500"])
    #expect(good["valid"] == true && good["normal_form"] == "http && status_code == 500")
    #expect(good["dialect"] == "legacy" && good["errors"] == [])
    let bad = try await ShopHub.ask("validate_kfl", ["kfl": "http && status_cod >= 500"])
    #expect(bad.structured["valid"] == false)
    let error = try #require(bad.structured["errors"]?[0])
    #expect(error["offset"] == 8 && error["suggestion"] == "http && status_code >= 500")
    #expect(bad.text.contains("^^^^^^^^^^"))
    #expect(try await self.error("validate_kfl", [:]).argument == "kfl")
  }

  // MARK: get_api_call_details

  private func checkout() async throws -> JSONValue {
    let list = try await ask(
      "list_api_calls",
      [
        "kfl": #"http && elapsed_time > 2000000 && dst.service.name == "payment-service""#,
        "order": "asc",
      ])
    return try #require(list["calls"]?[0]?["id"])
  }

  @Test func detailsHaveBodiesConnectionAndFlow() async throws {
    let details = try await ask("get_api_call_details", ["id": try await checkout()])
    #expect(details["entry"]?["status"] == 500 && details["truncated"] == false)
    #expect(details["req_body"]?.string?.contains("[redacted:") == true)
    let connection = try #require(details["l4_conn"])
    #expect((connection["local_pkts"]?.int ?? 0) > 3 && connection["conn_state"] != nil)
    #expect(connection["conn_id"] == details["entry"]?["conn_id"])
    #expect(details["l4_flow"]?["unit"]?["bps"] == "bytes/s")
    let short = try await ask(
      "get_api_call_details",
      ["id": try await checkout(), "max_payload_size": 10, "include_l4": false])
    #expect(short["truncated"] == true && short["l4_conn"] == nil)
    #expect((short["req_body"]?.string?.utf8.count ?? 99) <= 10)
  }

  /// The packets of the connection are those that its record counts.
  @Test func packetsAreCutFromTheCapture() async throws {
    let details = try await ask(
      "get_api_call_details", ["id": try await checkout(), "include_pcap": true])
    let connection = try #require(details["l4_conn"])
    let wanted = (connection["local_pkts"]?.int ?? 0) + (connection["remote_pkts"]?.int ?? 0)
    #expect(details["pcap_packets"]?.int == wanted && wanted > 4)
    let file = try #require(bytes(ofBase64: details["pcap"]?.string ?? ""))
    #expect(details["pcap_bytes"]?.int == Int64(file.count))
    let path = NSTemporaryDirectory() + "cut-\(UUID().uuidString).pcap"
    try Data(file).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    var reader = try CaptureReader(path: path)
    var packets = 0
    while let chunk = try reader.next() { packets += chunk.packets.count }
    #expect(Int64(packets) == wanted)
    #expect(details["pcap_note"]?.string?.contains("Unredacted") == true)
  }

  @Test func withoutPacketsTheReasonIsGiven() async throws {
    let folder = NSTemporaryDirectory() + "data-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let hub = try ShopHub.open(data: folder)
    let list = try await ShopHub.ask("list_api_calls", ["limit": 1], of: hub)
    let id = try #require(list.structured["calls"]?[0]?["id"])
    let answer = try await ShopHub.ask(
      "get_api_call_details", ["id": id, "include_pcap": "true"], of: hub)
    #expect(answer.structured["pcap"] == nil)
    #expect(answer.structured["pcap_note"]?.string?.contains("--pcap") == true)
  }

  // MARK: get_service_map

  @Test func theMapHasTheShopsEdges() async throws {
    let map = try await ask("get_service_map", ["limit": 1_000])
    let edges = try #require(map["edges"]?.array)
    func edge(_ from: String, _ to: String) -> JSONValue? {
      edges.first { $0["src"]?.string == from && $0["dst"]?.string == to }
    }
    let payments = try #require(edge("shop/orders", "payments/payment-service"))
    #expect(payments["calls"] == 20 && payments["errors"] == 8)
    #expect(payments["protocols"] == ["http"] && payments["cross_namespace"] == true)
    #expect((payments["p99_ms"]?.double ?? 0) > 2_000 && (payments["bytes"]?.int ?? 0) > 0)
    #expect(edge("payments/payment-service", "payments/redis")?["protocols"] == ["redis"])
    #expect(map["total"]?.int == Int64(edges.count))
    let ids = Set(map["nodes"]?.array?.compactMap { $0["id"]?.string } ?? [])
    #expect(
      edges.allSatisfy {
        ids.contains($0["src"]?.string ?? "") && ids.contains($0["dst"]?.string ?? "")
      })
    // The customers' 82 requests come from outside.
    let outside = edges.filter { $0["dst"] == "shop/gateway" }
    #expect(outside.reduce(0) { $0 + ($1["calls"]?.int ?? 0) } == 82)
    let inside = try await ask("get_service_map", ["include_external": false, "limit": 1_000])
    #expect(inside["edges"]?.array?.contains { $0["dst"] == "shop/gateway" } == false)
  }

  @Test func connectionsWithoutCallsAreOnTheMap() async throws {
    let map = try await ask("get_service_map", ["limit": 1_000, "group_by": "pod"])
    let refused = map["edges"]?.array?.first { ($0["unanswered"]?.int ?? 0) > 0 }
    #expect(refused?["l4_only"] == true && refused?["unanswered"] == 2)
    let filtered = try await ShopHub.ask("get_service_map", ["kfl": "redis"])
    #expect(filtered.structured["total"] == 1 && filtered.text.contains("calls only"))
    let namespaces = try await ask("get_service_map", ["level": "namespace"])
    #expect(namespaces["nodes"]?.array?.contains { $0["id"] == "payments" } == true)
  }

  // MARK: trace_request

  /// `x-request-id` of a checkout, as the samples number them.
  @Test func aTraceFollowsHeadersAndTime() async throws {
    let id = try await checkout()
    let trace = try await ask("trace_request", ["id": id])
    let hops = try #require(trace["hops"]?.array)
    let names = hops.map { "\($0["dst"]?["svc"]?.string ?? "?")" }
    #expect(
      names.first == "gateway" && names.contains("orders") && names.contains("payment-service"))
    for hop in hops where hop["proto"] == "http" {
      #expect(hop["evidence"] != "time" && hop["confidence"]?.double == 1)
      #expect(hop["inferred"] == false && hop["reason"] == nil)
    }
    let redis = hops.filter { $0["proto"] == "redis" }
    #expect(!redis.isEmpty, "found by containment, across address families")
    for hop in redis {
      #expect(hop["evidence"] == "time" && hop["inferred"] == true)
      #expect((0.3..<1).contains(hop["confidence"]?.double ?? 0))
      #expect(hop["reason"]?.string?.contains("lie within no request") == true)
    }
    let text = try await ShopHub.ask("trace_request", ["id": id]).text
    #expect(text.contains("inferred: made while their workload was serving it, "))
    #expect(text.contains("  inferred, ") && !text.contains("100 %"))
    // Parents come before their children.
    for (index, hop) in hops.enumerated() {
      guard let parent = hop["parent"] else { continue }
      let place = try #require(hops.firstIndex { $0["id"] == parent })
      #expect(place < index)
      #expect(hops[place]["depth"]?.int.map { $0 + 1 } == hop["depth"]?.int)
    }
    #expect((trace["total_ms"]?.double ?? 0) > 2_300)
    #expect(trace["first_error"]?.string == id.string, "the innermost that failed")
    let headers = trace["correlation"]?.array?.compactMap { $0["header"]?.string } ?? []
    #expect(headers.contains("traceparent") && headers.contains("x-request-id"))
  }

  @Test func theSameTraceByIdentifierAndByPath() async throws {
    let byRequest = try await ask("trace_request", ["trace_id": "req-0040"])
    let hops = try #require(byRequest["hops"]?.array)
    #expect(!hops.isEmpty && hops[0]["evidence"] == "header")
    let call = try await ask("get_api_call", ["id": hops[0]["id"] ?? .null])
    let headers = try #require(call["request"]?["headers"]?.object)
    let parent = headers.members.first { $0.name.lowercased() == "traceparent" }?.value
    let byTrace = try await ask("trace_request", ["trace_id": parent ?? .null])
    #expect(byTrace["hops"]?.array?.map { $0["id"] } == hops.map { $0["id"] })
    let byPath = try await ask("trace_request", ["path": "/api/checkout", "svc": "gateway"])
    #expect(byPath["hops"]?[0]?["dst"]?["svc"] == "gateway")
    let nothing = try await ShopHub.ask("trace_request", ["trace_id": "req-9999"])
    #expect(nothing.structured["total"] == 0 && nothing.text.contains("uber-trace-id"))
    #expect(try await error("trace_request", [:]).argument == "id")
    #expect(try await error("trace_request", ["path": "/nowhere"]).status == 404)
  }

  // MARK: compare_api_stats

  @Test func twoFiltersAreCompared() async throws {
    let answer = try await ask(
      "compare_api_stats",
      [
        "a": ["kfl": #"dst.service.name == "orders""#],
        "b": ["kfl": #"dst.service.name == "payment-service""#], "group_by": "proto",
        "min_calls": 10, "kfl": "http",
      ])
    #expect(answer["a"]?["calls"] == 72 && answer["b"]?["calls"] == 20)
    #expect(answer["changes"]?[0]?["key"] == "http" && answer["total"] == 1)
    let differences = try #require(answer["changes"]?[0]?["differences"]?.array)
    let volume = differences.first { $0["measure"] == "calls_per_minute" }
    #expect(volume?["significant"] == true)
  }

  @Test func theSameAgainstItselfIsTheSame() async throws {
    let window: JSONValue = ["start": "-26s", "end": "now"]
    let answer = try await ask("compare_api_stats", ["a": window, "b": window, "min_calls": 1])
    #expect(answer["verdict"] == "same" && answer["total"] == 0)
    #expect((answer["unchanged"]?.int ?? 0) > 10)
  }

  /// The first call of a capture was in neither half of an odd number of nanoseconds.
  @Test func theHalvesOfACaptureHaveAllItsCalls() async throws {
    let answer = try await ask("compare_api_stats")
    let all = try await ask("get_api_stats")["stats"]?["total_calls"]?.int
    #expect((answer["a"]?["calls"]?.int ?? 0) + (answer["b"]?["calls"]?.int ?? 0) == all)
  }

  @Test func fewCallsAreNoise() async throws {
    let answer = try await ask("compare_api_stats", ["min_calls": 1_000_000])
    #expect(answer["total"] == 0 && answer["unchanged"] == 0 && (answer["noise"]?.int ?? 0) > 10)
    let text = try await ask(
      "compare_api_stats", ["a": "start=-26s,end=-13s", "b": "start=-13s,end=now"])
    let halves = try await ask("compare_api_stats", ["window": "13s"])
    #expect(text["a"]?["calls"] == halves["a"]?["calls"])
  }

  /// Of the time before a capture nothing is known: there is nothing new behind it, and rates are
  /// not of minutes that were not captured.
  @Test func timeWithoutTrafficIsNoTimeWithoutCalls() async throws {
    let answer = try await ShopHub.ask("compare_api_stats", ["window": "5m"])
    #expect(answer.structured["verdict"] == "unknown" && answer.structured["total"] == 0)
    #expect(answer.text.contains("Side a lies outside of the traffic"))
    let rate = try #require(answer.structured["b"]?["calls_per_minute"]?.double)
    #expect(rate > 800, "376 calls in 26 seconds")
    let partly = try await ShopHub.ask(
      "compare_api_stats", ["a": ["start": "-5m", "end": "-13s"], "b": ["start": "-13s"]])
    #expect(partly.structured["warnings"]?[0]?.string?.hasPrefix("Of a only ") == true)
    #expect(partly.structured["verdict"] == "same")
  }

  @Test(
    arguments: [
      (["a": ["begin": "-5s"]], "a"), (["a": "-20s..-10s"], "a"),
      (["a": ["start": "soon"]], "a.start"),
      (["b": ["kfl": "htpp &&"]], "b.kfl"), (["b": ["start": "now", "end": "-5s"]], "b"),
      (["window": "long"], "window"), (["a": ["db": "x/y"]], nil),
    ] as [(JSONObject, String?)])
  func wrongSidesAreNamed(arguments: JSONObject, argument: String?) async throws {
    let found = try await error("compare_api_stats", arguments)
    #expect(found.argument == argument && found.hint != nil && (400..<500).contains(found.status))
  }
}
