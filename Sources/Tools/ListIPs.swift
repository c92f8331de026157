import Bytes
import Identity
import JSON
import KFL
import Query
import ToolKit

/// Addresses and who held them.
struct ListIPs: Tool {
  static let ip = Parameter("ip", .text, "One address, or a network such as 10.244.0.0/16")

  static let row = ToolRow(
    name: "list_ips", title: "List IP addresses",
    doc: """
      Addresses seen in the traffic or known by name, each with the pods, services and nodes that \
      held it and since when, its DNS name, and whether it is public. Turns an address of a packet \
      or flow into a workload.
      """,
    parameters: [
      ip, ListWorkloads.namespaces, ListWorkloads.nameRegex, ListWorkloads.labels,
      ListWorkloads.timestamp, ListWorkloads.limit, .cursor, .start, .end, ListAPICalls.snapshot,
      .maxTokens,
    ],
    answer: AnswerSchema.list(
      "ips",
      .schema(
        [
          "ip": .text(),
          "records": .list(
            .schema(
              [
                "name": .text(), "namespace": .text(), "kind": .text(),
                "timestamp": .integer("Held it since, Unix ms"), "labels": .anyObject,
              ], required: ["name", "kind"])),
          "dns": .text(), "external": .flag(), "observed": .anyObject,
        ], required: ["ip", "records", "external"]), extra: ["suggestions": .anyObject]),
    route: "GET resolve/ips", set: .all)

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let window = try traffic.window(arguments, progress: progress)
    var addresses = Sieve(
      try await traffic.addresses(window, at: arguments.instant(ListWorkloads.timestamp)))
    if let text = arguments.text(Self.ip) {
      guard let network = IPNetwork(text) else {
        throw .invalid(
          "ip", "\(JSONValue.string(String(text.prefix(64))).text) is no address or network",
          hint: "For example ip=10.244.1.15 or ip=10.0.0.0/8.")
      }
      addresses.keep("ip", text, values: { [$0.ip] }) {
        IPAddress($0.ip).map(network.contains) ?? false
      }
    }
    let namespaces = arguments.names(ListWorkloads.namespaces)
    if !namespaces.isEmpty {
      addresses.keep(
        "namespaces", namespaces.joined(separator: ","), values: { $0.records.map(\.namespace) }
      ) { $0.records.contains { namespaces.contains($0.namespace) } }
    }
    if let text = arguments.text(ListWorkloads.nameRegex) {
      let pattern = try ListWorkloads.compiled(text)
      addresses.keep("name_regex", text, values: { $0.records.map(\.name) }) {
        $0.records.contains { pattern.isFound(in: $0.name) }
      }
    }
    for label in arguments.labels(ListWorkloads.labels) {
      addresses.keep(
        "labels", "\(label.name)=\(label.value)",
        values: { $0.records.flatMap { $0.labels.map { "\($0.key)=\($0.value)" } } }
      ) { $0.records.contains { $0.labels[label.name] == label.value } }
    }
    var answer = Answer(arguments)
    let mark = arguments.text(leavingOut: [.cursor, .maxTokens, ListWorkloads.limit])
    let offset = try OffsetCursor.offset(arguments, mark: mark)
    let total = addresses.rows.count
    let shown = addresses.rows.dropFirst(offset).prefix(arguments.count(ListWorkloads.limit))
    answer.structured["ips"] = .array(shown.map { .object($0.json) })
    answer.add(total: total, next: offset + shown.count, mark: mark)
    answer.say(total == 1 ? "1 address." : "\(Shown.count(Int64(total))) addresses.")
    if total == 0 {
      addresses.explain("addresses", in: &answer)
      if !traffic.hasInventory { answer.say(traffic.whyNoNames) }
    } else {
      if shown.contains(where: { $0.dns != nil }) { answer.say(Answer.fence) }
      var table = Table([
        .init("address", limit: 40), .init("held by", limit: 60), .init("dns", limit: 34),
        .init("bytes", right: true), .init("where"),
      ])
      for address in shown { table.add(address.cells) }
      answer.show(table, next: "Narrow with ip or namespaces, or raise max_tokens.")
    }
    return answer.finish(window.coverage)
  }
}

/// An address with those who held it.
struct HeldAddress {
  var ip: String
  /// Oldest first.
  var records: [Inventory.Item]
  var dns: String?
  var observed: ObservedWorkload.Observed?

  var isExternal: Bool { IPAddress(ip)?.isPublic ?? false }

  var json: JSONObject {
    var object: JSONObject = [
      "ip": .string(ip),
      "records": .array(
        records.map { item in
          var record: JSONObject = [
            "name": .string(Shown.text(item.name)), "kind": .string(item.kind.rawValue),
          ]
          if !item.namespace.isEmpty { record["namespace"] = .string(Shown.text(item.namespace)) }
          if item.since != .distantPast { record["timestamp"] = .int(item.since.milliseconds) }
          if !item.labels.isEmpty { record["labels"] = .object(ObservedWorkload.json(item.labels)) }
          return .object(record)
        }),
    ]
    if let dns { object["dns"] = .string(Shown.text(dns)) }
    object["external"] = .bool(isExternal)
    if let observed { object["observed"] = .object(observed.json) }
    return object
  }

  var cells: [String] {
    [
      ip,
      records.map { item in
        "\(item.kind.rawValue) "
          + Shown.text(item.namespace.isEmpty ? item.name : item.namespace + "/" + item.name)
      }.joined(separator: ", "),
      Shown.text(dns ?? "-"), observed.map { Shown.bytes($0.bytes) } ?? "-",
      isExternal ? "public" : "private",
    ]
  }
}

extension Traffic {
  /// Every address that is known by name or was seen, in order.
  func addresses(
    _ window: TrafficWindow, at moment: Timestamp?
  ) async throws(ToolError) -> [HeldAddress] {
    let seen = try await sightings(window)
    var holders: [IPAddress: [Inventory.Item]] = [:]
    if let moment {
      holders = self.holders(at: moment).mapValues { [$0] }
    } else {
      for item in items.sorted(by: { $0.since < $1.since }) {
        for address in item.addresses { holders[address, default: []].append(item) }
      }
    }
    let all = Set(holders.keys).union(seen.addresses.keys.compactMap { IPAddress($0) })
    return all.sorted().map { address in
      let text = address.description
      return HeldAddress(
        ip: text, records: holders[address] ?? [], dns: seen.dns[text],
        observed: seen.addresses[text])
    }
  }
}
