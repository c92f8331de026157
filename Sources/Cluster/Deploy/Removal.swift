import JSON
import ToolKit

/// Removes what `start_kubeshark` has made, and nothing else.
struct Removal: Sendable {
  /// How long the pods, and then the namespace, may take to go.
  static let patience = Duration.seconds(120)
  static let look = Duration.seconds(1)

  let access: ClusterAccess

  private var kubectl: Kubectl { Kubectl(access: access) }
  private var inNamespace: String { "--namespace=\(access.namespace)" }

  /// What is there of a deployment.
  struct Found: Hashable, Sendable {
    var found: [ClusterObject]
    /// What could not be looked for.
    var unseen: [String] = []
  }

  /// What was done.
  struct Outcome: Hashable, Sendable {
    var removed: [ClusterObject] = []
    /// What is still there, each with the reason.
    var left: [String] = []
    /// Whether nothing is still on its way out.
    var isComplete = true
  }

  /// The objects with a deployment's labels, the namespace left out.
  func objects() async throws(ClusterFault) -> Found {
    let selector = deploymentSelector(access.namespace)
    var found = Found(
      found: try await list([
        inNamespace, "get",
        "daemonsets.apps,deployments.apps,services,secrets,serviceaccounts", selector,
      ]))
    for (kind, title) in [
      ("persistentvolumeclaims", "volume claims"),
      ("networkpolicies.networking.k8s.io", "network policies"),
    ] {
      if let some = try await listIfAllowed([inNamespace, "get", kind, selector]) {
        found.found += some
      } else {
        found.unseen.append(title)
      }
    }
    let roles = "roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io"
    if let all = try await listIfAllowed(["get", roles, "--all-namespaces", selector]) {
      found.found += all
    } else {
      // Who may not look everywhere can look where agents have been given roles.
      let agent = found.found.first { $0.kind == "DaemonSet" }
      let names = (agent?.annotations[Manifests.rolesAnnotation] ?? "").split(separator: ",")
      for name in names where ClusterAccess.problem(ofNamespace: String(name)) == nil {
        if let some = try await listIfAllowed(["--namespace=\(name)", "get", roles, selector]) {
          found.found += some
        } else {
          found.unseen.append("roles in namespace \(name)")
        }
      }
    }
    let clusterRoles =
      "clusterroles.rbac.authorization.k8s.io,clusterrolebindings.rbac.authorization.k8s.io"
    if let some = try await listIfAllowed(["get", clusterRoles, selector]) {
      found.found += some
    } else {
      found.unseen.append("cluster roles")
    }
    return found
  }

  private func list(_ arguments: [String]) async throws(ClusterFault) -> [ClusterObject] {
    try ClusterObject.all(
      in: await kubectl.run(arguments + ["--ignore-not-found", "--output=json"]))
  }

  private func listIfAllowed(
    _ arguments: [String]
  ) async throws(ClusterFault) -> [ClusterObject]? {
    do throws(ClusterFault) { return try await list(arguments) } catch {
      guard case .forbidden = error else { throw error }
      return nil
    }
  }

  func delete(_ objects: [ClusterObject]) async throws(ClusterFault) {
    guard !objects.isEmpty else { return }
    let list: JSONObject = [
      "apiVersion": "v1", "kind": "List", "items": .array(objects.map(\.reference)),
    ]
    let input = Array(JSONValue.object(list).text.utf8)
    // Somebody's kubectl may be told to ask before it deletes (kuberc), which it cannot do here.
    let arguments = ["delete", "--filename=-", "--ignore-not-found", "--wait=false"]
    do throws(ClusterFault) {
      _ = try await kubectl.run(
        arguments + ["--interactive=false"], input: input, limit: .seconds(60))
    } catch {
      // Before 1.27 it never asks, and knows no such flag.
      guard case .other(let reason) = error, reason.contains("unknown flag") else { throw error }
      _ = try await kubectl.run(arguments, input: input, limit: .seconds(60))
    }
  }

  /// Removes everything, and waits until it has gone.
  func run(_ told: (String) -> Void) async throws(ClusterFault) -> Outcome {
    told("looking at what is there")
    let there = try await objects()
    var outcome = Outcome()
    outcome.left = there.unseen.map { "\($0): these credentials may not list them" }
    if !there.found.isEmpty {
      told("removing \(there.found.count) objects")
      // Workloads first, so that no pod loses its rights while it works.
      try await delete(there.found)
      let staying = try await waitUntilGone(there.found, told)
      outcome.removed = there.found.filter { object in
        !staying.contains { $0.kind == object.kind && $0.name == object.name }
      }
      outcome.left += staying.map(\.stillThere)
      outcome.isComplete = staying.isEmpty
    }
    try await removeNamespace(&outcome, told)
    return outcome
  }

  /// What is still there when patience has an end.
  private func waitUntilGone(
    _ found: [ClusterObject], _ told: (String) -> Void
  ) async throws(ClusterFault) -> [ClusterObject] {
    let start = ContinuousClock.now
    // A claim stays as long as a pod uses it, and may have been made by an earlier start alone.
    let hasClaims = found.contains { $0.kind == "PersistentVolumeClaim" }
    let kinds =
      "daemonsets.apps,deployments.apps,services,pods"
      + (hasClaims ? ",persistentvolumeclaims" : "")
    var silence = Silence()
    while true {
      let left: [ClusterObject]
      do throws(ClusterFault) {
        left = try await list([inNamespace, "get", kinds, deploymentSelector(access.namespace)])
        silence.answered()
      } catch {
        guard silence.bears(error) else { throw error }
        told("the cluster does not answer at the moment")
        do { try await Task.sleep(for: Self.look) } catch { throw .cancelled }
        continue
      }
      if left.isEmpty || ContinuousClock.now - start > Self.patience { return left }
      told("waiting for \(left.count) objects to go, such as \(left[left.count - 1].title)")
      do { try await Task.sleep(for: Self.look) } catch { throw .cancelled }
    }
  }

  // MARK: The namespace

  /// Kinds of objects that keep a namespace from being removed.
  private static let kept = """
    pods,services,configmaps,secrets,serviceaccounts,persistentvolumeclaims,deployments.apps,\
    daemonsets.apps,statefulsets.apps,jobs.batch,cronjobs.batch,ingresses.networking.k8s.io,\
    networkpolicies.networking.k8s.io
    """

  /// Removes the namespace when we have made it and nobody else uses it.
  private func removeNamespace(
    _ outcome: inout Outcome, _ told: (String) -> Void
  ) async throws(ClusterFault) {
    let arguments = ["get", "namespaces", access.namespace]
    guard let found = try await listIfAllowed(arguments)?.first, found.isOurs else { return }
    guard let others = try await listIfAllowed([inNamespace, "get", Self.kept]) else {
      outcome.left.append("\(found.title): whether others use it cannot be seen")
      return
    }
    if let other = others.first(where: { !$0.isOurs && !Self.isStandard($0) }) {
      outcome.left.append("\(found.title): it holds \(other.title), which is not ours")
      return
    }
    told("removing namespace \(access.namespace)")
    try await delete([found])
    let start = ContinuousClock.now
    var last = found
    while ContinuousClock.now - start < Self.patience {
      guard let left = try await listIfAllowed(arguments)?.first else {
        outcome.removed.append(found)
        return
      }
      last = left
      do { try await Task.sleep(for: Self.look) } catch { throw .cancelled }
    }
    outcome.left.append(last.stillThere)
    outcome.isComplete = false
  }

  /// What the cluster itself, OpenShift or Istio put into every namespace.
  static func isStandard(_ object: ClusterObject) -> Bool {
    switch object.kind {
    case "ServiceAccount": ["default", "builder", "deployer", "pipeline"].contains(object.name)
    case "ConfigMap":
      object.name.hasSuffix("-root-ca.crt") || object.name.hasSuffix("service-ca.crt")
        || ["istio-ca-root-cert", "istio-ca-crl"].contains(object.name)
    case "Secret": object.name.hasPrefix("default-token-") || object.name.contains("-dockercfg-")
    default: false
    }
  }
}
