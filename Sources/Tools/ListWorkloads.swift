import Bytes
import JSON
import KFL
import ToolKit

/// Pods, services, namespaces and nodes: those the name table knows, with what was seen of them.
struct ListWorkloads: Tool {
  static let name = Parameter("name", .text, "Exact name; give namespace as well")
  static let namespace = Parameter("namespace", .text, "Only this namespace", aliases: ["ns"])
  static let namespaces = Parameter("namespaces", .names, "Only these namespaces")
  static let nameRegex = Parameter("name_regex", .text, "RE2 pattern, found anywhere in the name")
  static let labels = Parameter("labels", .labels, "Labels that must all be present")
  static let type = Parameter(
    "type", .choice(["pod", "service", "namespace", "node"], default: nil), "Only this kind")
  static let timestamp = Parameter(
    "timestamp", .instant, "Who held which address at this moment")
  static let observedOnly = Parameter(
    "observed_only", .flag(default: false), "Leave out workloads without traffic")
  static let limit = Parameter("limit", .count(1...1_000, default: 100), "How many to return")

  static let row = ToolRow(
    name: "list_workloads", title: "List workloads",
    doc: """
      Pods, services, namespaces and nodes, with addresses, calls they served and errors among them, \
      bytes, protocols, and how much TLS was read. Begin here to learn the names that filters need.
      """,
    parameters: [
      name, namespace, namespaces, nameRegex, labels, type, observedOnly, limit, .cursor, timestamp,
      .start, .end, ListAPICalls.db, ListAPICalls.snapshot, .maxTokens,
    ],
    answer: AnswerSchema.list(
      "workloads",
      .schema(
        [
          "name": .text(), "namespace": .text(), "kind": .text(), "labels": .anyObject,
          "ips": .list(.schema(["ip": .text()], required: ["ip"])),
          "node": .text(), "owner": .anyObject, "services": .texts,
          "observed": .anyObject,
        ], required: ["name", "kind"]), extra: ["suggestions": .anyObject]),
    route: "GET workloads", moreRoutes: ["GET resolve/workloads"], aliases: ["resolve_workload"])

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let window = try traffic.window(arguments, progress: progress)
    var workloads = Sieve(
      try await traffic.workloads(window, at: arguments.instant(Self.timestamp)))
    if let name = arguments.text(Self.name) {
      workloads.keep("name", name, values: { [$0.name] }) { $0.name == name }
    }
    if let text = arguments.text(Self.nameRegex) {
      let pattern = try Self.compiled(text)
      workloads.keep("name_regex", text, values: { [$0.name] }) { pattern.isFound(in: $0.name) }
    }
    var namespaces = arguments.names(Self.namespaces)
    if let one = arguments.text(Self.namespace) { namespaces.append(one) }
    if !namespaces.isEmpty {
      workloads.keep(
        "namespace", namespaces.joined(separator: ","), values: { [$0.namespace] }
      ) { namespaces.contains($0.namespace) }
    }
    for label in arguments.labels(Self.labels) {
      workloads.keep(
        "labels", "\(label.name)=\(label.value)",
        values: { $0.labels.map { "\($0.key)=\($0.value)" } }
      ) { $0.labels[label.name] == label.value }
    }
    if let type = arguments.text(Self.type) {
      workloads.keep("type", type, values: { [$0.kind.lowercased()] }) {
        $0.kind.lowercased() == type
      }
    }
    if arguments.flag(Self.observedOnly) {
      workloads.keep("observed_only", "true") { $0.observed != nil }
    }
    if workloads.rows.isEmpty, let name = arguments.text(Self.name),
      let namespace = arguments.text(Self.namespace)
    {
      throw missing(name, namespace, among: try await traffic.workloads(window, at: nil))
    }
    return try answer(workloads, arguments, window)
  }

  static func compiled(_ text: String) throws(ToolError) -> Pattern {
    do { return try Pattern(text) } catch {
      throw .invalid(
        "name_regex", "name_regex is not a valid pattern: \(error.reason)",
        hint: "Patterns are RE2: no look-around and no back-references.")
    }
  }

  /// A look-up of one workload that is not there.
  private func missing(
    _ name: String, _ namespace: String, among all: [ObservedWorkload]
  ) -> ToolError {
    let near = nearest(to: name, among: all.map(\.name))
    let place = all.first { $0.name == name }?.namespace
    return .notFound(
      """
      There is no workload \(JSONValue.string(String(name.prefix(64))).text) in namespace \
      \(JSONValue.string(String(namespace.prefix(64))).text).
      """,
      hint: place.map { "There is one in namespace \(JSONValue.string($0).text)." }
        ?? near.map { "Did you mean \(JSONValue.string($0).text)?" }
        ?? "list_workloads without name lists them all.")
  }

  private func answer(
    _ workloads: Sieve<ObservedWorkload>, _ arguments: Arguments, _ window: TrafficWindow
  ) throws(ToolError) -> ToolAnswer {
    var answer = Answer(arguments)
    let mark = arguments.text(leavingOut: [.cursor, .maxTokens, Self.limit])
    let offset = try OffsetCursor.offset(arguments, mark: mark)
    let total = workloads.rows.count
    let shown = workloads.rows.dropFirst(offset).prefix(arguments.count(Self.limit))
    let next = offset + shown.count
    answer.structured["workloads"] = .array(shown.map { .object($0.json) })
    answer.add(total: total, next: next, mark: mark)
    answer.say(total == 1 ? "1 workload." : "\(Shown.count(Int64(total))) workloads.")
    if total == 0 {
      workloads.explain("workloads", in: &answer)
      if !traffic.hasInventory { answer.say(traffic.whyNoNames) }
    } else {
      let hasTLS = shown.contains { $0.observed?.tls.isEmpty == false }
      var table = Table(
        [
          .init("kind"), .init("namespace", limit: 24), .init("name", limit: 40),
          .init("addresses", limit: 34), .init("calls in", right: true),
          .init("errors", right: true), .init("bytes", right: true),
          .init("protocols", limit: 30),
        ] + (hasTLS ? [.init("TLS connections", limit: 40)] : []))
      for workload in shown {
        table.add(workload.cells + (hasTLS ? [workload.observed?.tlsText ?? ""] : []))
      }
      answer.show(table, next: "Narrow with namespace or name_regex, or raise max_tokens.")
    }
    return answer.finish(window.coverage)
  }
}
