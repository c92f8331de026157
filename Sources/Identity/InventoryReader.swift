import Bytes
import Entries
package import JSON
import Yams

/// Why a workloads file could not be used.
package struct InventoryError: Error, Hashable, Sendable {
  package var path: String
  /// One sentence, with what to do.
  package var message: String

  package init(path: String, message: String) { (self.path, self.message) = (path, message) }
}

/// Reads `--workloads` files: the output of `kubectl get pods,services,endpointslices,nodes -A
/// -o json` (or `-o yaml`), or the small YAML of our own that `Samples/workloads.yaml` shows.
///
/// Items that are not understood are counted in `skipped`, never an error: a cluster's list holds
/// more than we read.
package struct InventoryReader: Sendable {
  /// Largest file read, in bytes.
  package static let maxFile = 256 << 20

  package private(set) var items: [Inventory.Item] = []
  /// Items of kinds that name no address, or without a name.
  package private(set) var skipped = 0
  /// Pods that services send calls to, by EndpointSlices.
  private var behind: [ServiceKey: Set<String>] = [:]
  /// Pods on their way out that still serve: services send calls to them while no other is ready.
  private var ending: [ServiceKey: Set<String>] = [:]

  /// Addresses of nodes, as their pods tell them.
  private var hosts: [String: Set<IPAddress>] = [:]

  fileprivate struct ServiceKey: Hashable {
    var namespace: String
    var name: String
  }

  /// - Parameter path: only for the messages.
  package static func inventory(
    of bytes: [UInt8], path: String
  ) throws(InventoryError) -> Inventory {
    guard bytes.count <= maxFile else {
      throw InventoryError(path: path, message: "\(path) is larger than \(maxFile >> 20) MiB.")
    }
    let document = try document(bytes, path: path)
    var reader = InventoryReader()
    if let list = document["workloads"]?.array {
      for item in list { reader.readOwn(item) }
    } else if let list = document["items"]?.array {
      for item in list { reader.readObject(item) }
    } else if document["kind"] != nil {
      reader.readObject(document)
    } else {
      throw InventoryError(
        path: path,
        message: """
          \(path) has neither "workloads" nor "items". Write it with: kubectl get \
          pods,services,endpointslices,nodes -A -o json > workloads.json
          """)
    }
    guard !reader.items.isEmpty else {
      throw InventoryError(path: path, message: "\(path) names no pod, service or node.")
    }
    return Inventory(reader.joined())
  }

  private static func document(
    _ bytes: [UInt8], path: String
  ) throws(InventoryError) -> JSONValue {
    let first = bytes.first { $0 != 0x20 && $0 != 0x0a && $0 != 0x0d && $0 != 0x09 }
    if first == 0x7b {
      do { return try JSONReader.value(of: bytes) } catch {
        throw InventoryError(path: path, message: "\(path) is not JSON: \(error).")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw InventoryError(path: path, message: "\(path) is neither JSON nor YAML text.")
    }
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch {
      // The error shows the line it is about, however long.
      throw InventoryError(path: path, message: "\(path) is not YAML: \("\(error)".prefix(400)).")
    }
    guard let node else { return .null }
    var values = YAMLValues(length: bytes.count)
    guard let document = values.json(node, depth: 0) else {
      throw InventoryError(
        path: path,
        message: """
          \(path) stands for more values than its length explains, or nests deeper than \
          \(JSONReader.maxDepth) levels; write out what its aliases stand for.
          """)
    }
    return document
  }

  /// Services learn their pods from EndpointSlices, and nodes that were not listed their addresses from
  /// pods.
  private func joined() -> [Inventory.Item] {
    let listed = Set(items.filter { $0.kind == .node }.map(\.name))
    let nodes = hosts.filter { !listed.contains($0.key) }.map { name, addresses in
      Inventory.Item(kind: .node, name: name, addresses: addresses.sorted(), node: name)
    }
    let joined = items.map { item -> Inventory.Item in
      guard item.kind == .service else { return item }
      let key = ServiceKey(namespace: item.namespace, name: item.name)
      let ready = behind[key] ?? []
      let pods = ready.isEmpty ? (ending[key] ?? []) : ready
      guard !pods.isEmpty else { return item }
      var item = item
      item.pods = (Set(item.pods).union(pods)).sorted()
      return item
    }
    return joined + nodes
  }

  // MARK: Objects one by one

  /// What one object of a cluster says of addresses.
  package struct Fact: Hashable, Sendable {
    fileprivate var item: Inventory.Item?
    /// Of a pod: those of its node.
    fileprivate var hostAddresses: [IPAddress] = []
    fileprivate var service: ServiceKey?
    fileprivate var pods: Set<String> = []
    fileprivate var ending: Set<String> = []

    /// The same of something that is gone; nil when nothing needs to be remembered of it.
    package var former: Fact? {
      guard var item, item.kind == .pod, !item.addresses.isEmpty, !item.usesHostNetwork else {
        return nil
      }
      item.isGone = true
      return Fact(item: item)
    }

    /// Whether both say the same of addresses.
    package func hasAddresses(of other: Fact) -> Bool {
      item?.addresses == other.item?.addresses
    }
  }

  /// What a pod, service, node or EndpointSlice says; nil for what is none of them.
  package static func fact(of object: JSONValue) -> Fact? {
    var reader = InventoryReader()
    reader.readObject(object)
    if let item = reader.items.first {
      let host = item.node.flatMap { reader.hosts[$0] } ?? []
      return Fact(item: item, hostAddresses: host.sorted())
    }
    guard let (service, pods) = reader.behind.first else { return nil }
    return Fact(service: service, pods: pods, ending: reader.ending[service] ?? [])
  }

  /// What all of them say together.
  package static func inventory(of facts: some Sequence<Fact>) -> Inventory {
    var reader = InventoryReader()
    for fact in facts {
      if let item = fact.item {
        reader.items.append(item)
        if let node = item.node, !fact.hostAddresses.isEmpty {
          reader.hosts[node, default: []].formUnion(fact.hostAddresses)
        }
      }
      if let service = fact.service {
        reader.behind[service, default: []].formUnion(fact.pods)
        reader.ending[service, default: []].formUnion(fact.ending)
      }
    }
    return Inventory(reader.joined())
  }

  // MARK: Our own form

  private mutating func readOwn(_ value: JSONValue) {
    guard let name = value["name"]?.string,
      let kind = value["kind"]?.string.flatMap(Inventory.Item.Kind.init(rawValue:))
    else {
      skipped += 1
      return
    }
    items.append(
      Inventory.Item(
        kind: kind, name: name, namespace: value["namespace"]?.string ?? "",
        addresses: addresses(value["ips"]?.array),
        since: value["since"]?.string.flatMap { Timestamp(rfc3339: $0) } ?? .distantPast,
        node: value["node"]?.string, owner: owner(value["owner"]), labels: texts(value["labels"]),
        annotations: texts(value["annotations"]),
        pods: value["selects"]?.array?.compactMap(\.string) ?? []))
  }

  // MARK: Kubernetes objects

  private mutating func readObject(_ object: JSONValue) {
    guard let kind = object["kind"]?.string, let metadata = object["metadata"],
      let name = metadata["name"]?.string
    else {
      skipped += 1
      return
    }
    let namespace = metadata["namespace"]?.string ?? ""
    switch kind {
    case "Pod":
      let pod = pod(object, metadata, name, namespace)
      items.append(pod)
      if let node = pod.node, !pod.isGone { readHost(object, node) }
    case "Service": items.append(service(object, metadata, name, namespace))
    case "Node": items.append(node(object, metadata, name))
    case "EndpointSlice": readSlice(object, metadata, namespace)
    default: skipped += 1
    }
  }

  private func pod(
    _ object: JSONValue, _ metadata: JSONValue, _ name: String, _ namespace: String
  ) -> Inventory.Item {
    let status = object["status"]
    let listed = addresses(status?["podIPs"]?.array?.compactMap { $0["ip"] })
    let lone = addresses(status?["podIP"].map { [$0] })
    var item = Inventory.Item(
      kind: .pod, name: name, namespace: namespace, addresses: listed.isEmpty ? lone : listed,
      since: status?["startTime"]?.string.flatMap { Timestamp(rfc3339: $0) } ?? .distantPast,
      node: object["spec"]?["nodeName"]?.string, owner: podOwner(metadata),
      labels: texts(metadata["labels"]), annotations: annotations(metadata),
      usesHostNetwork: object["spec"]?["hostNetwork"]?.bool ?? false)
    // Its status goes on showing the address it had, which may be another pod's by now
    // (Kubernetes, "Pod Lifecycle": these phases are final).
    item.isGone = ["Succeeded", "Failed"].contains(status?["phase"]?.string)
    return item
  }

  /// A pod says where its node is, also to those who may not look at nodes.
  private mutating func readHost(_ object: JSONValue, _ node: String) {
    let status = object["status"]
    let all =
      addresses(status?["hostIPs"]?.array?.compactMap { $0["ip"] })
      + addresses(status?["hostIP"].map { [$0] })
    if !all.isEmpty { hosts[node, default: []].formUnion(all) }
  }

  private func service(
    _ object: JSONValue, _ metadata: JSONValue, _ name: String, _ namespace: String
  ) -> Inventory.Item {
    let spec = object["spec"]
    let cluster = addresses(spec?["clusterIPs"]?.array) + addresses(spec?["clusterIP"].map { [$0] })
    let outside =
      addresses(spec?["externalIPs"]?.array)
      + addresses(object["status"]?["loadBalancer"]?["ingress"]?.array?.compactMap { $0["ip"] })
    var seen: Set<IPAddress> = []
    return Inventory.Item(
      kind: .service, name: name, namespace: namespace,
      addresses: (cluster + outside).filter { seen.insert($0).inserted },
      labels: texts(metadata["labels"]), annotations: annotations(metadata),
      selector: texts(spec?["selector"]))
  }

  private func node(
    _ object: JSONValue, _ metadata: JSONValue, _ name: String
  ) -> Inventory.Item {
    let entries = object["status"]?["addresses"]?.array ?? []
    return Inventory.Item(
      kind: .node, name: name, addresses: addresses(entries.compactMap { $0["address"] }),
      node: name, labels: texts(metadata["labels"]), annotations: annotations(metadata))
  }

  private mutating func readSlice(
    _ object: JSONValue, _ metadata: JSONValue, _ namespace: String
  ) {
    guard let service = metadata["labels"]?["kubernetes.io/service-name"]?.string else {
      skipped += 1
      return
    }
    // What is not ready is sent nothing; nothing said counts as ready (EndpointConditions). Where none
    // is, what is ending and still serves gets the calls (Kubernetes, "Virtual IPs and Service Proxies").
    let key = ServiceKey(namespace: namespace, name: service)
    for endpoint in object["endpoints"]?.array ?? [] {
      guard let target = endpoint["targetRef"], target["kind"]?.string == "Pod",
        let pod = target["name"]?.string
      else { continue }
      let conditions = endpoint["conditions"]
      if conditions?["ready"]?.bool != false {
        behind[key, default: []].insert(pod)
      } else if conditions?["terminating"]?.bool == true, conditions?["serving"]?.bool == true {
        ending[key, default: []].insert(pod)
      }
    }
    // A slice is known for what it is, whatever is in it.
    if behind[key] == nil { behind[key] = [] }
  }

  /// A ReplicaSet's name ends in a hash its Deployment put there; people know the Deployment.
  private func podOwner(_ metadata: JSONValue) -> Workload.Owner? {
    let references = metadata["ownerReferences"]?.array ?? []
    let controller = references.first { $0["controller"]?.bool == true } ?? references.first
    guard let owner = owner(controller) else { return nil }
    if owner.kind == "ReplicaSet", let hash = metadata["labels"]?["pod-template-hash"]?.string,
      owner.name.hasSuffix("-" + hash)
    {
      return Workload.Owner(kind: "Deployment", name: String(owner.name.dropLast(hash.count + 1)))
    }
    return owner
  }

  private func owner(_ value: JSONValue?) -> Workload.Owner? {
    guard let kind = value?["kind"]?.string, let name = value?["name"]?.string else { return nil }
    return Workload.Owner(kind: kind, name: name)
  }

  private func addresses(_ values: [JSONValue]?) -> [IPAddress] {
    (values ?? []).compactMap { $0.string.flatMap { IPAddress($0) } }
  }

  /// Longest value of an annotation that is kept, in bytes. They go with every call of the workload,
  /// and tools put whole documents there.
  private static let longestAnnotation = 1_024
  /// kubectl's copy of the whole object, with what its containers' environment holds.
  private static let leftOut = "kubectl.kubernetes.io/last-applied-configuration"

  private func annotations(_ metadata: JSONValue) -> [String: String] {
    texts(metadata["annotations"]).filter {
      $0.key != Self.leftOut && $0.value.utf8.count <= Self.longestAnnotation
    }
  }

  private func texts(_ value: JSONValue?) -> [String: String] {
    var result: [String: String] = [:]
    for member in value?.object?.members ?? [] {
      switch member.value {
      case .string(let text): result[member.name] = text
      case .null: break
      case let other: result[member.name] = other.text
      }
    }
    return result
  }
}

/// A YAML document as a JSON value. Aliases of aliases may stand for more than any memory holds, so
/// values are counted.
private struct YAMLValues {
  /// Values that any document may have, and values for each byte of a longer one.
  private static let fewest = 100_000
  private static let perByte = 4

  /// Values that may still come.
  private var left: Int

  /// - Parameter length: bytes of the document's text.
  init(length: Int) { left = max(Self.fewest, Self.perByte * length) }

  /// Nil when it is too large or too deep.
  mutating func json(_ node: Node, depth: Int) -> JSONValue? {
    left -= 1
    guard left >= 0, depth < JSONReader.maxDepth else { return nil }
    switch node {
    case .scalar(let scalar): return Self.json(node, scalar)
    case .sequence(let sequence):
      var elements: [JSONValue] = []
      for element in sequence {
        guard let value = json(element, depth: depth + 1) else { return nil }
        elements.append(value)
      }
      return .array(elements)
    case .mapping(let mapping):
      var members: [JSONObject.Member] = []
      for (key, value) in mapping {
        guard let value = json(value, depth: depth + 1) else { return nil }
        members.append(.init(name: key.scalar?.string ?? "", value: value))
      }
      return .object(JSONObject(members: members))
    case .alias: return .null
    }
  }

  private static func json(_ node: Node, _ scalar: Node.Scalar) -> JSONValue {
    if scalar.style == .doubleQuoted || scalar.style == .singleQuoted {
      return .string(scalar.string)
    }
    if let bool = node.bool { return .bool(bool) }
    if let int = node.int { return JSONValue(int) }
    if scalar.string.isEmpty || scalar.string == "~" || scalar.string == "null" { return .null }
    return .string(scalar.string)
  }
}
