import Bytes
import Dissectors
import Entries
import JSON
import Query

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
    /// Connections over TLS, from it and to it, by whether what they carried could be read.
    var tls: [Secrecy: Int64] = [:]

    func merged(_ other: Observed) -> Observed {
      var sum = self
      sum.first = min(first, other.first)
      sum.last = max(last, other.last)
      sum.calls += other.calls
      sum.errors += other.errors
      sum.bytes &+= other.bytes
      sum.protocols.formUnion(other.protocols)
      sum.tls.merge(other.tls, uniquingKeysWith: +)
      return sum
    }

    mutating func count(_ metrics: Metrics) {
      calls += Int64(metrics.count)
      errors += Int64(metrics.errors)
    }

    var json: JSONObject {
      var object: JSONObject = [
        "first_ts": .int(first.milliseconds), "last_ts": .int(last.milliseconds),
        "calls": .int(calls), "errors": .int(errors), "bytes": .int(bytes),
        "protocols": .array(protocols.sorted().map { .string($0) }),
      ]
      if !tls.isEmpty {
        object["tls"] = .object(
          JSONObject(
            members: Secrecy.allCases.compactMap { secrecy in
              tls[secrecy].map { .init(name: secrecy.rawValue, value: .int($0)) }
            }))
      }
      return object
    }

    /// How many connections over TLS could be read, and why the others could not: for a table.
    var tlsText: String {
      Secrecy.allCases.compactMap { secrecy in
        tls[secrecy].map { "\($0) \(String(secrecy.rawValue.map { $0 == "_" ? " " : $0 }))" }
      }.joined(separator: ", ")
    }
  }

  var json: JSONObject {
    var object: JSONObject = ["name": .string(Shown.text(name)), "kind": .string(kind)]
    if !namespace.isEmpty { object["namespace"] = .string(Shown.text(namespace)) }
    if !labels.isEmpty {
      object["labels"] = .object(Self.json(labels))
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
    if let observed { object["observed"] = .object(observed.json) }
    return object
  }

  static func json(_ labels: [String: String]) -> JSONObject {
    JSONObject(
      members: labels.sorted { $0.key < $1.key }.map {
        .init(name: Shown.text($0.key), value: .string(Shown.text($0.value)))
      })
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
