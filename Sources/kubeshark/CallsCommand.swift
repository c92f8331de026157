import ArgumentParser
import JSON
import Pipeline
import ToolKit
import Tools

/// Calls as JSON lines, for scripts: what `list_api_calls` answers, all pages of it.
struct CallsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calls",
    abstract: "Print the calls in capture files, one JSON object a line.",
    discussion: """
      kubeshark calls --pcap traffic.pcap --kfl 'http && status_code >= 500' | jq .path

      \(exitCodes)
      """)

  /// Rows asked for at a time.
  private static let page = 1_000

  @OptionGroup var traffic: TrafficOptions

  @Option(help: ArgumentHelp("Only calls that match.", valueName: "filter"))
  var kfl: String?

  @Option(help: ArgumentHelp("compact, full, or raw: the whole record.", valueName: "format"))
  var format = "compact"

  @Option(help: ArgumentHelp("Print at most so many.", valueName: "count"))
  var limit: Int?

  func validate() throws {
    guard ["compact", "full", "raw"].contains(format) else {
      throw ValidationError("--format must be compact, full or raw, not \(format).")
    }
    if !traffic.isNamed {
      throw ValidationError("Name the traffic: --pcap FILE, or --data DIR.")
    }
    if traffic.live.isNamed {
      throw ValidationError(
        "Calls of live interfaces have no end: ask kubeshark hub --interface NAME, or record with "
          + "--data DIR and read that.")
    }
  }

  func run() async throws {
    let started = try traffic.start()
    defer {
      started.reading.stop()
      started.bar?.close()
    }
    var left = limit ?? .max
    var cursor: JSONValue?
    var warnings: [String] = []
    repeat {
      var arguments: JSONObject = [
        "order": "asc", "format": .string(format), "limit": JSONValue(min(left, Self.page)),
      ]
      if let kfl { arguments["kfl"] = .string(kfl) }
      if let cursor { arguments["cursor"] = cursor }
      let answer = try await ask(started.hub, arguments)
      started.bar?.close()
      let calls = answer.structured["calls"]?.array ?? []
      for call in calls { print(call.text) }
      // A filter that cannot be evaluated looks like traffic that is not there.
      if cursor == nil {
        warnings = answer.structured["warnings"]?.array?.compactMap(\.string) ?? []
      }
      left -= calls.count
      cursor = answer.structured["next_cursor"]
    } while cursor != nil && left > 0
    for warning in warnings + started.reading.statistics.warnings { printError("kubeshark: " + warning) }
  }

  private func ask(
    _ hub: EmbeddedHub, _ arguments: JSONObject
  ) async throws(Failure) -> ToolAnswer {
    do throws(ToolError) {
      return try await hub.call("list_api_calls", arguments: arguments) { _ in }
    } catch {
      throw error.status < 500 ? .usage(error.text) : .failed(error.text)
    }
  }
}
