import Bytes
import Entries
package import JSON

/// An inventory that is kept beside packets, so that they have the names of their time.
extension Inventory {
  private static let version: Int64 = 1

  package var json: JSONObject {
    ["version": .int(Self.version), "items": .array(items.map { .object($0.json) })]
  }

  /// Nil when it is another version or no inventory; items that cannot be read are left out.
  package init?(json: JSONObject) {
    guard json["version"]?.int == Self.version, let rows = json["items"]?.array else { return nil }
    self.init(rows.compactMap { $0.object.flatMap(Item.init(json:)) })
  }
}

extension Inventory.Item {
  /// What is empty or unknown is left out.
  fileprivate var json: JSONObject {
    var object: JSONObject = ["kind": .string(kind.rawValue), "name": .string(name)]
    if !namespace.isEmpty { object["namespace"] = .string(namespace) }
    if !addresses.isEmpty {
      object["addresses"] = .array(addresses.map { .string($0.description) })
    }
    if since != .distantPast { object["since"] = .int(since.nanoseconds) }
    if let node { object["node"] = .string(node) }
    if let owner { object["owner"] = ["kind": .string(owner.kind), "name": .string(owner.name)] }
    for (name, texts) in [
      ("labels", labels), ("annotations", annotations), ("selector", selector),
    ] where !texts.isEmpty {
      object[name] = .object(
        JSONObject(
          members: texts.sorted { $0.key < $1.key }.map {
            .init(name: $0.key, value: .string($0.value))
          }))
    }
    if !pods.isEmpty { object["pods"] = .array(pods.map { .string($0) }) }
    if usesHostNetwork { object["usesHostNetwork"] = true }
    if isGone { object["isGone"] = true }
    return object
  }

  fileprivate init?(json: JSONObject) {
    guard let kind = json["kind"]?.string.flatMap(Kind.init(rawValue:)),
      let name = json["name"]?.string
    else { return nil }
    func texts(_ name: String) -> [String: String] {
      let pairs = (json[name]?.object?.members ?? []).compactMap { member in
        member.value.string.map { (member.name, $0) }
      }
      return Dictionary(pairs, uniquingKeysWith: { _, last in last })
    }
    let owner = json["owner"].flatMap { owner -> Workload.Owner? in
      guard let kind = owner["kind"]?.string, let name = owner["name"]?.string else { return nil }
      return Workload.Owner(kind: kind, name: name)
    }
    self.init(
      kind: kind, name: name, namespace: json["namespace"]?.string ?? "",
      addresses: json["addresses"]?.array?.compactMap { $0.string.flatMap { IPAddress($0) } } ?? [],
      since: json["since"]?.int.map { Timestamp(nanoseconds: $0) } ?? .distantPast,
      node: json["node"]?.string, owner: owner, labels: texts("labels"),
      annotations: texts("annotations"),
      pods: json["pods"]?.array?.compactMap(\.string) ?? [], selector: texts("selector"),
      usesHostNetwork: json["usesHostNetwork"]?.bool ?? false)
    isGone = json["isGone"]?.bool ?? false
  }
}
