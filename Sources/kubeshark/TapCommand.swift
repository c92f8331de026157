import ArgumentParser
import Cluster
import JSON
import Logging
import ToolKit

struct TapCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tap",
    abstract: "Deploy Kubeshark to the cluster, wait until it captures, and forward its Hub.",
    discussion: """
      Capture the pods of a namespace, with names that match:
        kubeshark tap 'front-.*' -n sock-shop -s kubeshark

      What would be deployed, as YAML for kubectl apply; the cluster is not asked:
        kubeshark tap -s kubeshark --dry-run

      When every node captures, the Hub is forwarded to this machine until Ctrl-C (as by kubeshark
      proxy); --detach leaves that out. kubeshark clean removes what was deployed.

      \(exitCodes)
      """)

  @Argument(help: "Regular expression (RE2) over the names of the pods to capture; all without it.")
  var podRegex: String?

  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp(
      "Namespaces to capture, separated by commas; can be repeated. All without it.",
      valueName: "names"))
  var namespaces: [String] = []

  @Option(
    name: [.customShort("e"), .long],
    help: ArgumentHelp(
      "Namespaces not to capture, separated by commas; can be repeated.", valueName: "names"))
  var excludedNamespaces: [String] = []

  @Option(
    name: [.customShort("r"), .long],
    help: ArgumentHelp("Where the image comes from.", valueName: "registry"))
  var dockerRegistry: String?

  @Option(
    name: [.customShort("t"), .long],
    help: ArgumentHelp("Tag of the image (default: this version).", valueName: "tag"))
  var dockerTag: String?

  @OptionGroup var place: ClusterPlace

  @Option(
    help: ArgumentHelp(
      "Install this Helm chart instead: a folder, an archive, a URL.", valueName: "chart"))
  var chart: String?

  @Flag(
    name: [.customLong("dry-run"), .customLong("dryRun")],
    help: "Print what would be deployed, and do nothing.")
  var dryRun = false

  @Flag(help: "End when everything is ready, without forwarding the Hub.")
  var detach = false

  @Option(
    help: ArgumentHelp(
      "How long it may take until everything is ready, such as 30m (default 10m).",
      valueName: "duration"))
  var timeout: Age?

  @OptionGroup var local: LocalPort

  func validate() throws {
    if dryRun, chart.isGiven {
      throw ValidationError("--dry-run shows our own manifests; helm template shows a chart's.")
    }
  }

  func run() async throws {
    let log = StderrLog.logger(tag: "kubeshark")
    let settings = try chosen(place.settings(log).values)
    let access = try place.access(settings)
    if dryRun { return try show(settings, access) }
    let hub = try place.hub(access, settings, start: "Use kubeshark tap.", log)
    let limit = timeout.map { Duration.nanoseconds($0.nanoseconds) }
    let answer = try await ClusterWork.run(
      StartKubeshark(
        hub: hub, deployable: deployable(chart, settings),
        limit: limit ?? StartKubeshark.standardLimit, redacted: ClusterWork.redacted()),
      ["release_namespace": .string(access.namespace)])
    print(ClusterWork.words(answer.text))
    guard !detach else { return }
    try await local.forward(access, settings, log)
  }

  /// The settings with what the flags say.
  private func chosen(_ settings: ClusterSettings) throws(Failure) -> ClusterSettings {
    var settings = settings
    do throws(ClusterSettings.Mistake) {
      for (given, setting) in [
        (namespaces, ClusterSetting.namespaces), (excludedNamespaces, .excludedNamespaces),
      ] {
        let names = given.flatMap { $0.split(separator: ",") }.map {
          String($0.drop { $0 == " " })
        }.filter { !$0.isEmpty }
        if !names.isEmpty { try settings.set(setting, .array(names.map { .string($0) })) }
      }
      if podRegex.isGiven, let podRegex { try settings.set(.regex, .string(podRegex)) }
      if dockerRegistry.isGiven, let dockerRegistry {
        try settings.set(.registry, .string(dockerRegistry))
      }
      if dockerTag.isGiven, let dockerTag { try settings.set(.tag, .string(dockerTag)) }
    } catch { throw .usage(error.message) }
    return settings
  }

  private func show(_ settings: ClusterSettings, _ access: ClusterAccess) throws(Failure) {
    do throws(ClusterSettings.Mistake) {
      let manifests = try Manifests(
        settings, namespace: access.namespace, token: Manifests.newToken(), version: imageTag)
      print(manifests.yaml, terminator: "")
      printError("kubeshark: the token in the Secret is made anew each time this is printed")
    } catch { throw .usage(error.message) }
  }
}

struct CleanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clean",
    abstract: "Remove from the cluster what kubeshark tap deployed, with the traffic it captured.",
    discussion: """
      It waits until everything has gone, and says what is left:
        kubeshark clean -s kubeshark

      \(exitCodes)
      """)

  @OptionGroup var place: ClusterPlace

  @Option(
    help: ArgumentHelp(
      "It was installed by helm, from this chart: remove the release.", valueName: "chart"))
  var chart: String?

  func run() async throws {
    let log = StderrLog.logger(tag: "kubeshark")
    let settings = try place.settings(log).values
    let access = try place.access(settings)
    let hub = try place.hub(access, settings, start: "", log)
    let answer = try await ClusterWork.run(
      StopKubeshark(hub: hub, deployable: deployable(chart, settings)),
      ["release_namespace": .string(access.namespace)])
    print(ClusterWork.words(answer.text))
    guard answer.structured["complete"]?.bool != false else {
      throw Failure.failed("not everything has gone yet")
    }
  }
}
