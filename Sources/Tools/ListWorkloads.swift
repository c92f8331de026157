import Bytes
import Entries
import Identity
import JSON
import KFL
import Query
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
  static let observedOnly = Parameter(
    "observed_only", .flag(default: false), "Leave out workloads without traffic")
  static let limit = Parameter("limit", .count(1...1_000, default: 100), "How many to return")

  static let row = ToolRow(
    name: "list_workloads", title: "List workloads",
    doc: """
      Pods, services, namespaces and nodes seen in the traffic or known by name, with their \
      addresses, calls, errors, bytes and protocols. Begin here to learn the names that filters \
      need.
      """,
    parameters: [
      name, namespace, namespaces, nameRegex, labels, type, observedOnly, limit, .start, .end,
      .maxTokens,
    ],
    answer: AnswerSchema.list(
      "workloads",
      .schema(
        [
          "name": .text(), "namespace": .text(), "kind": .text(), "labels": .anyObject,
          "ips": .list(.schema(["ip": .text(), "timestamp": .integer()], required: ["ip"])),
          "node": .text(), "owner": .anyObject, "services": .texts,
          "observed": .object(
            .schema([
              "first_ts": .integer(), "last_ts": .integer(), "calls": .integer(),
              "errors": .integer(), "bytes": .integer(), "protocols": .texts,
            ])),
        ], required: ["name", "kind"])),
    route: "GET workloads", aliases: ["resolve_workload"])

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let window = try traffic.window(arguments, progress: progress)
    var workloads = try await traffic.workloads(window)
    if let name = arguments.text(Self.name) {
      workloads.removeAll { $0.name != name }
    }
    if let pattern = arguments.text(Self.nameRegex) {
      let pattern = try compiled(pattern)
      workloads.removeAll { !pattern.isFound(in: $0.name) }
    }
    var namespaces = arguments.names(Self.namespaces)
    if let one = arguments.text(Self.namespace) { namespaces.append(one) }
    if !namespaces.isEmpty { workloads.removeAll { !namespaces.contains($0.namespace) } }
    for label in arguments.labels(Self.labels) {
      workloads.removeAll { $0.labels[label.name] != label.value }
    }
    if let type = arguments.text(Self.type) {
      workloads.removeAll { $0.kind.lowercased() != type }
    }
    if arguments.flag(Self.observedOnly) { workloads.removeAll { $0.observed == nil } }
    return answer(workloads, arguments, window)
  }

  private func compiled(_ text: String) throws(ToolError) -> Pattern {
    do { return try Pattern(text) } catch {
      throw .invalid(
        "name_regex", "name_regex is not a valid pattern: \(error.reason)",
        hint: "Patterns are RE2: no look-around and no back-references.")
    }
  }

  private func answer(
    _ workloads: [ObservedWorkload], _ arguments: Arguments, _ window: TrafficWindow
  ) -> ToolAnswer {
    var answer = Answer(arguments)
    let shown = workloads.prefix(arguments.count(Self.limit))
    answer.structured["workloads"] = .array(shown.map { .object($0.json) })
    answer.structured["total"] = JSONValue(workloads.count)
    answer.structured["truncated"] = .bool(shown.count < workloads.count)
    answer.say(
      workloads.count == 1 ? "1 workload." : "\(Shown.count(Int64(workloads.count))) workloads.")
    if shown.isEmpty {
      answer.say(traffic.whyNoWorkloads)
    } else {
      var table = Table([
        .init("kind"), .init("namespace", limit: 24), .init("name", limit: 40),
        .init("addresses", limit: 34), .init("calls", right: true), .init("errors", right: true),
        .init("bytes", right: true), .init("protocols", limit: 30),
      ])
      for workload in shown { table.add(workload.cells) }
      answer.show(table, next: "Narrow with namespace or name_regex, or raise max_tokens.")
    }
    return answer.finish(window.coverage)
  }
}

/// A workload with what was seen of it.
struct ObservedWorkload {
  var kind: String
  var name: String
  var namespace: String
  var labels: [String: String] = [:]
  var addresses: [(address: String, since: Timestamp)] = []
  var node: String?
  var owner: Workload.Owner?
  var services: [String] = []
  var observed: Observed?

  struct Observed {
    var first: Timestamp
    var last: Timestamp
    var calls: Int64 = 0
    var errors: Int64 = 0
    var bytes: Int64 = 0
    var protocols: Set<String> = []

    func merged(_ other: Observed) -> Observed {
      var sum = self
      sum.first = min(first, other.first)
      sum.last = max(last, other.last)
      sum.calls += other.calls
      sum.errors += other.errors
      sum.bytes += other.bytes
      sum.protocols.formUnion(other.protocols)
      return sum
    }

    mutating func count(_ metrics: Metrics) {
      calls += Int64(metrics.count)
      errors += Int64(metrics.errors)
    }
  }

  var json: JSONObject {
    var object: JSONObject = ["name": .string(Shown.text(name)), "kind": .string(kind)]
    if !namespace.isEmpty { object["namespace"] = .string(Shown.text(namespace)) }
    if !labels.isEmpty {
      object["labels"] = .object(
        JSONObject(
          members: labels.sorted { $0.key < $1.key }.map {
            .init(name: $0.key, value: .string($0.value))
          }))
    }
    object["ips"] = .array(
      addresses.map { pair in
        var ip: JSONObject = ["ip": .string(pair.address)]
        if pair.since != .distantPast { ip["timestamp"] = .int(pair.since.milliseconds) }
        return .object(ip)
      })
    if let node { object["node"] = .string(node) }
    if let owner { object["owner"] = ["kind": .string(owner.kind), "name": .string(owner.name)] }
    if !services.isEmpty { object["services"] = .array(services.map { .string($0) }) }
    if let observed {
      object["observed"] = [
        "first_ts": .int(observed.first.milliseconds), "last_ts": .int(observed.last.milliseconds),
        "calls": .int(observed.calls), "errors": .int(observed.errors),
        "bytes": .int(observed.bytes),
        "protocols": .array(observed.protocols.sorted().map { .string($0) }),
      ]
    }
    return object
  }

  var cells: [String] {
    [
      kind, Shown.text(namespace), Shown.text(name),
      addresses.map(\.address).joined(separator: ","),
      observed.map { Shown.count($0.calls) } ?? "-", observed.map { Shown.count($0.errors) } ?? "-",
      observed.map { Shown.bytes($0.bytes) } ?? "-",
      observed?.protocols.sorted().joined(separator: ",") ?? "none seen",
    ]
  }
}
