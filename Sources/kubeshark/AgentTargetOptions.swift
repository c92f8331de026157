import ArgumentParser
import KFL
import KubeAPI
import NodeAgent

/// The flags that choose the pods an agent captures.
struct AgentTargetOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Only pods of these namespaces, separated by commas; without --cluster-names no cluster role \
      is needed then.
      """, valueName: "names"))
  var namespaces: String?

  @Flag(
    help: """
      With --namespaces: read names in the whole cluster all the same, which needs a cluster role.
      """)
  var clusterNames = false

  @Option(
    help: ArgumentHelp(
      "No pods of these namespaces, separated by commas, whatever else is chosen.",
      valueName: "names"))
  var excludeNamespaces: String?

  @Option(
    help: ArgumentHelp(
      "Only pods in whose name this RE2 pattern is found.", valueName: "pattern"))
  var podRegex: String?

  @OptionGroup var api: KubeAPIOptions

  func rule() throws(Failure) -> TargetRule {
    let names = try NamespaceList.names(namespaces, flag: "--namespaces")
    let excluded = try NamespaceList.names(excludeNamespaces, flag: "--exclude-namespaces")
    do throws(Pattern.Refused) {
      return try TargetRule(
        namespaces: names, excludedNamespaces: excluded,
        podRegex: podRegex.isGiven ? podRegex : nil)
    } catch { throw .usage("--pod-regex is not a valid pattern: \(error.reason)") }
  }

  func watch() throws(Failure) -> ClusterWatch? {
    let names = try NamespaceList.names(namespaces, flag: "--namespaces")
    let watch = try api.watch(namespaces: clusterNames ? [] : names)
    if watch == nil, !names.isEmpty || podRegex.isGiven || excludeNamespaces.isGiven {
      throw .usage(
        """
        --namespaces, --exclude-namespaces and --pod-regex choose pods of a cluster, and there is none here: give \
        --kube-api URL, or leave them out to capture all traffic of this machine
        """)
    }
    return watch
  }
}

/// Namespaces as a flag gives them: `shop,payments`.
enum NamespaceList {
  /// Flags as templates of manifests leave them when nothing is to be chosen: as if not given.
  static let empty = ["--namespaces=", "--exclude-namespaces=", "--pod-regex="]

  static func names(_ text: String?, flag: String) throws(Failure) -> [String] {
    let names = (text ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
      .filter { !$0.isEmpty }
    for name in names {
      // A DNS label (RFC 1123), as every namespace is: it becomes part of a path.
      let isLabel = name.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
      }
      guard isLabel, name.utf8.count <= 63 else {
        throw .usage("\(flag): \(name) cannot be a namespace")
      }
    }
    return names
  }
}
