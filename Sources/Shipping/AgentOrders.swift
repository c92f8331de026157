package import Bytes
package import JSON

/// What a Hub wants of its agents, and what it answers to a shipment.
package struct AgentOrders: Hashable, Sendable {
  /// Which pods are captured.
  package struct Targets: Hashable, Sendable {
    /// Empty for all.
    package var namespaces: [String]
    /// None of these, whatever the others say.
    package var excludedNamespaces: [String]
    /// RE2, found anywhere in a pod's name; nil for all.
    package var podRegex: String?

    package init(
      namespaces: [String] = [], excludedNamespaces: [String] = [], podRegex: String? = nil
    ) {
      (self.namespaces, self.podRegex) = (namespaces, podRegex)
      self.excludedNamespaces = excludedNamespaces
    }
  }

  /// A window of raw packets that the Hub wants to have.
  package struct Gathering: Hashable, Sendable {
    package var id: String
    package var window: Range<Timestamp>

    package init(id: String, window: Range<Timestamp>) { (self.id, self.window) = (id, window) }
  }

  /// Another one with every change; an agent says it back when it has done what is wanted.
  package var number: UInt64 = 0
  /// Whether live traffic is read as calls; nil leaves it as the agent was started.
  package var dissection: Bool?
  /// Nil leaves them as the agent was started.
  package var targets: Targets?
  package var gatherings: [Gathering] = []
  /// How long to wait before the next report when there is nothing to send.
  package var pause = Duration.seconds(1)

  package init() {}
}

extension AgentOrders {
  package var json: JSONObject {
    [
      "number": JSONValue(number), "dissection": dissection.map { .bool($0) } ?? .null,
      "targets": targets.map { .object($0.json) } ?? .null,
      "gatherings": .array(
        gatherings.map {
          [
            "id": .string($0.id), "start": .int($0.window.lowerBound.nanoseconds),
            "end": .int($0.window.upperBound.nanoseconds),
          ]
        }),
      "pause_ms": .int(pause.components.seconds * 1_000),
    ]
  }

  package init(json: JSONObject) {
    number = json["number"]?.int.flatMap { UInt64(exactly: $0) } ?? 0
    dissection = json["dissection"]?.bool
    targets = json["targets"]?.object.map(Targets.init(json:))
    gatherings = (json["gatherings"]?.array ?? []).compactMap { value in
      guard let id = value["id"]?.string, let start = value["start"]?.int,
        let end = value["end"]?.int, start <= end
      else { return nil }
      return Gathering(
        id: id, window: Timestamp(nanoseconds: start)..<Timestamp(nanoseconds: end))
    }
    pause = .milliseconds(min(max(json["pause_ms"]?.int ?? 1_000, 100), 60_000))
  }
}

extension AgentOrders.Targets {
  package var json: JSONObject {
    [
      "namespaces": .array(namespaces.map { .string($0) }),
      "excluded_namespaces": .array(excludedNamespaces.map { .string($0) }),
      "pod_regex": podRegex.map { .string($0) } ?? .null,
    ]
  }

  package init(json: JSONObject) {
    self.init(
      namespaces: json["namespaces"]?.array?.compactMap(\.string) ?? [],
      excludedNamespaces: json["excluded_namespaces"]?.array?.compactMap(\.string) ?? [],
      podRegex: json["pod_regex"]?.string)
  }
}
