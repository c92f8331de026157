import JSON
import Testing
import ToolKit
import Tools

/// Parameters of the contract that say something special.
@Suite struct ContractTests {
  private func total(_ tool: String, _ arguments: JSONObject) async throws -> Int {
    Int(try #require(try await ShopHub.ask(tool, arguments).structured["total"]?.int))
  }

  private func error(_ tool: String, _ arguments: JSONObject) async throws -> ToolError {
    do {
      _ = try await ShopHub.ask(tool, arguments)
    } catch { return error }
    throw ToolError(status: 200, code: "answered", message: "\(tool) answered")
  }

  // MARK: list_api_calls

  @Test func groupsCountAllThatMatchNotOnlyThePage() async throws {
    let answer = try await ShopHub.ask(
      "list_api_calls", ["group_by": "ns", "proto": "http", "limit": 3])
    let groups = try #require(answer.structured["groups"]?.array)
    let counts = groups.compactMap { $0["count"]?.int }
    #expect(counts.reduce(0, +) == 191 && answer.structured["total"] == 191)
    #expect(groups.reduce(0) { $0 + ($1["calls"]?.array?.count ?? 0) } == 3)
    let failed = groups.reduce(0) { $0 + ($1["errors"]?.int ?? 0) }
    #expect(failed == 41, "4xx and 5xx: 4 + 9 + 12 + 16")
  }

  @Test func shorthandsSelectWhatTheirConditionsSay() async throws {
    for (arguments, filter) in [
      (["src_ns": "shop"], #"src.namespace == "shop""#),
      (
        ["dst_svc": "orders", "method": "POST"],
        #"dst.service.name == "orders" && method == "POST""#
      ),
      (["status": "5xx"], "http && status_code >= 500 && status_code < 600"),
      (["status": "error"], "call_failed || error"), (["proto": "dns"], "dns"),
      (["path": "/api/*"], #"path.startsWith("/api/")"#),
      (["svc": "redis"], #"src.service.name == "redis" || dst.service.name == "redis""#),
    ] as [(JSONObject, String)] {
      let short = try await total("list_api_calls", arguments)
      let long = try await total("list_api_calls", ["kfl": .string(filter)])
      #expect(short == long && short > 0, "\(filter): \(short) and \(long)")
    }
  }

  @Test func podsAreFoundByTheirWorkload() async throws {
    let byWorkload = try await total("list_api_calls", ["dst_pod": "orders"])
    let byPod = try await total("list_api_calls", ["dst_pod": "orders-5d8f7c9b6d-x2x7p"])
    #expect(byWorkload == byPod && byPod > 70)
    #expect(try await total("list_api_calls", ["dst_pod": "order"]) == 0)
    #expect(try await total("list_l4_flows", ["pod": "redis"]) > 0)
    #expect(try await total("list_l4_flows", ["pod": "payment"]) == 0)
  }

  @Test func timesAreReadInAllForms() async throws {
    let all = try await total("list_api_calls", [:])
    let coverage = try await ShopHub.ask("list_api_calls", [:]).structured["coverage"]
    let oldest = try #require(coverage?["oldest_ts"]?.int)
    #expect(try await total("list_api_calls", ["start": .int(oldest), "end": "now"]) == all)
    #expect(
      try await total("list_api_calls", ["start_time": .string(String(oldest)), "end_time": "+1s"])
        == all)
    #expect(try await total("list_api_calls", ["start": "-1h"]) == all)
    let half = try await total("list_api_calls", ["start": "-12s"])
    let rest = try await total("list_api_calls", ["end": "-12s"])
    #expect(half > 0 && rest > 0 && half + rest == all, "windows are half-open")
    for seconds in [JSONValue.int(oldest / 1_000), .int(oldest * 1_000_000)] {
      let found = try await error("list_api_calls", ["start": seconds])
      #expect(found.status == 400 && found.argument == "start" && found.hint != nil)
    }
  }

  @Test func pagesHaveEveryRowOnce() async throws {
    for (tool, rows) in [
      ("list_api_calls", "calls"), ("list_l4_flows", "flows"), ("list_workloads", "workloads"),
    ] {
      let whole = try await ShopHub.ask(tool, ["limit": 1_000]).structured[rows]?.array ?? []
      var paged: [JSONValue] = []
      var cursor: JSONValue?
      repeat {
        var arguments: JSONObject = ["limit": JSONValue(max(1, whole.count / 3))]
        if let cursor { arguments["cursor"] = cursor }
        let page = try await ShopHub.ask(tool, arguments).structured
        paged += page[rows]?.array ?? []
        cursor = page["next_cursor"]
        #expect(page["truncated"] == .bool(cursor != nil))
      } while cursor != nil
      #expect(paged == whole && whole.count > 3, "\(tool)")
      let other = try await error(tool, ["cursor": "o.1.2", "start": "-5s"])
      #expect(other.status == 400 && other.argument == "cursor")
    }
  }

  // MARK: get_api_call

  @Test func idsAreReadInAllForms() async throws {
    let whole = try await ShopHub.ask("get_api_call", ["id": "local/1008/4"])
    for arguments in [
      ["id": "/1008/4", "node_id": "local"], ["id": "1008/4"],
      ["id": .int(1008 << 24 | 4)], ["id": "local/1008/4", "node_id": "local"],
    ] as [JSONObject] {
      let answer = try await ShopHub.ask("get_api_call", arguments)
      #expect(answer.structured["id"] == whole.structured["id"])
    }
    let wrong = try await error("get_api_call", ["id": "local/1008/4", "node_id": "node-7"])
    #expect(wrong.argument == "node_id")
    #expect(try await error("get_api_call", ["id": "1008/4", "node_id": "node-7"]).status == 404)
    #expect(try await error("get_api_call", [:]).message.contains("id is required"))
  }

  @Test func headersAndBodiesAreLeftOutWhenNotWanted() async throws {
    let answer = try await ShopHub.ask(
      "get_api_call",
      ["id": "local/1008/4", "include_headers": "false", "include_payload": "0"])
    #expect(answer.structured["request"]?["headers"] == nil)
    #expect(answer.structured["request"]?["body"] == nil)
    #expect(answer.structured["request"]?["method"] != nil)
  }

  /// Ids say "local" where no node is known; so does whatever else names the node.
  @Test func callsHaveTheNodeOfTheirIDs() async throws {
    let groups = try await ShopHub.ask("list_api_calls", ["group_by": "node", "limit": 3])
      .structured
    #expect(groups["groups"]?[0]?["key"] == "local")
    #expect(groups["groups"]?[0]?["calls"]?.array?.count == 3)
    let full = try await ShopHub.ask("list_api_calls", ["format": "full", "limit": 1]).structured
    #expect(full["calls"]?[0]?["node_id"] == "local")
    // A filter finds what answers show.
    let all = try await ShopHub.ask("list_api_calls", ["limit": 1]).structured["total"]
    for (kfl, total) in [
      ("node_id == \"local\"", all), ("node_name == \"local\"", all),
      ("node.name == \"local\"", all), ("node_id.startsWith(\"lo\")", all),
      ("http && node_name in [\"local\", \"node-7\"]", nil), ("node_id != \"local\"", 0),
      ("node_id == \"\"", 0), ("node_name == \"node-7\"", 0), ("!(node_id == \"local\")", 0),
    ] as [(String, JSONValue?)] {
      let found = try await ShopHub.ask("list_api_calls", ["kfl": .string(kfl), "limit": 1])
        .structured["total"]
      if let total { #expect(found == total, "\(kfl)") } else { #expect(found != 0, "\(kfl)") }
    }
  }

  @Test func longConnectionsHaveTheirEndAndTheirRates() async throws {
    let found = try await ShopHub.ask(
      "list_l4_flows", ["format": "full", "svc": "gateway", "dst_filter": "orders"]
    ).structured
    let flow = try #require(found["flows"]?[0])
    let first = try #require(flow["first_ts"]?.int)
    #expect(try #require(flow["last_ts"]?.int) - first > 20_000)
    #expect((flow["client_stats"]?["tx_bps"]?.double ?? 0) > 1_000)
    #expect((flow["totals"]?["pps"]?.double ?? 0) > 1)
  }

  // MARK: get_api_stats

  @Test func nodesOfACaptureAreThoseThatServe() async throws {
    let stats = try await ShopHub.ask("get_api_stats", ["group_by": "node"]).structured["stats"]
    let names = (stats?["groups"]?.array ?? []).compactMap { $0["key"]?.string }
    #expect(names.contains("node-1") && names.contains("node-2"))
  }

  @Test func statisticsFoldPathsUnlessTold() async throws {
    func paths(_ arguments: JSONObject) async throws -> [String] {
      let stats = try await ShopHub.ask("get_api_stats", arguments).structured["stats"]
      return stats?["endpoints"]?.array?.compactMap { $0["path"]?.string } ?? []
    }
    let folded = try await paths(["proto": "http", "limit": 1_000])
    let raw = try await paths(["proto": "http", "limit": 1_000, "raw_paths": true])
    #expect(folded.contains { $0.contains("{id}") } && !raw.contains { $0.contains("{id}") })
    #expect(raw.count > folded.count)
    let none = try await ShopHub.ask("get_api_stats", ["ns": "nowhere"])
    #expect(none.structured["stats"]?["endpoints"] == [])
    #expect(none.structured["suggestions"] != nil)
  }

  // MARK: L4

  @Test func aggregatesSayHowManyFlowsTheyHold() async throws {
    let flows = try await total("list_l4_flows", [:])
    for level in ["pod", "service", "namespace", "node"] {
      let answer = try await ShopHub.ask(
        "list_l4_flows", ["aggregate": .string(level), "limit": 1_000])
      let counts = answer.structured["flows"]?.array?.compactMap { $0["flow_count"]?.int } ?? []
      #expect(counts.reduce(0, +) == Int64(flows), "\(level)")
    }
  }

  @Test func rawFlowsAreFlat() async throws {
    let raw = try await ShopHub.ask("list_l4_flows", ["format": "raw", "limit": 1])
    let flow = try #require(raw.structured["flows"]?[0]?.object)
    for name in ["src_ip", "dst_ip", "dst_port", "l4proto", "tx_packets", "rx_bytes", "flow_id"] {
      #expect(flow[name] != nil, "\(name)")
    }
    #expect(flow.members.allSatisfy { $0.value.object == nil })
    let compact = try await ShopHub.ask("list_l4_flows", ["limit": 1])
    let totals = compact.structured["flows"]?[0]?["totals"]
    let packets = (flow["tx_packets"]?.int ?? 0) + (flow["rx_packets"]?.int ?? 0)
    #expect(totals?["pkts"]?.int == packets, "each packet once")
  }

  @Test func emptyListsSayWhichConditionAndWhatThereIs() async throws {
    let flows = try await ShopHub.ask("list_l4_flows", ["ns": "shopp"])
    #expect(flows.text.contains("shop") && flows.structured["suggestions"] != nil)
    let large = try await ShopHub.ask("list_l4_flows", ["min_bytes": 1_000_000_000])
    #expect(large.text.contains("the largest has"))
    let summary = try await ShopHub.ask("get_l4_flow_summary", ["ns": "nowhere"])
    #expect(summary.text.contains("removes") && summary.structured["total_flows"] == 0)
    let workloads = try await ShopHub.ask("list_workloads", ["namespace": "shopp"])
    #expect(workloads.text.contains("`namespace=shopp` removes"))
    #expect(workloads.text.contains("Near: shop.") && workloads.text.contains("payments ("))
  }

  // MARK: get_api_stats

  @Test func groupsBeyondTheLimitAreCounted() async throws {
    let few = try await ShopHub.ask("get_api_stats", ["limit": 2]).structured
    let all = try await ShopHub.ask("get_api_stats", ["limit": 1_000]).structured
    #expect(few["truncated"] == true && few["total"] == all["total"])
    #expect(all["truncated"] == false)
    #expect(all["stats"]?["endpoints"]?.array?.count == all["total"]?.int.map { Int($0) })
    let none = try await ShopHub.ask("get_api_stats", ["proto": "ldap"]).structured
    #expect(none["total"] == 0 && none["truncated"] == false)
  }

  // MARK: list_workloads

  @Test func oneWorkloadIsLookedUpByNameAndNamespace() async throws {
    let found = try await ShopHub.ask(
      "resolve_workload", ["name": "redis-0", "namespace": "payments"])
    let rows = try #require(found.structured["workloads"]?.array)
    #expect(rows.count == 1 && rows[0]["owner"]?["kind"] == "StatefulSet")
    let missing = try await error("list_workloads", ["name": "redis-1", "namespace": "payments"])
    #expect(missing.status == 404 && missing.hint == "Did you mean \"redis-0\"?")
    let elsewhere = try await error("list_workloads", ["name": "redis-0", "namespace": "nowhere"])
    #expect(elsewhere.status == 404 && elsewhere.hint?.contains("\"payments\"") == true)
  }

  @Test func labelsAreAnObjectOrText() async throws {
    let object = try await ShopHub.ask("list_workloads", ["labels": ["app": "orders"]])
    let text = try await ShopHub.ask("list_workloads", ["labels": "app=orders"])
    #expect(object.structured["workloads"] == text.structured["workloads"])
    #expect(object.structured["total"] != 0)
  }

  /// Of an address the holder at that time is shown, and the first known before.
  @Test func addressesHaveTheirHolderOfTheMoment() async throws {
    let now = try await ShopHub.ask("list_workloads", ["timestamp": "now", "type": "pod"])
    let before = try await ShopHub.ask(
      "list_workloads", ["timestamp": 1_000_000_000_000, "type": "pod"])
    #expect(now.structured["total"] == before.structured["total"])
    #expect(now.structured["total"] != 0)
  }

  // MARK: Sets

  @Test func listsShowTheirSet() throws {
    let all = ShopHub.hub.rows
    let listed = ShopHub.hub.catalogue().tools.map(\.name)
    #expect(listed == all.filter { $0.set == .core }.map(\.name))
    #expect(try ShopHub.open(set: .all).catalogue().tools.map(\.name) == all.map(\.name))
  }

  @Test func everyToolHasRESTFormsOfItsOwn() {
    let routes = ShopHub.hub.rows.flatMap { [$0.route] + $0.moreRoutes }
    #expect(Set(routes).count == routes.count)
    for route in routes {
      let parts = route.split(separator: " ")
      #expect(parts.count == 2 && ["GET", "POST", "DELETE"].contains(parts[0]), "\(route)")
    }
    #expect(routes.contains("GET resolve/workloads"))
  }
}
