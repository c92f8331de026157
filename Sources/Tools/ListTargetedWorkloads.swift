import Bytes
import JSON
import KFL
import Query
import ToolKit

/// Which workloads are captured at all: what keeps "no traffic" apart from "not looked at".
struct ListTargetedWorkloads: Tool {
  static let state = Parameter(
    "state", .choice(["all", "captured", "unseen"], default: "all"),
    "captured: traffic of it was seen; unseen: none was")

  static let row = ToolRow(
    name: "list_targeted_workloads", title: "List targeted workloads",
    doc: """
      Which pods and services are captured at all, and when something of each was last seen. Ask it \
      before concluding from an empty answer that a workload has no traffic.
      """,
    parameters: [
      ListWorkloads.namespaces, ListWorkloads.nameRegex, state, ListWorkloads.limit, .cursor,
      .start, .end, .maxTokens,
    ],
    answer: AnswerSchema.list(
      "workloads",
      .schema(
        [
          "name": .text(), "namespace": .text(), "kind": .text(), "node": .text(),
          "targeted": ["type": ["boolean", "string"]], "captured": .flag(),
          "last_ts": .integer("Last seen, Unix ms"), "bytes": .integer(), "calls": .integer(),
        ], required: ["name", "kind", "targeted", "captured"]),
      extra: ["targeting": .text("How it is chosen what is captured"), "suggestions": .anyObject],
      required: ["workloads", "total", "truncated", "targeting"]),
    route: "GET targets", set: .all)

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let window = try traffic.window(arguments, progress: progress)
    let all = try await traffic.workloads(window).filter {
      ["Pod", "Service", "Address"].contains($0.kind)
    }
    var workloads = Sieve(all)
    let namespaces = arguments.names(ListWorkloads.namespaces)
    if !namespaces.isEmpty {
      workloads.keep(
        "namespaces", namespaces.joined(separator: ","), values: { [$0.namespace] }
      ) { namespaces.contains($0.namespace) }
    }
    if let text = arguments.text(ListWorkloads.nameRegex) {
      let pattern = try ListWorkloads.compiled(text)
      workloads.keep("name_regex", text, values: { [$0.name] }) { pattern.isFound(in: $0.name) }
    }
    if let state = arguments.text(Self.state), state != "all" {
      workloads.keep("state", state, values: { [$0.observed == nil ? "unseen" : "captured"] }) {
        ($0.observed != nil) == (state == "captured")
      }
    }
    var answer = Answer(arguments)
    let mark = arguments.text(leavingOut: [.cursor, .maxTokens, ListWorkloads.limit])
    let offset = try OffsetCursor.offset(arguments, mark: mark)
    let total = workloads.rows.count
    let shown = workloads.rows.dropFirst(offset).prefix(arguments.count(ListWorkloads.limit))
    answer.structured["workloads"] = .array(shown.map { .object(Self.json($0)) })
    answer.structured["targeting"] = "capture"
    answer.add(total: total, next: offset + shown.count, mark: mark)
    let captured = workloads.rows.count { $0.observed != nil }
    let others =
      captured == total
      ? ""
      : " What a capture holds was chosen when it was made, so of the others it is not known "
        + "whether they were silent or left out."
    answer.say(
      "\(Shown.count(Int64(captured))) of \(Shown.counted(total, "workload")) "
        + "\(total == 1 ? "was" : "were") captured.\(others)")
    if total == 0 {
      workloads.explain("workloads", in: &answer)
    } else {
      var table = Table([
        .init("kind"), .init("namespace", limit: 24), .init("name", limit: 44), .init("captured"),
        .init("last seen", limit: 24), .init("calls in", right: true), .init("bytes", right: true),
      ])
      for workload in shown { table.add(Self.cells(workload)) }
      answer.show(table, next: "Narrow with namespaces or state, or raise max_tokens.")
    }
    return answer.finish(window.coverage)
  }

  private static func json(_ workload: ObservedWorkload) -> JSONObject {
    var object: JSONObject = [
      "name": .string(Shown.text(workload.name)), "kind": .string(workload.kind),
    ]
    if !workload.namespace.isEmpty { object["namespace"] = .string(Shown.text(workload.namespace)) }
    if let node = workload.node { object["node"] = .string(Shown.text(node)) }
    object["targeted"] = workload.observed == nil ? "unknown" : true
    object["captured"] = .bool(workload.observed != nil)
    if let observed = workload.observed {
      object["last_ts"] = .int(observed.last.milliseconds)
      object["bytes"] = .int(observed.bytes)
      object["calls"] = .int(observed.calls)
    }
    return object
  }

  private static func cells(_ workload: ObservedWorkload) -> [String] {
    [
      workload.kind, Shown.text(workload.namespace), Shown.text(workload.name),
      workload.observed == nil ? "unknown" : "yes",
      workload.observed.map { Shown.date($0.last) } ?? "-",
      workload.observed.map { Shown.count($0.calls) } ?? "-",
      workload.observed.map { Shown.bytes($0.bytes) } ?? "-",
    ]
  }
}
