/// Who an address was: a pod with its service, a service, a node, or a name learnt from DNS.
///
/// A class so that thousands of entries share one, and so that a column can recognise it by
/// identity instead of comparing five texts. Immutable.
package final class Workload: Sendable {
  package let pod: String?
  package let podNamespace: String?
  package let service: String?
  package let serviceNamespace: String?
  /// Node the pod runs on, or the node itself.
  package let node: String?
  /// What owns the pod, such as `Deployment/orders`.
  package let owner: Owner?
  package let labels: [String: String]
  package let annotations: [String: String]
  /// DNS name last seen for the address.
  package let dns: String?
  package let process: String?

  package struct Owner: Hashable, Sendable {
    package var kind: String
    package var name: String
    package init(kind: String, name: String) { (self.kind, self.name) = (kind, name) }
  }

  package init(
    pod: String? = nil, podNamespace: String? = nil, service: String? = nil,
    serviceNamespace: String? = nil, node: String? = nil, owner: Owner? = nil,
    labels: [String: String] = [:], annotations: [String: String] = [:], dns: String? = nil,
    process: String? = nil
  ) {
    self.pod = pod
    self.podNamespace = podNamespace
    self.service = service
    self.serviceNamespace = serviceNamespace
    self.node = node
    self.owner = owner
    self.labels = labels
    self.annotations = annotations
    self.dns = dns
    self.process = process
  }

  /// The same with a name that was learnt from DNS.
  package func with(dns: String) -> Workload {
    Workload(
      pod: pod, podNamespace: podNamespace, service: service, serviceNamespace: serviceNamespace,
      node: node, owner: owner, labels: labels, annotations: annotations, dns: dns,
      process: process)
  }

  /// Best identity: pod › service › DNS name › process.
  package var name: String? { pod ?? service ?? dns ?? process }
  package var namespace: String? { podNamespace ?? serviceNamespace }
}
