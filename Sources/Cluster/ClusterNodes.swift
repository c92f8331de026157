import JSON

/// Nodes of a cluster, as far as it matters whether pods can run there.
enum ClusterNodes {
  /// Most nodes that are asked about at once: an object of one is some 20 KiB.
  static let most = 100

  /// Of the nodes of these pods those that are not ready. None where that may not be known.
  static func down(under pods: [ClusterPod], _ kubectl: Kubectl) async -> Set<String> {
    let asked = Set(pods.filter(\.mayBeCutOff).compactMap(\.node)).filter { !$0.hasPrefix("-") }
    guard !asked.isEmpty else { return [] }
    let names = Array(asked.sorted().prefix(most))
    do throws(ClusterFault) {
      return try down(
        in: await kubectl.run(["get", "nodes"] + names + ["--ignore-not-found", "--output=json"]))
    } catch {
      // It is an explanation, and many may not look at nodes.
      return []
    }
  }

  /// Those of a list that are not ready, or of which nothing has been heard (`Unknown`).
  static func down(in output: [UInt8]) throws(ClusterFault) -> Set<String> {
    let names = try ClusterService.items(in: output).compactMap { node -> String? in
      guard node["kind"]?.string ?? "Node" == "Node" else { return nil }
      let isReady = (node["status"]?["conditions"]?.array ?? []).contains {
        $0["type"]?.string == "Ready" && $0["status"]?.string == "True"
      }
      return isReady ? nil : node["metadata"]?["name"]?.string
    }
    return Set(names)
  }
}
