import Bytes
package import HubClient

/// How the API server of a cluster is reached: its address, whose certificates count, who we are.
package struct APIAccess: Sendable {
  /// Where Kubernetes puts a pod's service account ("Accessing the API from a Pod").
  package static let serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

  package var address: HubAddress
  /// Authorities in PEM, read anew when they change; nil for those of the system.
  package var caFile: String?
  /// Read anew for each request: the kubelet renews it.
  package var tokenFile: String?

  package init(address: HubAddress, caFile: String?, tokenFile: String?) {
    (self.address, self.caFile, self.tokenFile) = (address, caFile, tokenFile)
  }

  /// As a pod finds it in its environment; nil outside of a cluster, and for pods that were given no
  /// service account.
  package static func inCluster(_ environment: (String) -> String?) -> APIAccess? {
    guard let host = environment("KUBERNETES_SERVICE_HOST"), !host.isEmpty else { return nil }
    let port = environment("KUBERNETES_SERVICE_PORT") ?? "443"
    guard let address = try? HubAddress("https://" + hostAndPort(host, port)) else { return nil }
    guard TokenSource(.file(serviceAccount + "/token")).token != nil else { return nil }
    return APIAccess(
      address: address, caFile: serviceAccount + "/ca.crt", tokenFile: serviceAccount + "/token")
  }
}
