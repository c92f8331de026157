import Bytes
import KFL
import Query
import Testing
import ToolKit
import Tools

@Suite struct PromptLibraryTests {
  private static let names = [
    "kubeshark_usage", "analyze_traffic", "find_errors", "trace_request", "show_topology",
    "latency_analysis", "security_audit", "compare_traffic", "debug_connection",
  ]
  private static let settings: [PromptSetting] = [
    .init(
      mode: .embedded,
      tools: [
        "list_workloads", "list_api_calls", "get_api_call", "get_api_stats", "list_l4_flows",
        "get_l4_flow_summary",
      ]),
    .init(mode: .url("https://hub.test"), tools: ["list_api_calls", "get_dissection_status"]),
    .init(mode: .proxy(destructive: false), tools: ["check_kubeshark_status"]),
    .init(
      mode: .proxy(destructive: true),
      tools: [
        "check_kubeshark_status", "start_kubeshark", "stop_kubeshark", "list_api_calls",
        "get_api_stats", "create_snapshot", "get_l7_data_boundaries",
      ]),
    .init(mode: .embedded, tools: Set(ShopHub.hub.rows.map(\.name))),
  ]

  @Test func nineInOrder() {
    #expect(PromptLibrary.all.map(\.description.name) == Self.names)
    for prompt in PromptLibrary.all {
      #expect(!prompt.description.description.isEmpty && prompt.description.title != nil)
    }
  }

  /// Every argument with a value that its check accepts.
  private func all(_ prompt: Prompt) -> [String: String] {
    var values: [String: String] = [:]
    for argument in prompt.description.arguments {
      values[argument.name] =
        switch argument.name {
        case "start", "end", "pivot", "baseline_start", "baseline_end", "current_start",
          "current_end":
          "2026-03-14T22:00:00Z"
        case "window": "2d"
        case "min_count", "threshold_ms", "threshold_pct", "port": "250"
        case "status": "5xx"
        case "kfl": #"path == "x\" || true //""#
        case "level": "pod"
        case "format": "table"
        case "include_external": "false"
        case "percentile": "p99"
        case "focus": "dns"
        case "depth": "deep"
        default: "x\" || true //"
        }
    }
    return values
  }

  @Test func bodiesAreWholeWhateverIsGiven() throws {
    for setting in Self.settings {
      for prompt in PromptLibrary.all {
        let required = Dictionary(
          uniqueKeysWithValues: prompt.description.arguments.filter(\.required).map {
            ($0.name, "orders")
          })
        var least = required
        if prompt.description.name == "trace_request" { least["path"] = "/api/checkout" }
        for arguments in [least, all(prompt)] {
          let text = try prompt.body(arguments, setting)
          #expect(text.utf8.count <= 8 << 10, "\(prompt.description.name): \(text.utf8.count)")
          for odd in ["{{", "}}", "{B", "()", "[]", "  ", " .", " ,", " :", "Optional("] {
            #expect(!text.contains(odd), "\(prompt.description.name): \(odd) in \(text)")
          }
        }
      }
    }
  }

  @Test func quickBodiesAreShort() throws {
    for prompt in PromptLibrary.all
    where prompt.description.arguments.contains(where: { $0.name == "depth" }) {
      let text = try prompt.body(["depth": "quick"], Self.settings[0])
      #expect(text.utf8.count <= 3 << 10, "\(prompt.description.name): \(text.utf8.count)")
    }
  }

  /// Tools are named only where they exist, except where they are called unavailable.
  @Test func onlyToolsThatExistAreNamed() throws {
    let everyTool = Set(Self.settings.flatMap(\.tools)).union([
      "get_service_map", "compare_api_stats", "export_snapshot_pcap", "enable_dissection",
      "get_snapshot", "start_snapshot_dissection", "get_data_boundaries", "download_file",
      "get_snapshot_dissection_status", "list_snapshots", "disable_dissection",
    ])
    for setting in Self.settings {
      for prompt in PromptLibrary.all where prompt.description.name != "kubeshark_usage" {
        var arguments = all(prompt)
        arguments["depth"] = nil
        let text = try prompt.body(arguments, setting)
        // A prompt may share its name with a tool.
        let words = Set(text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
        let absent = words.intersection(everyTool).subtracting(setting.tools)
        #expect(absent.isEmpty, "\(prompt.description.name) names \(absent)")
      }
    }
  }

  /// What stands in backquotes is a filter to be copied, but for packets' filters and headers.
  @Test func everyFilterInABodyCompiles() throws {
    var filters: Set<String> = []
    for setting in Self.settings {
      for prompt in PromptLibrary.all {
        var arguments = all(prompt)
        arguments["threshold_ms"] = "250"
        let parts = try prompt.body(arguments, setting).split(
          separator: "`", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() where index % 2 == 1 {
          filters.insert(String(part))
        }
      }
    }
    filters.remove("host A and host B")
    #expect(filters.count > 12)
    for filter in filters {
      let compiled = Query.compile(filter, now: Timestamp(nanoseconds: 0))
      #expect(compiled.errors.isEmpty && compiled.warnings.isEmpty, "\(filter): \(compiled.errors)")
    }
  }

  /// What an argument of a fixed set is completed with, its prompt takes.
  @Test(arguments: [
    (6, "focus"), (4, "level"), (4, "format"), (4, "include_external"), (5, "percentile"),
    (2, "status"), (1, "depth"), (1, "window"),
  ])
  func fixedSetsAreCompleted(index: Int, name: String) async throws {
    let question = CompletionQuestion(argument: name, value: "")
    let values = await ArgumentValues.values(question, ShopHub.hub)
    #expect(values.count > 1)
    for value in values { _ = try PromptLibrary.all[index].body([name: value], Self.settings[0]) }
  }

  @Test func usageSpeaksOfStartingAndStopping() throws {
    for setting in Self.settings {
      let text = try PromptLibrary.all[0].body([:], setting)
      for name in ["check_kubeshark_status", "start_kubeshark", "stop_kubeshark", "kubectl"] {
        #expect(text.contains(name))
      }
    }
  }

  @Test func valuesAreSubstitutedAsQuotedData() throws {
    let latency = PromptLibrary.all[5]
    #expect(try latency.body(["threshold_ms": "250"], Self.settings[0]).contains("250000"))
    let analyze = PromptLibrary.all[1]
    let text = try analyze.body(["namespace": "x\" || true //\nnew line"], Self.settings[0])
    #expect(text.contains(#"in namespace "x\" || true //new line""#))
    let long = try analyze.body(
      ["service": String(repeating: "a", count: 10_000)], Self.settings[0])
    #expect(long.utf8.count < 8 << 10)
    #expect(try analyze.body(["window": "2d"], Self.settings[0]).contains("over the last 2d"))
  }

  @Test func aPeriodIsAnArgumentToo() throws {
    let text = try PromptLibrary.all[1].body(["window": "2d"], Self.settings[0])
    #expect(text.contains("over the last 2d (start=-2d)"))
  }

  @Test(arguments: [
    ("recommendations", #"`dns && dns_questions.exists(q, q.contains("recommendations"))`"#),
    ("shop/orders", #"exists(q, q.contains("orders"))`"#),
    ("db.example.com", #"exists(q, q.contains("db.example.com"))`"#),
    ("x\" || true`", #"exists(q, q.contains("xtrue"))`"#), ("10.0.0.7", "`dns`"),
    ("fd00::7", "`dns`"),
  ])
  func lookupsOfTheDestinationAreAskedFor(destination: String, filter: String) throws {
    let debug = PromptLibrary.all[8]
    let text = try debug.body(
      ["source": "orders", "destination": destination], Self.settings[0])
    #expect(text.contains(filter))
  }

  @Test(
    arguments: [
      ([:], ": the 15m before those against the last 15m."),
      (["namespace": "shop", "window": "1h"], " in namespace \"shop\": the 1h before those"),
      (["pivot": "-5m"], ": the 15m before -5m against the 15m after it."),
      (["baseline_snapshot": "a"], ": snapshot \"a\" against the last 15m."),
      (
        ["baseline_snapshot": "a", "current_snapshot": "b"],
        "snapshot \"a\" against snapshot \"b\"."
      ),
      (["baseline_start": "-9m", "baseline_end": "-5m"], ": -9m to -5m against -5m to now."),
      (["current_start": "-5m"], ": the same length of time before against -5m to now."),
      (
        ["baseline_end": "-9m", "current_snapshot": "b"],
        "the beginning to -9m against snapshot \"b\"."
      ),
    ] as [([String: String], String)])
  func eachPeriodIsNamed(arguments: [String: String], words: String) throws {
    let text = try PromptLibrary.all[7].body(arguments, Self.settings[0])
    #expect(text.hasPrefix("Compare traffic") && text.contains(words), "\(text.prefix(120))")
  }

  @Test(
    arguments: [
      (8, [:], "source"), (8, ["source": "a"], "destination"), (3, [:], "id"),
      (1, ["window": "soon"], "window"), (5, ["threshold_ms": "many"], "threshold_ms"),
      (1, ["start": "now", "end": "-5m"], "start"),
      (7, ["baseline_start": "-5m", "baseline_end": "-9m"], "baseline_start"),
      (8, ["source": "a", "destination": "b", "port": "99999"], "port"),
      (1, ["kfl": "http &&"], "kfl"), (5, ["kfl": "status_cod > 5"], "kfl"),
      (7, ["pivot": "soon"], "pivot"), (7, ["current_end": "never"], "current_end"),
      (4, ["level": "planet"], "level"), (1, ["start": "yesterday"], "start"),
    ] as [(Int, [String: String], String)])
  func mistakesNameTheArgument(index: Int, arguments: [String: String], name: String) {
    do {
      _ = try PromptLibrary.all[index].body(arguments, Self.settings[0])
      Issue.record("accepted")
    } catch { #expect(error.argument == name) }
  }
}

extension Prompt {
  /// The text of a prompt that is one.
  fileprivate func body(
    _ arguments: [String: String], _ setting: PromptSetting
  ) throws(ToolError) -> String {
    guard case .text(let body) = content else { return "" }
    return try body(arguments, setting)
  }
}
