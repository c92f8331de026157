import JSON

/// A Service of the release namespace behind which a Hub answers.
struct ClusterService: Hashable, Sendable {
  /// The Services of a deployment, best first: the front passes `/api` on to the Hub.
  static let names = ["kubeshark-front", "kubeshark-hub"]
  /// Most objects of one list that are looked at.
  static let maxItems = 10_000

  var name: String
  /// The Service's own; kubectl finds the port of the pod.
  var port: Int

  /// What the Hub's paths may be below there, likeliest first: a front takes `/api` off; the published
  /// product's Hub itself has them at its root, and ours takes both.
  var roots: [String] { name == Self.names[0] ? ["/api"] : ["/api", ""] }

  /// The Services of a deployment in the release namespace, best first.
  static func all(_ kubectl: Kubectl) async throws(ClusterFault) -> [ClusterService] {
    let output = try await kubectl.run(
      ["--namespace=\(kubectl.access.namespace)", "get", "service"] + names
        + ["--ignore-not-found", "--output=json"])
    return try all(in: output)
  }

  /// The same, when there is one.
  ///
  /// - Throws: what is missing otherwise: Kubeshark, or the whole namespace.
  static func installed(_ kubectl: Kubectl) async throws(ClusterFault) -> [ClusterService] {
    let services = try await all(kubectl)
    if !services.isEmpty { return services }
    let namespace = kubectl.access.namespace
    let isMissing = await isMissing(namespace, kubectl) == true
    throw isMissing ? .noNamespace(namespace) : .notInstalled(namespace: namespace)
  }

  static func all(in output: [UInt8]) throws(ClusterFault) -> [ClusterService] {
    let found = try items(in: output).compactMap { service -> ClusterService? in
      guard let name = service["metadata"]?["name"]?.string, names.contains(name) else {
        return nil
      }
      let ports = (service["spec"]?["ports"]?.array ?? []).filter {
        $0["protocol"]?.string ?? "TCP" == "TCP"
      }.compactMap { $0["port"]?.int }.filter { (1...65_535).contains($0) }
      guard let port = ports.first(where: { $0 == 80 }) ?? ports.first else { return nil }
      return ClusterService(name: name, port: Int(port))
    }
    return names.compactMap { name in found.first { $0.name == name } }
  }

  /// Other namespaces in which there are Services of a deployment; none where that may not be known.
  static func elsewhere(_ kubectl: Kubectl) async -> [String] {
    do throws(ClusterFault) {
      return try elsewhere(
        in: await kubectl.run([
          "get", "services", "--all-namespaces", ClusterPod.selectorFlag, "--output=json",
        ]), than: kubectl.access.namespace)
    } catch { return [] }
  }

  static func elsewhere(
    in output: [UInt8], than namespace: String
  ) throws(ClusterFault) -> [String] {
    let places = try items(in: output).compactMap { service -> String? in
      guard let name = service["metadata"]?["name"]?.string, names.contains(name) else {
        return nil
      }
      return service["metadata"]?["namespace"]?.string
    }
    return Set(places).subtracting([namespace]).sorted()
  }

  /// The objects kubectl printed: those of a list, a single one, or none at all.
  static func items(in output: [UInt8]) throws(ClusterFault) -> [JSONValue] {
    guard output.contains(where: { $0 > 0x20 }) else { return [] }
    let value: JSONValue
    do throws(JSONError) { value = try JSONReader.value(of: output) } catch {
      throw .other("its output is not JSON: \(error)")
    }
    guard value["kind"]?.string?.hasSuffix("List") == true else { return [value] }
    return Array((value["items"]?.array ?? []).prefix(maxItems))
  }

  /// Whether the namespace is missing; nil when that cannot be known.
  static func isMissing(_ namespace: String, _ kubectl: Kubectl) async -> Bool? {
    do throws(ClusterFault) {
      let output = try await kubectl.run(
        ["get", "namespace", namespace, "--ignore-not-found", "--output=name"])
      return output.isEmpty
    } catch { return nil }
  }
}
