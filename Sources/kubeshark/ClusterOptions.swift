import ArgumentParser
import Cluster
import HubClient
import Logging
import ToolKit

/// The flags of proxy mode: which cluster, and where in it Kubeshark is.
struct ClusterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "kubeconfig for proxy mode (default: KUBECONFIG, then ~/.kube/config).", valueName: "file"))
  var kubeconfig: String?

  @Option(help: ArgumentHelp("kubeconfig context for proxy mode.", valueName: "name"))
  var context: String?

  @Option(
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

  @Flag(help: "With --chart: offer start_kubeshark and stop_kubeshark in proxy mode.")
  var allowDestructive = false

  @Option(
    help: ArgumentHelp(
      "The Helm chart that start_kubeshark installs: a folder, an archive, a URL.",
      valueName: "chart"))
  var chart: String?

  func validate() throws {
    if let releaseNamespace, let problem = ClusterAccess.problem(ofNamespace: releaseNamespace) {
      throw ValidationError("--release-namespace: \(problem).")
    }
  }

  /// The Hub of the cluster. Nothing is asked of it yet.
  func source(_ folder: DownloadFolder, _ log: Logger) throws(Failure) -> HubSource {
    let settings = try Settings(
      sets: sets, configPath: configPath.isGiven ? configPath : nil, log)
    let kubeconfig = kubeconfig.isGiven ? kubeconfig : settings[.kubeconfig]
    let access = ClusterAccess(
      kubeconfig: kubeconfig.map(absolutePath),
      context: context.isGiven ? context : settings[.context],
      namespace: releaseNamespace ?? settings[.namespace] ?? ClusterAccess.standardNamespace)
    if let problem = ClusterAccess.problem(ofNamespace: access.namespace) {
      throw .usage("\(Settings.Key.namespace.rawValue): \(problem)")
    }
    let chart = self.chart.isGiven ? self.chart : nil
    if allowDestructive, chart == nil {
      log.warning("start_kubeshark and stop_kubeshark need a Helm chart: name one by --chart")
    }
    let start =
      "Is it in another namespace? Name it by release_namespace or --release-namespace. "
      + (allowDestructive && chart != nil
        ? "Otherwise start_kubeshark deploys it."
        : "Otherwise start_kubeshark could deploy it, with --allow-destructive and --chart.")
    let hub = ClusterHub(
      access, origin: access.origin { environment($0) }, start: start, version: Version.text
    ) { log.warning("\($0)") }
    return HubSource(
      hub: hub, mode: .proxy(destructive: allowDestructive && chart != nil),
      origin: "Kubernetes cluster (\(hub.origin)), namespace \(access.namespace)",
      local: [
        LocalTool(CheckCluster(hub: hub, start: start)), LocalTool(GetFileURL(hub: hub)),
        LocalTool(DownloadFile(hub: hub, folder: folder)),
      ] + changing(hub, chart), watch: { hub.watch(changed: $0, told: $1) })
  }

  /// The tools that install and remove, or refuse to.
  private func changing(_ hub: ClusterHub, _ chart: String?) -> [LocalTool] {
    guard allowDestructive, let chart else {
      let refusal = allowDestructive ? Refusal.noChart : .readOnly
      return [
        LocalTool(RefusedStart(refusal), isListed: false),
        LocalTool(RefusedStop(refusal), isListed: false),
      ]
    }
    let place = chart.hasPrefix(".") || chart.hasPrefix("~/") ? absolutePath(chart) : chart
    return [
      LocalTool(StartKubeshark(hub: hub, chart: place)),
      LocalTool(StopKubeshark(hub: hub, chart: place)),
    ]
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
    if configPath.isGiven, let configPath {
      arguments += ["--config-path", absolutePath(configPath)]
    }
    if allowDestructive { arguments.append("--allow-destructive") }
    if chart.isGiven, let chart {
      arguments += [
        "--chart", chart.hasPrefix(".") || chart.hasPrefix("~/") ? absolutePath(chart) : chart,
      ]
    }
    return arguments
  }
}
