import ArgumentParser
import HubClient
import KubeAPI

/// The flags that name the API server of a cluster; inside of one they are not needed.
struct KubeAPIOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "API server of the cluster (default inside of one: as its pods find it).", valueName: "url"))
  var kubeApi: String?

  @Option(
    help: ArgumentHelp(
      "Authorities of that server (default: those of the service account).", valueName: "file"))
  var kubeCaFile: String?

  @Option(
    help: ArgumentHelp(
      "Token for that server (default: the service account's); read anew whenever it changes.",
      valueName: "file"))
  var kubeTokenFile: String?

  /// Nil outside of a cluster, when none is named.
  func access() throws(Failure) -> APIAccess? {
    guard kubeApi.isGiven, let kubeApi else {
      guard var access = APIAccess.inCluster({ environment($0) }) else { return nil }
      access.caFile = kubeCaFile.map(absolutePath) ?? access.caFile
      access.tokenFile = kubeTokenFile.map(absolutePath) ?? access.tokenFile
      return access
    }
    do throws(HubAddress.Problem) {
      return APIAccess(
        address: try HubAddress(kubeApi), caFile: kubeCaFile.map(absolutePath),
        tokenFile: kubeTokenFile.map(absolutePath))
    } catch { throw .usage("--kube-api: \(error.message). \(error.hint)") }
  }

  /// The cluster's objects, of these namespaces or of all; nil outside of a cluster.
  func watch(namespaces: [String]) throws(Failure) -> ClusterWatch? {
    guard let access = try access() else { return nil }
    do throws(HubClientSettings.Problem) {
      return try ClusterWatch(access, namespaces: namespaces)
    } catch { throw .usage("the API server's authorities: \(error.message)") }
  }
}
