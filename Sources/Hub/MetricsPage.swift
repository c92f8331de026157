/// A number that is shown to whoever watches the Hub.
package struct Metric: Hashable, Sendable {
  package enum Kind: String, Sendable { case counter, gauge }

  /// Lower case with underscores; counters end in `_total`.
  package var name: String
  package var help: String
  package var kind: Kind
  package var value: Double
  package var labels: [String]

  /// - Parameter labels: names and values in turn.
  package init(
    _ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger,
    labels: [String] = []
  ) {
    (self.name, self.kind, self.help, self.labels) = (name, kind, help, labels)
    self.value = Double(value)
  }
}

/// Metrics in the text format of Prometheus, version 0.0.4.
enum MetricsPage {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  static func text(_ metrics: [Metric], _ counters: HubCounters.Values) -> String {
    var page = ""
    let all = metrics + self.metrics(counters)
    // Lines of one name stand together (exposition format, "Grouping and sorting").
    var last = ""
    for metric in all {
      if metric.name != last {
        page += "# HELP \(metric.name) \(escaped(metric.help, quotes: false))\n"
        page += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
        last = metric.name
      }
      page += line(metric.name, metric.labels, number(metric.value))
    }
    return page + histogram(counters)
  }

  private static func metrics(_ values: HubCounters.Values) -> [Metric] {
    var metrics = [
      Metric("kubeshark_hub_connections", .gauge, "Open connections.", values.connections),
      Metric(
        "kubeshark_hub_connections_total", .counter, "Connections accepted.",
        values.connectionsTotal),
      Metric("kubeshark_hub_calls_running", .gauge, "Calls under way.", values.callsRunning),
    ]
    for (status, count) in values.requests.sorted(by: { $0.key < $1.key }) {
      metrics.append(
        Metric(
          "kubeshark_hub_requests_total", .counter, "Requests answered, by status.", count,
          labels: ["status", String(status)]))
    }
    for (call, count) in values.calls.sorted(by: {
      ($0.key.tool, $0.key.status) < ($1.key.tool, $1.key.status)
    }) {
      metrics.append(
        Metric(
          "kubeshark_hub_calls_total", .counter, "Tool calls, by tool and status.", count,
          labels: ["tool", call.tool, "status", String(call.status)]))
    }
    for limit in HubCounters.Limit.allCases {
      metrics.append(
        Metric(
          "kubeshark_hub_refused_total", .counter, "What a limit turned away, by limit.",
          values.refused[limit] ?? 0, labels: ["limit", limit.rawValue]))
    }
    return metrics
  }

  private static func histogram(_ values: HubCounters.Values) -> String {
    let name = "kubeshark_hub_call_seconds"
    var page = "# HELP \(name) Time that tool calls took.\n# TYPE \(name) histogram\n"
    var sum = 0
    for (bound, count) in zip(HubCounters.bounds.map { number($0) } + ["+Inf"], values.buckets) {
      sum += count
      page += line(name + "_bucket", ["le", bound], String(sum))
    }
    return page + line(name + "_sum", [], number(values.callSeconds))
      + line(name + "_count", [], String(sum))
  }

  private static func line(_ name: String, _ labels: [String], _ value: String) -> String {
    let pairs = stride(from: 0, to: labels.count - 1, by: 2).map {
      "\(labels[$0])=\"\(escaped(labels[$0 + 1], quotes: true))\""
    }
    return name + (pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}") + " \(value)\n"
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    if quotes { escaped = escaped.replacing("\"", with: "\\\"") }
    return escaped
  }
}
