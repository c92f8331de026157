import JSON
import TestSupport
import Testing
import ToolKit
import Tools

/// What holds for the answer of every tool.
@Suite struct AnswerFormTests {
  /// Arguments with which each tool answers something.
  private static let questions: [(tool: String, arguments: JSONObject)] = [
    ("list_workloads", [:]), ("list_workloads", ["type": "pod", "observed_only": true]),
    ("list_api_calls", [:]), ("list_api_calls", ["format": "full", "limit": 1000]),
    ("list_api_calls", ["format": "raw", "kfl": "dns", "order": "asc"]),
    ("list_api_calls", ["group_by": "ns", "status": "error"]),
    ("list_api_calls", ["kfl": "tcp_conn", "format": "full"]),
    ("list_api_calls", ["kfl": "conn", "format": "raw"]),
    ("get_api_call", ["id": "local/1008/4"]),
    ("get_api_stats", [:]), ("get_api_stats", ["group_by": "time", "kfl": "http"]),
    ("get_api_stats", ["group_by": "http_version"]), ("get_api_stats", ["group_by": "dst.port"]),
    ("get_api_stats", ["group_by": "status"]), ("get_api_stats", ["group_by": "proto"]),
    ("list_l4_flows", [:]), ("list_l4_flows", ["aggregate": "service", "format": "full"]),
    ("list_l4_flows", ["external": true, "sort": "rtt"]), ("get_l4_flow_summary", [:]),
    ("list_workloads", ["name_regex": "^p", "limit": 2]), ("list_l4_flows", ["format": "raw"]),
    ("list_ips", [:]), ("list_ips", ["ip": "10.244.0.0/16", "timestamp": "now"]),
    ("list_targeted_workloads", [:]), ("validate_kfl", ["kfl": "http && status_code >= 500"]),
    ("validate_kfl", ["kfl": "http && status_cod >= 500 && met == 3"]),
    ("get_api_call_details", ["id": "local/1008/4", "include_pcap": true]),
    ("compare_api_stats", [:]), ("compare_api_stats", ["window": "12s", "group_by": "service"]),
    ("trace_request", ["path": "/api/checkout"]), ("trace_request", ["trace_id": "req-0040"]),
    ("get_service_map", [:]), ("get_service_map", ["group_by": "namespace"]),
    ("get_dissection_status", [:]), ("enable_dissection", [:]), ("disable_dissection", [:]),
    // Nothing is found by these.
    ("list_api_calls", ["kfl": "http && status_code == 418"]),
    ("list_api_calls", ["start": 1_000_000_000_000, "end": 1_000_000_001_000]),
    ("get_api_stats", ["kfl": "ldap"]), ("list_l4_flows", ["ip": "9.9.9.9"]),
    ("list_workloads", ["name": "nobody"]), ("list_ips", ["ip": "9.9.9.9"]),
    ("list_targeted_workloads", ["namespaces": "nowhere"]),
    ("get_service_map", ["ns": "nowhere"]), ("get_l4_flow_summary", ["ns": "nowhere"]),
    ("trace_request", ["trace_id": "req-9999"]), ("compare_api_stats", ["proto": "ldap"]),
  ]

  /// Arguments without which a tool does not answer.
  private static func least(_ tool: String) -> JSONObject {
    switch tool {
    case "get_api_call", "get_api_call_details": ["id": "local/1008/4"]
    case "validate_kfl": ["kfl": "http"]
    case "trace_request": ["path": "/api/checkout"]
    default: [:]
    }
  }

  /// No tool is added without a question that holds it to the rules.
  @Test func everyToolIsAsked() {
    let asked = Set(Self.questions.map(\.tool))
    for row in ShopHub.hub.rows { #expect(asked.contains(row.name), "\(row.name)") }
  }

  private func schema(_ tool: String) throws -> JSONObject {
    try #require(ShopHub.hub.rows.first { $0.name == tool }).answer
  }

  @Test func everyAnswerObeysItsSchema() async throws {
    for (tool, arguments) in Self.questions {
      let answer = try await ShopHub.ask(tool, arguments)
      let wrong = misfits(.object(answer.structured), try schema(tool))
      #expect(wrong.isEmpty, "\(tool) \(JSONValue.object(arguments).text): \(wrong.prefix(3))")
    }
  }

  @Test func everyAnswerStaysWithinItsBudget() async throws {
    for (tool, arguments) in Self.questions {
      let answer = try await ShopHub.ask(tool, arguments)
      #expect(answer.text.utf8.count <= 8 << 10, "\(tool): \(answer.text.utf8.count) bytes")
    }
    let wide = try await ShopHub.ask("list_api_calls", ["max_tokens": 8000])
    let narrow = try await ShopHub.ask("list_api_calls", ["max_tokens": 500])
    #expect(narrow.text.utf8.count <= 2_400 && wide.text.utf8.count > 8 << 10)
    #expect(narrow.text.contains("more rows were left out"))
    #expect(narrow.structured == wide.structured, "the budget is the text's")
  }

  @Test func everyAnswerSaysWhatItRestsOn() async throws {
    for (tool, arguments) in Self.questions {
      let answer = try await ShopHub.ask(tool, arguments)
      #expect(answer.structured["coverage"]?["packets"] == 1345, "\(tool)")
      #expect(answer.text.contains("Coverage: shop.pcap; "), "\(tool)")
    }
  }

  @Test func emptyAnswersExplainThemselves() async throws {
    let status = try await ShopHub.ask("list_api_calls", ["kfl": "http && status_code == 418"])
    #expect(status.text.contains("it holds for 0 alone"))
    #expect(status.text.contains("Values there: 200 (106)"))
    let window = try await ShopHub.ask(
      "list_api_calls", ["start": 1_000_000_000_000, "end": 1_000_000_001_000])
    #expect(window.text.contains("entries lies in the window"))
    let name = try await ShopHub.ask("list_api_calls", ["kfl": "dst.service.name == \"payment\""])
    #expect(name.text.contains("payment-service"))
    let flows = try await ShopHub.ask("list_l4_flows", ["ip": "9.9.9.9"])
    #expect(flows.text.contains("`ip=9.9.9.9` removes 59 of 59 entries"))
  }

  @Test func unknownArgumentsAreNamed() async throws {
    for description in ShopHub.hub.rows {
      var arguments = Self.least(description.name)
      arguments["limmit"] = 5
      let answer = try await ShopHub.ask(description.name, arguments)
      let warning = answer.structured["warnings"]?[0]?.string ?? ""
      #expect(warning.contains("\"limmit\" was ignored"), "\(description.name)")
      #expect(answer.text.contains("Warning: Unknown argument"), "\(description.name)")
    }
  }

  /// What a model sends instead of a number, a flag, a list or an object means the same.
  @Test func looseFormsMeanTheSame() async throws {
    for row in ShopHub.hub.rows {
      for parameter in row.parameters {
        let forms: (JSONValue, JSONValue)
        switch parameter.kind {
        case .count(let range, let standard):
          let number = standard ?? min(max(range.lowerBound, 300), range.upperBound)
          forms = (JSONValue(number), .string(String(number)))
        case .flag(let standard): forms = (.bool(standard), standard ? "true" : "0")
        case .names: forms = (["shop", "payments"], "shop, payments")
        case .labels where row.name == "compare_api_stats": forms = (["start": "-9s"], "start=-9s")
        case .labels: forms = (["app": "orders"], "app=orders")
        default: continue
        }
        var arguments = Self.least(row.name)
        arguments[parameter.name] = forms.0
        let strict = try await ShopHub.ask(row.name, arguments)
        arguments[parameter.name] = forms.1
        var loose = try await ShopHub.ask(row.name, arguments)
        // A cursor knows the words of its question.
        if let cursor = loose.structured["next_cursor"]?.string,
          let other = strict.structured["next_cursor"]?.string
        {
          loose.structured["next_cursor"] = .string(other)
          loose.text = loose.text.replacing(cursor, with: other)
        }
        #expect(strict == loose, "\(row.name) \(parameter.name)")
      }
    }
  }

  /// "No bare empties": an answer without rows says why, in both renderings.
  @Test func noAnswerIsBarelyEmpty() async throws {
    var empty = 0
    for (tool, arguments) in Self.questions {
      let answer = try await ShopHub.ask(tool, arguments)
      let rows = ["calls", "flows", "workloads", "ips", "hops", "edges"].compactMap {
        answer.structured[$0]?.array
      }
      guard !rows.isEmpty, rows.allSatisfy(\.isEmpty) else { continue }
      empty += 1
      let why = answer.structured["suggestions"]?["conditions"]?.array
      #expect(why?.isEmpty == false || answer.text.contains("entries lies in"), "\(tool)")
      #expect(answer.text.contains("removes") || answer.text.contains("lies in"), "\(tool)")
    }
    #expect(empty >= 7)
  }

  @Test func sameQuestionSameBytesOnAnyNumberOfWorkers() async throws {
    let one = try ShopHub.open(workers: 1)
    let five = try ShopHub.open(workers: 5)
    for (tool, arguments) in Self.questions {
      let first = try await ShopHub.ask(tool, arguments, of: one)
      let second = try await ShopHub.ask(tool, arguments, of: five)
      #expect(first == second, "\(tool) \(JSONValue.object(arguments).text)")
    }
  }

  @Test func definitionsAreSmallAndComplete() throws {
    // What a client is shown of capture files and of live traffic: snapshots among it.
    let catalogue = try SnapshotHub(set: .core).hub.catalogue()
    #expect(catalogue.tools.contains { $0.name == "create_snapshot" })
    var bytes = 0
    for tool in catalogue.tools {
      let words = tool.name + (tool.title ?? "") + tool.description
      bytes += words.utf8.count + JSONValue.object(tool.inputSchema).text.utf8.count
      bytes += JSONValue.object(tool.outputSchema ?? [:]).text.utf8.count
    }
    #expect(bytes <= 20 << 10, "\(bytes) bytes of definitions")
    for tool in ShopHub.hub.rows.map(\.description) {
      #expect(tool.annotations != nil && tool.title != nil)
      #expect(tool.inputSchema["type"] == "object" && tool.outputSchema?["type"] == "object")
      let isSwitch = ["enable_dissection", "disable_dissection"].contains(tool.name)
      #expect(tool.annotations?.readOnly == !isSwitch)
      #expect(tool.annotations?.destructive == false && tool.annotations?.idempotent == true)
      for property in tool.inputSchema["properties"]?.object?.members ?? [] {
        #expect(property.value["description"]?.string?.isEmpty == false, "\(property.name)")
      }
    }
    #expect(catalogue.prompts.count == 9)
  }

  /// Text from the wire cannot break out of its line or its cell.
  @Test func noAnswerHasControlCharacters() async throws {
    for (tool, arguments) in Self.questions {
      let answer = try await ShopHub.ask(tool, arguments)
      let odd = answer.text.unicodeScalars.filter {
        $0.value < 0x20 && $0 != "\n" || $0.value == 0x7f
      }
      #expect(odd.isEmpty, "\(tool)")
    }
  }

  @Test func noAnswerHasThePlantedSecrets() async throws {
    let secrets = [
      "4111111111111111", "fake-redis-password", "not-a-real-password", "wrong-fake-password",
      "fake.bearer.token", "fake-session-0001", "fake-reset-token",
    ]
    for (tool, arguments) in Self.questions {
      let answer = try await ShopHub.ask(tool, arguments)
      for secret in secrets {
        #expect(!answer.text.contains(secret), "\(tool): \(secret)")
        #expect(!JSONValue.object(answer.structured).text.contains(secret), "\(tool): \(secret)")
      }
    }
  }
}
