import JSON
import Testing
import ToolKit

@testable import Tools

/// What assistants ask in their own words, and what they may be misled by.
@Suite struct AssistantTests {
  /// A card number was quoted as what cannot be read.
  @Test(arguments: [
    #"timestamp(request_body) > now() && method == "POST""#,
    #"method == "POST" && request.headers[request_body] == "x""#,
    #"int(map_get(request.headers, "authorization", "x")) == 3"#,
  ])
  func aFilterThatFailsQuotesNoSecret(filter: String) async throws {
    let answer = try await ShopHub.ask("list_api_calls", ["kfl": .string(filter)])
    #expect(answer.structured["warnings"]?.array?.isEmpty == false)
    let all = answer.text + JSONValue.object(answer.structured).text
    for secret in ["4111", "customer", "Bearer", "fake-"] { #expect(!all.contains(secret)) }
  }

  @Test(arguments: [
    ("ns", "shp", "shop"), ("svc", "order", "orders"), ("dst_svc", "redi", "redis"),
  ])
  func namesThatAreNearlyRightAreFound(argument: String, asked: String, there: String) async throws
  {
    let answer = try await ShopHub.ask("list_api_calls", [argument: .string(asked)])
    #expect(answer.text.contains("`\(argument)=\(asked)` removes 376 of 376 entries"))
    #expect(answer.text.contains("Near: \(there).") && answer.text.contains("Values there: "))
    let relaxed = try #require(answer.structured["suggestions"]?["relaxed"])
    let again = try await ShopHub.ask("list_api_calls", ["kfl": try #require(relaxed["kfl"])])
    #expect(again.structured["total"] == relaxed["hits"] && again.structured["total"] != 0)
  }

  /// A filter cannot be given there, and that a flow is a connection is nobody's condition.
  @Test func flowsThatAreNotThereAreExplainedByTheirArguments() async throws {
    let answer = try await ShopHub.ask("list_l4_flows", ["svc": "order"])
    #expect(answer.text.contains("`svc=order` removes 59 of 59 entries"))
    #expect(answer.text.contains("Near: orders.") && !answer.text.contains("conn"))
    #expect(answer.structured["suggestions"]?["conditions"]?.array?.count == 1)
  }

  /// Answers call it that.
  @Test func workloadsAreTakenAsAnswersWriteThem() async throws {
    let plain = try await ShopHub.ask("list_api_calls", ["dst_svc": "orders", "dst_ns": "shop"])
    let whole = try await ShopHub.ask("list_api_calls", ["dst_svc": "shop/orders"])
    #expect(plain.structured["calls"] == whole.structured["calls"])
    #expect(whole.structured["total"] == 72)
    let pod = try await ShopHub.ask("list_api_calls", ["dst_pod": "shop/orders"])
    #expect(pod.structured["total"] == 72)
    let other = try await ShopHub.ask("list_api_calls", ["svc": "payments/orders"])
    #expect(other.structured["total"] == 0)
    let flows = try await ShopHub.ask("list_l4_flows", ["svc": "payments/redis"])
    #expect(flows.structured["total"] == 2)
  }

  @Test(arguments: [
    ("kfl", "query", "http"), ("kfl", "filter", "http"), ("ns", "namespace", "payments"),
    ("svc", "service", "orders"), ("proto", "protocol", "dns"),
  ])
  func argumentsHaveTheirUsualNamesToo(name: String, other: String, value: String) async throws {
    let answer = try await ShopHub.ask("list_api_calls", [other: .string(value)])
    let same = try await ShopHub.ask("list_api_calls", [name: .string(value)])
    #expect(answer.structured["total"] == same.structured["total"])
    #expect(answer.structured["total"] != 376 && answer.structured["warnings"] == nil)
  }

  @Test func groupsAreAskedForByTheNamesOfArguments() async throws {
    for (name, same) in [("svc", "service"), ("ns", "namespace")] {
      let answer = try await ShopHub.ask("get_api_stats", ["group_by": .string(name)])
      let other = try await ShopHub.ask("get_api_stats", ["group_by": .string(same)])
      #expect(answer.structured == other.structured)
    }
  }

  /// Services of one name in two namespaces were one.
  @Test func servicesAreToldApartByTheirNamespaces() async throws {
    let stats = try await ShopHub.ask("get_api_stats", ["group_by": "service"])
    let keys = stats.structured["stats"]?["groups"]?.array?.compactMap { $0["key"]?.string } ?? []
    #expect(keys.starts(with: ["payments/redis", "shop/gateway", "shop/orders"]))
    let endpoints = try await ShopHub.ask("get_api_stats", ["path": "/api/products"])
    let first = try #require(endpoints.structured["stats"]?["endpoints"]?[0])
    #expect(first["service"] == "orders" && first["ns"] == "shop")
    #expect(endpoints.text.contains("GET /api/products  shop/orders"))
  }

  /// Seven calls within a moment are not hundreds a second.
  @Test func ratesAreOfTheTimeThatWasAskedAbout() async throws {
    let answer = try await ShopHub.ask("get_api_stats", ["kfl": "http && status_code == 401"])
    #expect(answer.structured["stats"]?["total_calls"] == 4)
    let rate = try #require(answer.structured["stats"]?["throughput_rps"]?.double)
    #expect(abs(rate - 4 / 25.6) < 0.01)
    let window = try await ShopHub.ask("get_api_stats", ["start": "-10s"])
    let times = try #require(window.structured["stats"]?["window"])
    let (start, end) = (times["start"]?.int ?? 0, times["end"]?.int ?? 0)
    #expect((9_900...10_100).contains(end - start))
  }

  @Test func timesWithoutAZoneAreSaidInUTC() async throws {
    do {
      _ = try await ShopHub.ask("list_api_calls", ["start": "2026-11-25 03:25:10"])
      Issue.record("accepted")
    } catch { #expect(error.hint?.contains("2026-11-25T03:25:10Z") == true) }
  }

  /// A name that DNS gave an address is somebody's words.
  @Test(arguments: ["list_l4_flows", "get_l4_flow_summary", "get_service_map", "list_ips"])
  func namesFromDNSAreFenced(tool: String) async throws {
    let hub = try ShopHub.open(named: false, set: .all)
    let answer = try await ShopHub.ask(tool, [:], of: hub)
    let name = try #require(answer.text.firstRange(of: ".svc.cluster.local"))
    let fence = try #require(answer.text.firstRange(of: Answer.fence))
    #expect(fence.lowerBound < name.lowerBound)
  }
}
