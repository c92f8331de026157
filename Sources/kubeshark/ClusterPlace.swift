import ArgumentParser
import Cluster
import Logging
import ToolKit

/// The flags that say which cluster is meant, and where in it Kubeshark is.
struct ClusterPlace: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "kubeconfig of the cluster (default: KUBECONFIG, then ~/.kube/config).", valueName: "file"))
  var kubeconfig: String?

  @Option(help: ArgumentHelp("kubeconfig context of the cluster.", valueName: "name"))
  var context: String?

  @Option(
    name: [.customShort("s"), .long],
    help: ArgumentHelp(
      "Namespace in which Kubeshark is installed (default \(ClusterAccess.standardNamespace)).",
      valueName: "name"))
  var releaseNamespace: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "A setting, such as tap.release.namespace=kubeshark; can be repeated.", valueName: "key=value"
    ))
  var sets: [String] = []

  @Option(
    help: ArgumentHelp(
      "Settings (default ./kubeshark.yaml, then ~/.kubeshark/config.yaml).", valueName: "file"))
  var configPath: String?

  @Flag(
    name: [.customShort("d"), .long],
    help: """
      Say more on standard error: which commands of kubectl and helm are run and how they end, and \
      of mcp what came of each call and how long it took.
      """)
  var debug = false

  func validate() throws {
    if let releaseNamespace, let problem = ClusterAccess.problem(ofNamespace: releaseNamespace) {
      throw ValidationError("--release-namespace: \(problem).")
    }
  }

  func settings(_ log: Logger) throws(Failure) -> Settings {
    if debug { ClusterTrace.begin { log.info("\($0)") } }
    return try Settings(sets: sets, configPath: configPath.isGiven ? configPath : nil, log)
  }

  /// The cluster, by flags and settings.
  func access(_ settings: ClusterSettings) throws(Failure) -> ClusterAccess {
    let kubeconfig = kubeconfig.isGiven ? kubeconfig : settings.text(.kubeconfig)
    let access = ClusterAccess(
      kubeconfig: kubeconfig.map(absolutePath),
      context: context.isGiven ? context : settings.text(.context),
      namespace: releaseNamespace ?? settings.text(.namespace) ?? ClusterAccess.standardNamespace)
    if let problem = ClusterAccess.problem(ofNamespace: access.namespace) {
      throw .usage("\(ClusterSetting.namespace.name): \(problem)")
    }
    return access
  }

  /// The Hub of that cluster. Nothing is asked of it yet.
  ///
  /// - Parameter start: what to do when nothing is installed.
  func hub(
    _ access: ClusterAccess, _ settings: ClusterSettings, start: String, _ log: Logger
  ) throws(Failure) -> ClusterHub {
    ClusterHub(
      access, origin: access.origin { environment($0) }, start: start, version: Version.text,
      license: try Self.license(settings)
    ) { log.warning("\($0)") }
  }

  /// The licence key of the settings; it goes into a header as it stands.
  static func license(_ settings: ClusterSettings) throws(Failure) -> String? {
    let license = settings.text(.license)?.filter { !$0.isWhitespace } ?? ""
    guard license.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw .usage("license holds characters that cannot be part of one")
    }
    return license.isEmpty ? nil : license
  }

  /// The flags again, with paths from the root.
  ///
  /// - Parameter resolvesKubeconfig: whether the file that is used by default is named: clients
  ///   start servers without the environment of a shell.
  func carriedOver(resolvesKubeconfig: Bool) -> [String] {
    var arguments: [String] = []
    if kubeconfig.isGiven, let kubeconfig {
      arguments += ["--kubeconfig", absolutePath(kubeconfig)]
    } else if resolvesKubeconfig, sets.isEmpty, configPath == nil {
      let files = (environment("KUBECONFIG") ?? "").split(separator: ":").map { String($0) }
      // Several cannot be named by the flag.
      if files.count <= 1 {
        arguments += ["--kubeconfig", absolutePath(files.first ?? "~/.kube/config")]
      }
    }
    if context.isGiven, let context { arguments += ["--context", context] }
    if let releaseNamespace { arguments += ["--release-namespace", releaseNamespace] }
    for set in sets { arguments += ["--set", set] }
    if debug { arguments.append("--debug") }
    if configPath.isGiven, let configPath {
      arguments += ["--config-path", absolutePath(configPath)]
    }
    return arguments
  }
}
