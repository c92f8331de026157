import Entries
import JSON
import KFL
import Query
package import ToolKit

/// What may come next in an argument of a prompt or in an address: names from the traffic, fields
/// of the filter language, words of a list.
package enum ArgumentValues {
  /// How long names from a Hub are waited for; no answer is better than a late one.
  static let patience = Duration.milliseconds(1_500)
  /// Rows asked for at most.
  static let rows = 1_000

  private enum Kind {
    case filter
    case field
    /// Workloads of this type, or of any; several with commas.
    case workloads(type: String?)
    case snapshots
    case calls
    case words([String])
  }

  /// The values that may come for that argument, best first; none when the Hub is away.
  package static func values(
    _ question: CompletionQuestion, _ hub: any HubConnection
  ) async -> [String] {
    switch kind(question) {
    case nil: []
    case .filter?: filters(question.value)
    case .field?:
      matching(FieldSchema.fields.compactMap(\.name), question.value, before: "")
    case .words(let words)?: matching(words, question.value, before: "")
    case .workloads(let type)?:
      await names(question, hub, "list_workloads", rows: "workloads", "name", type)
    case .snapshots?:
      await names(question, hub, "list_snapshots", rows: "snapshots", "name", nil)
    case .calls?: await names(question, hub, "list_api_calls", rows: "calls", "id", nil)
    }
  }

  private static func kind(_ question: CompletionQuestion) -> Kind? {
    switch question.argument {
    case "kfl", "filter": .filter
    case "name": question.template.map { $0 == NetResources.snapshotTemplate ? .snapshots : .field }
    case "namespace", "namespaces": .workloads(type: "namespace")
    case "pod": .workloads(type: "pod")
    case "service": .workloads(type: "service")
    case "workload", "source", "destination": .workloads(type: nil)
    case "snapshot", "snapshot_id", "baseline_snapshot", "current_snapshot": .snapshots
    case "id": .calls
    case "window": .words(["15m", "5m", "1h", "6h", "24h", "7d"])
    case "start", "end", "baseline_start", "baseline_end", "current_start", "current_end", "pivot":
      .words(["now", "-5m", "-15m", "-30m", "-1h", "-6h", "-24h"])
    case "depth": .words(["quick", "normal", "deep"])
    case "protocol": .words(ProtocolKind.allCases.map(\.name).uniqued)
    case "status": .words(["5xx", "4xx", "any", "500", "502", "503", "504", "404", "429"])
    case "method": .words(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
    case "percentile": .words(["p95", "p50", "p90", "p99"])
    case "level": .words(["service", "pod", "namespace"])
    case "format": .words(["mermaid", "table", "json"])
    case "include_external": .words(["true", "false"])
    case "focus": .words(PromptLibrary.focuses)
    default: nil
    }
  }

  /// Whole filters: the text so far with each name that may follow.
  private static func filters(_ text: String) -> [String] {
    Completion.at(text.utf8.count, in: text, schema: FieldSchema.schema, limit: 100).map {
      String(decoding: Array(text.utf8.prefix($0.replaces.lowerBound)), as: UTF8.self) + $0.text
    }
  }

  /// Those that begin with what was written, then those that hold it.
  private static func matching(
    _ names: [String], _ written: String, before: String
  ) -> [String] {
    let written = written.lowercased()
    let begin = names.filter { $0.lowercased().hasPrefix(written) }
    let hold = names.filter {
      !$0.lowercased().hasPrefix(written) && $0.lowercased().contains(written)
    }
    return (begin + hold).map { before + $0 }
  }

  private static func names(
    _ question: CompletionQuestion, _ hub: any HubConnection, _ tool: String, rows key: String,
    _ member: String, _ type: String?
  ) async -> [String] {
    var arguments: JSONObject = ["limit": JSONValue(rows)]
    if let type { arguments["type"] = .string(type) }
    if type == "pod" || type == "service", let namespace = question.others["namespace"] {
      arguments["namespaces"] = .array(
        namespace.split(separator: ",").map { .string(String($0)) })
    }
    // Of a list with commas the last part is being written.
    let last = question.value.split(separator: ",", omittingEmptySubsequences: false).last ?? ""
    let before = String(question.value.dropLast(last.count))
    let found = await answer(hub, tool, arguments)?[key]?.array ?? []
    let names = found.compactMap { $0[member]?.string ?? $0["id"]?.string }
    return matching(names.uniqued, String(last.drop { $0 == " " }), before: before)
  }

  /// The tool's answer, or nil when it fails or takes too long.
  private static func answer(
    _ hub: any HubConnection, _ tool: String, _ arguments: JSONObject
  ) async -> JSONObject? {
    await withTaskGroup(of: JSONObject?.self) { group in
      group.addTask {
        do throws(ToolError) {
          return try await hub.call(tool, arguments: arguments, caller: Caller()).structured
        } catch { return nil }
      }
      group.addTask {
        try? await Task.sleep(for: patience)
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }
}

extension [String] {
  /// Each once, where it came first.
  fileprivate var uniqued: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
