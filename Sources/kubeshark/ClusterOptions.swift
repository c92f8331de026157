import ArgumentParser
import Cluster
import HubClient
import Logging
import ToolKit

/// The flags of proxy mode: which cluster, where in it Kubeshark is, and what may be done to it.
struct ClusterOptions: ParsableArguments {
  @OptionGroup var place: ClusterPlace

  @Flag(help: "Offer start_kubeshark and stop_kubeshark in proxy mode.")
  var allowDestructive = false

  @Option(
    help: ArgumentHelp(
      "The Helm chart that start_kubeshark installs instead of its own manifests: a folder, an archive, a URL.",
      valueName: "chart"))
  var chart: String?

  /// The Hub of the cluster. Nothing is asked of it yet.
  func source(_ folder: DownloadFolder, _ log: Logger) throws(Failure) -> HubSource {
    let settings = try place.settings(log).values
    let access = try place.access(settings)
    let start =
      "Is it in another namespace? Name it by release_namespace or --release-namespace. "
      + (allowDestructive
        ? "Otherwise start_kubeshark deploys it."
        : "Otherwise kubeshark tap deploys it, or start_kubeshark with --allow-destructive.")
    let hub = try place.hub(access, settings, start: start, log)
    return HubSource(
      hub: hub, mode: .proxy(destructive: allowDestructive),
      origin: "Kubernetes cluster (\(hub.origin)), namespace \(access.namespace)",
      local: [
        LocalTool(CheckCluster(hub: hub, start: start)), LocalTool(GetFileURL(hub: hub)),
        LocalTool(DownloadFile(hub: hub, folder: folder)),
      ] + changing(hub, deployable(chart, settings)), watch: { hub.watch(changed: $0, told: $1) })
  }

  /// The tools that install and remove, or refuse to.
  private func changing(_ hub: ClusterHub, _ deployable: Deployable) -> [LocalTool] {
    guard allowDestructive else {
      return [
        LocalTool(RefusedStart(.readOnly), isListed: false),
        LocalTool(RefusedStop(.readOnly), isListed: false),
      ]
    }
    return [
      LocalTool(
        StartKubeshark(hub: hub, deployable: deployable, redacted: ClusterWork.redacted())),
      LocalTool(StopKubeshark(hub: hub, deployable: deployable)),
    ]
  }

  /// The flags again, with paths from the root.
  func carriedOver(resolvesKubeconfig: Bool) -> [String] {
    var arguments = place.carriedOver(resolvesKubeconfig: resolvesKubeconfig)
    if allowDestructive { arguments.append("--allow-destructive") }
    if chart.isGiven, let chart { arguments += ["--chart", chartPlace(chart)] }
    return arguments
  }
}

/// What is installed: the chart that a flag names, else our own manifests.
func deployable(_ chart: String?, _ settings: ClusterSettings) -> Deployable {
  if chart.isGiven, let chart { return .chart(chartPlace(chart), settings) }
  return .manifests(settings, version: imageTag)
}

/// A chart's folder from the root; names and URLs stay what they are.
private func chartPlace(_ chart: String) -> String {
  chart.hasPrefix(".") || chart.hasPrefix("~/") ? absolutePath(chart) : chart
}

/// The tag of the image of this version. The commit of a build between releases is left out: a tag
/// cannot have it, and no image is made for it.
var imageTag: String { String(Version.text.prefix { $0 != "+" && $0 != "-" }) }
